/* SPDX-License-Identifier: ISC */
/* lru.h: what is remembered by a number, such as a MAC address: at most so many values, each for at
 * most so long
 *
 * A table without clock: who uses it says what time it is. When it is full, the value that was set
 * or renewed the longest ago makes room. Memory is taken by the values that there are.
 */
#ifndef NMSP_GATEWAY_LRU_H
#define NMSP_GATEWAY_LRU_H

#include <stddef.h>
#include <stdint.h>

struct lru_entry;

struct lru {
	size_t max;
	uint64_t ttl_ms; /* a value is forgotten when it is as old; 0: never */
	size_t n;
	struct lru_entry **buckets;
	size_t n_buckets; /* a power of two */
	uint64_t seed;	  /* so that nobody can choose numbers that meet in one bucket */
	struct lru_entry *newest;
	struct lru_entry *oldest;
};

/* An empty table; takes no memory yet. lru_fini forgets all. */
void lru_init(struct lru *lru, size_t max, uint64_t ttl_ms);
void lru_fini(struct lru *lru);

/* Sets other limits; what is beyond them is forgotten. */
void lru_limit(struct lru *lru, size_t max, uint64_t ttl_ms);

/* The value of a key, or NULL; valid until the next call. A clock that was set back makes nothing
 * older. */
void *lru_find(struct lru *lru, uint64_t key, uint64_t now_ms);

/* Makes a value that was found as new as one just set. */
void lru_renew(struct lru *lru, void *value, uint64_t now_ms);

/* A new value of `size` bytes, all 0, in the place of the one of this key; NULL without memory,
 * then there is none. */
void *lru_set(struct lru *lru, uint64_t key, size_t size, uint64_t now_ms);

/* Forgets the value of a key, if there is one. */
void lru_drop(struct lru *lru, uint64_t key);

#endif
