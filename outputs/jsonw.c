/* SPDX-License-Identifier: ISC */
/* jsonw.c: a streaming writer of compact JSON text */
#include "outputs/jsonw.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_SIZE  4096
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ESCAPE_TEXT 6		   /* \u0001, the longest that one byte becomes */

static const char two_digits[] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

static const char two_hex[] =
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
	"28292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"
	"505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f7071727374757677"
	"78797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
	"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7"
	"c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

void
jsonw_init(struct jsonw *json)
{
	*json = (struct jsonw){.data = NULL};
}

void
jsonw_fini(struct jsonw *json)
{
	free(json->data);
	jsonw_init(json);
}

bool
jsonw_grow(struct jsonw *json, size_t length)
{
	size_t size = json->size ? json->size : FIRST_SIZE;
	char *data;

	while (size - json->length < length + TEXT_SLACK) {
		if (size > SIZE_MAX / 4) {
			json->failed = true;
			return false;
		}
		size *= 2;
	}
	data = json->failed ? NULL : realloc(json->data, size);
	if (!data) {
		json->failed = true;
		return false;
	}
	json->data = data;
	json->size = size;
	return true;
}

static inline char *
put_hex(char *p, uint8_t byte)
{
	memcpy(p, two_hex + (size_t)byte * 2, 2);
	return p + 2;
}

static inline char *
put_pair(char *p, unsigned below_100)
{
	memcpy(p, two_digits + (size_t)below_100 * 2, 2);
	return p + 2;
}

char *
jsonw_put_long(char *p, uint64_t u)
{
	char digits[JSONW_UINT];
	char *end = digits + sizeof digits, *at = end;

	for (; u >= 100; u /= 100)
		put_pair(at -= 2, (unsigned)(u % 100));
	if (u >= 10)
		put_pair(at -= 2, (unsigned)u);
	else
		*--at = (char)('0' + u);
	memcpy(p, at, (size_t)(end - at));
	return p + (end - at);
}

char *
jsonw_put_decimal(char *p, int64_t i, uint32_t scale)
{
	uint64_t u = i < 0 ? -(uint64_t)i : (uint64_t)i;
	uint64_t part = u % scale;

	if (i < 0)
		*p++ = '-';
	p = jsonw_put_uint(p, u / scale);
	if (!part)
		return p;
	*p++ = '.';
	for (; part; part %= scale) {
		scale /= 10;
		*p++ = (char)('0' + part / scale);
	}
	return p;
}

char *
jsonw_put_real(char *p, double real)
{
	int length = 0;

	for (int digits = 15; digits <= 17; digits++) {
		length = snprintf(p, JSONW_REAL, "%.*g", digits, real);
		if (strtod(p, NULL) == real)
			break;
	}
	return p + length;
}

char *
jsonw_put_mac(char *p, uint64_t mac)
{
	*p++ = '"';
	for (int shift = 40; shift > 0; shift -= 8) {
		p = put_hex(p, (uint8_t)(mac >> shift));
		*p++ = ':';
	}
	p = put_hex(p, (uint8_t)mac);
	*p++ = '"';
	return p;
}

char *
jsonw_put_mac_digits(char *p, uint64_t mac)
{
	for (int shift = 40; shift >= 0; shift -= 8)
		p = put_hex(p, (uint8_t)(mac >> shift));
	return p;
}

/* The length of the well-formed UTF-8 sequence (Unicode table 3-7) at `s`, 0 when there is none. */
static size_t
utf8_length(const uint8_t *s, size_t left)
{
	size_t length = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	uint8_t low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	uint8_t high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;

	if (!length || length > left || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static char *
put_ascii(char *p, uint8_t byte)
{
	if (byte == '"' || byte == '\\') {
		*p++ = '\\';
		*p++ = (char)byte;
		return p;
	}
	if (byte >= 0x20 && byte != 0x7f) {
		*p++ = (char)byte;
		return p;
	}
	p = JSONW_PUT(p, "\\u00");
	return put_hex(p, byte);
}

void
jsonw_string(struct jsonw *json, const uint8_t *bytes, size_t length)
{
	char *p;

	if (!jsonw_reserve(json, length * ESCAPE_TEXT + 2))
		return;
	p = json->data + json->length;
	*p++ = '"';
	for (size_t i = 0; i < length;) {
		size_t sequence = bytes[i] < 0x80 ? 1 : utf8_length(bytes + i, length - i);

		if (bytes[i] < 0x80)
			p = put_ascii(p, bytes[i]);
		else if (sequence)
			p = (char *)memcpy(p, bytes + i, sequence) + sequence;
		else
			p = JSONW_PUT(p, REPLACEMENT);
		i += sequence ? sequence : 1;
	}
	*p++ = '"';
	json->length = (size_t)(p - json->data);
}

void
jsonw_hex(struct jsonw *json, const uint8_t *bytes, size_t length)
{
	char *p;

	if (!jsonw_reserve(json, length * 2 + 2))
		return;
	p = json->data + json->length;
	*p++ = '"';
	for (size_t i = 0; i < length; i++)
		p = put_hex(p, bytes[i]);
	*p++ = '"';
	json->length = (size_t)(p - json->data);
}

void
jsonw_ip(struct jsonw *json, const uint8_t *bytes, size_t length)
{
	char text[INET6_ADDRSTRLEN + 2] = "\"";
	size_t end;

	if (!inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text + 1, INET6_ADDRSTRLEN))
		return;
	end = strlen(text);
	text[end] = '"';
	jsonw_raw(json, text, end + 1);
}

void
jsonw_raw(struct jsonw *json, const char *text, size_t length)
{
	if (!jsonw_reserve(json, length))
		return;
	memcpy(json->data + json->length, text, length);
	json->length += length;
}
