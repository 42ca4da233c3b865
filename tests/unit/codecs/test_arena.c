/* SPDX-License-Identifier: ISC */
/* test_arena.c: a region of memory that lives and leaves as one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "codecs/arena.h"

#define BLOCK ((size_t)64 * 1024)

static void
test_empty_arena_takes_no_memory(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 100);
	assert_null(arena.head);
	arena_reset(&arena);
	arena_fini(&arena);
	arena_fini(&arena);
}

static void
test_everything_is_aligned_and_apart(void **state)
{
	struct arena arena;
	unsigned char *pieces[100];

	(void)state;
	arena_init(&arena, BLOCK);
	for (size_t i = 0; i < 100; i++) {
		pieces[i] = arena_alloc(&arena, i + 1);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)i, i + 1);
	}
	for (size_t i = 0; i < 100; i++)
		for (size_t k = 0; k <= i; k++)
			assert_int_equal(pieces[i][k], i);
	arena_fini(&arena);
}

static void
test_the_limit_is_what_is_handed_out(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 64);
	assert_null(arena_alloc(&arena, 65));
	assert_non_null(arena_alloc(&arena, 48));
	assert_null(arena_alloc(&arena, 17));
	assert_non_null(arena_alloc(&arena, 16));
	assert_null(arena_alloc(&arena, 1));
	assert_int_equal(arena.used, 64);
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	assert_non_null(arena_alloc(&arena, 64));
	arena_fini(&arena);
}

static void
test_a_limit_that_is_no_multiple_of_the_alignment_holds(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 20);
	assert_null(arena_alloc(&arena, 17));
	assert_non_null(arena_alloc(&arena, 16));
	assert_null(arena_alloc(&arena, 4));
	arena_fini(&arena);
}

static void
test_pieces_larger_than_a_block(void **state)
{
	struct arena arena;
	unsigned char *large, *small;

	(void)state;
	arena_init(&arena, 10 * BLOCK);
	small = arena_calloc(&arena, 1, 1);
	large = arena_calloc(&arena, 3, BLOCK);
	assert_non_null(small);
	assert_non_null(large);
	large[3 * BLOCK - 1] = 1;
	assert_non_null(arena_alloc(&arena, BLOCK));
	assert_null(arena_alloc(&arena, 8 * BLOCK));
	arena_fini(&arena);
}

static void
test_calloc_clears_and_sees_overflow(void **state)
{
	struct arena arena;
	unsigned char *bytes;

	(void)state;
	arena_init(&arena, BLOCK);
	memset(arena_alloc(&arena, 1000), 0xff, 1000);
	arena_reset(&arena);
	bytes = arena_calloc(&arena, 10, 100);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(bytes[i], 0);
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_calloc(&arena, 2, SIZE_MAX / 2 + 1));
	assert_non_null(arena_calloc(&arena, 0, 8));
	assert_non_null(arena_calloc(&arena, 8, 0));
	arena_fini(&arena);
}

static void
test_strndup_ends_with_nul(void **state)
{
	struct arena arena;
	const char *copy;

	(void)state;
	arena_init(&arena, BLOCK);
	memset(arena_alloc(&arena, 64), 0xff, 64);
	arena_reset(&arena);
	copy = arena_strndup(&arena, "controller", 4);
	assert_string_equal(copy, "cont");
	assert_string_equal(arena_strndup(&arena, "", 0), "");
	arena_fini(&arena);
}

static void
test_release_goes_back_to_the_mark(void **state)
{
	struct arena arena;
	struct arena_mark mark;
	char *kept, *after;

	(void)state;
	arena_init(&arena, 8 * BLOCK);
	kept = arena_strndup(&arena, "kept", 4);
	mark = arena_mark(&arena);
	after = arena_alloc(&arena, 100);
	for (unsigned round = 0; round < 5; round++) {
		assert_non_null(arena_alloc(&arena, BLOCK));
		assert_non_null(arena_alloc(&arena, 2 * BLOCK));
		arena_release(&arena, mark);
		assert_int_equal(arena.used, 16);
		assert_ptr_equal(arena_alloc(&arena, 100), after);
	}
	assert_string_equal(kept, "kept");
	arena_fini(&arena);
}

static void
test_release_to_the_very_beginning(void **state)
{
	struct arena arena;
	struct arena_mark mark;

	(void)state;
	arena_init(&arena, 2 * BLOCK);
	mark = arena_mark(&arena);
	assert_non_null(arena_alloc(&arena, 2 * BLOCK));
	arena_release(&arena, mark);
	assert_int_equal(arena.used, 0);
	assert_non_null(arena_alloc(&arena, 2 * BLOCK));
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_arena_takes_no_memory),
		cmocka_unit_test(test_everything_is_aligned_and_apart),
		cmocka_unit_test(test_the_limit_is_what_is_handed_out),
		cmocka_unit_test(test_a_limit_that_is_no_multiple_of_the_alignment_holds),
		cmocka_unit_test(test_pieces_larger_than_a_block),
		cmocka_unit_test(test_calloc_clears_and_sees_overflow),
		cmocka_unit_test(test_strndup_ends_with_nul),
		cmocka_unit_test(test_release_goes_back_to_the_mark),
		cmocka_unit_test(test_release_to_the_very_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
