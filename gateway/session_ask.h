/* SPDX-License-Identifier: ISC */
/* session_ask.h: what an operator wants to know of a controller now, as a request of its session */
#ifndef NMSP_GATEWAY_SESSION_ASK_H
#define NMSP_GATEWAY_SESSION_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/session.h"

#define SESSION_ASK_MACS 64 /* so many may be listed */

/* What is asked, in the dictionary's names; a name of NULL: what is usual. */
struct session_ask {
	const char *service;	   /* whose request is sent: "rssi" */
	const char *entity;	   /* usual: client */
	const char *detail;	   /* usual: full */
	const char *location_type; /* usual: any */
	const uint64_t *macs;	   /* none: all stations */
	size_t n_macs;
};

/* Sends a request when the session, its dictionary and the limits of questions.h allow it. Returns
 * the transaction, whose end the action `answered` tells; or 0 with a sentence in `text`. */
uint32_t session_ask(struct session *session, uint64_t now, const struct session_ask *ask,
		     char *text, size_t size);

/* For session.c: tells and ends questions that this message answers, or that are overdue. */
void session_ask_message(struct session *session, uint64_t now, const struct message *message);
void session_ask_tick(struct session *session, uint64_t now);

/* For session.c: the connection is over, for this reason; nothing will be answered. */
void session_ask_lost(struct session *session, const char *reason);

#endif
