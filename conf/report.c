/* SPDX-License-Identifier: ISC */
/* report.c: where errors in files that people write go to */
#include "conf/report.h"

#include <stdarg.h>
#include <stdio.h>

void
report_error(const struct report *report, struct report_place place, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	report->error(report->context, place.file, place.line, message);
}

static void
print_error(void *context, const char *file, int line, const char *message)
{
	(void)context;
	if (line > 0)
		fprintf(stderr, "%s:%d: %s\n", file, line, message);
	else
		fprintf(stderr, "%s: %s\n", file, message);
}

const struct report report_to_stderr = {.error = print_error};
