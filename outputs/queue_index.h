/* SPDX-License-Identifier: ISC */
/* queue_index.h: finds what is queued of a station
 *
 * A hash table from account and station to the newest item; from there `older` leads to the others.
 */
#ifndef NMSP_OUTPUTS_QUEUE_INDEX_H
#define NMSP_OUTPUTS_QUEUE_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct account;
struct queue_item;

struct queue_index {
	struct queue_item **buckets;
	size_t n_buckets; /* a power of two */
	size_t n_items;
};

/* An empty index; 0, or -1 without memory. */
int queue_index_init(struct queue_index *index);

/* Frees the table, not the items. */
void queue_index_fini(struct queue_index *index);

/* The newest item of a station, or NULL. */
struct queue_item *queue_index_find(struct queue_index *index, const struct account *account,
				    uint64_t station);

/* Adds an item as the newest of its station. */
void queue_index_insert(struct queue_index *index, struct queue_item *item);

/* Takes an item out, if it is in. */
void queue_index_remove(struct queue_index *index, struct queue_item *item);

#endif
