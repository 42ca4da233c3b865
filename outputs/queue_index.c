/* SPDX-License-Identifier: ISC */
/* queue_index.c: finds what is queued of a station */
#include "outputs/queue_index.h"

#include <stdlib.h>

#include "outputs/queue.h"

#define MIN_BUCKETS 256

static struct queue_item **
find_bucket(struct queue_index *index, const struct account *account, uint64_t station)
{
	uint64_t hash = (station ^ (uint64_t)(uintptr_t)account >> 4) * 0x9e3779b97f4a7c15U;

	return &index->buckets[(hash >> 32) & (index->n_buckets - 1)];
}

/* The link to the newest item of a station, or to the NULL at the end of its bucket. */
static struct queue_item **
find_link(struct queue_index *index, const struct account *account, uint64_t station)
{
	struct queue_item **link = find_bucket(index, account, station);

	while (*link && ((*link)->station != station || (*link)->account != account))
		link = &(*link)->chain;
	return link;
}

/* Doubles the buckets; without memory the chains just grow longer. */
static void
grow(struct queue_index *index)
{
	size_t n_old = index->n_buckets;
	struct queue_item **old = index->buckets;
	struct queue_item **grown = calloc(n_old * 2, sizeof(*grown));

	if (!grown)
		return;
	index->buckets = grown;
	index->n_buckets = n_old * 2;
	for (size_t i = 0; i < n_old; i++) {
		for (struct queue_item *item = old[i], *chain; item; item = chain) {
			struct queue_item **link = find_bucket(index, item->account, item->station);

			chain = item->chain;
			item->chain = *link;
			*link = item;
		}
	}
	free(old);
}

void
queue_index_insert(struct queue_index *index, struct queue_item *item)
{
	struct queue_item **link;

	if (index->n_items >= index->n_buckets)
		grow(index);
	link = find_link(index, item->account, item->station);
	item->newer = NULL;
	item->older = *link;
	item->chain = NULL;
	if (item->older) {
		item->older->newer = item;
		item->chain = item->older->chain;
	}
	*link = item;
	item->indexed = true;
	index->n_items++;
}

void
queue_index_remove(struct queue_index *index, struct queue_item *item)
{
	if (!item->indexed)
		return;
	if (item->older)
		item->older->newer = item->newer;
	if (item->newer) {
		item->newer->older = item->older;
	} else {
		struct queue_item **link = find_link(index, item->account, item->station);

		if (item->older)
			item->older->chain = item->chain;
		*link = item->older ? item->older : item->chain;
	}
	item->indexed = false;
	index->n_items--;
}

int
queue_index_init(struct queue_index *index)
{
	index->n_items = 0;
	index->n_buckets = MIN_BUCKETS;
	index->buckets = calloc(index->n_buckets, sizeof(struct queue_item *));
	return index->buckets ? 0 : -1;
}

void
queue_index_fini(struct queue_index *index)
{
	free(index->buckets);
}

struct queue_item *
queue_index_find(struct queue_index *index, const struct account *account, uint64_t station)
{
	return *find_link(index, account, station);
}
