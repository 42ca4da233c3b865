/* SPDX-License-Identifier: ISC */
/* test_buffer.c: text that several outputs share */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "outputs/buffer.h"

#define SHARED 10000

static void
test_copy(void **state)
{
	char text[] = "a\0b";
	struct buffer *buffer = buffer_new(text, 3);

	(void)state;
	assert_non_null(buffer);
	text[0] = 'x';
	assert_int_equal(buffer->length, 3);
	assert_memory_equal(buffer->data, "a\0b\0", 4);
	buffer_unref(buffer);
}

static void
test_zeros(void **state)
{
	static const char zeros[101];
	struct buffer *buffer = buffer_new(NULL, 100);

	(void)state;
	assert_non_null(buffer);
	assert_int_equal(buffer->length, 100);
	assert_memory_equal(buffer->data, zeros, 101);
	buffer_unref(buffer);
	buffer = buffer_new(NULL, 0);
	assert_int_equal(buffer->length, 0);
	assert_string_equal(buffer->data, "");
	buffer_unref(buffer);
}

static void
test_too_long(void **state)
{
	(void)state;
	assert_null(buffer_new(NULL, (256U << 20) + 1));
	assert_null(buffer_new(NULL, SIZE_MAX));
}

static void *
share(void *user)
{
	struct buffer *buffer = user;

	for (int i = 0; i < SHARED; i++)
		buffer_unref(buffer_ref(buffer));
	buffer_unref(buffer);
	return NULL;
}

/* Whoever is last frees; the address sanitizer sees both too early and never. */
static void
test_references(void **state)
{
	struct buffer *buffer = buffer_new("text", 4);
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, share, buffer_ref(buffer)), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&buffer->references), 1);
	assert_string_equal(buffer->data, "text");
	buffer_unref(buffer);
	buffer_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
