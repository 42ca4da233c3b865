/* SPDX-License-Identifier: ISC */
/* test_cursor.c: bounds: the first, the last and the first byte past the end of every read */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "codecs/cursor.h"

static const uint8_t row[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

/* Bytes of their own memory, so that a sanitizer sees a read past them. */
static uint8_t *
exactly(size_t length)
{
	uint8_t *bytes = malloc(length ? length : 1);

	assert_non_null(bytes);
	memcpy(bytes, row, length);
	return bytes;
}

static uint64_t
expected(unsigned width, bool little)
{
	uint64_t u = 0;

	for (unsigned i = 0; i < width; i++)
		u |= (uint64_t)row[i] << 8 * (little ? i : width - 1 - i);
	return u;
}

static void
test_integers_of_every_width_that_just_fit(void **state)
{
	(void)state;
	for (unsigned width = 1; width <= 8; width++)
		for (int little = 0; little < 2; little++) {
			uint8_t *bytes = exactly(width);
			struct cursor c = cursor_over(bytes, width, little);

			assert_int_equal(cursor_uint(&c, width), expected(width, little));
			assert_int_equal(cursor_load(bytes, width, little),
					 expected(width, little));
			assert_true(cursor_done(&c));
			free(bytes);
		}
}

static void
test_integers_one_byte_past_the_end(void **state)
{
	(void)state;
	for (unsigned width = 1; width <= 8; width++) {
		uint8_t *bytes = exactly(width - 1);
		struct cursor c = cursor_over(bytes, width - 1, false);

		assert_int_equal(cursor_uint(&c, width), 0);
		assert_true(c.failed);
		assert_false(cursor_done(&c));
		assert_int_equal(cursor_left(&c), 0);
		free(bytes);
	}
}

static void
test_a_fault_sticks(void **state)
{
	struct cursor c = cursor_over(row, 3, false);
	struct cursor window;

	(void)state;
	assert_int_equal(cursor_uint(&c, 4), 0);
	assert_int_equal(cursor_uint(&c, 1), 0);
	assert_null(cursor_bytes(&c, 1));
	assert_null(cursor_bytes(&c, 0));
	window = cursor_window(&c, 0);
	assert_true(window.failed);
	assert_int_equal(cursor_left(&window), 0);
	assert_false(cursor_done(&c));
}

static void
test_bytes_first_last_and_past(void **state)
{
	struct cursor c = cursor_over(row, 8, false);

	(void)state;
	assert_ptr_equal(cursor_bytes(&c, 1), row);
	assert_ptr_equal(cursor_bytes(&c, 6), row + 1);
	assert_ptr_equal(cursor_bytes(&c, 1), row + 7);
	assert_true(cursor_done(&c));
	assert_ptr_equal(cursor_bytes(&c, 0), row + 8);
	assert_true(cursor_done(&c));
	assert_null(cursor_bytes(&c, 1));
	assert_false(cursor_done(&c));
	c = cursor_over(row, 8, false);
	assert_null(cursor_bytes(&c, SIZE_MAX));
	assert_true(c.failed);
}

static void
test_windows_first_last_and_past(void **state)
{
	struct cursor c = cursor_over(row, 8, true);
	struct cursor window = cursor_window(&c, 2);

	(void)state;
	assert_int_equal(cursor_left(&window), 2);
	assert_int_equal(cursor_uint(&window, 2), 0x2301);
	assert_true(cursor_done(&window));
	assert_int_equal(cursor_uint(&window, 1), 0);
	assert_true(window.failed);
	assert_false(c.failed);
	window = cursor_window(&c, 6);
	assert_int_equal(cursor_left(&window), 6);
	assert_true(cursor_done(&c));
	window = cursor_window(&c, 0);
	assert_true(cursor_done(&window));
	window = cursor_window(&c, 1);
	assert_true(window.failed);
	assert_true(c.failed);
}

static void
test_windows_within_windows_do_not_reach_out(void **state)
{
	struct cursor c = cursor_over(row, 8, false);
	struct cursor outer = cursor_window(&c, 4);
	struct cursor inner = cursor_window(&outer, 5);

	(void)state;
	assert_true(inner.failed);
	assert_true(outer.failed);
	assert_int_equal(cursor_left(&inner), 0);
	assert_int_equal(cursor_left(&c), 4);
	assert_int_equal(cursor_uint(&c, 4), 0x89abcdef);
}

static void
test_nothing_at_all(void **state)
{
	struct cursor c = cursor_over(NULL, 0, false);

	(void)state;
	assert_int_equal(cursor_left(&c), 0);
	assert_true(cursor_done(&c));
	assert_int_equal(cursor_uint(&c, 1), 0);
	assert_false(cursor_done(&c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_of_every_width_that_just_fit),
		cmocka_unit_test(test_integers_one_byte_past_the_end),
		cmocka_unit_test(test_a_fault_sticks),
		cmocka_unit_test(test_bytes_first_last_and_past),
		cmocka_unit_test(test_windows_first_last_and_past),
		cmocka_unit_test(test_windows_within_windows_do_not_reach_out),
		cmocka_unit_test(test_nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
