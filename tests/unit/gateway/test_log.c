/* SPDX-License-Identifier: ISC */
/* test_log.c: which lines are written, by level, subject, trace and number */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>

#include "gateway/log.h"
#include "gateway/log_limit.h"
#include "tests/unit/gateway/log_support.h"

#define THREADS 4
#define LINES	60 /* in all as much as the pipe takes */

static const struct log_settings defaults = {.level = LOG_LEVEL_INFO};

static int
reset(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_configure(&defaults);
	return 0;
}

static void
test_line(void **state)
{
	(void)state;
	catch_begin();
	log_info("session hq", "subscribed to %d services", 7);
	assert_matches(catch_end(),
		       "^" TIME_PATTERN " info session hq: subscribed to 7 services\n$");
}

static void
test_journal(void **state)
{
	(void)state;
	catch_begin();
	pretend_journal();
	log_error("mqtt main", "refused");
	log_warning("mqtt main", "slow");
	log_info("mqtt main", "connected");
	assert_string_equal(catch_end(), "<3>error mqtt main: refused\n<4>warning mqtt main: slow\n"
					 "<6>info mqtt main: connected\n");
}

/* What was started by a service, but whose standard error goes elsewhere, notes the time itself. */
static void
test_other_journal(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	catch_begin();
	log_info("a", "b");
	assert_matches(catch_end(), "^" TIME_PATTERN " info a: b\n$");
}

static void
set_level(enum log_level level)
{
	struct log_settings settings = {.level = level};

	log_configure(&settings);
}

static void
test_levels(void **state)
{
	enum log_level level;

	(void)state;
	assert_false(log_enabled("a", LOG_LEVEL_DEBUG));
	catch_begin();
	pretend_journal();
	log_debug("a", "not yet");
	set_level(LOG_LEVEL_DEBUG);
	log_debug("a", "now");
	set_level(LOG_LEVEL_ERROR);
	log_warning("a", "no more");
	assert_string_equal(catch_end(), "<7>debug a: now\n");
	assert_int_equal(log_set_level(NULL, LOG_LEVEL_DEBUG), 0);
	assert_true(log_enabled("a", LOG_LEVEL_DEBUG));
	assert_true(log_level_named("warning", &level));
	assert_int_equal(level, LOG_LEVEL_WARNING);
	assert_string_equal(log_level_name(level), "warning");
	assert_false(log_level_named("loud", &level));
}

/* The longest that fits holds, in whatever order they stand. */
static void
test_rules(void **state)
{
	char session[] = "session", hq[] = "session hq", mqtt[] = "mqtt";
	struct log_rule rules[] = {
		{hq, LOG_LEVEL_DEBUG}, {session, LOG_LEVEL_ERROR}, {mqtt, LOG_LEVEL_DEBUG}};
	struct log_settings settings = {.level = LOG_LEVEL_WARNING, .rules = rules, .n_rules = 3};

	(void)state;
	log_configure(&settings);
	memset(hq, 'x', sizeof hq - 1); /* it is a copy that holds */
	assert_true(log_enabled("session hq", LOG_LEVEL_DEBUG));
	assert_true(log_enabled("mqtt main", LOG_LEVEL_DEBUG));
	assert_true(log_enabled("mqtt", LOG_LEVEL_DEBUG));
	assert_false(log_enabled("session hq2", LOG_LEVEL_WARNING));
	assert_true(log_enabled("session hq2", LOG_LEVEL_ERROR));
	assert_true(log_enabled("sessions", LOG_LEVEL_WARNING));
	assert_false(log_enabled("tls hq", LOG_LEVEL_INFO));
	catch_begin();
	pretend_journal();
	log_debug("session hq", "one");
	log_debug("session lab", "two");
	log_debug("gateway", "three");
	assert_string_equal(catch_end(), "<7>debug session hq: one\n");
}

/* A traced controller is heard even where its subsystem is not. */
static void
test_trace(void **state)
{
	char session[] = "session", name[] = "hq";
	char *names[] = {name};
	struct log_rule rules[] = {{session, LOG_LEVEL_ERROR}};
	struct log_settings settings = {.level = LOG_LEVEL_INFO,
					.rules = rules,
					.n_rules = 1,
					.traced = names,
					.n_traced = 1};

	(void)state;
	log_configure(&settings);
	assert_true(log_enabled("session hq", LOG_LEVEL_DEBUG));
	assert_true(log_enabled("tls hq", LOG_LEVEL_DEBUG));
	assert_false(log_enabled("session lab", LOG_LEVEL_DEBUG));
	assert_false(log_enabled("session hq2", LOG_LEVEL_DEBUG));
	assert_false(log_enabled("mqtt hq", LOG_LEVEL_DEBUG));
	assert_false(log_enabled("gateway", LOG_LEVEL_DEBUG));
}

