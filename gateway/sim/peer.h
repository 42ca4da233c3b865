/* SPDX-License-Identifier: ISC */
/* peer.h: one client's session, from the controller's side: bytes in, messages out
 *
 * Knows nothing of sockets and TLS: who owns the connection hands in what came and the time, and
 * takes what is to be sent.
 */
#ifndef NMSP_SIM_PEER_H
#define NMSP_SIM_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/sim/bulk.h"
#include "gateway/sim/options.h"
#include "gateway/sim/script.h"
#include "gateway/sim/status.h"

#define PEER_ANSWERS 16 /* requests that may wait for their answers; more are not read */

/* What all sessions of a simulator share. */
struct peer_shared {
	const struct options *options;
	const struct dict *dict;
	struct feed feed;
	struct bulk bulk;
	struct script script;
	struct catalog offered;
	struct catalog granted;
	struct arena arena; /* of a message that is read */
	uint8_t *buffer;    /* for a message that is made */
	size_t buffer_size;
	uint64_t clock_ms;  /* since the start; both are set before any call of a peer */
	uint64_t scaled_ms; /* the same, running `speed` times as fast; the world's time */
};

/* What a peer asks of the owner of its connection. */
struct peer_host {
	bool (*has_room)(void *context); /* for another message */
	void (*send)(void *context, const uint8_t *bytes, size_t length);
	void (*close)(void *context,
		      const char *why); /* after what was sent; the peer is not used again */
	void *context;
};

/* A sub-service that was subscribed to. */
struct peer_subscription {
	bool on;
	uint64_t interval_ms;
	uint64_t due_ms;   /* scaled */
	uint64_t since_ms; /* what changed up to then was told */
	uint64_t event;	   /* number of the next event to tell */
};

/* A request that is being answered. */
struct peer_answer {
	const struct message_def *response;
	uint32_t transaction;
	struct feed_query query;
	const char *status; /* name of the status to answer with */
	uint64_t location_type;
};

struct peer {
	struct peer_shared *shared;
	struct peer_host host;
	const char *name; /* of the client, for the log; the owner's */
	struct status status;
	uint8_t *input;
	size_t input_length;
	size_t input_size;
	struct peer_subscription subscriptions[CATALOG_MAX];
	struct peer_answer answers[PEER_ANSWERS];
	uint32_t n_answers;
	uint64_t began_ms; /* of the session */
	uint64_t bulk_began_ms;
	uint64_t bulk_sent;   /* records */
	uint64_t bulk_missed; /* records that there was no room for in time */
	uint64_t sent;	      /* messages after the subscription, other than echoes */
	size_t script_at;
	uint64_t script_ms; /* when its last step was sent */
	bool subscribed;
	bool told_all; /* the late capability was sent */
	bool ended;
};

/* Begins a session: says what the controller is and offers. The name stays the caller's. NULL
 * without memory. */
struct peer *peer_new(struct peer_shared *shared, const struct peer_host *host, const char *name);

/* Frees a session; takes NULL. */
void peer_free(struct peer *peer);

/* Takes bytes that came. */
void peer_input(struct peer *peer, const uint8_t *bytes, size_t length);

/* Sends what is due; to be called often, and when there is room again. */
void peer_tick(struct peer *peer);

/* True while requests should not be read, because too many wait for their answers. */
bool peer_is_busy(const struct peer *peer);

/* Sends a message other than an echo, and counts it. A fault that is due spoils it. */
void peer_send(struct peer *peer, const uint8_t *bytes, size_t length);

/* Begin a message in the buffer of all sessions, and finish and send it. */
struct encoder peer_begin(struct peer *peer, const char *name, uint32_t transaction);
void peer_finish(struct peer *peer, struct encoder *encoder, const char *name);

/* True when a fault was asked for. */
bool peer_has_fault(const struct peer *peer, enum fault_name fault);

#endif
