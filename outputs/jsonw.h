/* SPDX-License-Identifier: ISC */
/* jsonw.h: a streaming writer of compact JSON text
 *
 * Room is reserved once for many small writes; the jsonw_put_* functions below write into reserved
 * room without looking, so that a record costs little more than copying its text. Out of memory
 * sticks: reservations then fail and `failed` is set.
 */
#ifndef NMSP_OUTPUTS_JSONW_H
#define NMSP_OUTPUTS_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codecs/dict.h"

struct jsonw {
	char *data;
	size_t length;
	size_t size;
	bool failed;
};

/* Room that single values need at the most. */
#define JSONW_UINT 20
#define JSONW_MAC  19
#define JSONW_REAL 32

/* Begins with nothing and frees all. A struct jsonw may be used again after jsonw_fini. */
void jsonw_init(struct jsonw *json);
void jsonw_fini(struct jsonw *json);

/* Makes room for `length` more bytes (and TEXT_SLACK); returns false and sets `failed` without
 * memory. */
bool jsonw_grow(struct jsonw *json, size_t length);

/* The same, quick when there is room. */
static inline bool
jsonw_reserve(struct jsonw *json, size_t length)
{
	if (json->size - json->length >= length + TEXT_SLACK)
		return !json->failed;
	return jsonw_grow(json, length);
}

/* Appends one byte, reserving for itself. */
static inline void
jsonw_char(struct jsonw *json, char c)
{
	if (jsonw_reserve(json, 1))
		json->data[json->length++] = c;
}

/* The put functions: `p` points to reserved room, the return value behind what was written. */

/* Copies ready text in blocks; up to TEXT_SLACK bytes behind it are overwritten. */
static inline char *
jsonw_put_text(char *p, const struct text *text)
{
	memcpy(p, text->s, TEXT_SLACK);
	for (uint32_t done = TEXT_SLACK; done < text->length; done += TEXT_SLACK)
		memcpy(p + done, text->s + done, TEXT_SLACK);
	return p + text->length;
}

/* A constant string. */
#define JSONW_PUT(p, literal) \
	((char *)memcpy((p), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

/* Decimal digits; at most JSONW_UINT bytes. jsonw_put_long is for numbers of any size, the others
 * are quick for small ones. */
char *jsonw_put_long(char *p, uint64_t u);

/* The same, quick for small numbers. */
static inline char *
jsonw_put_uint(char *p, uint64_t u)
{
	if (u < 10) {
		*p = (char)('0' + u);
		return p + 1;
	}
	if (u < 100) {
		p[0] = (char)('0' + u / 10);
		p[1] = (char)('0' + u % 10);
		return p + 2;
	}
	return jsonw_put_long(p, u);
}

/* The same with a sign. */
static inline char *
jsonw_put_int(char *p, int64_t i)
{
	if (i >= 0)
		return jsonw_put_uint(p, (uint64_t)i);
	*p = '-';
	return jsonw_put_uint(p + 1, -(uint64_t)i);
}

/* i / scale (a power of ten) exactly, without trailing zeros; at most JSONW_UINT + 2 bytes. */
char *jsonw_put_decimal(char *p, int64_t i, uint32_t scale);

/* The shortest digits that give the same double; at most JSONW_REAL bytes. */
char *jsonw_put_real(char *p, double real);

/* "aa:bb:cc:dd:ee:ff" with its quotes; JSONW_MAC bytes. */
char *jsonw_put_mac(char *p, uint64_t mac);

/* The same as 12 digits without quotes or separators. */
char *jsonw_put_mac_digits(char *p, uint64_t mac);

/* These reserve for themselves and append to `json`. */

/* A quoted string of any bytes: bad UTF-8 becomes U+FFFD, controls are escaped. */
void jsonw_string(struct jsonw *json, const uint8_t *bytes, size_t length);

/* A quoted string of lower-case hex digits. */
void jsonw_hex(struct jsonw *json, const uint8_t *bytes, size_t length);

/* A quoted IP address of 4 or 16 bytes in canonical text (RFC 5952). */
void jsonw_ip(struct jsonw *json, const uint8_t *bytes, size_t length);

/* Bytes as they are. */
void jsonw_raw(struct jsonw *json, const char *text, size_t length);

#endif
