/* SPDX-License-Identifier: ISC */
/* test_probe_report.c: which step fails by what, and the exit code */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/probe_report.h"

static struct probe_report report;

/* A report with good steps before `step`, but for the clocks. */
static void
walk_to(enum probe_step step)
{
	memset(&report, 0, sizeof report);
	for (enum probe_step i = PROBE_NAME; i < step; i++)
		if (i != PROBE_CLOCKS)
			probe_find(&report.steps[i], PROBE_GOOD, "well");
}

static enum probe_step
step_of(enum link_failure failure, int alert)
{
	struct link_end end;

	link_end_set(&end, failure, "over");
	end.alert = alert;
	return probe_step_of(&report, &end);
}

static void
test_failures_that_belong_to_a_step(void **state)
{
	(void)state;
	walk_to(PROBE_NAME);
	assert_int_equal(step_of(LINK_NAME_NOT_FOUND, LINK_NO_ALERT), PROBE_NAME);
	walk_to(PROBE_TCP);
	assert_int_equal(step_of(LINK_UNREACHABLE, LINK_NO_ALERT), PROBE_TCP);
	assert_int_equal(step_of(LINK_REFUSED, LINK_NO_ALERT), PROBE_TCP);
	assert_int_equal(step_of(LINK_CONNECT_TIMEOUT, LINK_NO_ALERT), PROBE_TCP);
	walk_to(PROBE_CERTIFICATE);
	assert_int_equal(step_of(LINK_CONTROLLER_NOT_TRUSTED, LINK_NO_ALERT), PROBE_CERTIFICATE);
	walk_to(PROBE_AUTHORISATION);
	assert_int_equal(step_of(LINK_IDENTITY_REFUSED, 46), PROBE_AUTHORISATION);
	assert_int_equal(step_of(LINK_IDENTITY_REFUSED, 45), PROBE_CLOCKS);
}

/* A handshake that fails after the controller's certificate fails by ours. */
static void
test_failures_that_belong_to_the_step_under_way(void **state)
{
	static const enum link_failure failures[] = {
		LINK_HANDSHAKE_TIMEOUT, LINK_TLS_INCOMPATIBLE, LINK_CLOSED_BY_PEER, LINK_RESET,
		LINK_TLS_FAILED,
	};
	static const enum probe_step steps[] = {PROBE_TLS, PROBE_AUTHORISATION, PROBE_CAPABILITY,
						PROBE_SUBSCRIPTION, PROBE_NOTIFICATION};

	(void)state;
	for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
		walk_to(steps[s]);
		for (size_t f = 0; f < sizeof failures / sizeof *failures; f++)
			assert_int_equal(step_of(failures[f], LINK_NO_ALERT), steps[s]);
	}
}

static void
test_every_step_has_its_name_and_exit_code(void **state)
{
	(void)state;
	for (enum probe_step step = PROBE_NAME; step < PROBE_STEPS; step++) {
		walk_to(step);
		assert_int_equal(probe_exit(&report), 0);
		probe_find(&report.steps[step], PROBE_FAILED, "badly");
		assert_int_equal(probe_exit(&report), 10 + (int)step);
		for (enum probe_step other = PROBE_NAME; other < step; other++)
			assert_string_not_equal(probe_step_name(step), probe_step_name(other));
	}
}

static void
test_a_failure_goes_before_a_warning(void **state)
{
	(void)state;
	walk_to(PROBE_STEPS);
	probe_find(&report.steps[PROBE_NOTIFICATION], PROBE_WARNING, "silent");
	assert_int_equal(probe_exit(&report), 18);
	probe_find(&report.steps[PROBE_CLOCKS], PROBE_WARNING, "apart");
	assert_int_equal(probe_exit(&report), 14);
	probe_find(&report.steps[PROBE_SUBSCRIPTION], PROBE_FAILED, "refused");
	assert_int_equal(probe_exit(&report), 17);
}

static void
test_a_signal(void **state)
{
	(void)state;
	walk_to(PROBE_TLS);
	report.signal = SIGINT;
	assert_int_equal(probe_exit(&report), 130);
	probe_find(&report.steps[PROBE_TLS], PROBE_FAILED, "badly");
	assert_int_equal(probe_exit(&report), 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures_that_belong_to_a_step),
		cmocka_unit_test(test_failures_that_belong_to_the_step_under_way),
		cmocka_unit_test(test_every_step_has_its_name_and_exit_code),
		cmocka_unit_test(test_a_failure_goes_before_a_warning),
		cmocka_unit_test(test_a_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
