/* SPDX-License-Identifier: ISC */
/* test_jsonw.c: numbers, addresses and strings as JSON text */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <jansson.h>
#include <stdlib.h>

#include "outputs/jsonw.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define GUARD	     '#'

/* Text that a put function wrote, with a guard behind it. */
struct put {
	char text[64];
	char *end;
};

static char *
put_begin(struct put *put)
{
	memset(put->text, GUARD, sizeof put->text);
	return put->text;
}

static void
assert_put(struct put *put, const char *expected, size_t most)
{
	assert_int_equal(*put->end, GUARD);
	*put->end = '\0';
	assert_string_equal(put->text, expected);
	assert_true(strlen(expected) <= most);
}

static void
test_unsigned_integers_at_all_borders(void **state)
{
	struct put put;
	char expected[32];
	uint64_t border = 1;

	(void)state;
	for (unsigned digits = 1; digits <= 20; digits++, border *= 10)
		for (int off = -1; off <= 1; off++) {
			uint64_t u = border + (uint64_t)off;

			snprintf(expected, sizeof expected, "%llu", (unsigned long long)u);
			put.end = jsonw_put_uint(put_begin(&put), u);
			assert_put(&put, expected, JSONW_UINT);
		}
	put.end = jsonw_put_uint(put_begin(&put), UINT64_MAX);
	assert_put(&put, "18446744073709551615", JSONW_UINT);
	for (unsigned bit = 0; bit < 64; bit++) {
		snprintf(expected, sizeof expected, "%llu", 1ULL << bit);
		put.end = jsonw_put_uint(put_begin(&put), UINT64_C(1) << bit);
		assert_put(&put, expected, JSONW_UINT);
	}
}

static void
test_every_small_integer(void **state)
{
	struct put put;
	char expected[32];

	(void)state;
	for (int i = -11000; i <= 11000; i++) {
		snprintf(expected, sizeof expected, "%d", i);
		put.end = jsonw_put_int(put_begin(&put), i);
		assert_put(&put, expected, JSONW_UINT);
	}
}

static void
test_signed_integers_at_their_borders(void **state)
{
	struct put put;

	(void)state;
	put.end = jsonw_put_int(put_begin(&put), INT64_MIN);
	assert_put(&put, "-9223372036854775808", JSONW_UINT);
	put.end = jsonw_put_int(put_begin(&put), INT64_MAX);
	assert_put(&put, "9223372036854775807", JSONW_UINT);
	put.end = jsonw_put_int(put_begin(&put), -1);
	assert_put(&put, "-1", JSONW_UINT);
}

static void
test_decimals_are_exact_and_short(void **state)
{
	static const struct {
		int64_t i;
		uint32_t scale;
		const char *text;
	} cases[] = {
		{0, 1000, "0"},
		{1, 1000, "0.001"},
		{-1, 1000, "-0.001"},
		{10, 1000, "0.01"},
		{100, 1000, "0.1"},
		{999, 1000, "0.999"},
		{1000, 1000, "1"},
		{-1000, 1000, "-1"},
		{21500, 1000, "21.5"},
		{1013250, 1000, "1013.25"},
		{-1050, 100, "-10.5"},
		{5, 1, "5"},
		{-5, 10, "-0.5"},
		{1, 1000000000, "0.000000001"},
		{INT64_MAX, 1000000000, "9223372036.854775807"},
		{INT64_MIN, 1000000000, "-9223372036.854775808"},
		{INT64_MIN, 10, "-922337203685477580.8"},
		{INT64_MAX, 1, "9223372036854775807"},
	};
	struct put put;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		put.end = jsonw_put_decimal(put_begin(&put), cases[i].i, cases[i].scale);
		assert_put(&put, cases[i].text, JSONW_UINT + 2);
	}
}

