/* SPDX-License-Identifier: ISC */
/* log_line.h: one line of the log as text or JSON; for log*.c */
#ifndef NMSP_GATEWAY_LOG_LINE_H
#define NMSP_GATEWAY_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "gateway/log.h"

enum {
	LOG_MESSAGE_SIZE = 2048,
	LOG_LINE_SIZE = 4096, /* PIPE_BUF, so that a pipe takes a line as a whole or not at all */
};

struct log_line {
	struct timespec time;
	enum log_level level;
	const char *subject;
	const char *message;
	uint64_t missed; /* lines like it that were held back before it */
};

/* Each writes a line to `to`, without a newline or NUL, cuts it at `size`, and returns its length.
 * Whatever bytes the message has, nothing but printable text comes out. */

/* "2026-11-22T17:00:00.123Z info session hq: subscribed"; the time is left out where the receiver
 * notes it itself. */
size_t log_line_text(const struct log_line *line, bool with_time, char *to, size_t size);

/* An object with ts, level, subsystem, subject (where there is one), missed (where there are some)
 * and message. */
size_t log_line_json(const struct log_line *line, char *to, size_t size);

#endif
