/* SPDX-License-Identifier: ISC */
/* test_backoff.c: waits between tries: their bounds and their spread */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "outputs/backoff.h"

#define TRIES 2000

/* The shortest and the longest of many waits after `failures` failures. */
static void
measure(unsigned failures, unsigned *shortest, unsigned *longest)
{
	struct backoff backoff = {.min_ms = 1000, .max_ms = 60000, .random = 1};

	*shortest = UINT32_MAX;
	*longest = 0;
	for (int i = 0; i < TRIES; i++) {
		unsigned wait = 0;

		for (unsigned n = 0; n < failures; n++)
			wait = backoff_next(&backoff);
		*shortest = wait < *shortest ? wait : *shortest;
		*longest = wait > *longest ? wait : *longest;
		backoff.failures = 0;
	}
}

static void
test_the_ceiling_doubles(void **state)
{
	const unsigned ceilings[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
	unsigned shortest, longest;

	(void)state;
	for (unsigned i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
		measure(i + 1, &shortest, &longest);
		assert_in_range(shortest, 500, 500 + ceilings[i] / 50);
		assert_in_range(longest, ceilings[i] - ceilings[i] / 50, ceilings[i]);
	}
}

/* The longest wait that may follow when something held for so long after many failures. */
static unsigned
ceiling_after(uint64_t held_ms)
{
	unsigned longest = 0;

	for (int i = 0; i < TRIES; i++) {
		struct backoff backoff = {
			.min_ms = 1000, .max_ms = 64000, .random = (uint64_t)i + 1};
		unsigned wait;

		for (int n = 0; n < 20; n++)
			backoff_next(&backoff);
		backoff_held(&backoff, held_ms);
		wait = backoff_next(&backoff);
		longest = wait > longest ? wait : longest;
	}
	return longest;
}

static void
test_what_held_makes_up_for_failures(void **state)
{
	(void)state;
	assert_in_range(ceiling_after(0), 60000, 64000);
	assert_in_range(ceiling_after(999), 60000, 64000);
	assert_in_range(ceiling_after(1000), 30000, 32000);
	assert_in_range(ceiling_after(2000), 15000, 16000);
	assert_in_range(ceiling_after(16000), 1900, 2000);
	assert_in_range(ceiling_after(64000), 900, 1000);
	assert_in_range(ceiling_after(UINT64_MAX), 900, 1000);
}

/* What lets in and closes at once is not hammered; what holds for a second is tried as often. */
static void
test_what_comes_and_goes(void **state)
{
	struct backoff backoff = {.min_ms = 1000, .max_ms = 60000};

	(void)state;
	for (int i = 0; i < 10; i++) {
		backoff_held(&backoff, 5);
		backoff_next(&backoff);
	}
	assert_int_equal(backoff.failures, 6);
}

static void
test_one_wait_only(void **state)
{
	struct backoff backoff = {.min_ms = 5000, .max_ms = 5000};

	(void)state;
	for (int i = 0; i < TRIES; i++)
		assert_in_range(backoff_next(&backoff), 2500, 5000);
	assert_int_equal(backoff.failures, 0);
}

/* Years of failures neither overflow nor take long. */
static void
test_for_ever(void **state)
{
	struct backoff backoff = {.min_ms = 1, .max_ms = UINT32_MAX};

	(void)state;
	for (int i = 0; i < 100000; i++)
		backoff_next(&backoff);
	assert_in_range(backoff.failures, 30, 33);
}

static void
test_each_process_waits_differently(void **state)
{
	struct backoff a = {.min_ms = 1, .max_ms = 1U << 30};
	struct backoff b = a;
	bool differ = false;

	(void)state;
	for (int i = 0; i < 40; i++)
		differ |= backoff_next(&a) != backoff_next(&b);
	assert_true(differ);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_ceiling_doubles),
		cmocka_unit_test(test_what_held_makes_up_for_failures),
		cmocka_unit_test(test_what_comes_and_goes),
		cmocka_unit_test(test_one_wait_only),
		cmocka_unit_test(test_for_ever),
		cmocka_unit_test(test_each_process_waits_differently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