static void
test_reals_are_the_shortest_that_give_the_same(void **state)
{
	static const struct {
		double real;
		const char *text;
	} cases[] = {{0, "0"},
		     {1, "1"},
		     {-2.5, "-2.5"},
		     {0.1, "0.1"},
		     {15.25, "15.25"},
		     {0.0009765625, "0.0009765625"},
		     {1e21, "1e+21"},
		     {-1e-9, "-1e-09"},
		     {1.0 / 3, "0.3333333333333333"},
		     {64, "64"},
		     {2097152, "2097152"}};
	static const double hard[] = {DBL_MAX,	 DBL_MIN, -DBL_MAX,	  DBL_TRUE_MIN,
				      0.1 + 0.2, 5e-324,  1 + DBL_EPSILON};
	struct put put;
	char text[48];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		put.end = jsonw_put_real(put_begin(&put), cases[i].real);
		put.text[put.end - put.text] = '\0';
		assert_string_equal(put.text, cases[i].text);
	}
	for (size_t i = 0; i < COUNT(hard); i++) {
		json_t *number;

		put.end = jsonw_put_real(put_begin(&put), hard[i]);
		assert_true(put.end - put.text <= JSONW_REAL);
		snprintf(text, sizeof text, "%.*s", (int)(put.end - put.text), put.text);
		number = json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
		assert_true(json_real_value(number) == hard[i]);
		json_decref(number);
	}
}

static void
test_macs(void **state)
{
	struct put put;

	(void)state;
	put.end = jsonw_put_mac(put_begin(&put), UINT64_C(0xa483e7123456));
	assert_put(&put, "\"a4:83:e7:12:34:56\"", JSONW_MAC);
	put.end = jsonw_put_mac(put_begin(&put), 0);
	assert_put(&put, "\"00:00:00:00:00:00\"", JSONW_MAC);
	put.end = jsonw_put_mac(put_begin(&put), UINT64_C(0xffffffffffff));
	assert_put(&put, "\"ff:ff:ff:ff:ff:ff\"", JSONW_MAC);
	put.end = jsonw_put_mac_digits(put_begin(&put), UINT64_C(0x0a0b0c0d0e0f));
	assert_put(&put, "0a0b0c0d0e0f", 12);
}

