/* SPDX-License-Identifier: ISC */
/* account.h: where every record went
 *
 * One account per output, controller and kind. At any moment
 * received = published + filtered + conflated + sum of dropped + queued.
 */
#ifndef NMSP_OUTPUTS_ACCOUNT_H
#define NMSP_OUTPUTS_ACCOUNT_H

#include <stdatomic.h>
#include <stdint.h>

#include "codecs/dict.h"

enum drop_reason {
	DROP_QUEUE_FULL,
	DROP_TOO_LARGE,	     /* larger than the broker's maximum packet */
	DROP_NOT_AUTHORIZED, /* the broker says that this client may not publish there */
	DROP_REFUSED,	     /* any other refusal of the broker */
	DROP_NO_MEMORY,
	DROP_WRITE_FAILED, /* a file could not be written */
	DROP_SPOOL_FULL,   /* as DROP_QUEUE_FULL, of the spool */
	DROP_SPOOL_LOST,   /* the disk failed us while it was spooled */
	DROP_SHUTDOWN,	   /* still queued when the time to flush was over */
	DROP_COUNT,
};

struct account {
	atomic_uint_fast64_t received;
	atomic_uint_fast64_t published; /* QoS 1, 2: acknowledged; QoS 0, files: handed over */
	atomic_uint_fast64_t filtered;
	atomic_uint_fast64_t conflated;
	atomic_uint_fast64_t dropped[DROP_COUNT];
	atomic_uint_fast64_t left; /* of what is queued: in the file of a spool that was closed */
};

/* The accounts of one controller at one output, one per kind. */
struct account_set {
	struct account kinds[KIND_COUNT];
};

/* A plain copy of an account at one moment, with `queued` worked out. */
struct account_view {
	uint64_t received;
	uint64_t published;
	uint64_t filtered;
	uint64_t conflated;
	uint64_t dropped[DROP_COUNT];
	uint64_t queued;
};

/* Adds `n` records to one counter of an account; any thread. */
static inline void
account_add(atomic_uint_fast64_t *counter, uint64_t n)
{
	/* release: who sees an outcome sees that the record was received */
	atomic_fetch_add_explicit(counter, n, memory_order_release);
}

/* Copies an account. The outcomes are read before `received`, so `queued` is never negative. */
void account_view(struct account *account, struct account_view *view);

/* The name of a reason in JSON and metrics. */
const char *drop_reason_name(enum drop_reason reason);

#endif
