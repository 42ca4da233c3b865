/* SPDX-License-Identifier: ISC */
/* command_gateway.c: commands to the gateway itself */
#include "gateway/command_call.h"
#include "gateway/documents.h"
#include "gateway/log.h"

void
command_log_level(struct call *call)
{
	const char *name = command_text(call, "level");
	enum log_level level;

	if (!name || !log_level_named(name, &level)) {
		call_fail(call, "\"level\": expected one of error, warning, info, debug");
		return;
	}
	log_set_level(level);
	call_set(call, "level", json_string(name));
}

/* A document as JSON, given up as text; NULL without memory. */
static json_t *
parse(struct buffer *document)
{
	json_t *parsed = document ? json_loadb(document->data, document->length, 0, NULL) : NULL;

	buffer_unref(document);
	return parsed;
}

/* What health tells of a controller, and its state document. */
static void
add_state(json_t *health, const struct controller *c, json_t *into)
{
	json_t *entry = json_object_get(json_object_get(health, "controllers"), c->config->name);
	json_t *state = parse(documents_state(c));

	json_object_update(entry, state);
	json_object_set(into, c->config->name, entry);
	json_decref(state);
}

void
command_status(struct call *call)
{
	struct gateway *g = call->gateway;
	const struct controller *c = command_controller(call);
	json_t *health, *controllers = json_object();

	if (call->failed) {
		json_decref(controllers);
		return;
	}
	health = parse(documents_health(g));
	for (size_t i = 0; i < g->n_controllers; i++)
		if (!c || c == g->controllers[i])
			add_state(health, g->controllers[i], controllers);
	json_object_set_new(health, "controllers", controllers);
	call_set(call, "status", health);
}
