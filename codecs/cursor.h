/* SPDX-License-Identifier: ISC */
/* cursor.h: the only way to packet bytes: bounds-checked, with a fault that sticks
 *
 * After the first read past the end every read gives 0 or NULL and `failed` stays set, so a parser
 * is straight-line code with one check at its end. A length on the wire becomes a window of its own
 * at once.
 */
#ifndef NMSP_CODECS_CURSOR_H
#define NMSP_CODECS_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool little; /* byte order of integers */
	bool failed;
};

/* A cursor over `length` bytes, integers in little or big endian. */
static inline struct cursor
cursor_over(const uint8_t *bytes, size_t length, bool little)
{
	return (struct cursor){.at = bytes, .end = bytes + length, .little = little};
}

/* Bytes not read yet; 0 after a fault. */
static inline size_t
cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* Takes `length` bytes and returns where they begin; NULL and a sticky fault when fewer are left.
 */
static inline const uint8_t *
cursor_bytes(struct cursor *c, size_t length)
{
	const uint8_t *at = c->at;

	if (length > cursor_left(c) || c->failed) {
		c->failed = true;
		c->end = c->at;
		return NULL;
	}
	c->at += length;
	return at;
}

/* The integer of `width` (1 to 8) bytes at `p`, which must be readable. */
static inline uint64_t
cursor_load(const uint8_t *p, unsigned width, bool little)
{
	uint64_t u = 0;

	switch (width) {
	case 1:
		return p[0];
	case 2:
		return little ? (uint64_t)(p[0] | p[1] << 8) : (uint64_t)(p[0] << 8 | p[1]);
	case 4: {
		uint32_t raw;
		memcpy(&raw, p, sizeof raw);
		bool swap = little != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
		return swap ? __builtin_bswap32(raw) : raw;
	}
	default:
		for (unsigned i = 0; i < width; i++)
			u = u << 8 | p[little ? width - 1 - i : i];
		return u;
	}
}

/* Takes an unsigned integer of `width` (1 to 8) bytes; 0 and a sticky fault when fewer are left. */
static inline uint64_t
cursor_uint(struct cursor *c, unsigned width)
{
	const uint8_t *p = cursor_bytes(c, width);

	return p ? cursor_load(p, width, c->little) : 0;
}

/* Takes `length` bytes as a window of their own; an empty, failed window when fewer are left. */
static inline struct cursor
cursor_window(struct cursor *c, size_t length)
{
	const uint8_t *p = cursor_bytes(c, length);

	if (!p)
		return (struct cursor){
			.at = c->at, .end = c->at, .little = c->little, .failed = true};
	return cursor_over(p, length, c->little);
}

/* True when every byte was read and none was missing. */
static inline bool
cursor_done(const struct cursor *c)
{
	return !c->failed && c->at == c->end;
}

#endif
