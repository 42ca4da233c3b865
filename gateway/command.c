/* SPDX-License-Identifier: ISC */
/* command.c: what may be asked of a running gateway, by whatever way the request comes */
#define _GNU_SOURCE
#include "gateway/command.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/suggest.h"
#include "gateway/command_call.h"
#include "gateway/log.h"
#include "gateway/mailbox.h"

#define MOST_WAITING 64 /* calls that wait for controllers */
#define ERROR_SIZE   1024
#define STOPPING     "the gateway is stopping"

struct commands {
	struct mailbox *mailbox;
	struct call *waiting;
	size_t n_waiting;
};

const struct command command_table[] = {
	{"measure", "controller mac entity", "asks controllers for signal strengths",
	 command_measure},
	{"information", "controller mac entity detail",
	 "asks controllers what they know of stations", command_information},
	{"statistics", "controller mac entity", "asks controllers for statistics of stations",
	 command_statistics},
	{"location", "controller mac type", "asks controllers for locations of wired ports",
	 command_location},
	{"ap_info", "controller mac", "asks controllers for access points", command_ap_info},
	{"controller/enable", "controller", "dials a controller that was disabled", command_enable},
	{"controller/disable", "controller",
	 "unsubscribes, hangs up and stays away until controller/enable", command_disable},
	{"controller/reconnect", "controller",
	 "hangs up and dials anew; ends a back-off or a quarantine", command_reconnect},
	{"log_level", "level subject controller trace",
	 "changes how much is logged, or traces one controller", command_log_level},
	{"status", "controller", "tells the state of everything", command_status},
	{.name = NULL},
};

bool
call_fail(struct call *call, const char *format, ...)
{
	char text[ERROR_SIZE];
	va_list arguments;

	if (call->failed)
		return false;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	call->failed = true;
	/* what was cut may end within a character */
	call_set(call, "error", json_string(text));
	if (!json_object_get(call->response, "error"))
		call_set(call, "error", json_string("failed"));
	return false;
}

void
call_set(struct call *call, const char *key, json_t *value)
{
	json_object_set_new(call->response, key, value);
}

static void
call_free(struct call *call)
{
	if (call->draft)
		draft_cancel(call->draft, &call->waiter);
	pages_unref(call->text);
	json_decref(call->request);
	json_decref(call->response);
	free(call->retiring);
	free(call);
}

/* Puts "ok" and "error" where a reader looks first. */
static json_t *
in_order(struct call *call)
{
	static const char *const first[] = {"command", "id", "ok", "error"};
	json_t *ordered = json_object();

	call_set(call, "ok", json_boolean(!call->failed));
	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		json_object_set(ordered, first[i], json_object_get(call->response, first[i]));
	json_object_update_missing(ordered, call->response);
	return ordered;
}

static const char *
call_name(const struct call *call)
{
	const char *name = json_string_value(json_object_get(call->response, "command"));

	return name ? name : "";
}

/* The response with the text of a draft as its last member: to read that as JSON only to write it
 * again would take long. */
static struct buffer *
join(const char *response, const struct call *call)
{
	struct buffer *buffer;
	char *before;

	if (asprintf(&before, "%.*s,\"%s\":", (int)strlen(response) - 1, response, call->key) < 0)
		return NULL;
	buffer = pages_join(before, call->text, "}");
	free(before);
	return buffer;
}

static struct buffer *
response_text(const struct call *call, const json_t *response)
{
	char *text = json_dumps(response, JSON_COMPACT);
	struct buffer *buffer = NULL;

	if (text)
		buffer = call->text ? join(text, call) : buffer_new(text, strlen(text));
	free(text);
	return buffer;
}

/* The call has come to its end: responds and frees it. */
static void
call_end(struct call *call)
{
	const char *error = json_string_value(json_object_get(call->response, "error"));
	json_t *ordered = in_order(call);
	struct buffer *buffer = response_text(call, ordered);

	log_info("command", "%.64s (%s): %s", call_name(call), call->who,
		 call->failed ? error : "done");
	if (!buffer)
		log_error("command", "%s: no memory for a response", call->who);
	else if (call->asker.respond)
		call->asker.respond(call->asker.context, !call->failed, buffer);
	buffer_unref(buffer);
	json_decref(ordered);
	call_free(call);
}

static void
add_known(struct call *call)
{
	json_t *known = json_object();

	for (const struct command *command = command_table; command->name; command++)
		json_object_set_new(known, command->name, json_string(command->help));
	call_set(call, "commands", known);
}

static const struct command *
find_command(struct call *call, const char *name)
{
	struct suggest suggest = suggest_for(name);
	char hint[128];

	for (const struct command *command = command_table; command->name; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
		suggest_offer(&suggest, command->name);
	}
	call_fail(call, "unknown command \"%.100s\"%s", name,
		  suggest_text(&suggest, hint, sizeof hint));
	add_known(call);
	return NULL;
}

