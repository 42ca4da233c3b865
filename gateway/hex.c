/* SPDX-License-Identifier: ISC */
/* hex.c: bytes written as hex digits with white space and # comments */
#include "gateway/hex.h"

#include <ctype.h>

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* True when the character is white space or part of a comment. */
static bool
skip(struct hex_reader *reader, char c)
{
	if (c == '\n') {
		reader->line++;
		reader->comment = false;
		return true;
	}
	reader->comment |= c == '#';
	return reader->comment || isspace((unsigned char)c);
}

long
hex_read(struct hex_reader *reader, const char *text, size_t size, uint8_t *out)
{
	long length = 0;

	if (reader->line == 0)
		reader->line = 1;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		int value;

		if (skip(reader, c))
			continue;
		value = digit(c);
		if (value < 0) {
			reader->wrong = c;
			return -1;
		}
		if (reader->half)
			out[length++] = (uint8_t)(reader->high << 4 | value);
		reader->high = (uint8_t)value;
		reader->half = !reader->half;
	}
	return length;
}

bool
hex_pending(const struct hex_reader *reader)
{
	return reader->half;
}
