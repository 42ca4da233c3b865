/* SPDX-License-Identifier: ISC */
/* log.c: the log, one line an event, to standard error
 *
 * A line is put together first and written with one call, so that threads do not mix theirs. Under
 * systemd, which knows the time itself, it begins with the priority of syslog(3) in angle brackets.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/log.h"

#define LINE_SIZE 2048

static const struct level {
	const char *name;
	int syslog;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

static atomic_int level_now = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	atomic_store(&level_now, (int)level);
}

bool
log_level_named(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (strcmp(name, levels[i].name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	return false;
}

bool
log_enabled(enum log_level level)
{
	return (int)level <= atomic_load(&level_now);
}

/* What snprintf and vsnprintf return, as the length of what is really there. */
static size_t
length_of(int printed, size_t size)
{
	if (printed < 0)
		return 0;
	return (size_t)printed < size ? (size_t)printed : size - 1;
}

static size_t
put_time(char *line, size_t size)
{
	struct timespec now;
	struct tm utc;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return n + length_of(snprintf(line + n, size - n, ".%03dZ ", (int)(now.tv_nsec / 1000000)),
			     size - n);
}

static size_t
put_start(char *line, size_t size, enum log_level level)
{
	if (getenv("JOURNAL_STREAM"))
		return length_of(snprintf(line, size, "<%d>", levels[level].syslog), size);
	return put_time(line, size);
}

/* Text off the wire may be in it: nothing but printable bytes and UTF-8 reaches a terminal. */
static void
make_printable(char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)line[i]))
			line[i] = line[i] == '\t' ? ' ' : '?';
}

__attribute__((format(printf, 3, 0))) static void
write_line(enum log_level level, const char *subsystem, const char *format, va_list arguments)
{
	char line[LINE_SIZE];
	int saved = errno;
	size_t n, room = sizeof line - 1;

	if (!log_enabled(level))
		return;
	n = put_start(line, room, level);
	n += length_of(snprintf(line + n, room - n, "%s %s: ", levels[level].name, subsystem),
		       room - n);
	errno = saved;
	n += length_of(vsnprintf(line + n, room - n, format, arguments), room - n);
	make_printable(line, n);
	line[n++] = '\n';
	for (size_t done = 0; done < n;) {
		ssize_t written = write(STDERR_FILENO, line + done, n - done);
		if (written < 0 && errno != EINTR)
			break;
		done += written > 0 ? (size_t)written : 0;
	}
	errno = saved;
}

void
log_error(const char *subsystem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_LEVEL_ERROR, subsystem, format, arguments);
	va_end(arguments);
}

void
log_warning(const char *subsystem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_LEVEL_WARNING, subsystem, format, arguments);
	va_end(arguments);
}

void
log_info(const char *subsystem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_LEVEL_INFO, subsystem, format, arguments);
	va_end(arguments);
}

void
log_debug(const char *subsystem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_LEVEL_DEBUG, subsystem, format, arguments);
	va_end(arguments);
}

bool
log_limit_pass(struct log_limit *limit, uint64_t now_ms)
{
	bool new_interval = now_ms - limit->began_ms >= limit->interval_ms;

	if (limit->passed == 0 || new_interval) {
		limit->began_ms = now_ms;
		limit->passed = 0;
	}
	if (limit->passed >= limit->burst) {
		limit->held++;
		return false;
	}
	limit->passed++;
	limit->missed = limit->held;
	limit->held = 0;
	return true;
}
