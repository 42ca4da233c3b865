/* SPDX-License-Identifier: ISC */
/* command_call.h: one request that is being carried out; for the commands themselves */
#ifndef NMSP_GATEWAY_COMMAND_CALL_H
#define NMSP_GATEWAY_COMMAND_CALL_H

#include <jansson.h>

#include "gateway/command.h"
#include "gateway/gateway.h"

struct call;

struct command {
	const char *name;
	const char *members; /* that a request may have beside "id", with blanks between */
	const char *help;
	void (*run)(struct call *call);
};

struct call {
	struct call *next; /* of those that wait */
	struct gateway *gateway;
	const struct command *command; /* NULL: unknown */
	struct command_asker asker;
	char who[96];
	json_t *request; /* an object; NULL while there is none */
	json_t *response;
	bool failed;
	unsigned waits;	     /* for so many answers of controllers */
	char *retiring;	     /* or for this controller to become disabled; owned */
	struct draft *draft; /* or for its text, */
	struct draft_waiter waiter;
	const char *key;    /* which is this member of the response */
	struct pages *text; /* and here when it is made */
};

/* The commands; the last has no name. */
extern const struct command command_table[];

/* The command fails with a sentence; the first one counts. Returns false. */
bool call_fail(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets a member of the response, taking over the value. */
void call_set(struct call *call, const char *key, json_t *value);

/* Sets a member of the response to the text of a draft, for which the call waits. */
void call_draft(struct call *call, const char *key, struct draft *draft);

/* Checks that the request is an object with no other members than those of its command. */
bool command_check_members(struct call *call);

/* The text of a member of the request. NULL when it is absent, or (the call has failed) no text. */
const char *command_text(struct call *call, const char *member);

/* The controller that the member "controller" names; NULL when it is absent, or (the call has
 * failed) there is none of that name. */
struct controller *command_controller(struct call *call);

/* Reads "mac", one or a list, to `macs` (SESSION_ASK_MACS of them) and says in `*n` how many there
 * are; 0: it is absent. False when the call has failed. */
bool command_macs(struct call *call, uint64_t *macs, size_t *n);

/* command_query.c: commands that ask controllers. */
void command_measure(struct call *call);
void command_information(struct call *call);
void command_statistics(struct call *call);
void command_location(struct call *call);
void command_ap_info(struct call *call);

/* A question to a controller has ended. Returns true when it was the last one of the call. */
bool command_query_answered(struct call *call, const struct controller *controller,
			    const struct question *question, const char *error);

/* command_controller.c: commands to one controller. */
void command_enable(struct call *call);
void command_disable(struct call *call);
void command_reconnect(struct call *call);

/* Whether the controller that the call waits for is disabled now. */
bool command_is_retired(struct call *call, const struct controller *controller);

/* command_gateway.c: commands to the gateway. */
void command_log_level(struct call *call);
void command_status(struct call *call);

#endif
