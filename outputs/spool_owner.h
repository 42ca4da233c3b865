/* SPDX-License-Identifier: ISC */
/* spool_owner.h: whose records are in a spool, and how many
 *
 * Everything that is spooled is queued in the account of its controller and kind; these counts say
 * how much of it that is, in case the spool is lost.
 */
#ifndef NMSP_OUTPUTS_SPOOL_OWNER_H
#define NMSP_OUTPUTS_SPOOL_OWNER_H

#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "outputs/account.h"

struct spool_count {
	uint64_t spooled;  /* on disk, whether read or not */
	uint64_t read;	   /* of these: read and not finished */
	uint64_t dropping; /* in the transaction that is not committed yet */
};

/* A controller that has or had records in the spool. */
struct spool_owner {
	struct spool_owner *next;
	struct account_set *accounts;
	struct spool_count counts[KIND_COUNT];
	char name[];
};

struct spool_owners {
	struct spool_owner **buckets;
	size_t n_buckets; /* a power of two */
	size_t n_owners;
	struct account_set *(*accounts)(void *context, const char *controller);
	void *context;
};

/* The owner of this name, made when it is new; NULL without memory. */
struct spool_owner *spool_owner_get(struct spool_owners *owners, const char *name, size_t length);

/* Calls `each` for every owner and kind. */
void spool_owner_each(struct spool_owners *owners,
		      void (*each)(struct account *account, struct spool_count *count));

/* Frees all owners. */
void spool_owner_fini(struct spool_owners *owners);

#endif
