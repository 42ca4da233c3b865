/* SPDX-License-Identifier: ISC */
/* command_query.c: commands that ask controllers: one request to each, and what they answer
 *
 * The response has an object for each controller under "controllers". While the answer is waited
 * for it has nothing but the transaction.
 */
#include <string.h>

#include "gateway/command_call.h"
#include "gateway/session_ask.h"

static json_t *
controllers_of(struct call *call)
{
	if (!json_object_get(call->response, "controllers"))
		call_set(call, "controllers", json_object());
	return json_object_get(call->response, "controllers");
}

static json_t *
refusal(const char *error)
{
	json_t *object = json_pack("{s:b}", "ok", 0);

	/* of the controller or of libraries; it may hold anything */
	if (json_object_set_new(object, "error", json_string(error)))
		json_object_set_new(object, "error", json_string("failed"));
	return object;
}

/* Sends the request to one controller. */
static void
ask_controller(struct call *call, struct controller *c, const struct session_ask *ask)
{
	char error[512];
	uint32_t transaction = controller_ask(c, ask, error, sizeof error);
	json_t *entry = transaction ? json_pack("{s:I}", "transaction", (json_int_t)transaction)
				    : refusal(error);

	call->waits += transaction != 0;
	json_object_set_new(controllers_of(call), c->config->name, entry);
}

/* No controller answered well: then neither did the command. */
static void
conclude(struct call *call)
{
	json_t *controllers = controllers_of(call);
	const char *first = NULL, *error = NULL;

	for (void *at = json_object_iter(controllers); at;
	     at = json_object_iter_next(controllers, at)) {
		const json_t *entry = json_object_iter_value(at);

		if (json_is_true(json_object_get(entry, "ok")))
			return;
		if (first)
			continue;
		first = json_object_iter_key(at);
		error = json_string_value(json_object_get(entry, "error"));
	}
	call_fail(call, "controller %s: %s", first ? first : "", error ? error : "no memory");
}

static void
ask(struct call *call, struct session_ask what)
{
	uint64_t macs[SESSION_ASK_MACS];
	struct gateway *g = call->gateway;
	struct controller *c = command_controller(call);

	if (call->failed || !command_macs(call, macs, &what.n_macs))
		return;
	what.macs = macs;
	if (c)
		ask_controller(call, c, &what);
	for (size_t i = 0; !c && i < g->n_controllers; i++)
		ask_controller(call, g->controllers[i], &what);
	if (call->waits == 0)
		conclude(call);
}

void
command_measure(struct call *call)
{
	ask(call, (struct session_ask){.service = "rssi", .entity = command_text(call, "entity")});
}

void
command_information(struct call *call)
{
	ask(call, (struct session_ask){.service = "information",
				       .entity = command_text(call, "entity"),
				       .detail = command_text(call, "detail")});
}

void
command_statistics(struct call *call)
{
	ask(call,
	    (struct session_ask){.service = "statistics", .entity = command_text(call, "entity")});
}

void
command_location(struct call *call)
{
	ask(call, (struct session_ask){.service = "location",
				       .location_type = command_text(call, "type")});
}

void
command_ap_info(struct call *call)
{
	ask(call, (struct session_ask){.service = "ap_info"});
}

/* Whether the controller did what was asked, so far as it goes. */
static bool
is_good(const char *status)
{
	static const char *const good[] = {"", "success", "partial", "not_found"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (strcmp(status, good[i]) == 0)
			return true;
	return false;
}

static json_t *
outcome(const struct question *question, const char *error)
{
	json_t *entry;

	if (error)
		entry = refusal(error);
	else if (is_good(question->status))
		entry = json_pack("{s:b}", "ok", 1);
	else
		entry = json_pack("{s:b, s:o}", "ok", 0, "error",
				  json_sprintf("answered %s", question->status));
	json_object_set_new(entry, "transaction", json_integer(question->transaction));
	if (*question->status)
		json_object_set_new(entry, "status", json_string(question->status));
	json_object_set_new(entry, "records", json_integer(question->records));
	json_object_set_new(entry, "messages", json_integer(question->messages));
	if (question->messages)
		json_object_set_new(
			entry, "took_ms",
			json_integer((json_int_t)(question->answered_at - question->asked_at)));
	return entry;
}

bool
command_query_answered(struct call *call, const struct controller *c,
		       const struct question *question, const char *error)
{
	json_t *controllers = json_object_get(call->response, "controllers");
	json_t *entry = json_object_get(controllers, c->config->name);
	const json_t *transaction = json_object_get(entry, "transaction");

	if (call->waits == 0 || !transaction || json_object_get(entry, "ok") ||
	    json_integer_value(transaction) != question->transaction)
		return false;
	json_object_set_new(controllers, c->config->name, outcome(question, error));
	if (--call->waits > 0)
		return false;
	conclude(call);
	return true;
}
