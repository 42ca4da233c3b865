/* SPDX-License-Identifier: ISC */
/* session.h: the life of the subscription at one controller, as a state machine without I/O
 *
 * Events go in by the functions below (each with the present time in ms of a clock that never goes
 * back), actions come out by struct session_actions. The owner arms one timer for
 * session_deadline() and calls session_tick() then.
 */
#ifndef NMSP_GATEWAY_SESSION_H
#define NMSP_GATEWAY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"
#include "gateway/questions.h"
#include "gateway/subscription.h"

#define SESSION_REASON_SIZE  1600  /* three lists of services */
#define SESSION_MOST_SKEW_MS 60000 /* that the clocks are apart without a warning */

enum session_state {
	SESSION_DISABLED,
	SESSION_CONNECTING,
	SESSION_AUTHENTICATING,
	SESSION_SUBSCRIBING,
	SESSION_SUBSCRIBED,
	SESSION_STALLED,
	SESSION_BACKOFF,
	SESSION_QUARANTINED,
};

/* How a connection ended, as far as it matters for what is done next. */
enum session_loss {
	LOSS_UNREACHABLE, /* never got through */
	LOSS_CLOSED,	  /* was there and went */
	LOSS_REFUSED,	  /* our certificate is not in its list, or its certificate is not the one
			     expected: trying again does not help */
};

struct session_settings {
	uint64_t echo_interval_ms;
	uint64_t echo_timeout_ms;
	uint64_t stall_timeout_ms; /* 0: never stalled */
	uint64_t backoff_min_ms;
	uint64_t backoff_max_ms;
	uint64_t quarantine_ms;
	uint64_t min_uptime_ms;	    /* a session shorter than this is a flap and does not reset the
				       back-off */
	uint64_t answer_timeout_ms; /* for the answer to a request */
	unsigned max_flaps;	    /* so many flaps in a row lead to quarantine */
	bool no_initial;	    /* does not ask for the current state after subscribing */
	uint64_t seed;		    /* of the jitter */
};

/* What this gateway says of itself in its capability notification. */
struct session_device {
	const char *name;
	const char *model;
	const char *software;
	uint64_t mac;
};

/* What the session wants done. None of them may call back into the session. */
struct session_actions {
	void (*dial)(void *context);
	void (*hang_up)(void *context);
	bool (*send)(void *context, const struct message_def *def, const uint8_t *bytes,
		     size_t size);
	void (*state)(void *context);	   /* state or reason changed */
	void (*capability)(void *context); /* what is offered or granted changed */
	/* a question of session_ask() has ended: it is answered, or `error` says why not */
	void (*answered)(void *context, const struct question *question, const char *error);
};

struct session {
	/* set by the owner before session_init */
	const struct dict *dict;
	struct session_settings settings;
	const struct session_device *device;
	const struct session_actions *actions;
	void *context;
	struct arena *arena; /* for messages being made, not the one that messages are read into;
				shared, reset here */

	/* to be read by the owner */
	enum session_state state;
	char reason[SESSION_REASON_SIZE];
	uint64_t since;	   /* when the state began */
	unsigned attempt;  /* dials since the last good session */
	uint64_t retry_at; /* SESSION_BACKOFF, SESSION_QUARANTINED */

	struct subscription subscription;
	uint64_t echo_round_trip_ms; /* of the last one */

	/* its own */
	bool connected;
	bool capable; /* a capability notification came */
	uint64_t connected_at;
	uint64_t last_data; /* a message other than an echo came */
	uint64_t next_echo;
	uint64_t echo_waits; /* since when an echo request is without answer; 0: none is */
	uint64_t echo_sent;
	unsigned flaps;
	uint32_t transaction;
	uint32_t subscribe_transaction; /* 0: none is waited for */
	uint32_t initial_transaction;
	const struct message_def *initial_request; /* of initial_transaction */
	uint64_t answer_by; /* when the answer that is waited for is overdue */
	struct questions questions;
	bool stopping;
	uint64_t random;
};

/* Begins in SESSION_DISABLED; `session` has its first members set and `subscription` initialised by
 * the owner. session_fini frees what the session holds, the subscription included. */
void session_init(struct session *session);
void session_fini(struct session *session);

/* Dials. */
void session_start(struct session *session, uint64_t now);

/* The connection is on its way: TCP is there and TLS begins. */
void session_authenticating(struct session *session, uint64_t now, const char *detail);

/* TLS is there: says what we are, and waits for what the controller can. */
void session_connected(struct session *session, uint64_t now);

/* A message came; its records are not read here. */
void session_message(struct session *session, uint64_t now, const struct message *message);

/* The connection is over (after hang_up no such event comes). */
void session_lost(struct session *session, uint64_t now, enum session_loss loss,
		  const char *reason);

/* Time went by. */
void session_tick(struct session *session, uint64_t now);

/* When session_tick is wanted; UINT64_MAX: never. */
uint64_t session_deadline(const struct session *session);

/* Ends in order: unsubscribes what is granted. Returns true when an answer is worth waiting for;
 * session_stopped() tells when it came. The owner hangs up then, or after a time. */
bool session_stop(struct session *session, uint64_t now);
bool session_stopped(const struct session *session);

/* Ends at once, a stop that was under way too, or begins anew, by an operator's wish; lifts a
 * quarantine. */
void session_disable(struct session *session, uint64_t now, const char *reason);
void session_reconnect(struct session *session, uint64_t now, const char *reason);

/* A random number, for the id of a session. */
uint32_t session_random(struct session *session);

/* The name of a state in JSON. */
const char *session_state_name(enum session_state state);

#endif
