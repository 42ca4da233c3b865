/* SPDX-License-Identifier: ISC */
/* controller.h: one controller: its link, session and record path put together */
#ifndef NMSP_GATEWAY_CONTROLLER_H
#define NMSP_GATEWAY_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "codecs/arena.h"
#include "conf/config.h"
#include "gateway/link.h"
#include "gateway/offer.h"
#include "gateway/pacer.h"
#include "gateway/process.h"
#include "gateway/session_ask.h"
#include "gateway/stream.h"
#include "gateway/traffic.h"

#define CONTROLLER_ARENA_LIMIT (64U * 1024 * 1024) /* for one message and what is made of it */

#define CONTROLLER_LOG_NAME 160 /* "session " and the longest name */

struct controller;

/* What all controllers of a gateway share; outlives them. */
struct controller_shared {
	uv_loop_t *loop;
	struct pacer *pacer;
	void (*pace)(void *context); /* the pacer has something to do */
	void *context;
	struct tails *tails;
	struct arena reading; /* messages being read */
	struct arena writing; /* messages being made */
	const struct session_device *device;
	const char *state_dir;
	void (*state)(void *context,
		      struct controller *controller); /* its state document is to be published */
	void (*capability)(void *context,
			   struct controller *controller); /* its capability document */
	/* a question of session_ask() has ended */
	void (*answered)(void *context, struct controller *controller,
			 const struct question *question, const char *error);
	void (*stopped)(void *context,
			struct controller *controller); /* what controller_stop() began is done */
	void (*closed)(void *context,
		       struct controller *controller); /* what controller_close() began is done; it
							  may be freed */
};

/* What came from a controller, since the start. */
struct controller_counters {
	uint64_t connections; /* TLS was established */
	uint64_t messages;
	uint64_t bytes;
	uint64_t faults[FAULT_FRAME + 1]; /* by level */
};

/* What a session is opened with. */
struct controller_setup {
	const struct config_controller *config;
	const struct dict *dict;
	struct tls_context *tls; /* owned */
};

struct controller {
	struct controller_shared *shared;
	const struct config_controller *config;
	const struct dict *dict;
	struct tls_context *tls;      /* owned */
	struct controller_setup next; /* to be opened anew with, once stopped; config NULL: no */
	struct envelope_tag *tags;    /* of its records; owned */
	struct link *link;
	struct pacer_ticket ticket;
	struct stream stream;
	struct session session;
	struct process process;
	struct offer offer;
	struct controller_counters counters;
	struct traffic traffic;
	uint64_t missing_since; /* it is not subscribed, by the loop's clock; 0: it is, or is
				  not to be */
	char session_id[9];
	char log_name[CONTROLLER_LOG_NAME];
	uv_timer_t timer;
	bool has_skew;
	bool skew_told;	     /* it was logged that the clocks are too far apart */
	int64_t skew_ms;     /* how far the controller's clock is ahead of ours */
	uint64_t dialled_at; /* by an operator's wish; 0: never */
	bool version_told; /* a version of the frame that the dictionary does not have was logged */
	bool stopping;
	const char *disabled; /* why it is to stay so; NULL: it is not */
	bool removed;	      /* it left the configuration */
	uint64_t stop_by;     /* while stopping */
};

/* Prepares a controller whose shared, config, dict, tls, tags (both taken over) and process are
 * set. Returns 0; or -1 when the dictionary lacks a service that the configuration names, or memory
 * is used up. */
int controller_init(struct controller *controller);

/* Frees a controller, after its timer was closed by controller_close and the loop has run, or
 * instead of or after a failed controller_init. */
void controller_free(struct controller *controller);

/* Sets the timer for the session's next deadline; after anything that happened to the session. */
void controller_arm(struct controller *controller);

/* Dials when its turn comes. */
void controller_start(struct controller *controller);

/* Unsubscribes; shared->stopped tells, from the loop, when the controller answered, there is
 * nothing to wait for, or time is up. */
void controller_stop(struct controller *controller);

/* Unsubscribes, hangs up, and then stays disabled for `reason`, which must live as long, whatever
 * becomes of its configuration, until controller_dial(). */
void controller_disable(struct controller *controller, const char *reason);

/* Dials anew by an operator's wish, out of any state: a disabled controller, or, telling `reason`,
 * one that is connected or rests. */
void controller_dial(struct controller *controller, const char *reason);

/* How many ms are to pass before controller_dial() is harmless again. */
uint64_t controller_dial_wait(const struct controller *controller);

/* session_ask() of the controller's session. */
uint32_t controller_ask(struct controller *controller, const struct session_ask *ask, char *error,
			size_t size);

/* Stops, and opens the session anew with another configuration, dictionary and TLS. `setup->tls` is
 * taken over. Another one before the session has stopped takes the place of this. */
void controller_reopen(struct controller *controller, const struct controller_setup *setup);

/* Ends the connection at once and closes the timer; `reason` goes to the state document.
 * shared->closed follows from the loop. */
void controller_close(struct controller *controller, const char *reason);

#endif