/* Reads the request, and what is to be sent back whatever comes of it. False without JSON. */
static bool
read_request(struct call *call, const struct buffer *text, json_error_t *error)
{
	json_t *id;

	call->request = json_loadb(text->data, text->length,
				   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
	id = json_object_get(call->request, "id");
	if (json_is_string(id) || json_is_number(id))
		json_object_set(call->response, "id", id);
	return call->request != NULL;
}

/* Carries the command out, as far as that is possible at once. */
static void
carry_out(struct call *call, const char *name, const struct buffer *text)
{
	json_error_t error;
	bool read = read_request(call, text, &error);

	call->command = find_command(call, name);
	if (!call->command)
		return;
	if (call->gateway->commands->n_waiting >= MOST_WAITING)
		call_fail(call, "busy: %d commands wait for controllers, try again later",
			  MOST_WAITING);
	else if (!read && text->length == 0)
		call_fail(call, "bad JSON: expected an object, such as {}, got nothing");
	else if (!read)
		call_fail(call, "bad JSON: line %d, column %d: %s", error.line, error.column,
			  error.text);
	else if (call->gateway->stopping)
		call_fail(call, STOPPING);
	else if (command_check_members(call))
		call->command->run(call);
}

static bool
is_waiting(const struct call *call)
{
	return !call->failed && (call->waits > 0 || call->retiring || call->draft);
}

static struct call *
call_new(struct gateway *g, const char *name, const struct command_asker *asker)
{
	struct call *call = calloc(1, sizeof *call);

	if (!call)
		return NULL;
	call->gateway = g;
	call->asker = *asker;
	call->asker.who = call->who;
	snprintf(call->who, sizeof call->who, "%s", asker->who);
	call->response = json_object();
	call_set(call, "command", json_string(name));
	return call;
}

void
command_run(struct gateway *g, const char *name, const struct buffer *request,
	    const struct command_asker *asker)
{
	struct commands *commands = g->commands;
	struct call *call = call_new(g, name, asker), **link;

	if (!call) {
		log_error("command", "%.100s: no memory", asker->who);
		return;
	}
	carry_out(call, name, request);
	if (!is_waiting(call)) {
		call_end(call);
		return;
	}
	for (link = &commands->waiting; *link; link = &(*link)->next)
		continue;
	*link = call;
	commands->n_waiting++;
}

/* Ends the calls that `is_over` says are; it may change them. */
struct ending {
	bool (*is_over)(struct call *call, const struct ending *ending);
	const struct controller *controller;
	const struct question *question;
	const char *error;
	const void *context;
};

static void
end_calls(struct gateway *g, const struct ending *ending)
{
	struct call **link = &g->commands->waiting;

	while (*link) {
		struct call *call = *link;

		if (!ending->is_over(call, ending)) {
			link = &call->next;
			continue;
		}
		*link = call->next;
		g->commands->n_waiting--;
		call_end(call);
	}
}

static bool
is_retired(struct call *call, const struct ending *ending)
{
	return command_is_retired(call, ending->controller);
}

void
command_state(struct gateway *g, const struct controller *c)
{
	end_calls(g, &(struct ending){.is_over = is_retired, .controller = c});
}

static bool
is_answered(struct call *call, const struct ending *ending)
{
	return command_query_answered(call, ending->controller, ending->question, ending->error);
}

void
command_answered(struct gateway *g, const struct controller *c, const struct question *question,
		 const char *error)
{
	end_calls(g, &(struct ending){is_answered, c, question, error, NULL});
}

static bool
is_written(struct call *call, const struct ending *ending)
{
	return call == ending->context;
}

static void
on_text(struct draft_waiter *waiter, struct pages *text)
{
	struct call *call = (void *)((char *)waiter - offsetof(struct call, waiter));

	call->draft = NULL;
	if (text)
		call->text = pages_ref(text);
	else
		call_fail(call, "no memory");
	end_calls(call->gateway, &(struct ending){.is_over = is_written, .context = call});
}

void
call_draft(struct call *call, const char *key, struct draft *draft)
{
	call->key = key;
	call->draft = draft;
	call->waiter.ready = on_text;
	draft_ask(draft, &call->waiter);
}

static bool
is_of(struct call *call, const struct ending *ending)
{
	if (call->asker.context != ending->context)
		return false;
	call->asker.respond = NULL;
	return !call_fail(call, "who asked has gone");
}

void
command_cancel(struct gateway *g, const void *context)
{
	end_calls(g, &(struct ending){.is_over = is_of, .context = context});
}

/* Requests that come through outputs. */

static struct output *
find_output(const struct gateway *g, const char *name)
{
	for (size_t i = 0; i < g->n_outputs; i++)
		if (strcmp(g->outputs[i]->name, name) == 0)
			return g->outputs[i];
	return NULL;
}

static void
respond_through_output(void *context, bool ok, struct buffer *text)
{
	struct command_request *request = context;
	struct output *output = find_output(request->owner, request->output->data);

	(void)ok;
	if (!output)
		log_warning("command", "%.100s: output %s is gone, and the response with it",
			    request->topic->data, request->output->data);
	else if (!output_respond(output, request, text))
		log_warning("command", "%.100s: no room for the response at output %s",
			    request->topic->data, request->output->data);
	command_request_free(request);
}

static void
take_request(void *context, struct command_request *request)
{
	const struct command_asker asker = {request->topic->data, respond_through_output, request};

	request->owner = context;
	command_run(context, request->name->data, request->payload, &asker);
}

const char *
command_take(void *gateway, struct command_request *request)
{
	struct gateway *g = gateway;

	return mailbox_put(g->commands->mailbox, request);
}

int
command_init(struct gateway *g)
{
	g->commands = calloc(1, sizeof *g->commands);
	if (!g->commands)
		return -1;
	g->commands->mailbox = mailbox_new(&g->loop, take_request, g);
	return g->commands->mailbox ? 0 : -1;
}

static bool
is_any(struct call *call, const struct ending *ending)
{
	(void)ending;
	return !call_fail(call, STOPPING);
}

void
command_stop(struct gateway *g)
{
	if (g->commands && g->commands->mailbox)
		mailbox_close(g->commands->mailbox);
	if (g->commands)
		end_calls(g, &(struct ending){.is_over = is_any});
}

void
command_fini(struct gateway *g)
{
	if (g->commands && g->commands->mailbox)
		mailbox_free(g->commands->mailbox);
	free(g->commands);
	g->commands = NULL;
}
