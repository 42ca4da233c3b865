/* SPDX-License-Identifier: ISC */
/* prng.h: a small generator of its own, so that a world is the same on every machine (SplitMix64)
 */
#ifndef NMSP_SIM_PRNG_H
#define NMSP_SIM_PRNG_H

#include <stdint.h>

/* Stirs 64 bits: the same input always gives the same output, neighbours differ in half their bits.
 */
static inline uint64_t
prng_mix(uint64_t u)
{
	u = (u ^ u >> 30) * 0xbf58476d1ce4e5b9U;
	u = (u ^ u >> 27) * 0x94d049bb133111ebU;
	return u ^ u >> 31;
}

/* The next number of the sequence that `state` is at. */
static inline uint64_t
prng_next(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15U;
	return prng_mix(*state);
}

/* 64 bits as a number in [0, 1). */
static inline double
prng_fraction(uint64_t u)
{
	return (double)(u >> 11) * 0x1p-53;
}

/* A number in [low, high). */
static inline double
prng_between(uint64_t *state, double low, double high)
{
	return low + (high - low) * prng_fraction(prng_next(state));
}

/* An integer below `limit`, which is not 0. */
static inline uint32_t
prng_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)((prng_next(state) >> 32) * limit >> 32);
}

#endif
