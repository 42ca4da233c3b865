/* SPDX-License-Identifier: ISC */
/* histogram.h: how long things took, counted in buckets that never change */
#ifndef NMSP_OUTPUTS_HISTOGRAM_H
#define NMSP_OUTPUTS_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 16

/* Upper bounds of the buckets in ms, ascending; what is above the last one goes into one more. */
extern const uint32_t histogram_bounds_ms[HISTOGRAM_BUCKETS];

/* Begins zeroed. */
struct histogram {
	atomic_uint_fast64_t buckets[HISTOGRAM_BUCKETS + 1];
	atomic_uint_fast64_t sum_ms;
};

/* A plain copy of a histogram at one moment. */
struct histogram_view {
	uint64_t buckets[HISTOGRAM_BUCKETS + 1]; /* each without those below it */
	uint64_t count;
	uint64_t sum_ms;
};

/* Counts that `n` things took `ms` each; one thread at a time. */
void histogram_add(struct histogram *histogram, uint64_t ms, uint32_t n);

/* Copies a histogram; any thread. */
void histogram_view(struct histogram *histogram, struct histogram_view *view);

#endif
