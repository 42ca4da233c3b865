/* SPDX-License-Identifier: ISC */
/* log_sink.h: where lines of the log go; for log.c, under its lock
 *
 * Nothing here waits for long: who logs may be the gateway's loop.
 */
#ifndef NMSP_GATEWAY_LOG_SINK_H
#define NMSP_GATEWAY_LOG_SINK_H

#include "gateway/log_line.h"

struct log_sink {
	enum log_format format;
	enum log_target target;
	const char *path;
	enum log_facility facility;

	/* its own; 0 at the start, but `fd` -1 */
	int fd;		 /* of file or socket; -1: not open, lines go to standard error */
	int open_error;	 /* it is told that it cannot be opened, and why; 0: it is not */
	uint64_t lost;	 /* lines, since the last one that was written */
	int write_error; /* why the first of them was lost */
};

/* Opens what the first members say, and closes what was open before. */
void log_sink_open(struct log_sink *sink);

/* Writes a line; or counts it as lost, which is told before the next one that can be written. */
void log_sink_put(struct log_sink *sink, const struct log_line *line);

#endif
