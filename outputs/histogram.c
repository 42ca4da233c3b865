/* SPDX-License-Identifier: ISC */
/* histogram.c: how long things took, counted in buckets that never change */
#include "outputs/histogram.h"

const uint32_t histogram_bounds_ms[HISTOGRAM_BUCKETS] = {
	1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000,
};

/* There is one writer, so it need not lock the bus. */
static void
add(atomic_uint_fast64_t *counter, uint64_t n)
{
	uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, before + n, memory_order_relaxed);
}

void
histogram_add(struct histogram *histogram, uint64_t ms, uint32_t n)
{
	unsigned bucket = 0;

	while (bucket < HISTOGRAM_BUCKETS && ms > histogram_bounds_ms[bucket])
		bucket++;
	add(&histogram->buckets[bucket], n);
	add(&histogram->sum_ms, ms * n);
}

void
histogram_view(struct histogram *histogram, struct histogram_view *view)
{
	*view = (struct histogram_view){.count = 0};
	for (unsigned i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		view->buckets[i] =
			atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
		view->count += view->buckets[i];
	}
	view->sum_ms = atomic_load_explicit(&histogram->sum_ms, memory_order_relaxed);
}
