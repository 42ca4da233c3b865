/* SPDX-License-Identifier: ISC */
/* lru.c: what is remembered by a number: at most so many values, each for at most so long */
#include "gateway/lru.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

#define MIN_BUCKETS 64

struct lru_entry {
	struct lru_entry *chain; /* the next in its bucket */
	struct lru_entry *newer;
	struct lru_entry *older;
	uint64_t key;
	uint64_t at_ms;
	alignas(max_align_t) unsigned char value[];
};

static struct lru_entry *
entry_of(void *value)
{
	return (struct lru_entry *)(void *)((char *)value - offsetof(struct lru_entry, value));
}

/* splitmix64's finisher. */
static uint64_t
mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The link to the entry of a key, or to the NULL at the end of its bucket. There must be buckets.
 */
static struct lru_entry **
find_link(const struct lru *lru, uint64_t key)
{
	struct lru_entry **link = &lru->buckets[mix(key + lru->seed) & (lru->n_buckets - 1)];

	while (*link && (*link)->key != key)
		link = &(*link)->chain;
	return link;
}

/* Doubles the buckets; without memory the chains just grow longer. False only without any. */
static bool
make_buckets(struct lru *lru)
{
	size_t n_old = lru->n_buckets;
	struct lru_entry **old = lru->buckets;
	struct lru_entry **made = calloc(n_old ? n_old * 2 : MIN_BUCKETS, sizeof(*made));

	if (!made)
		return n_old > 0;
	if (n_old == 0 && getrandom(&lru->seed, sizeof lru->seed, GRND_NONBLOCK) < 0)
		lru->seed = (uintptr_t)made;
	lru->buckets = made;
	lru->n_buckets = n_old ? n_old * 2 : MIN_BUCKETS;
	for (struct lru_entry *entry = lru->oldest; entry; entry = entry->newer) {
		struct lru_entry **link;

		entry->chain = NULL;
		link = find_link(lru, entry->key);
		*link = entry;
	}
	free(old);
	return true;
}

static void
enlist(struct lru *lru, struct lru_entry *entry)
{
	entry->newer = NULL;
	entry->older = lru->newest;
	if (lru->newest)
		lru->newest->newer = entry;
	else
		lru->oldest = entry;
	lru->newest = entry;
}

static void
delist(struct lru *lru, struct lru_entry *entry)
{
	if (lru->newest == entry)
		lru->newest = entry->older;
	else
		entry->newer->older = entry->older;
	if (lru->oldest == entry)
		lru->oldest = entry->newer;
	else
		entry->older->newer = entry->newer;
}

static void
free_buckets(struct lru *lru)
{
	free(lru->buckets);
	lru->buckets = NULL;
	lru->n_buckets = 0;
}

static void
forget(struct lru *lru, struct lru_entry *entry)
{
	struct lru_entry **link = find_link(lru, entry->key);

	*link = entry->chain;
	delist(lru, entry);
	free(entry);
	if (--lru->n == 0 && lru->n_buckets > MIN_BUCKETS)
		free_buckets(lru);
}

static bool
is_over(const struct lru *lru, struct lru_entry *entry, uint64_t now_ms)
{
	if (entry->at_ms > now_ms)
		entry->at_ms = now_ms;
	return lru->ttl_ms && now_ms - entry->at_ms >= lru->ttl_ms;
}

static void
expire(struct lru *lru, uint64_t now_ms)
{
	while (lru->oldest && is_over(lru, lru->oldest, now_ms))
		forget(lru, lru->oldest);
}

void
lru_init(struct lru *lru, size_t max, uint64_t ttl_ms)
{
	*lru = (struct lru){.max = max, .ttl_ms = ttl_ms};
}

void
lru_fini(struct lru *lru)
{
	while (lru->oldest)
		forget(lru, lru->oldest);
	free_buckets(lru);
}

void
lru_limit(struct lru *lru, size_t max, uint64_t ttl_ms)
{
	lru->max = max;
	lru->ttl_ms = ttl_ms;
	while (lru->n > max)
		forget(lru, lru->oldest);
}

void *
lru_find(struct lru *lru, uint64_t key, uint64_t now_ms)
{
	struct lru_entry *entry;

	expire(lru, now_ms);
	entry = lru->n ? *find_link(lru, key) : NULL;
	if (!entry)
		return NULL;
	/* After the clock was set back, the oldest need not be the first to expire. */
	if (is_over(lru, entry, now_ms)) {
		forget(lru, entry);
		return NULL;
	}
	return entry->value;
}

void
lru_renew(struct lru *lru, void *value, uint64_t now_ms)
{
	struct lru_entry *entry = entry_of(value);

	entry->at_ms = now_ms;
	delist(lru, entry);
	enlist(lru, entry);
}

void *
lru_set(struct lru *lru, uint64_t key, size_t size, uint64_t now_ms)
{
	struct lru_entry *entry;

	lru_drop(lru, key);
	expire(lru, now_ms);
	while (lru->n > 0 && lru->n >= lru->max)
		forget(lru, lru->oldest);
	if (lru->n >= lru->n_buckets && !make_buckets(lru))
		return NULL;
	entry = calloc(1, sizeof *entry + size);
	if (!entry)
		return NULL;
	entry->key = key;
	entry->at_ms = now_ms;
	*find_link(lru, key) = entry;
	enlist(lru, entry);
	lru->n++;
	return entry->value;
}

void
lru_drop(struct lru *lru, uint64_t key)
{
	struct lru_entry *entry = lru->n ? *find_link(lru, key) : NULL;

	if (entry)
		forget(lru, entry);
}