/* The JSON value of what was written; ends `json`. */
static json_t *
parsed(struct jsonw *json)
{
	json_error_t error;
	json_t *value =
		json_loadb(json->data, json->length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (!value)
		fail_msg("%s: %.*s", error.text, (int)json->length, json->data);
	jsonw_fini(json);
	return value;
}

static void
assert_ip(const uint8_t *bytes, size_t length, const char *text)
{
	struct jsonw json;
	json_t *value;

	jsonw_init(&json);
	jsonw_ip(&json, bytes, length);
	value = parsed(&json);
	assert_string_equal(json_string_value(value), text);
	json_decref(value);
}

static void
test_ipv4_addresses(void **state)
{
	(void)state;
	assert_ip((const uint8_t[]){10, 1, 2, 3}, 4, "10.1.2.3");
	assert_ip((const uint8_t[]){0, 0, 0, 0}, 4, "0.0.0.0");
	assert_ip((const uint8_t[]){255, 255, 255, 255}, 4, "255.255.255.255");
}

/* RFC 5952, section by section. */
static void
test_ipv6_addresses_are_canonical(void **state)
{
	static const struct {
		uint16_t words[8];
		const char *text;
	} cases[] = {
		{{0x2001, 0xdb8, 0, 0, 0, 0, 0, 5}, "2001:db8::5"},
		{{0x2001, 0xdb8, 0, 0, 1, 0, 0, 1}, "2001:db8::1:0:0:1"}, /* 4.2.3: the first */
		{{0x2001, 0, 0, 1, 0, 0, 0, 1}, "2001:0:0:1::1"},	  /* 4.2.3: the longest */
		{{0x2001, 0xdb8, 0, 1, 1, 1, 1, 1}, "2001:db8:0:1:1:1:1:1"}, /* 4.2.2 */
		{{0x2001, 0xdb8, 0xaaaa, 0xbbbb, 0xcccc, 0xdddd, 0xeeee, 0xaaa},
		 "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaa"}, /* 4.1, 4.3 */
		{{0, 0, 0, 0, 0, 0, 0, 0}, "::"},
		{{0, 0, 0, 0, 0, 0, 0, 1}, "::1"},
		{{1, 0, 0, 0, 0, 0, 0, 0}, "1::"},
		{{0xfe80, 0, 0, 0, 0x21e, 0xbdff, 0xfe00, 1}, "fe80::21e:bdff:fe00:1"},
		{{0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201}, "::ffff:192.0.2.1"}, /* 5 */
	};
	uint8_t bytes[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (unsigned k = 0; k < 16; k++)
			bytes[k] = (uint8_t)(cases[i].words[k / 2] >> (k % 2 ? 0 : 8));
		assert_ip(bytes, 16, cases[i].text);
	}
}

static void
assert_string(const char *bytes, size_t length, const char *expected)
{
	struct jsonw json;
	json_t *value;

	jsonw_init(&json);
	jsonw_string(&json, (const uint8_t *)bytes, length);
	value = parsed(&json);
	assert_string_equal(json_string_value(value), expected);
	json_decref(value);
}

static void
assert_text(const char *text, const char *expected)
{
	char *exact = malloc(strlen(text) + 1);

	assert_non_null(exact);
	memcpy(exact, text, strlen(text));
	exact = realloc(exact, strlen(text) ? strlen(text) : 1);
	assert_string(exact, strlen(text), expected);
	free(exact);
}

#define BAD "\xef\xbf\xbd"

static void
test_well_formed_utf8_stays(void **state)
{
	static const char *const texts[] = {
		"",
		"plain",
		"San Jos\xc3\xa9",
		"\xc2\x80 \xdf\xbf",			  /* first and last of 2 bytes */
		"\xe0\xa0\x80 \xef\xbf\xbf",		  /* of 3 bytes */
		"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf",	  /* of 4 bytes */
		"\xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbd", /* beside the surrogates */
		"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_text(texts[i], texts[i]);
}

/* After Markus Kuhn's decoder stress test: one U+FFFD for each byte that belongs to nothing. */
static void
test_malformed_utf8_is_replaced(void **state)
{
	static const struct {
		const char *bytes;
		const char *expected;
	} cases[] = {
		{"\x80", BAD}, /* 3.1 continuation alone */
		{"\xbf", BAD},
		{"\x80\xbf\x80", BAD BAD BAD},
		{"\xc0 \xc1 \xf5 \xff", BAD " " BAD " " BAD " " BAD}, /* 3.2, 3.5 */
		{"\xc2", BAD},					      /* 3.3 last byte missing */
		{"\xe0\xa0", BAD BAD},
		{"\xf0\x90\x80", BAD BAD BAD},
		{"\xdf"
		 "A",
		 BAD "A"},
		{"\xef\xbf"
		 "A",
		 BAD BAD "A"},
		{"\xf7\xbf\xbf\xbf", BAD BAD BAD BAD},
		{"\xc2\xc2\xa9", BAD "\xc2\xa9"}, /* 3.4 */
		{"\xc0\xaf", BAD BAD},		  /* 4.1 overlong solidus */
		{"\xe0\x80\xaf", BAD BAD BAD},
		{"\xf0\x80\x80\xaf", BAD BAD BAD BAD},
		{"\xf8\x80\x80\x80\xaf", BAD BAD BAD BAD BAD},
		{"\xc1\xbf", BAD BAD}, /* 4.2 */
		{"\xe0\x9f\xbf", BAD BAD BAD},
		{"\xf0\x8f\xbf\xbf", BAD BAD BAD BAD},
		{"\xed\xa0\x80", BAD BAD BAD}, /* 5.1 surrogates */
		{"\xed\xbf\xbf", BAD BAD BAD},
		{"\xed\xa0\x80\xed\xb0\x80", BAD BAD BAD BAD BAD BAD},
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* beyond U+10FFFF */
		{"a\xff"
		 "b\xfe"
		 "c",
		 "a" BAD "b" BAD "c"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_text(cases[i].bytes, cases[i].expected);
}

static void
test_controls_and_quotes_are_escaped(void **state)
{
	struct jsonw json;

	(void)state;
	jsonw_init(&json);
	jsonw_string(&json, (const uint8_t *)"\"\\/\b\x7f\0\x1f", 7);
	assert_int_equal(json.length, strlen("\"\\\"\\\\/\\u0008\\u007f\\u0000\\u001f\""));
	assert_memory_equal(json.data, "\"\\\"\\\\/\\u0008\\u007f\\u0000\\u001f\"", json.length);
	jsonw_fini(&json);
	for (int c = 1; c < 0x80; c++) {
		char text[2] = {(char)c, '\0'};

		assert_text(text, text);
	}
}

/* Whatever comes, it is JSON in valid UTF-8 of the same length in characters at the most. */
static void
test_any_pair_of_bytes(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		const uint8_t bytes[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
		struct jsonw json;
		json_t *value;

		jsonw_init(&json);
		jsonw_string(&json, bytes, 2);
		value = parsed(&json);
		assert_true(json_string_length(value) >= 2);
		assert_true(json_string_length(value) <= 6);
		json_decref(value);
	}
}

static void
test_hex_digits(void **state)
{
	struct jsonw json;

	(void)state;
	jsonw_init(&json);
	jsonw_hex(&json, (const uint8_t *)"\x00\x7f\xff\xa0", 4);
	jsonw_hex(&json, (const uint8_t *)"", 0);
	assert_int_equal(json.length, 12);
	assert_memory_equal(json.data, "\"007fffa0\"\"\"", 12);
	jsonw_fini(&json);
}

static void
test_text_grows_without_end(void **state)
{
	static const uint8_t controls[5000];
	struct jsonw json;

	(void)state;
	jsonw_init(&json);
	for (unsigned i = 0; i < 20; i++)
		jsonw_string(&json, controls, sizeof controls);
	assert_false(json.failed);
	assert_int_equal(json.length, 20 * (5000 * 6 + 2));
	for (unsigned i = 0; i < 1000; i++)
		jsonw_raw(&json, "x", 1);
	assert_int_equal(json.data[json.length - 1], 'x');
	jsonw_fini(&json);
	assert_null(json.data);
	assert_int_equal(json.length, 0);
}

static void
test_more_than_there_can_be_fails_and_sticks(void **state)
{
	struct jsonw json;

	(void)state;
	jsonw_init(&json);
	jsonw_raw(&json, "abc", 3);
	assert_false(jsonw_reserve(&json, SIZE_MAX / 2));
	assert_true(json.failed);
	assert_false(jsonw_reserve(&json, 1));
	jsonw_raw(&json, "d", 1);
	jsonw_hex(&json, (const uint8_t *)"d", 1);
	jsonw_string(&json, (const uint8_t *)"d", 1);
	assert_int_equal(json.length, 3);
	jsonw_fini(&json);
	assert_false(json.failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unsigned_integers_at_all_borders),
		cmocka_unit_test(test_every_small_integer),
		cmocka_unit_test(test_signed_integers_at_their_borders),
		cmocka_unit_test(test_decimals_are_exact_and_short),
		cmocka_unit_test(test_reals_are_the_shortest_that_give_the_same),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_ipv4_addresses),
		cmocka_unit_test(test_ipv6_addresses_are_canonical),
		cmocka_unit_test(test_well_formed_utf8_stays),
		cmocka_unit_test(test_malformed_utf8_is_replaced),
		cmocka_unit_test(test_controls_and_quotes_are_escaped),
		cmocka_unit_test(test_any_pair_of_bytes),
		cmocka_unit_test(test_hex_digits),
		cmocka_unit_test(test_text_grows_without_end),
		cmocka_unit_test(test_more_than_there_can_be_fails_and_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
