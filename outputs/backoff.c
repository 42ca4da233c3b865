/* SPDX-License-Identifier: ISC */
/* backoff.c: how long to wait before the next try: exponential with full jitter */
#include "outputs/backoff.h"

#include <sys/random.h>

/* xorshift64*: spreading is all that is asked of it. */
static uint64_t
next_random(struct backoff *backoff)
{
	uint64_t x = backoff->random;

	if (x == 0 && getrandom(&x, sizeof(x), 0) != (ssize_t)sizeof(x))
		x = (uint64_t)(uintptr_t)backoff;
	x |= x == 0;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	backoff->random = x;
	return x * 0x2545f4914f6cdd1dU >> 16;
}

unsigned
backoff_next(struct backoff *backoff)
{
	uint64_t ceiling = backoff->min_ms;
	unsigned floor = backoff->min_ms / 2;

	for (unsigned i = 0; i < backoff->failures && ceiling < backoff->max_ms; i++)
		ceiling *= 2;
	if (ceiling > backoff->max_ms)
		ceiling = backoff->max_ms;
	if (ceiling < backoff->max_ms)
		backoff->failures++;
	return floor + (unsigned)(next_random(backoff) % (ceiling - floor + 1));
}

void
backoff_held(struct backoff *backoff, uint64_t held_ms)
{
	for (uint64_t ms = backoff->min_ms; backoff->failures > 0 && ms <= held_ms; ms *= 2)
		backoff->failures--;
}
