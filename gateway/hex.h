/* SPDX-License-Identifier: ISC */
/* hex.h: bytes written as hex digits with white space and # comments */
#ifndef NMSP_GATEWAY_HEX_H
#define NMSP_GATEWAY_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reader that takes text in pieces cut anywhere; begin with all zero. */
struct hex_reader {
	bool comment; /* inside one */
	bool half;    /* the first digit of a byte was read */
	uint8_t high;
	unsigned line; /* 0 for the first; hex_read counts from 1 */
	char wrong;    /* the character that is no hex digit */
};

/* Turns `size` characters into bytes at `out` (room for size / 2 + 1; may be `text` itself).
 * Returns how many, or -1 on a wrong character, told in reader->wrong and reader->line. */
long hex_read(struct hex_reader *reader, const char *text, size_t size, uint8_t *out);

/* True when half a byte is left over. */
bool hex_pending(const struct hex_reader *reader);

#endif
