/* SPDX-License-Identifier: ISC */
/* backoff.h: how long to wait before the next try: exponential with full jitter */
#ifndef NMSP_OUTPUTS_BACKOFF_H
#define NMSP_OUTPUTS_BACKOFF_H

#include <stdint.h>

struct backoff {
	unsigned min_ms;
	unsigned max_ms;
	unsigned failures; /* in a row */
	uint64_t random;   /* state of the generator; 0: not seeded yet */
};

/* The wait after one more failure: between min_ms / 2 and the present ceiling, which doubles from
 * min_ms to max_ms. */
unsigned backoff_next(struct backoff *backoff);

/* The next failure is the first again. */
void backoff_reset(struct backoff *backoff);

#endif
