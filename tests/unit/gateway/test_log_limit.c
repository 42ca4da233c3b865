/* SPDX-License-Identifier: ISC */
/* test_log_limit.c: how often the same line may be written */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "gateway/log.h"
#include "gateway/log_limit.h"

static struct log_limit limit;
static const char refused[] = "refused %s", lost[] = "lost %s";

static int
reset(void **state)
{
	(void)state;
	limit = (struct log_limit){0};
	return 0;
}

/* What was missed by a line that passes, -1 when it does not. */
static int
pass(const char *subject, const char *format, uint64_t now_ms)
{
	const struct log_limit_key key = {subject, format};
	uint64_t missed = 0;

	return log_limit_pass(&limit, &key, 2, now_ms, &missed) ? (int)missed : -1;
}

static void
test_interval(void **state)
{
	(void)state;
	assert_int_equal(pass("a", refused, 5000), 0);
	assert_int_equal(pass("a", refused, 5100), 0);
	assert_int_equal(pass("a", refused, 5200), -1);
	assert_int_equal(pass("a", refused, 5000 + LOG_INTERVAL_MS - 1), -1);
	assert_int_equal(pass("a", refused, 5000 + LOG_INTERVAL_MS), 2);
	assert_int_equal(pass("a", refused, 5001 + LOG_INTERVAL_MS), 0);
	assert_int_equal(pass("a", refused, 5002 + LOG_INTERVAL_MS), -1);
	assert_int_equal(pass("a", refused, 900000), 1);
}

/* Each subject and each format has its own; a subject counts by its text, not its address. */
static void
test_kinds(void **state)
{
	char a[] = "a";

	(void)state;
	assert_int_equal(pass("a", refused, 1), 0);
	assert_int_equal(pass(a, refused, 1), 0);
	assert_int_equal(pass("a", refused, 1), -1);
	assert_int_equal(pass("b", refused, 1), 0);
	assert_int_equal(pass("a", lost, 1), 0);
}

/* A flood keeps its place, however many other lines come meanwhile, and the first of every kind
 * passes. */
static void
test_many_kinds(void **state)
{
	char subject[16];

	(void)state;
	pass("flood", refused, 1);
	pass("flood", refused, 1);
	for (unsigned i = 0; i < 4 * LOG_LIMIT_PLACES; i++) {
		snprintf(subject, sizeof subject, "%u", i);
		assert_int_equal(pass(subject, refused, 2 + i), 0);
		assert_int_equal(pass("flood", refused, 2 + i), -1);
	}
	assert_int_equal(pass("flood", refused, 1 + LOG_INTERVAL_MS), 4 * LOG_LIMIT_PLACES);
}

/* Full of lines that still have something to tell: the table goes on, and what one that makes room
 * had to tell is told of all together. */
static void
test_all_held(void **state)
{
	char subject[16];

	(void)state;
	for (unsigned i = 0; i < LOG_LIMIT_PLACES; i++) {
		snprintf(subject, sizeof subject, "%u", i);
		for (unsigned k = 0; k < 3; k++)
			pass(subject, refused, i + 1);
	}
	assert_int_equal(log_limit_others(&limit, 1000), 0);
	assert_int_equal(pass("new", refused, 1000), 0);
	assert_int_equal(pass("1", refused, 1000), -1);
	assert_int_equal(pass("0", refused, 1000), 0);
	assert_int_equal(log_limit_others(&limit, 1000), 1);
	assert_int_equal(log_limit_others(&limit, 1000 + LOG_INTERVAL_MS), 0);
}

/* Many floods at once, from the beginning to the end: every line has passed or was told. */
static void
test_no_count_is_lost(void **state)
{
	enum { KINDS = 3 * LOG_LIMIT_PLACES, ROUNDS = 50 };
	uint64_t passed = 0, missed = 0, now = 1;
	char subject[16];

	(void)state;
	for (unsigned i = 0; i < KINDS * ROUNDS; i++) {
		/* each kind a few times in a row, so that some are held back */
		snprintf(subject, sizeof subject, "%u", i / 5 % KINDS);
		int told = pass(subject, refused, now += i % 7);

		passed += told >= 0;
		missed += told > 0 ? (unsigned)told : 0;
		missed += told >= 0 ? log_limit_others(&limit, now) : 0;
	}
	for (unsigned i = 0; i < LOG_LIMIT_PLACES; i++)
		missed += limit.places[i].held;
	missed += log_limit_others(&limit, now + LOG_INTERVAL_MS);
	assert_int_equal(passed + missed, KINDS * ROUNDS);
	assert_true(missed > KINDS);
}

/* They are told once in an interval, so that telling is not a flood by itself. */
static void
test_others_keep_a_distance(void **state)
{
	(void)state;
	limit.others = 5;
	assert_int_equal(log_limit_others(&limit, 7000), 5);
	limit.others = 3;
	assert_int_equal(log_limit_others(&limit, 7000 + LOG_INTERVAL_MS - 1), 0);
	assert_int_equal(log_limit_others(&limit, 7000 + LOG_INTERVAL_MS), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_interval, reset),
		cmocka_unit_test_setup(test_kinds, reset),
		cmocka_unit_test_setup(test_many_kinds, reset),
		cmocka_unit_test_setup(test_all_held, reset),
		cmocka_unit_test_setup(test_no_count_is_lost, reset),
		cmocka_unit_test_setup(test_others_keep_a_distance, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
