/* SPDX-License-Identifier: ISC */
/* window.h: messages between hand-over and acknowledgement
 *
 * Nothing here knows of MQTT or of sockets. Only the consumer's thread uses a window.
 */
#ifndef NMSP_OUTPUTS_WINDOW_H
#define NMSP_OUTPUTS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outputs/queue.h"

struct spooler;

struct window {
	struct queue *queue;
	struct spooler *spooler;     /* NULL: everything comes from the queue itself */
	struct queue_list held;	     /* taken, not handed over */
	struct queue_list in_flight; /* handed over, in order */
	size_t limit;		     /* of in_flight */
	uint32_t order;		     /* messages handed over */
	bool exhausted;		     /* the queue had no more the last time */
	bool progress;		     /* a record came to its end since window_open() */
	bool cautious; /* a connection broke before any record got through: one at a time */
};

/* A new connection: at most `limit` messages in flight, one while cautious. */
void window_open(struct window *window, size_t limit);

/* The next message to hand over, already in flight, at `now_ms`; NULL when the window is full or
 * nothing is queued (`wait` as for queue_take). */
struct queue_item *window_next(struct window *window, uint64_t now_ms, bool wait);

/* The message in flight with this id, or NULL. */
struct queue_item *window_find(const struct window *window, int id);

/* A message in flight has come to its end. */
void window_finish(struct window *window, struct queue_item *item, enum outcome outcome,
		   enum drop_reason reason);

/* True when the oldest in flight has waited for `timeout_ms` or more. */
bool window_stuck(const struct window *window, uint64_t now_ms, uint64_t timeout_ms);

/* The connection broke, not by our doing. Returns the record, still in flight, that is to blame:
 * several connections in a row broke while it was in flight alone. Else NULL. */
struct queue_item *window_suspect(struct window *window);

/* All that is not acknowledged goes back to the queue, in order. */
void window_put_back(struct window *window);

#endif
