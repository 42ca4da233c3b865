/* SPDX-License-Identifier: ISC */
/* command_gateway.c: commands to the gateway itself */
#include <string.h>

#include "conf/options.h"
#include "gateway/command_call.h"
#include "gateway/log.h"
#include "gateway/status.h"

/* A subject that nothing is logged about would only use up a rule. */
static bool
check_subject(struct call *call, const char *subject)
{
	if (!subject || (option_is_subject(subject) && strlen(subject) < LOG_SUBJECT_SIZE))
		return true;
	return call_fail(call,
			 "\"subject\": \"%.64s\" is none, expected the name of a controller or "
			 "output behind one of %s, or one of these alone",
			 subject, option_subsystems);
}

static bool
check_set(struct call *call, int error)
{
	if (error == LOG_TOO_MANY_RULES)
		return call_fail(call,
				 "%d subjects have a level of their own already; a reload of the "
				 "configuration takes away those set by command",
				 LOG_MOST_RULES);
	return error ? call_fail(call, "no memory") : true;
}

static void
set_level(struct call *call)
{
	const char *name = command_text(call, "level");
	const char *subject = command_text(call, "subject");
	enum log_level level;

	if (call->failed || !check_subject(call, subject))
		return;
	if (!name || !log_level_named(name, &level)) {
		call_fail(call, "\"level\": expected one of error, warning, info, debug");
		return;
	}
	if (!check_set(call, log_set_level(subject, level)))
		return;
	call_set(call, "level", json_string(name));
	if (subject)
		call_set(call, "subject", json_string(subject));
}

static void
set_trace(struct call *call, bool on)
{
	const struct controller *c = command_controller(call);

	if (json_object_get(call->request, "level") || json_object_get(call->request, "subject"))
		call_fail(call, "expected either \"trace\" with \"controller\", or \"level\"");
	else if (!c)
		call_fail(call, "\"controller\": expected the name of one to trace");
	if (!c || call->failed || !check_set(call, log_set_trace(c->config->name, on)))
		return;
	call_set(call, "controller", json_string(c->config->name));
	call_set(call, "trace", json_boolean(on));
}

void
command_log_level(struct call *call)
{
	const json_t *trace = json_object_get(call->request, "trace");

	if (json_is_boolean(trace))
		set_trace(call, json_is_true(trace));
	else if (trace || json_object_get(call->request, "controller"))
		call_fail(call, "\"trace\": expected true or false, for the controller");
	else
		set_level(call);
}

void
command_status(struct call *call)
{
	struct controller *c = command_controller(call);

	if (call->failed)
		return;
	if (c)
		call_set(call, "status", status_of(call->gateway, c));
	else
		call_draft(call, "status", &call->gateway->status);
}
