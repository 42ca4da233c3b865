/* SPDX-License-Identifier: ISC */
/* session_send.h: the messages that a session sends */
#ifndef NMSP_GATEWAY_SESSION_SEND_H
#define NMSP_GATEWAY_SESSION_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/session.h"

/* Each sends one message and returns its transaction, or 0 when it could not be made or sent (or
 * there was nothing to say). */

/* What this gateway is, and every sub-service it wants. */
uint32_t session_send_capability(struct session *session);

/* Asks whether the controller is still there. */
uint32_t session_send_echo(struct session *session);

/* Subscribes what is offered and not asked for yet. */
uint32_t session_send_subscribe(struct session *session);

/* Gives back everything that is granted. */
uint32_t session_send_unsubscribe(struct session *session);

/* A request for the state of stations. What the dictionary's message lacks is left out. */
struct session_request {
	const struct message_def *def;
	bool has_entity;
	uint64_t entity;
	const char *detail; /* names of values in the dictionary */
	const char *location_type;
	const uint64_t *macs; /* none: all stations */
	size_t n_macs;
};

/* Asks for the state of stations. */
uint32_t session_send_request(struct session *session, const struct session_request *request);

/* Asks for the current state of all stations after subscribing. */
uint32_t session_send_initial(struct session *session, const struct subscription_initial *initial);

#endif
