/* SPDX-License-Identifier: ISC */
/* log_support.h: what the tests of the log share: where lines went, and looking at them
 *
 * To be included after cmocka.h.
 */
#ifndef NMSP_TESTS_UNIT_GATEWAY_LOG_SUPPORT_H
#define NMSP_TESTS_UNIT_GATEWAY_LOG_SUPPORT_H

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIME_PATTERN                                                     \
	"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]" \
	"\\.[0-9]{3}Z"

static int caught[2];
static int stderr_saved;

/* Standard error goes into a pipe between these two; what was written is returned. */
static inline void
catch_begin(void)
{
	assert_int_equal(pipe(caught), 0);
	stderr_saved = dup(STDERR_FILENO);
	dup2(caught[1], STDERR_FILENO);
	close(caught[1]);
}

/* Static memory. */
static inline const char *
catch_end(void)
{
	static char text[65536];
	ssize_t n;

	dup2(stderr_saved, STDERR_FILENO);
	close(stderr_saved);
	n = read(caught[0], text, sizeof text - 1);
	close(caught[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Says that standard error is systemd's journal, so that lines begin with a priority. */
static inline void
pretend_journal(void)
{
	struct stat status;
	char stream[64];

	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

/* A whole file, in static memory. */
static inline const char *
read_file(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof text - 1);
	close(fd);
	assert_in_range(n, 0, sizeof text - 1);
	text[n] = '\0';
	return text;
}

/* Fails unless a text fits an extended regular expression. */
static inline void
assert_matches(const char *text, const char *pattern)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match %s", text, pattern);
	regfree(&regex);
}

/* How often a word is in a text. */
static inline size_t
count_of(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *found = text; (found = strstr(found, word)); found++)
		n++;
	return n;
}

#endif
