/* SPDX-License-Identifier: ISC */
/* timestamp.c: RFC 3339 times in UTC with milliseconds
 *
 * Times come in long runs of the same day, so each thread keeps the text of the day it wrote last.
 */
#include "outputs/timestamp.h"

#include <string.h>
#include <time.h>

#define MS_PER_DAY 86400000U
#define MS_LATEST  253402300799999U /* 9999-12-31T23:59:59.999Z */

struct day {
	uint64_t number; /* days since 1970, plus 1; 0: none yet */
	char text[11];	 /* "2026-11-22T" */
};

static void
write_digits(char *out, unsigned value, size_t width)
{
	while (width-- > 0) {
		out[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Howard Hinnant's civil_from_days: years begin in March, eras have 400 years. */
static void
write_date(char *out, uint64_t days)
{
	uint64_t shifted = days + 719468;
	uint64_t era = shifted / 146097;
	unsigned day_of_era = (unsigned)(shifted % 146097);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned from_march = (5 * day_of_year + 2) / 153;
	unsigned month = from_march < 10 ? from_march + 3 : from_march - 9;
	unsigned year = year_of_era + (unsigned)era * 400 + (month <= 2);

	write_digits(out, year, 4);
	out[4] = '-';
	write_digits(out + 5, month, 2);
	out[7] = '-';
	write_digits(out + 8, day_of_year - (153 * from_march + 2) / 5 + 1, 2);
	out[10] = 'T';
}

size_t
timestamp_write(char *out, uint64_t ms)
{
	static _Thread_local struct day day;

	if (ms > MS_LATEST)
		ms = MS_LATEST;
	if (day.number != ms / MS_PER_DAY + 1) {
		write_date(day.text, ms / MS_PER_DAY);
		day.number = ms / MS_PER_DAY + 1;
	}
	unsigned rest = (unsigned)(ms % MS_PER_DAY);

	memcpy(out, day.text, sizeof(day.text));
	write_digits(out + 11, rest / 3600000, 2);
	out[13] = ':';
	write_digits(out + 14, rest / 60000 % 60, 2);
	out[16] = ':';
	write_digits(out + 17, rest / 1000 % 60, 2);
	out[19] = '.';
	write_digits(out + 20, rest % 1000, 3);
	out[23] = 'Z';
	out[24] = '\0';
	return TIMESTAMP_LENGTH;
}

uint64_t
timestamp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
