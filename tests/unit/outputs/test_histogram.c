/* SPDX-License-Identifier: ISC */
/* test_histogram.c: which bucket a time goes to, and what the sum of them is */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "outputs/histogram.h"

static void
test_bounds_ascend(void **state)
{
	(void)state;
	for (unsigned i = 1; i < HISTOGRAM_BUCKETS; i++)
		assert_true(histogram_bounds_ms[i - 1] < histogram_bounds_ms[i]);
}

static void
test_bound_is_inside(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		struct histogram histogram = {.sum_ms = 0};
		struct histogram_view view;

		histogram_add(&histogram, histogram_bounds_ms[i], 1);
		histogram_add(&histogram, histogram_bounds_ms[i] + UINT64_C(1), 1);
		histogram_view(&histogram, &view);
		assert_int_equal(view.buckets[i], 1);
		assert_int_equal(view.buckets[i + 1], 1);
		assert_int_equal(view.count, 2);
	}
}

static void
test_several_at_once(void **state)
{
	struct histogram histogram = {.sum_ms = 0};
	struct histogram_view view;

	(void)state;
	histogram_add(&histogram, 0, 3);
	histogram_add(&histogram, 7, 20);
	histogram_view(&histogram, &view);
	assert_int_equal(view.count, 23);
	assert_int_equal(view.sum_ms, 140);
	assert_int_equal(view.buckets[0], 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_ascend),
		cmocka_unit_test(test_bound_is_inside),
		cmocka_unit_test(test_several_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
