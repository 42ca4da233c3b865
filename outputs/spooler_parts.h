/* SPDX-License-Identifier: ISC */
/* spooler_parts.h: what the two halves of a spooler share: spooler.c, which says when the disk is
 * used and gives what is on it, and spooler_write.c, which says what a batch does to it
 */
#ifndef NMSP_OUTPUTS_SPOOLER_PARTS_H
#define NMSP_OUTPUTS_SPOOLER_PARTS_H

#include <stdatomic.h>

#include "outputs/spool_owner.h"
#include "outputs/spooler.h"

struct amount {
	uint64_t messages;
	uint64_t records;
};

/* An amount that any thread may read; the consumer's writes. */
struct level {
	atomic_uint_fast64_t messages;
	atomic_uint_fast64_t records;
};

struct spooler {
	struct spool_settings settings;
	char *path;
	struct queue *queue;
	const char *log_name;
	struct spool *spool; /* NULL: closed */
	bool writable;
	bool failing;	   /* no commit was made since the last failure */
	uint64_t retry_at; /* while not writable */
	uint64_t committed_at;
	uint64_t commit_ms; /* what the last commit took */
	uint32_t epoch;	    /* of the file; items of an earlier one are not in it */
	struct spool_owners owners;

	struct queue_list pending; /* taken from the queue, not on disk */
	size_t pending_bytes;
	struct queue_list returned[QUEUE_RANKS]; /* read, to be given again */
	struct queue_list *into;		 /* where what is read goes */
	struct spool_place *ended;		 /* to be removed */
	size_t n_ended, max_ended;

	struct level level;    /* on disk, or read from a disk that was lost then */
	struct amount out;     /* of these: read and not finished */
	struct amount leaving; /* in the transaction that is not committed yet */
	uint64_t damaged;
	char reason[SPOOL_ERROR_SIZE];
};

/* By spooler_write.c: removes what has ended and writes what is pending, up to a batch, and
 * commits; `n`: so many items. */
enum spool_fault spooler_write(struct spooler *spooler, size_t *n);

/* By spooler_write.c: what this did to the first `n` that were pending is true now. */
void spooler_settle(struct spooler *spooler, size_t n);

/* By spooler_write.c: one message more at the spooler's level; so much less. */
void spooler_raise(struct spooler *spooler, uint32_t records);
void spooler_lower(struct spooler *spooler, struct amount amount);

#endif
