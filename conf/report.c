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
