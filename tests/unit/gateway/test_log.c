/* SPDX-License-Identifier: ISC */
/* test_log.c: the form of log lines, levels and limits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/log.h"

static int pipes[2];
static int stderr_saved;

/* Standard error goes into a pipe between these two; what was written is returned. */
static void
catch_begin(void)
{
	assert_int_equal(pipe(pipes), 0);
	stderr_saved = dup(STDERR_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
}

static const char *
catch_end(void)
{
	static char text[8192];
	ssize_t n;

	dup2(stderr_saved, STDERR_FILENO);
	close(stderr_saved);
	n = read(pipes[0], text, sizeof text - 1);
	close(pipes[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
assert_matches(const char *text, const char *pattern)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match %s", text, pattern);
	regfree(&regex);
}

static void
test_line(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	catch_begin();
	log_info("session hq", "subscribed to %d services", 7);
	assert_matches(catch_end(),
		       "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
		       "\\.[0-9]{3}Z info session hq: subscribed to 7 services\n$");
}

static void
test_journal(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	catch_begin();
	log_error("mqtt main", "refused");
	log_warning("mqtt main", "slow");
	log_info("mqtt main", "connected");
	assert_string_equal(catch_end(), "<3>error mqtt main: refused\n<4>warning mqtt main: slow\n"
					 "<6>info mqtt main: connected\n");
	unsetenv("JOURNAL_STREAM");
}

static void
test_levels(void **state)
{
	enum log_level level;

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	assert_false(log_enabled(LOG_LEVEL_DEBUG));
	catch_begin();
	log_debug("a", "not yet");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("a", "now");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("a", "no more");
	log_set_level(LOG_LEVEL_INFO);
	assert_string_equal(catch_end(), "<7>debug a: now\n");
	assert_true(log_level_named("warning", &level));
	assert_int_equal(level, LOG_LEVEL_WARNING);
	assert_false(log_level_named("loud", &level));
	unsetenv("JOURNAL_STREAM");
}

static void
test_hostile_text(void **state)
{
	char long_text[5000];

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	errno = ENOENT;
	catch_begin();
	log_info("a", "%s", "one\ntwo\t\033[31m caf\xc3\xa9");
	assert_string_equal(catch_end(), "<6>info a: one?two ?[31m caf\xc3\xa9\n");
	catch_begin();
	log_info("a", "%s", long_text);
	assert_matches(catch_end(), "^<6>info a: x+\n$");
	assert_int_equal(errno, ENOENT);
	unsetenv("JOURNAL_STREAM");
}

static void
test_limit(void **state)
{
	struct log_limit limit = {.burst = 2, .interval_ms = 1000};

	(void)state;
	assert_true(log_limit_pass(&limit, 5000));
	assert_true(log_limit_pass(&limit, 5100));
	assert_false(log_limit_pass(&limit, 5200));
	assert_false(log_limit_pass(&limit, 5999));
	assert_true(log_limit_pass(&limit, 6000));
	assert_int_equal(limit.missed, 2);
	assert_true(log_limit_pass(&limit, 6001));
	assert_int_equal(limit.missed, 0);
	assert_false(log_limit_pass(&limit, 6002));
	assert_true(log_limit_pass(&limit, 90000));
	assert_int_equal(limit.missed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),   cmocka_unit_test(test_journal),
		cmocka_unit_test(test_levels), cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
