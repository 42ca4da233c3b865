/* SPDX-License-Identifier: ISC */
/* timestamp.h: RFC 3339 times in UTC with milliseconds */
#ifndef NMSP_OUTPUTS_TIMESTAMP_H
#define NMSP_OUTPUTS_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#define TIMESTAMP_LENGTH 24

/* Writes "2026-11-22T17:00:00.123Z" for `ms` since 1970 and a NUL, TIMESTAMP_LENGTH + 1 bytes in
 * all, and returns TIMESTAMP_LENGTH. Beyond the year 9999 the last moment of that year is written.
 * Any thread. */
size_t timestamp_write(char *out, uint64_t ms);

/* The present time in ms since 1970, by the system's clock. */
uint64_t timestamp_now(void);

#endif
