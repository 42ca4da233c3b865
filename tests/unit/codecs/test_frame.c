/* SPDX-License-Identifier: ISC */
/* test_frame.c: where one message ends and the next begins */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/support.h"

/* A baseline header; the length is what it says. */
static void
put_header(uint8_t bytes[20], uint32_t length)
{
	support_hex("01 01 000f 00000000 00000009 0000", bytes, 20);
	for (unsigned i = 0; i < 4; i++)
		bytes[4 + i] = (uint8_t)(length >> 8 * (3 - i));
}

static void
test_every_field_of_the_header(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	uint8_t bytes[20] = {0};
	struct frame frame;
	struct fault fault;

	(void)state;
	put_header(bytes, 17);
	assert_int_equal(frame_parse(dict, bytes, sizeof bytes, &frame, &fault), 17);
	assert_ptr_equal(frame.bytes, bytes);
	assert_int_equal(frame.length, 17);
	assert_ptr_equal(frame.body, bytes + 14);
	assert_int_equal(frame.body_length, 3);
	assert_int_equal(frame.version, 1);
	assert_true(frame.more);
	assert_int_equal(frame.id, 15);
	assert_int_equal(frame.transaction, 9);
	bytes[1] = 0xfe;
	frame_parse(dict, bytes, sizeof bytes, &frame, &fault);
	assert_false(frame.more);
	dictionary_free(dict);
}

static void
test_less_than_a_frame_says_how_much_is_needed(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	uint8_t bytes[20] = {0};
	struct frame frame;
	struct fault fault;

	(void)state;
	put_header(bytes, 20);
	for (size_t size = 0; size < 20; size++) {
		assert_int_equal(frame_parse(dict, bytes, size, &frame, &fault), 0);
		assert_int_equal(frame.length, size < 14 ? 0 : 20);
	}
	assert_int_equal(frame_parse(dict, bytes, 20, &frame, &fault), 20);
	dictionary_free(dict);
}

static void
test_lengths_at_both_limits(void **state)
{
	static const struct {
		uint32_t length;
		long expected; /* with nothing behind the header */
	} cases[] = {{0, -1},	   {13, -1},	     {14, 14},	       {15, 0},		{262144, 0},
		     {262145, -1}, {0x7fffffff, -1}, {0x80000000, -1}, {UINT32_MAX, -1}};
	struct dict *dict = support_dict(BASELINE);
	uint8_t bytes[20];
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fault fault = {.level = FAULT_NONE};

		put_header(bytes, cases[i].length);
		assert_int_equal(frame_parse(dict, bytes, 14, &frame, &fault), cases[i].expected);
		assert_int_equal(fault.level, cases[i].expected < 0 ? FAULT_FRAME : FAULT_NONE);
		if (cases[i].expected < 0) {
			assert_int_equal(fault.why, FAULT_LENGTH);
			assert_int_equal(fault.offset, 4);
		}
	}
	dictionary_free(dict);
}

static void
test_a_length_that_leaves_out_the_header(void **state)
{
	struct dict *dict = support_dict(SECOND);
	uint8_t bytes[24];
	struct frame frame;
	struct fault fault;

	(void)state;
	support_hex("1504 02 01 04000000 07000000 deadbeef", bytes, sizeof bytes);
	assert_int_equal(frame_parse(dict, bytes, 15, &frame, &fault), 0);
	assert_int_equal(frame.length, 16);
	assert_int_equal(frame_parse(dict, bytes, 16, &frame, &fault), 16);
	assert_int_equal(frame.id, 1045);
	assert_int_equal(frame.version, 2);
	assert_true(frame.more);
	assert_int_equal(frame.transaction, 7);
	assert_int_equal(frame.body_length, 4);
	bytes[4] = 0;
	assert_int_equal(frame_parse(dict, bytes, 12, &frame, &fault), 12);
	support_hex("f4ff0300", bytes + 4, 8); /* 262144 with its header */
	assert_int_equal(frame_parse(dict, bytes, 16, &frame, &fault), 0);
	support_hex("f5ff0300", bytes + 4, 8);
	assert_int_equal(frame_parse(dict, bytes, 16, &frame, &fault), -1);
	support_hex("ffffffff", bytes + 4, 8);
	assert_int_equal(frame_parse(dict, bytes, 16, &frame, &fault), -1);
	dictionary_free(dict);
}

static void
test_a_header_without_flags_and_transaction(void **state)
{
	struct dict dict = {
		.frame = {.header = 8, .id = {0, 4}, .length = {4, 4}, .max_length = 100}};
	uint8_t bytes[16];
	struct frame frame;
	struct fault fault;

	(void)state;
	support_hex("0000000f 00000008", bytes, sizeof bytes);
	assert_int_equal(frame_parse(&dict, bytes, 8, &frame, &fault), 8);
	assert_false(frame.more);
	assert_int_equal(frame.transaction, 0);
	assert_int_equal(frame.version, 0);
	assert_int_equal(frame.id, 15);
}

static void
test_faults_as_text(void **state)
{
	struct fault fault = {FAULT_RECORD, FAULT_SHORT, "vlan", 37};
	char text[64], small[8];

	(void)state;
	assert_string_equal(fault_text(&fault, text, sizeof text), "vlan: short at byte 37");
	assert_string_equal(fault_text(&fault, small, sizeof small), "vlan: s");
	for (int why = FAULT_SHORT; why <= FAULT_MEMORY; why++) {
		fault.why = (enum fault_why)why;
		assert_null(strchr(fault_text(&fault, text, sizeof text), '?'));
	}
	assert_string_equal(fault_level_name(FAULT_NONE), "none");
	assert_string_equal(fault_level_name(FAULT_RECORD), "record");
	assert_string_equal(fault_level_name(FAULT_MESSAGE), "message");
	assert_string_equal(fault_level_name(FAULT_FRAME), "frame");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_of_the_header),
		cmocka_unit_test(test_less_than_a_frame_says_how_much_is_needed),
		cmocka_unit_test(test_lengths_at_both_limits),
		cmocka_unit_test(test_a_length_that_leaves_out_the_header),
		cmocka_unit_test(test_a_header_without_flags_and_transaction),
		cmocka_unit_test(test_faults_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
