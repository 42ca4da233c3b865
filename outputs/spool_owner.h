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

/* What the transaction takes away that is not committed yet. */
struct spool_leaving {
	uint64_t dropped;
	uint64_t conflated;
};

struct spool_count {
	uint64_t spooled; /* on disk, whether read or not */
	uint64_t read;	  /* of these: read and not finished */
	struct spool_leaving leaving;
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

/* The accounts of all owners: what is spooled was found, and counts as received; what leaves has
 * left; nothing leaves after all; what is spooled is lost, but for what was read, which has its
 * outcome still to come. */
void spool_owner_found(struct spool_owners *owners);
void spool_owner_left(struct spool_owners *owners);
void spool_owner_stays(struct spool_owners *owners);
void spool_owner_lost(struct spool_owners *owners);

/* Nothing is spooled. */
void spool_owner_forget(struct spool_owners *owners);

/* Frees all owners. */
void spool_owner_fini(struct spool_owners *owners);

#endif
