/* SPDX-License-Identifier: ISC */
/* log.h: the log, one line an event
 *
 * A leaf: it includes nothing of ours, so every folder but codecs may use it. Lines are lower case,
 * subject first, without a newline at the end. State changes are logged, steady state is counted;
 * secrets never, bytes only at debug.
 *
 * A subject is the subsystem and, where there are several of a kind, the name: "session hq",
 * "mqtt main", "gateway". The same line about the same subject is written LOG_BURST times within
 * LOG_INTERVAL_MS (LOG_BURST_DEBUG at debug), then only counted; the next one tells how many were
 * held back. Where more kinds are held back than there is room for, a line of its own tells how
 * many those were together.
 */
#ifndef NMSP_GATEWAY_LOG_H
#define NMSP_GATEWAY_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	LOG_BURST = 20,
	LOG_BURST_DEBUG = 1000,
	LOG_INTERVAL_MS = 10000,
	LOG_MOST_RULES = 256, /* more are not added */
	LOG_SUBJECT_SIZE = 128,
};

enum log_set_error {
	LOG_NO_MEMORY = -1,
	LOG_TOO_MANY_RULES = -2,
};

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_format {
	LOG_TEXT,
	LOG_JSON, /* an object a line */
};

enum log_target {
	LOG_TO_STDERR,
	LOG_TO_FILE,
	LOG_TO_SYSLOG, /* datagrams to the socket of the system's log */
};

enum log_facility {
	LOG_FACILITY_DAEMON,
	LOG_FACILITY_LOCAL0, /* LOCAL1 to LOCAL7 follow */
	LOG_FACILITY_LOCAL7 = LOG_FACILITY_LOCAL0 + 7,
};

/* The level of a subject ("session hq") or of all that begin with these words ("session"); the
 * longest that fits holds. */
struct log_rule {
	char *subject;
	enum log_level level;
};

struct log_settings {
	enum log_level level; /* of what no rule fits */
	struct log_rule *rules;
	size_t n_rules;
	char **traced; /* names of controllers: everything about their sessions and TLS */
	size_t n_traced;
	enum log_format format;
	enum log_target target;
	char *path; /* the file; or the socket, NULL or "": /dev/log */
	enum log_facility facility;
};

/* Takes a copy of the settings; from now on they hold. Before, the level is info and everything
 * goes to standard error as text. What cannot be opened is told there, and lines go there until it
 * can. Safe from any thread, as are all functions here. */
void log_configure(const struct log_settings *settings);

/* Changes one level until log_configure() is called again: that of `subject`, as in a rule, or of
 * what no rule fits (NULL). There is one rule for a subject, and LOG_MOST_RULES in all. Returns 0
 * or an enum log_set_error. */
int log_set_level(const char *subject, enum log_level level);

/* Turns the trace of a controller on or off until log_configure() is called again. Names are not
 * checked, so the caller bounds how many there are. Returns 0 or LOG_NO_MEMORY. */
int log_set_trace(const char *controller, bool on);

/* Everything to standard error, whatever is configured before or after. */
void log_be_verbose(void);

/* Opens the file anew, after it was moved away. */
void log_reopen(void);

/* Finds a level by its name ("error", "warning", "info", "debug"); false when there is none such.
 */
bool log_level_named(const char *name, enum log_level *level);

/* The name of a level. */
const char *log_level_name(enum log_level level);

/* True when lines of `level` about `subject` are written, so that costly ones need not be made. */
bool log_enabled(const char *subject, enum log_level level);

/* Write one line. errno is kept. */
void log_error(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(const char *subject, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_info(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for those who wrap it. Lines of one `format`, which must be constant, are alike. */
void log_write(enum log_level level, const char *subject, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

#endif
