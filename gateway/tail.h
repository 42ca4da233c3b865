/* SPDX-License-Identifier: ISC */
/* tail.h: live records for who wants to look on
 *
 * Each onlooker has a bounded buffer: whoever reads slowly misses records and is told how many,
 * and nobody waits for anybody. For the loop's thread.
 */
#ifndef NMSP_GATEWAY_TAIL_H
#define NMSP_GATEWAY_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "outputs/buffer.h"

enum {
	TAIL_CLIENTS = 16,
	TAIL_LINES = 4096, /* that may wait for one of them, */
	TAIL_BYTES = 1024 * 1024,
	TAIL_NAME = 128,
};

/* Which records. Zeros are all of them, without end. */
struct tail_filter {
	uint32_t kinds; /* a bit each; 0: all */
	char controller[TAIL_NAME];
	uint64_t mac; /* that the MAC must have in the bits of mac_mask */
	uint64_t mac_mask;
	uint64_t count; /* records until the end; 0: no end */
};

/* Parses what stands in a request. False where it cannot be understood. */
bool tail_filter_kinds(struct tail_filter *filter, const char *text); /* "rssi,info" */
bool tail_filter_mac(struct tail_filter *filter, const char *text);   /* "a4:83" */
bool tail_filter_count(struct tail_filter *filter, const char *text); /* "100" */
bool tail_filter_controller(struct tail_filter *filter, const char *text);

struct tail;

struct tails {
	struct tail *first;
	size_t n;
	void (*wake)(void *context); /* one that waited has something to read */
	void *context;
};

/* A record as text. */
struct tail_record {
	enum kind kind;
	const char *controller;
	uint64_t mac; /* 0: it is about none */
	struct buffer *text;
};

/* Begins to look on; NULL when there are TAIL_CLIENTS already, or without memory. */
struct tail *tail_open(struct tails *tails, const struct tail_filter *filter);

/* Ends that. */
void tail_close(struct tail *tail);

/* Whether anybody looks on. */
static inline bool
tails_any(const struct tails *tails)
{
	return tails->first != NULL;
}

/* Gives a record to all who want it. */
void tails_offer(struct tails *tails, const struct tail_record *record);

/* Copies what is there, a line a record, up to `size` bytes; a line may be cut and goes on with the
 * next call. 0: nothing now, and `wake` will be called. */
size_t tail_read(struct tail *tail, char *out, size_t size);

/* Whether something is there. */
bool tail_ready(const struct tail *tail);

/* Whether all that it asked for was read. */
bool tail_ended(const struct tail *tail);

#endif
