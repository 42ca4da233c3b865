/* SPDX-License-Identifier: ISC */
/* report.h: where errors in files that people write go to */
#ifndef NMSP_CONF_REPORT_H
#define NMSP_CONF_REPORT_H

/* A receiver of errors. `message` says what is wrong and what was expected, without file, line and
 * newline; `line` is 0 when the error belongs to no line. */
struct report {
	void (*error)(void *context, const char *file, int line, const char *message);
	void *context;
};

/* Formats and hands over one error. */
void report_error(const struct report *report, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
