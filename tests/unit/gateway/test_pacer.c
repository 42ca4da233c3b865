/* SPDX-License-Identifier: ISC */
/* test_pacer.c: how many are dialled at once, and how soon one after the other */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "gateway/pacer.h"

#define MANY 50

static struct pacer pacer;
static struct pacer_ticket tickets[MANY];
static unsigned order[MANY * 4];
static unsigned n_dialled;
static bool done_at_once;

static void
dial(void *context)
{
	struct pacer_ticket *ticket = context;

	order[n_dialled++] = (unsigned)(ticket - tickets);
	if (done_at_once)
		pacer_done(&pacer, ticket);
}

static int
begin(void **state)
{
	(void)state;
	memset(tickets, 0, sizeof tickets);
	for (unsigned i = 0; i < MANY; i++) {
		tickets[i].dial = dial;
		tickets[i].context = &tickets[i];
	}
	n_dialled = 0;
	done_at_once = false;
	return 0;
}

static void
enter_all(void)
{
	for (unsigned i = 0; i < MANY; i++)
		pacer_enter(&pacer, &tickets[i]);
}

static void
test_first_come_first_served_with_space_between(void **state)
{
	uint64_t now = 1000, next;

	(void)state;
	pacer_init(&pacer, MANY, 20);
	assert_true(pacer_run(&pacer, now) == UINT64_MAX);
	enter_all();
	for (unsigned i = 0; i < MANY; i++) {
		next = pacer_run(&pacer, now);
		assert_int_equal(n_dialled, i + 1);
		assert_int_equal(order[i], i);
		assert_true(next == (i + 1 < MANY ? now + 20 : UINT64_MAX));
		pacer_run(&pacer, now + 19);
		assert_int_equal(n_dialled, i + 1);
		now += 20;
	}
}

static void
test_no_more_at_once_than_allowed(void **state)
{
	(void)state;
	pacer_init(&pacer, 3, 0);
	enter_all();
	assert_true(pacer_run(&pacer, 1) == UINT64_MAX);
	assert_int_equal(n_dialled, 3);
	assert_true(pacer_run(&pacer, 1000000) == UINT64_MAX);
	assert_int_equal(n_dialled, 3);
	pacer_done(&pacer, &tickets[1]);
	pacer_run(&pacer, 1000001);
	assert_int_equal(n_dialled, 4);
	assert_int_equal(order[3], 3);
	assert_int_equal(pacer.under_way, 3);
}

static void
test_one_who_waits_or_dials_stays_where_it_is(void **state)
{
	(void)state;
	pacer_init(&pacer, 1, 0);
	enter_all();
	enter_all();
	pacer_run(&pacer, 1);
	pacer_enter(&pacer, &tickets[0]);
	for (unsigned i = 0; i < MANY; i++) {
		pacer_done(&pacer, &tickets[i]);
		pacer_run(&pacer, 1);
	}
	assert_int_equal(n_dialled, MANY);
	assert_int_equal(pacer.under_way, 0);
}

static void
test_leaving_the_line_anywhere(void **state)
{
	(void)state;
	pacer_init(&pacer, MANY, 0);
	enter_all();
	pacer_done(&pacer, &tickets[0]);
	pacer_done(&pacer, &tickets[MANY - 1]);
	for (unsigned i = 2; i < MANY - 1; i += 2)
		pacer_done(&pacer, &tickets[i]);
	pacer_enter(&pacer, &tickets[0]);
	pacer_run(&pacer, 1);
	assert_int_equal(n_dialled, 25);
	for (unsigned i = 0; i < 24; i++)
		assert_int_equal(order[i], 2 * i + 1);
	assert_int_equal(order[24], 0);
	assert_int_equal(pacer.under_way, 25);
}

static void
test_done_is_taken_at_any_time(void **state)
{
	(void)state;
	pacer_init(&pacer, 2, 0);
	pacer_done(&pacer, &tickets[0]);
	assert_int_equal(pacer.under_way, 0);
	pacer_enter(&pacer, &tickets[0]);
	pacer_run(&pacer, 1);
	pacer_done(&pacer, &tickets[0]);
	pacer_done(&pacer, &tickets[0]);
	assert_int_equal(pacer.under_way, 0);
	pacer_enter(&pacer, &tickets[0]);
	pacer_run(&pacer, 1);
	assert_int_equal(n_dialled, 2);
}

static void
test_a_dial_that_ends_at_once(void **state)
{
	(void)state;
	done_at_once = true;
	pacer_init(&pacer, 1, 0);
	enter_all();
	assert_true(pacer_run(&pacer, 1) == UINT64_MAX);
	assert_int_equal(n_dialled, MANY);
	assert_int_equal(pacer.under_way, 0);
}

static void
test_space_is_kept_between_lines_too(void **state)
{
	(void)state;
	done_at_once = true;
	pacer_init(&pacer, 10, 100);
	pacer_enter(&pacer, &tickets[0]);
	pacer_run(&pacer, 1000);
	pacer_enter(&pacer, &tickets[1]);
	assert_int_equal(pacer_run(&pacer, 1001), 1100);
	assert_int_equal(n_dialled, 1);
	assert_true(pacer_run(&pacer, 1100) == UINT64_MAX);
	assert_int_equal(n_dialled, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_come_first_served_with_space_between, begin),
		cmocka_unit_test_setup(test_no_more_at_once_than_allowed, begin),
		cmocka_unit_test_setup(test_one_who_waits_or_dials_stays_where_it_is, begin),
		cmocka_unit_test_setup(test_leaving_the_line_anywhere, begin),
		cmocka_unit_test_setup(test_done_is_taken_at_any_time, begin),
		cmocka_unit_test_setup(test_a_dial_that_ends_at_once, begin),
		cmocka_unit_test_setup(test_space_is_kept_between_lines_too, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
