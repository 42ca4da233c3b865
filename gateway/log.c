/* SPDX-License-Identifier: ISC */
/* log.c: the log: which lines are written, and one after the other
 *
 * Lines are rare, so one lock does for everything; what nobody wants is left out without it.
 */
#include "gateway/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/log_limit.h"
#include "gateway/log_line.h"
#include "gateway/log_sink.h"

static const char *const levels[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* The subsystems that know of one controller. */
static const char *const of_controllers[] = {"session", "tls"};

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
settings_fini(struct log_settings *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		free(s->rules[i].subject);
	for (size_t i = 0; i < s->n_traced; i++)
		free(s->traced[i]);
	free(s->rules);
	free(s->traced);
	free(s->path);
}

/* False without memory; settings_fini is to be called in both cases. */
static bool
settings_copy(struct log_settings *copy, const struct log_settings *from)
{
	bool whole;

	*copy = *from;
	copy->path = strdup(from->path ? from->path : "");
	copy->rules = calloc(from->n_rules + 1, sizeof *copy->rules);
	copy->traced = calloc(from->n_traced + 1, sizeof *copy->traced);
	whole = copy->path && copy->rules && copy->traced;
	if (!whole)
		copy->n_rules = copy->n_traced = 0;
	for (size_t i = 0; i < copy->n_rules; i++) {
		copy->rules[i] =
			(struct log_rule){strdup(from->rules[i].subject), from->rules[i].level};
		whole &= copy->rules[i].subject != NULL;
	}
	for (size_t i = 0; i < copy->n_traced; i++) {
		copy->traced[i] = strdup(from->traced[i]);
		whole &= copy->traced[i] != NULL;
	}
	return whole;
}

static enum log_level
most_of(const struct log_settings *s)
{
	enum log_level level = s->level;

	for (size_t i = 0; i < s->n_rules; i++)
		level = s->rules[i].level > level ? s->rules[i].level : level;
	return s->n_traced || verbose ? LOG_LEVEL_DEBUG : level;
}

static void
apply(void)
{
	atomic_store(&most, (int)most_of(&current));
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

	if (!settings_copy(&copy, settings)) {
		settings_fini(&copy);
		log_error("log", "out of memory; the settings stay as they were");
		return;
	}
	pthread_mutex_lock(&lock);
	settings_fini(&current);
	current = copy;
	apply();
	pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static bool
set_rule(const char *subject, enum log_level level)
{
	struct log_rule *rules;
	char *copy;

	for (size_t i = 0; i < current.n_rules; i++)
		if (strcmp(current.rules[i].subject, subject) == 0) {
			current.rules[i].level = level;
			return true;
		}
	rules = reallocarray(current.rules, current.n_rules + 1, sizeof *rules);
	if (rules)
		current.rules = rules;
	copy = rules ? strdup(subject) : NULL;
	if (copy)
		rules[current.n_rules++] = (struct log_rule){copy, level};
	return copy != NULL;
}

bool
log_set_level(const char *subject, enum log_level level)
{
	bool done = true;

	pthread_mutex_lock(&lock);
	if (subject)
		done = set_rule(subject, level);
	else
		current.level = level;
	atomic_store(&most, (int)most_of(&current));
	pthread_mutex_unlock(&lock);
	return done;
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

/* The length of `words` when the subject begins with them, else 0. */
static size_t
match(const char *subject, const char *words)
{
	size_t length = strlen(words);

	if (strncmp(subject, words, length) != 0 || (subject[length] && subject[length] != ' '))
		return 0;
	return length;
}

static bool
is_traced(const char *subject)
{
	const char *name = strchr(subject, ' ');

	if (!name || !current.n_traced)
		return false;
	for (size_t i = 0; i < COUNT(of_controllers); i++)
		for (size_t k = 0; match(subject, of_controllers[i]) && k < current.n_traced; k++)
			if (strcmp(name + 1, current.traced[k]) == 0)
				return true;
	return false;
}

/* Under the lock. */
static bool
is_wanted(const char *subject, enum log_level level)
{
	enum log_level bound = current.level;
	size_t longest = 0;

	for (size_t i = 0; i < current.n_rules; i++) {
		size_t length = match(subject, current.rules[i].subject);

		if (length > longest) {
			longest = length;
			bound = current.rules[i].level;
		}
	}
	return verbose || level <= bound || is_traced(subject);
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

static bool
may_pass(struct log_line *line, const char *format)
{
	const struct log_limit_key key = {line->subject, format};
	unsigned burst = line->level == LOG_LEVEL_DEBUG ? LOG_BURST_DEBUG : LOG_BURST;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return log_limit_pass(&limit, &key, burst,
			      (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000,
			      &line->missed);
}

void
log_write(enum log_level level, const char *subject, const char *format, va_list arguments)
{
	char message[LOG_MESSAGE_SIZE];
	struct log_line line = {.level = level, .subject = subject, .message = message};
	int saved = errno;

	if ((int)level > atomic_load_explicit(&most, memory_order_relaxed))
		return;
	pthread_mutex_lock(&lock);
	if (is_wanted(subject, level) && may_pass(&line, format)) {
		errno = saved;
		vsnprintf(message, sizeof message, format, arguments);
		clock_gettime(CLOCK_REALTIME, &line.time);
		log_sink_put(&sink, &line);
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
