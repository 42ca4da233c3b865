/* SPDX-License-Identifier: ISC */
/* test_metrics_write.c: lines of the text format of Prometheus */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gateway/metrics_write.h"

static char text[4096];

static FILE *
begin(void)
{
	FILE *out = fmemopen(text, sizeof text, "w");

	assert_non_null(out);
	return out;
}

static void
test_samples(void **state)
{
	const struct metric_label none[] = {{NULL, NULL}};
	const struct metric_label two[] = {{"a", "1"}, {"b", "2"}, {NULL, NULL}};
	FILE *out = begin();

	(void)state;
	metric_head(out, "x_total", "counter", "Help.");
	metric_count(out, "x_total", two, UINT64_MAX);
	metric_count(out, "x_total", none, 0);
	metric_real(out, "y", none, -0.25);
	metric_real(out, "z", none, 1795366800.123);
	fclose(out);
	assert_string_equal(text, "# HELP x_total Help.\n# TYPE x_total counter\n"
				  "x_total{a=\"1\",b=\"2\"} 18446744073709551615\n"
				  "x_total 0\ny -0.25\nz 1795366800.123\n");
}

static void
test_values_are_escaped(void **state)
{
	const struct metric_label label[] = {{"a", "\\ \" \n \xc3\xa9 {}="}, {NULL, NULL}};
	FILE *out = begin();

	(void)state;
	metric_count(out, "x", label, 1);
	fclose(out);
	assert_string_equal(text, "x{a=\"\\\\ \\\" \\n \xc3\xa9 {}=\"} 1\n");
}

static void
test_histogram(void **state)
{
	const struct metric_label label[] = {{"o", "main"}, {NULL, NULL}};
	struct histogram histogram = {.sum_ms = 0};
	struct histogram_view view;
	FILE *out = begin();

	(void)state;
	histogram_add(&histogram, 1, 2);
	histogram_add(&histogram, 30, 1);
	histogram_add(&histogram, 400000, 1);
	histogram_view(&histogram, &view);
	metric_histogram(out, "t_seconds", label, &view);
	fclose(out);
	assert_non_null(strstr(text, "t_seconds_bucket{o=\"main\",le=\"0.001\"} 2\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{o=\"main\",le=\"0.05\"} 3\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{o=\"main\",le=\"300\"} 3\n"));
	assert_non_null(strstr(text, "t_seconds_bucket{o=\"main\",le=\"+Inf\"} 4\n"));
	assert_non_null(strstr(text, "t_seconds_sum{o=\"main\"} 400.032\n"
				     "t_seconds_count{o=\"main\"} 4\n"));
}

static void
test_buckets_without_labels(void **state)
{
	const struct metric_label none[] = {{NULL, NULL}};
	const struct histogram_view view = {.count = 0};
	FILE *out = begin();

	(void)state;
	metric_histogram(out, "t", none, &view);
	fclose(out);
	assert_non_null(strstr(text, "t_bucket{le=\"+Inf\"} 0\nt_sum 0\nt_count 0\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_values_are_escaped),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_buckets_without_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