/* The same subject again is the same rule. */
static void
test_rules_are_bounded(void **state)
{
	char subject[32];

	(void)state;
	for (int i = 0; i < LOG_MOST_RULES; i++) {
		snprintf(subject, sizeof subject, "session %d", i);
		assert_int_equal(log_set_level(subject, LOG_LEVEL_DEBUG), 0);
		assert_int_equal(log_set_level(subject, LOG_LEVEL_ERROR), 0);
	}
	assert_int_equal(log_set_level("session", LOG_LEVEL_DEBUG), LOG_TOO_MANY_RULES);
	assert_false(log_enabled("session x", LOG_LEVEL_DEBUG));
	assert_int_equal(log_set_level("session 0", LOG_LEVEL_DEBUG), 0);
	assert_true(log_enabled("session 0", LOG_LEVEL_DEBUG));
	assert_false(log_enabled("session 1", LOG_LEVEL_INFO));
	log_configure(&defaults);
	assert_int_equal(log_set_level("session", LOG_LEVEL_DEBUG), 0);
}

static void
test_trace_is_set(void **state)
{
	(void)state;
	assert_int_equal(log_set_trace("hq", true), 0);
	assert_int_equal(log_set_trace("lab", true), 0);
	assert_int_equal(log_set_trace("hq", true), 0);
	assert_int_equal(log_set_trace("hq", false), 0);
	assert_int_equal(log_set_trace("other", false), 0);
	assert_false(log_enabled("session hq", LOG_LEVEL_DEBUG));
	assert_true(log_enabled("session lab", LOG_LEVEL_DEBUG));
	log_configure(&defaults);
	assert_false(log_enabled("session lab", LOG_LEVEL_DEBUG));
}

static void
flood(const char *subject, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		log_error(subject, "the same %u", i);
}

static void
test_flood(void **state)
{
	const char *text;

	(void)state;
	catch_begin();
	flood("mqtt flooded", 500);
	flood("mqtt other", 1);
	log_error("mqtt flooded", "another line");
	text = catch_end();
	assert_int_equal(count_of(text, "mqtt flooded: the same"), LOG_BURST);
	assert_int_equal(count_of(text, "mqtt flooded: the same 0\n"), 1);
	assert_int_equal(count_of(text, "mqtt other: the same"), 1);
	assert_int_equal(count_of(text, "another line"), 1);
}

static void
test_errno_is_kept(void **state)
{
	(void)state;
	errno = ENOENT;
	catch_begin();
	errno = ENOENT;
	log_info("a", "%m");
	assert_int_equal(errno, ENOENT);
	assert_matches(catch_end(), "info a: No such file or directory\n$");
}

static void *
log_many(void *subject)
{
	for (unsigned i = 0; i < LINES; i++)
		log_debug(subject, "line %u, %0200u", i, i);
	return NULL;
}

/* Lines of several threads, while the settings change: none is torn and none is lost. */
static void
test_threads(void **state)
{
	static char names[THREADS][8];
	struct log_settings settings = {.level = LOG_LEVEL_DEBUG};
	pthread_t threads[THREADS];
	const char *text;

	(void)state;
	log_configure(&settings);
	catch_begin();
	pretend_journal();
	for (size_t i = 0; i < THREADS; i++) {
		snprintf(names[i], sizeof names[i], "t%zu", i);
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
	}
	for (unsigned i = 0; i < 200; i++) {
		log_configure(&settings);
		log_reopen();
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	text = catch_end();
	assert_int_equal(count_of(text, "\n"), THREADS * LINES);
	assert_int_equal(count_of(text, "<7>debug t"), THREADS * LINES);
	assert_matches(text, "^(<7>debug t[0-3]: line [0-9]+, [0-9]{200}\n)+$");
}

/* More floods at once than there are places for: what some of them had to tell is told once. */
static void
test_floods(void **state)
{
	char subject[32];
	size_t told = 0;

	(void)state;
	for (unsigned i = 0; i <= LOG_LIMIT_PLACES; i++) {
		snprintf(subject, sizeof subject, "session %u", i);
		catch_begin();
		flood(subject, LOG_BURST + 1);
		told += count_of(catch_end(), " warning log: lines were held back, of more kinds "
					      "than are kept apart: ");
	}
	assert_int_equal(told, 1);
}

/* The last one: it holds from now on. */
static void
test_verbose(void **state)
{
	struct log_settings settings = {.level = LOG_LEVEL_ERROR, .format = LOG_JSON};

	(void)state;
	log_be_verbose();
	log_configure(&settings);
	catch_begin();
	log_debug("a", "b");
	assert_matches(catch_end(), "^" TIME_PATTERN " debug a: b\n$");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_line, reset),
		cmocka_unit_test_setup(test_journal, reset),
		cmocka_unit_test_setup(test_other_journal, reset),
		cmocka_unit_test_setup(test_levels, reset),
		cmocka_unit_test_setup(test_rules, reset),
		cmocka_unit_test_setup(test_trace, reset),
		cmocka_unit_test_setup(test_rules_are_bounded, reset),
		cmocka_unit_test_setup(test_trace_is_set, reset),
		cmocka_unit_test_setup(test_flood, reset),
		cmocka_unit_test_setup(test_errno_is_kept, reset),
		cmocka_unit_test_setup(test_threads, reset),
		cmocka_unit_test_setup(test_floods, reset),
		cmocka_unit_test_setup(test_verbose, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
