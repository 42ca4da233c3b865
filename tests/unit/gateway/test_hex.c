/* SPDX-License-Identifier: ISC */
/* test_hex.c: bytes written as hex digits with white space and comments */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "gateway/hex.h"

/* Reads a text in pieces of `piece` characters; the number of bytes, or -1. */
static long
read_pieces(struct hex_reader *reader, const char *text, size_t piece, uint8_t *out)
{
	size_t size = strlen(text);
	long length = 0;

	*reader = (struct hex_reader){.line = 0};
	for (size_t at = 0; at < size; at += piece) {
		long some = hex_read(reader, text + at, at + piece < size ? piece : size - at,
				     out + length);

		if (some < 0)
			return some;
		length += some;
	}
	return length;
}

static void
test_digits_of_both_cases_with_white_space(void **state)
{
	static const char text[] =
		"0123 45\t67\r\n89 aB Cd\n\n e f # the rest: xyz\n00# 11\n#\n2 2 ";
	static const uint8_t expected[] = {0x01, 0x23, 0x45, 0x67, 0x89,
					   0xab, 0xcd, 0xef, 0x00, 0x22};
	struct hex_reader reader;
	uint8_t out[64];

	(void)state;
	for (size_t piece = 1; piece <= sizeof text; piece++) {
		assert_int_equal(read_pieces(&reader, text, piece, out), sizeof expected);
		assert_memory_equal(out, expected, sizeof expected);
		assert_false(hex_pending(&reader));
	}
}

static void
test_half_a_byte_is_left_over(void **state)
{
	struct hex_reader reader;
	uint8_t out[8];

	(void)state;
	assert_int_equal(read_pieces(&reader, "12 3", 4, out), 1);
	assert_true(hex_pending(&reader));
	assert_int_equal(hex_read(&reader, " # 5\n4", 6, out), 1);
	assert_int_equal(out[0], 0x34);
	assert_false(hex_pending(&reader));
}

static void
test_other_characters_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		char wrong;
	} cases[] = {{"x", 1, 'x'},	     {"00\n0g", 2, 'g'}, {"# a\n\n\n;", 4, ';'},
		     {"00 \xff", 1, '\xff'}, {"12:34", 1, ':'},	 {"0x12", 1, 'x'}};
	struct hex_reader reader;
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(read_pieces(&reader, cases[i].text, 1, out), -1);
		assert_int_equal(reader.line, cases[i].line);
		assert_int_equal(reader.wrong, cases[i].wrong);
	}
}

static void
test_in_place(void **state)
{
	char text[] = "00112233445566778899aabbccddeeff";
	struct hex_reader reader = {.half = true, .high = 0xf};

	(void)state;
	assert_int_equal(hex_read(&reader, text, strlen(text), (uint8_t *)text), 16);
	assert_memory_equal(text,
			    "\xf0\x01\x12\x23\x34\x45\x56\x67\x78\x89\x9a\xab\xbc\xcd\xde\xef", 16);
	assert_true(hex_pending(&reader));
}

static void
test_nothing(void **state)
{
	struct hex_reader reader = {.line = 0};
	uint8_t out[1];

	(void)state;
	assert_int_equal(hex_read(&reader, "", 0, out), 0);
	assert_int_equal(hex_read(&reader, " \n# \n", 5, out), 0);
	assert_false(hex_pending(&reader));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits_of_both_cases_with_white_space),
		cmocka_unit_test(test_half_a_byte_is_left_over),
		cmocka_unit_test(test_other_characters_are_told_with_their_line),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
