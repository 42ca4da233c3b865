/* SPDX-License-Identifier: ISC */
/* test_probe_print.c: a report as lines and as JSON */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/probe_document.h"
#include "gateway/probe_print.h"

static struct probe_report report;

static int
make_report(void **state)
{
	(void)state;
	memset(&report, 0, sizeof report);
	report.controller = "hq";
	report.steps[PROBE_NAME].ms = 7;
	probe_find(&report.steps[PROBE_NAME], PROBE_GOOD, "10.0.0.5 is an address");
	probe_find(&report.steps[PROBE_CLOCKS], PROBE_WARNING, "apart");
	probe_find(&report.steps[PROBE_TCP], PROBE_FAILED, "%s \"%s\"", "nothing", "listens");
	probe_advise(&report.steps[PROBE_TCP], "One:\n  two\n\nthree");
	return 0;
}

static void
assert_prints(enum probe_step step, struct probe_style style, const char *expected)
{
	char text[256] = "";
	FILE *file = fmemopen(text, sizeof text, "w");

	probe_print_step(file, &style, &report, step);
	fclose(file);
	assert_string_equal(text, expected);
}

static void
test_marks(void **state)
{
	const struct probe_style words = {.ticks = false}, ticks = {.ticks = true},
				 bright = {.ticks = true, .colours = true},
				 loud = {.colours = true};

	(void)state;
	assert_prints(PROBE_NAME, words, "ok      name           10.0.0.5 is an address\n");
	assert_prints(PROBE_NAME, ticks, "\u2713 name           10.0.0.5 is an address\n");
	assert_prints(PROBE_CLOCKS, words, "warning clocks         apart\n");
	assert_prints(PROBE_CLOCKS, ticks, "! clocks         apart\n");
	assert_prints(PROBE_TLS, words, "-       tls\n");
	assert_prints(PROBE_TLS, bright, "\033[2m-\033[0m tls\n");
	assert_prints(PROBE_CLOCKS, loud, "\033[33mwarning \033[0mclocks         apart\n");
}

static void
test_what_to_do(void **state)
{
	(void)state;
	assert_prints(PROBE_TCP, (struct probe_style){.ticks = false},
		      "FAILED  tcp            nothing \"listens\"\n"
		      "    One:\n      two\n\n    three\n");
}

static void
test_json(void **state)
{
	char *text = probe_document_text(&report);

	(void)state;
	assert_string_equal(
		text,
		"{\"controller\":\"hq\",\"exit\":11,\"steps\":["
		"{\"name\":\"name\",\"ok\":true,\"text\":\"10.0.0.5 is an address\",\"ms\":7},"
		"{\"name\":\"tcp\",\"ok\":false,\"text\":\"nothing \\\"listens\\\"\","
		"\"hint\":\"One:\\n  two\\n\\nthree\",\"ms\":0},"
		"{\"name\":\"tls\",\"ok\":null},{\"name\":\"certificate\",\"ok\":null},"
		"{\"name\":\"clocks\",\"ok\":false,\"warning\":true,\"text\":\"apart\",\"ms\":0},"
		"{\"name\":\"authorisation\",\"ok\":null},{\"name\":\"capability\",\"ok\":null},"
		"{\"name\":\"subscription\",\"ok\":null},{\"name\":\"notification\",\"ok\":null}"
		"]}");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_marks, make_report),
		cmocka_unit_test_setup(test_what_to_do, make_report),
		cmocka_unit_test_setup(test_json, make_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
