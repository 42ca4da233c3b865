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

/* Where something stands; line 0: nowhere in the file. */
struct report_place {
	const char *file;
	int line;
};

/* Prints what a person reads, "file:line: message". */
extern const struct report report_to_stderr;

/* Formats and hands over one error. */
void report_error(const struct report *report, struct report_place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
