/* SPDX-License-Identifier: ISC */
/* log_limit.h: how often the same line may be written
 *
 * A table of fixed size, so that a flood costs neither disk nor memory. For log.c, under its lock.
 */
#ifndef NMSP_GATEWAY_LOG_LIMIT_H
#define NMSP_GATEWAY_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LOG_LIMIT_PLACES = 256,
};

/* What makes lines alike. */
struct log_limit_key {
	const char *subject;
	const char *format; /* compared by its address */
};

struct log_limit_place {
	const char *format; /* NULL: free */
	uint64_t subject;   /* hash */
	uint64_t began_ms;
	uint64_t used_ms;
	uint64_t held; /* since the last one that passed */
	unsigned passed;
};

/* Begins all zero. */
struct log_limit {
	struct log_limit_place places[LOG_LIMIT_PLACES];
	uint64_t others; /* held back, of kinds that lost their place before they could tell it */
	uint64_t told_ms;
};

/* True when a line may be written at `now_ms` (of a clock that does not run back): one of the first
 * `burst` of its kind in an interval of LOG_INTERVAL_MS. `*missed` is then how many were held back
 * since the one before. */
bool log_limit_pass(struct log_limit *limit, const struct log_limit_key *key, unsigned burst,
		    uint64_t now_ms, uint64_t *missed);

/* How many lines were held back of kinds that the table had no room for any longer, since this was
 * asked before; each is told once. 0 again until an interval has passed. */
uint64_t log_limit_others(struct log_limit *limit, uint64_t now_ms);

#endif
