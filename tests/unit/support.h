/* SPDX-License-Identifier: ISC */
/* support.h: what unit tests share: dictionaries, frames by hand, records as JSON
 *
 * To be included after cmocka.h. Paths count from the top of the source tree.
 */
#ifndef NMSP_TESTS_UNIT_SUPPORT_H
#define NMSP_TESTS_UNIT_SUPPORT_H

#include <ctype.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codecs/message.h"
#include "conf/dictionary.h"
#include "outputs/record_json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define BASELINE "./conf/dictionary/baseline.conf"
#define SECOND	 "./tests/dictionary/second.conf"

#define SUPPORT_FRAME 70000 /* bytes of the largest frame made by hand */

/* A frame that is read: everything it needs in one place. */
struct reading {
	struct dict *dict;
	struct arena arena;
	uint8_t bytes[SUPPORT_FRAME];
	size_t length;
	struct message message;
	struct record record;
};

/* Any error in a dictionary fails the test. */
static inline void
support_report(void *context, const char *file, int line, const char *message)
{
	(void)context;
	fail_msg("%s:%d: %s", file, line, message);
}

/* A dictionary, which must be free of errors. */
static inline struct dict *
support_dict(const char *path)
{
	const struct report report = {support_report, NULL};
	struct dict *dict = dictionary_load(path, &report);

	assert_non_null(dict);
	return dict;
}

/* The value of a lower-case hex digit. */
static inline unsigned
support_digit(char c)
{
	if (isdigit((unsigned char)c))
		return (unsigned)(c - '0');
	assert_in_range(c, 'a', 'f');
	return (unsigned)(c - 'a') + 10;
}

/* Bytes from lower-case hex digits, blanks between bytes left out; [ and ] stand around what is to
 * have its length before it, in 16 bits. Returns how many. */
static inline size_t
support_hex(const char *text, uint8_t *out, size_t size)
{
	size_t open[8], depth = 0, length = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		if (*text == ']') {
			size_t inside = length - open[--depth];

			out[open[depth] - 2] = (uint8_t)(inside >> 8);
			out[open[depth] - 1] = (uint8_t)inside;
			continue;
		}
		assert_true(length + 2 < size);
		if (*text == '[') {
			length += 2;
			open[depth++] = length;
			continue;
		}
		out[length++] = (uint8_t)(support_digit(text[0]) << 4 | support_digit(text[1]));
		text++;
	}
	return length;
}

/* Fails unless the bytes are those of the hex text. */
static inline void
support_assert_hex(const uint8_t *bytes, size_t length, const char *text)
{
	size_t size = 2 * strlen(text) + 4;
	uint8_t *expected = malloc(size);

	assert_non_null(expected);
	assert_int_equal(length, support_hex(text, expected, size));
	assert_memory_equal(bytes, expected, length);
	free(expected);
}

/* A dictionary and memory to read frames with. */
static inline struct reading *
reading_new(const char *dictionary)
{
	struct reading *r = calloc(1, sizeof *r);

	assert_non_null(r);
	r->dict = support_dict(dictionary);
	arena_init(&r->arena, (size_t)16 * 1024 * 1024);
	return r;
}

/* Takes what reading_new returned. */
static inline void
reading_free(struct reading *r)
{
	arena_fini(&r->arena);
	dictionary_free(r->dict);
	free(r);
}

/* Opens the frame in r->bytes. */
static inline void
reading_open(struct reading *r)
{
	struct frame frame;
	struct fault fault;

	assert_int_equal(frame_parse(r->dict, r->bytes, r->length, &frame, &fault), r->length);
	arena_reset(&r->arena);
	message_open(&r->message, r->dict, &frame, &r->arena);
}

/* Opens a baseline frame made of an id and the body's hex digits; its transaction is 0. */
static inline void
reading_body(struct reading *r, unsigned id, const char *hex)
{
	size_t length = 14 + support_hex(hex, r->bytes + 14, sizeof r->bytes - 14);

	memset(r->bytes, 0, 14);
	r->bytes[0] = 1;
	r->bytes[2] = (uint8_t)(id >> 8);
	r->bytes[3] = (uint8_t)id;
	for (unsigned i = 0; i < 4; i++)
		r->bytes[4 + i] = (uint8_t)(length >> 8 * (3 - i));
	r->length = length;
	reading_open(r);
}

/* The next record as JSON, without an envelope; NULL at the end. */
static inline json_t *
reading_next(struct reading *r)
{
	struct jsonw json;
	json_error_t error;
	json_t *object;

	if (!message_next(&r->message, &r->record))
		return NULL;
	jsonw_init(&json);
	record_json_members(&json, &r->message, &r->record);
	assert_false(json.failed);
	if (json.length == 0)
		jsonw_raw(&json, "{", 1);
	json.data[0] = '{';
	jsonw_raw(&json, "}", 1);
	object = json_loadb(json.data, json.length, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		fail_msg("%s: %.*s", error.text, (int)json.length, json.data);
	jsonw_fini(&json);
	return object;
}

/* json_equal, but 2 and 2.0 are the same. */
static inline bool
support_json_equal(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *member;

	if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b))
		return json_number_value(a) == json_number_value(b);
	if (!a || !b || json_typeof(a) != json_typeof(b))
		return false;
	if (json_is_array(a)) {
		for (size_t i = 0; i < json_array_size(a); i++)
			if (!support_json_equal(json_array_get(a, i), json_array_get(b, i)))
				return false;
		return json_array_size(a) == json_array_size(b);
	}
	if (!json_is_object(a))
		return json_equal(a, b) == 1;
	json_object_foreach((json_t *)(uintptr_t)a, key, member)
		if (!support_json_equal(member, json_object_get(b, key)))
			return false;
	return json_object_size(a) == json_object_size(b);
}

/* Fails unless `actual` is what the text says; single quotes in it stand for double ones. Takes
 * over `actual`. */
static inline void
support_assert_json(json_t *actual, const char *text)
{
	char *quoted = strdup(text), *shown = json_dumps(actual, JSON_COMPACT | JSON_ENCODE_ANY);
	json_error_t error;
	json_t *expected;

	assert_non_null(quoted);
	for (char *c = quoted; *c; c++)
		if (*c == '\'')
			*c = '"';
	expected = json_loads(quoted, JSON_DECODE_ANY, &error);
	if (!expected)
		fail_msg("%s: %s", error.text, quoted);
	if (!support_json_equal(actual, expected))
		fail_msg("%s\n  instead of %s", shown ? shown : "nothing", quoted);
	json_decref(expected);
	json_decref(actual);
	free(quoted);
	free(shown);
}

/* Fails unless the frame's only record is what the text says. */
static inline void
reading_assert_record(struct reading *r, unsigned id, const char *hex, const char *text)
{
	reading_body(r, id, hex);
	support_assert_json(reading_next(r), text);
	assert_null(reading_next(r));
}

#endif
