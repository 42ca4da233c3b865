/* SPDX-License-Identifier: ISC */
/* command.h: what may be asked of a running gateway, by whatever way the request comes
 *
 * A request is a name and a JSON object, a response a JSON object; docs/commands.md describes both.
 * Every request gets exactly one response: at once, or when the controllers that it asks have
 * answered or time is up. All of it happens in the gateway's loop but for command_take().
 */
#ifndef NMSP_GATEWAY_COMMAND_H
#define NMSP_GATEWAY_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/output.h"

struct controller;
struct gateway;
struct question;

/* Who asks, and gets the response. */
struct command_asker {
	const char *who; /* for the log: a topic, "control socket" */
	void (*respond)(void *context, bool ok, struct buffer *text); /* of JSON; once */
	void *context;
};

/* Prepares a gateway for commands; 0, or -1 without memory. */
int command_init(struct gateway *gateway);

/* Runs the command `name` with the JSON of its request. */
void command_run(struct gateway *gateway, const char *name, const struct buffer *request,
		 const struct command_asker *asker);

/* Who asked with this context has gone: its requests are ended without a response. */
void command_cancel(struct gateway *gateway, const void *context);

/* The `take` of outputs (struct command_taker), with the gateway as its context. Any thread. */
const char *command_take(void *gateway, struct command_request *request);

/* The state of a controller, or a question of session_ask() to it, has changed. */
void command_state(struct gateway *gateway, const struct controller *controller);
void command_answered(struct gateway *gateway, const struct controller *controller,
		      const struct question *question, const char *error);

/* The gateway's loop ends: responds to what still waits; nothing more is taken. */
void command_stop(struct gateway *gateway);

/* Frees everything, after the outputs have stopped; the loop has to run once more. */
void command_fini(struct gateway *gateway);

#endif
