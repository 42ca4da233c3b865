/* SPDX-License-Identifier: ISC */
/* test_timestamp.c: RFC 3339 times at the borders of days, months, years and the range */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "outputs/timestamp.h"

#define MS_PER_DAY 86400000U
#define MS_LATEST  UINT64_C(253402300799999)
#define DAYS	   (MS_LATEST / MS_PER_DAY + 1)

static void
assert_written(uint64_t ms, const char *expected)
{
	char text[TIMESTAMP_LENGTH + 2];

	text[TIMESTAMP_LENGTH + 1] = '#';
	assert_int_equal(timestamp_write(text, ms), TIMESTAMP_LENGTH);
	assert_int_equal(text[TIMESTAMP_LENGTH], '\0');
	assert_int_equal(text[TIMESTAMP_LENGTH + 1], '#');
	assert_string_equal(text, expected);
}

/* Fails unless the C library says the same. */
static void
assert_as_library(uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char expected[64], date[32];
	struct tm tm;

	assert_non_null(gmtime_r(&seconds, &tm));
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(expected, sizeof expected, "%s.%03uZ", date, (unsigned)(ms % 1000));
	assert_written(ms, expected);
}

static void
test_known_moments(void **state)
{
	(void)state;
	assert_written(0, "1970-01-01T00:00:00.000Z");
	assert_written(1, "1970-01-01T00:00:00.001Z");
	assert_written(951782399999, "2000-02-28T23:59:59.999Z");
	assert_written(951782400000, "2000-02-29T00:00:00.000Z");
	assert_written(951868800000, "2000-03-01T00:00:00.000Z");
	assert_written(1709164800000, "2024-02-29T00:00:00.000Z");
	assert_written(1735689599999, "2024-12-31T23:59:59.999Z");
	assert_written(1735689600000, "2025-01-01T00:00:00.000Z");
	assert_written(1795366800123, "2026-11-22T17:00:00.123Z");
	assert_written(4107542399999, "2100-02-28T23:59:59.999Z");
	assert_written(4107542400000, "2100-03-01T00:00:00.000Z");
}

static void
test_the_end_of_the_range(void **state)
{
	(void)state;
	assert_written(MS_LATEST, "9999-12-31T23:59:59.999Z");
	assert_written(MS_LATEST + 1, "9999-12-31T23:59:59.999Z");
	assert_written(UINT64_MAX, "9999-12-31T23:59:59.999Z");
	assert_written(0, "1970-01-01T00:00:00.000Z");
}

/* The text of a day is kept: what follows midnight, or precedes it, must not show the other's. */
static void
test_there_and_back_over_midnight(void **state)
{
	uint64_t midnight = UINT64_C(20000) * MS_PER_DAY;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_written(midnight - 1, "2024-10-03T23:59:59.999Z");
		assert_written(midnight, "2024-10-04T00:00:00.000Z");
	}
}

static void
test_every_day(void **state)
{
	(void)state;
	for (uint64_t day = 0; day < DAYS; day += day < 73200 ? 1 : 7)
		assert_as_library(day * MS_PER_DAY + day * 7919 % MS_PER_DAY);
}

static void
test_every_part_of_a_day(void **state)
{
	(void)state;
	for (uint64_t ms = 0; ms < MS_PER_DAY; ms += 997)
		assert_as_library(ms);
}

static void *
write_other_day(void *user)
{
	char text[TIMESTAMP_LENGTH + 1];
	uintptr_t wrong = 0;

	(void)user;
	for (int i = 0; i < 100000; i++) {
		timestamp_write(text, 86399999);
		wrong += strcmp(text, "1970-01-01T23:59:59.999Z") != 0;
	}
	return (void *)wrong;
}

static void
test_each_thread_has_its_own_day(void **state)
{
	pthread_t thread;
	void *wrong;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, write_other_day, NULL), 0);
	for (int i = 0; i < 10000; i++)
		assert_written(1795366800123, "2026-11-22T17:00:00.123Z");
	pthread_join(thread, &wrong);
	assert_null(wrong);
}

static void
test_now(void **state)
{
	uint64_t before = (uint64_t)time(NULL) * 1000;
	uint64_t now = timestamp_now();

	(void)state;
	assert_in_range(now, before, before + 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_moments),
		cmocka_unit_test(test_the_end_of_the_range),
		cmocka_unit_test(test_there_and_back_over_midnight),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_every_part_of_a_day),
		cmocka_unit_test(test_each_thread_has_its_own_day),
		cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
