/* SPDX-License-Identifier: ISC */
/* log.h: the log, one line an event, to standard error
 *
 * A leaf: it includes nothing of ours, so every folder but codecs may use it. Lines are lower case,
 * subject first, without a newline at the end. State changes are logged, steady state is counted;
 * secrets never, bytes only at debug.
 */
#ifndef NMSP_GATEWAY_LOG_H
#define NMSP_GATEWAY_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Lets `burst` lines through in every `interval_ms` and counts the others; set those two, leave the
 * rest 0. */
struct log_limit {
	unsigned burst;
	unsigned interval_ms;
	uint64_t began_ms;
	unsigned passed;
	unsigned held;	 /* since the last line that passed */
	unsigned missed; /* held back before the line that passed last; to be told in it */
};

/* What is more verbose than `level` is dropped; info at the start. */
void log_set_level(enum log_level level);

/* Finds a level by its name ("error", "warning", "info", "debug"); false when there is none such.
 */
bool log_level_named(const char *name, enum log_level *level);

/* True when lines of `level` are written, so that costly ones need not be made. */
bool log_enabled(enum log_level level);

/* Write one line about `subsystem` ("session hq", "mqtt main"). Safe from any thread; errno is
 * kept. */
void log_error(const char *subsystem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_warning(const char *subsystem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_info(const char *subsystem, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *subsystem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* True when a line may be written at `now_ms` (any clock that does not run back). limit->missed
 * then says how many were held back since the line before. */
bool log_limit_pass(struct log_limit *limit, uint64_t now_ms);

#endif
