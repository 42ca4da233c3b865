/* SPDX-License-Identifier: ISC */
/* command_gateway.c: commands to the gateway itself */
#include "gateway/command_call.h"
#include "gateway/log.h"
#include "gateway/status.h"

void
command_log_level(struct call *call)
{
	const char *name = command_text(call, "level");
	const char *subject = command_text(call, "subject");
	enum log_level level;

	if (call->failed)
		return;
	if (!name || !log_level_named(name, &level)) {
		call_fail(call, "\"level\": expected one of error, warning, info, debug");
		return;
	}
	if (!log_set_level(subject, level)) {
		call_fail(call, "no memory");
		return;
	}
	call_set(call, "level", json_string(name));
	if (subject)
		call_set(call, "subject", json_string(subject));
}

void
command_status(struct call *call)
{
	const struct controller *c = command_controller(call);
	struct buffer *text;

	if (call->failed)
		return;
	text = status_document(call->gateway, c ? c->config->name : NULL);
	if (text)
		call_set(call, "status", json_loadb(text->data, text->length, 0, NULL));
	else
		call_fail(call, "no memory");
	buffer_unref(text);
}
