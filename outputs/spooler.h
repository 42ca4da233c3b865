/* SPDX-License-Identifier: ISC */
/* spooler.h: between an output's queue and its window: what is to be sent goes to disk first
 *
 * Records are taken from the queue and written in batches; only what is on disk is sent, and what
 * has come to its end is removed with a later batch. While the disk fails, records pass from the
 * queue to the window through memory, as without a spool. Only the consumer's thread uses a
 * spooler.
 */
#ifndef NMSP_OUTPUTS_SPOOLER_H
#define NMSP_OUTPUTS_SPOOLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outputs/queue.h"
#include "outputs/spool.h"

#define SPOOLER_NEVER UINT64_MAX

struct spooler;

/* A spooler behind `queue`; nothing is opened yet. `log_name` ("mqtt main") must outlive it. NULL
 * without memory. */
struct spooler *spooler_new(const struct spool_settings *settings, struct queue *queue,
			    const char *log_name);

/* Closes the file and frees; what is in the file stays there. Takes NULL. */
void spooler_free(struct spooler *spooler);

/* Does what is due: opens the file, writes what is queued, removes what has been sent. Returns
 * after how many ms to call it again, unless the queue wakes the consumer before; or SPOOLER_NEVER.
 */
uint64_t spooler_pump(struct spooler *spooler);

/* Writes and removes everything at once, and closes the file. What could not be written is queued
 * still. No pump may follow. */
void spooler_end(struct spooler *spooler);

/* As queue_take(): documents, then what is on disk; from the queue only while nothing can be
 * written. Documents and responses may be more than
 * `n`. */
size_t spooler_take(struct spooler *spooler, struct queue_list *list, size_t n, bool wait);

/* As queue_finish(), for an item with an owner. */
void spooler_finish(struct spooler *spooler, struct queue_list *list, struct queue_item *item,
		    enum outcome outcome, enum drop_reason reason);

/* Takes the items with an owner out of the list, to give them first and in the same order again. */
void spooler_put_back(struct spooler *spooler, struct queue_list *list);

/* Whether records go to disk now. */
bool spooler_is_active(const struct spooler *spooler);

/* What is to be told of it. */
void spooler_status(const struct spooler *spooler, struct spool_status *status);

#endif
