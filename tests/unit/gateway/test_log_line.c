/* SPDX-License-Identifier: ISC */
/* test_log_line.c: a line as text and as JSON, whatever bytes are in it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "gateway/log_line.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 2026-11-22T17:00:00.123Z */
static const struct timespec moment = {1795366800, 123456789};

static const char *
text_of(const struct log_line *line, bool with_time)
{
	static char text[LOG_LINE_SIZE + 1];

	text[log_line_text(line, with_time, text, LOG_LINE_SIZE)] = '\0';
	return text;
}

static const char *
json_of(const struct log_line *line, size_t size)
{
	static char text[LOG_LINE_SIZE + 1];

	text[log_line_json(line, text, size)] = '\0';
	return text;
}

static void
test_text(void **state)
{
	struct log_line line = {moment, LOG_LEVEL_WARNING, "session hq", "backoff: gone", 0};

	(void)state;
	assert_string_equal(text_of(&line, true),
			    "2026-11-22T17:00:00.123Z warning session hq: backoff: gone");
	assert_string_equal(text_of(&line, false), "warning session hq: backoff: gone");
	line.missed = 37;
	assert_string_equal(text_of(&line, false),
			    "warning session hq: backoff: gone (37 like it were held back)");
}

static void
test_json(void **state)
{
	struct log_line line = {moment, LOG_LEVEL_WARNING, "session hq", "backoff: gone", 0};

	(void)state;
	assert_string_equal(json_of(&line, LOG_LINE_SIZE),
			    "{\"ts\":\"2026-11-22T17:00:00.123Z\",\"level\":\"warning\","
			    "\"subsystem\":\"session\",\"subject\":\"hq\","
			    "\"message\":\"backoff: gone\"}");
	line.subject = "gateway";
	line.missed = 37;
	assert_string_equal(json_of(&line, LOG_LINE_SIZE),
			    "{\"ts\":\"2026-11-22T17:00:00.123Z\",\"level\":\"warning\","
			    "\"subsystem\":\"gateway\",\"missed\":37,"
			    "\"message\":\"backoff: gone\"}");
}

/* What is in a message, as text and as the value of JSON's string. */
static const struct {
	const char *message;
	const char *text;
	const char *value;
} cases[] = {
	{"a \"b\" \\c", "a \"b\" \\c", "a \"b\" \\c"},
	{"one\ntwo\t\033[31m\x7f", "one?two ?[31m?", "one\ntwo\t\033[31m\x7f"},
	{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
	 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{"\xc2\x9b", "?", "\xc2\x9b"},
	{"\xff", "?", "\xef\xbf\xbd"},
	{"a\xc3", "a?", "a\xef\xbf\xbd"},
	{"\xc0\x80", "??", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xe0\x80\x80", "???", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xed\xa0\x80", "???", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xf4\x90\x80\x80", "????", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xe2\x82", "??", "\xef\xbf\xbd\xef\xbf\xbd"},
};

static void
test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct log_line line = {moment, LOG_LEVEL_INFO, "a", cases[i].message, 0};
		json_t *object = json_loads(json_of(&line, LOG_LINE_SIZE), 0, NULL);
		json_t *message = json_object_get(object, "message");

		assert_non_null(object);
		assert_string_equal(json_string_value(message), cases[i].value);
		assert_string_equal(text_of(&line, false) + strlen("info a: "), cases[i].text);
		json_decref(object);
	}
}

/* However long, and wherever it is cut, JSON stays valid. */
static void
test_cut(void **state)
{
	char message[2000];
	struct log_line line = {moment, LOG_LEVEL_INFO, "session hq", message, 5};

	(void)state;
	for (size_t i = 0; i < sizeof message - 1; i++)
		message[i] = "\"\1\xff\xc3\xa9x"[i % 6];
	message[sizeof message - 1] = '\0';
	for (size_t size = 120; size < 400; size++) {
		const char *text = json_of(&line, size);
		json_t *object = json_loads(text, 0, NULL);

		if (!object)
			fail_msg("size %zu: %s", size, text);
		assert_in_range(strlen(text), 100, size);
		json_decref(object);
	}
	assert_in_range(strlen(json_of(&line, LOG_LINE_SIZE)), LOG_LINE_SIZE - 8, LOG_LINE_SIZE);
	assert_int_equal(strlen(text_of(&line, true)),
			 strlen("2026-11-22T17:00:00.123Z info session hq: ") + strlen(message) +
				 strlen(" (5 like it were held back)"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
