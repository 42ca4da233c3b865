/* SPDX-License-Identifier: ISC */
/* log.c: the log: which lines are written, and one after the other
 *
 * Lines are rare, so one lock does for everything; what nobody wants is left out without it.
 */
#include "gateway/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "gateway/log_limit.h"
#include "gateway/log_line.h"
#include "gateway/log_settings.h"
#include "gateway/log_sink.h"

static const char *const levels[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static atomic_int most = LOG_LEVEL_INFO; /* verbose, of all subjects */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* of what follows */
static struct log_settings current = {.level = LOG_LEVEL_INFO}; /* text is owned */
static struct log_sink sink = {.path = "", .fd = -1};
static struct log_limit limit;
static bool verbose;

const char *
log_level_name(enum log_level level)
{
	return levels[level];
}

bool
log_level_named(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < COUNT(levels); i++)
		if (strcmp(name, levels[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	return false;
}

static void
take_most(void)
{
	atomic_store(&most, (int)(verbose ? LOG_LEVEL_DEBUG : log_settings_most(&current)));
}

static void
apply(void)
{
	take_most();
	sink.format = verbose ? LOG_TEXT : current.format;
	sink.target = verbose ? LOG_TO_STDERR : current.target;
	sink.path = current.path ? current.path : "";
	sink.facility = current.facility;
	log_sink_open(&sink);
}

void
log_configure(const struct log_settings *settings)
{
	struct log_settings copy;

	if (!log_settings_copy(&copy, settings)) {
		log_settings_fini(&copy);
		log_error("log", "out of memory; the settings stay as they were");
		return;
	}
	pthread_mutex_lock(&lock);
	log_settings_fini(&current);
	current = copy;
	apply();
	pthread_mutex_unlock(&lock);
}

int
log_set_level(const char *subject, enum log_level level)
{
	int error = 0;

	pthread_mutex_lock(&lock);
	if (subject)
		error = log_settings_set_level(&current, subject, level);
	else
		current.level = level;
	take_most();
	pthread_mutex_unlock(&lock);
	return error;
}

int
log_set_trace(const char *controller, bool on)
{
	int error;

	pthread_mutex_lock(&lock);
	error = log_settings_set_trace(&current, controller, on);
	take_most();
	pthread_mutex_unlock(&lock);
	return error;
}

void
log_be_verbose(void)
{
	pthread_mutex_lock(&lock);
	verbose = true;
	apply();
	pthread_mutex_unlock(&lock);
}

void
log_reopen(void)
{
	pthread_mutex_lock(&lock);
	log_sink_open(&sink);
	pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static bool
is_wanted(const char *subject, enum log_level level)
{
	return verbose || log_settings_want(&current, subject, level);
}

bool
log_enabled(const char *subject, enum log_level level)
{
	bool wanted;

	if ((int)level > atomic_load_explicit(&most, memory_order_relaxed))
		return false;
	pthread_mutex_lock(&lock);
	wanted = is_wanted(subject, level);
	pthread_mutex_unlock(&lock);
	return wanted;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool
may_pass(struct log_line *line, const char *format, uint64_t now)
{
	const struct log_limit_key key = {line->subject, format};
	unsigned burst = line->level == LOG_LEVEL_DEBUG ? LOG_BURST_DEBUG : LOG_BURST;

	return log_limit_pass(&limit, &key, burst, now, &line->missed);
}

static void
put(struct log_line *line)
{
	clock_gettime(CLOCK_REALTIME, &line->time);
	log_sink_put(&sink, line);
}

/* Whatever the levels are: the lines that it counts were wanted. */
static void
tell_others(uint64_t now)
{
	uint64_t others = log_limit_others(&limit, now);
	char message[LOG_MESSAGE_SIZE];
	struct log_line note = {.level = LOG_LEVEL_WARNING, .subject = "log", .message = message};

	if (!others)
		return;
	snprintf(message, sizeof message,
		 "lines were held back, of more kinds than are kept apart: %" PRIu64, others);
	put(&note);
}

void
log_write(enum log_level level, const char *subject, const char *format, va_list arguments)
{
	char message[LOG_MESSAGE_SIZE];
	struct log_line line = {.level = level, .subject = subject, .message = message};
	int saved = errno;
	uint64_t now;

	if ((int)level > atomic_load_explicit(&most, memory_order_relaxed))
		return;
	pthread_mutex_lock(&lock);
	now = now_ms();
	if (is_wanted(subject, level) && may_pass(&line, format, now)) {
		tell_others(now);
		errno = saved;
		vsnprintf(message, sizeof message, format, arguments);
		put(&line);
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
}

void
log_error(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_LEVEL_ERROR, subject, format, arguments);
	va_end(arguments);
}

void
log_warning(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_LEVEL_WARNING, subject, format, arguments);
	va_end(arguments);
}

void
log_info(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_LEVEL_INFO, subject, format, arguments);
	va_end(arguments);
}

void
log_debug(const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_LEVEL_DEBUG, subject, format, arguments);
	va_end(arguments);
}
