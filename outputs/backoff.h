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

/* What was waited for came, and held for so long: as many failures are forgotten as it takes to
 * double min_ms to that time. So after min_ms one is, and after max_ms all are; and something that
 * comes and goes at once is waited for longer and longer. */
void backoff_held(struct backoff *backoff, uint64_t held_ms);

#endif
