/* SPDX-License-Identifier: ISC */
/* report.c: where errors in files that people write go to */
#include "conf/report.h"

#include <stdarg.h>
#include <stdio.h>

void
report_error(const struct report *report, const char *file, int line, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	report->error(report->context, file, line, message);
}
