/* SPDX-License-Identifier: ISC */
/* spool_index.h: finds the newest record of a station in a spool
 *
 * A table from controller, kind and station to a place, 16 bytes each and at most
 * SPOOL_INDEX_MOST of them in 16 MiB, however large the spool is. It may know less than there is,
 * and two stations may share a key, so who finds a place looks what is there.
 */
#ifndef NMSP_OUTPUTS_SPOOL_INDEX_H
#define NMSP_OUTPUTS_SPOOL_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "outputs/spool.h"

#define SPOOL_INDEX_MOST (3U << 18)

struct spool_index_entry {
	uint64_t key;	/* 0: free */
	uint64_t place; /* number and rank */
};

/* All 0 is an empty one. */
struct spool_index {
	struct spool_index_entry *entries;
	size_t n_entries; /* a power of two, or 0 */
	size_t n_used;
	size_t refusals;		/* of new keys, before room is looked for again */
	uint64_t gone[SPOOL_RANKS];	/* numbers up to these are not looked for any more */
	struct spool_index_entry *undo; /* what the entries were that the transaction changed */
	size_t n_undo, max_undo;
};

/* The key of a record; never 0. */
uint64_t spool_index_key(const struct spool_record *record);

/* Where the newest record of this key is; number 0: nowhere. */
struct spool_place spool_index_find(const struct spool_index *index, uint64_t key);

/* The newest is there from now on. Without room for it the station is not found any more. */
void spool_index_set(struct spool_index *index, uint64_t key, struct spool_place place);

/* What was set since the last of these calls stays; is undone. */
void spool_index_keep(struct spool_index *index);
void spool_index_undo(struct spool_index *index);

/* Forgets everything and frees the memory. */
void spool_index_clear(struct spool_index *index);

#endif
