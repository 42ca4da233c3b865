/* SPDX-License-Identifier: ISC */
/* test_mailbox.c: requests from other threads: in order, bounded, none after the end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/mailbox.h"

#define MANY 20000 /* requests of one thread */

struct post {
	uv_loop_t loop;
	uv_timer_t alive; /* a mailbox alone does not keep the loop running */
	struct mailbox *mailbox;
	unsigned taken;
	unsigned refused;
	struct command_request *last;
};

static void
take(void *context, struct command_request *request)
{
	struct post *post = context;

	post->taken++;
	command_request_free(post->last);
	post->last = request;
}

static void
never(uv_timer_t *timer)
{
	(void)timer;
	fail();
}

static struct command_request *
request_new(const char *name)
{
	struct command_request *request = calloc(1, sizeof *request);

	assert_non_null(request);
	request->name = buffer_new(name, strlen(name));
	return request;
}

static void
post_init(struct post *post)
{
	*post = (struct post){.taken = 0};
	assert_int_equal(uv_loop_init(&post->loop), 0);
	uv_timer_init(&post->loop, &post->alive);
	uv_timer_start(&post->alive, never, 3600 * 1000, 0);
	post->mailbox = mailbox_new(&post->loop, take, post);
	assert_non_null(post->mailbox);
}

static void
post_fini(struct post *post)
{
	mailbox_free(post->mailbox);
	uv_close((uv_handle_t *)&post->alive, NULL);
	uv_run(&post->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&post->loop), 0);
	command_request_free(post->last);
}

static void
test_what_is_put_in_is_taken_in_the_loop(void **state)
{
	struct post post;

	(void)state;
	post_init(&post);
	assert_null(mailbox_put(post.mailbox, request_new("a")));
	assert_null(mailbox_put(post.mailbox, request_new("b")));
	assert_int_equal(post.taken, 0);
	uv_run(&post.loop, UV_RUN_NOWAIT);
	assert_int_equal(post.taken, 2);
	assert_string_equal(post.last->name->data, "b");
	post_fini(&post);
}

static void
test_it_is_bounded(void **state)
{
	struct command_request *one_more = request_new("x");
	struct post post;

	(void)state;
	post_init(&post);
	for (int i = 0; i < MAILBOX_MOST; i++)
		assert_null(mailbox_put(post.mailbox, request_new("a")));
	assert_non_null(strstr(mailbox_put(post.mailbox, one_more), "busy"));
	uv_run(&post.loop, UV_RUN_NOWAIT);
	assert_int_equal(post.taken, MAILBOX_MOST);
	assert_null(mailbox_put(post.mailbox, one_more));
	post_fini(&post);
	assert_int_equal(post.taken, MAILBOX_MOST + 1);
}

static void
test_nothing_is_put_in_after_the_end(void **state)
{
	struct command_request *late = request_new("late");
	struct post post;

	(void)state;
	post_init(&post);
	assert_null(mailbox_put(post.mailbox, request_new("a")));
	mailbox_close(post.mailbox);
	assert_int_equal(post.taken, 1);
	assert_string_equal(mailbox_put(post.mailbox, late), "the gateway is stopping");
	command_request_free(late);
	post_fini(&post);
	assert_int_equal(post.taken, 1);
}

static void
put_many(void *user)
{
	struct post *post = user;

	for (unsigned i = 0; i < MANY; i++) {
		struct command_request *request = request_new("t");

		if (mailbox_put(post->mailbox, request)) {
			command_request_free(request);
			__atomic_fetch_add(&post->refused, 1, __ATOMIC_RELAXED);
		}
	}
}

static void
test_it_does_not_keep_the_loop_running(void **state)
{
	struct post post;

	(void)state;
	post_init(&post);
	uv_timer_stop(&post.alive);
	assert_int_equal(uv_run(&post.loop, UV_RUN_DEFAULT), 0);
	post_fini(&post);
}

static void
test_from_several_threads(void **state)
{
	uv_thread_t threads[2];
	struct post post;

	(void)state;
	post_init(&post);
	for (int i = 0; i < 2; i++)
		assert_int_equal(uv_thread_create(&threads[i], put_many, &post), 0);
	while (post.taken + __atomic_load_n(&post.refused, __ATOMIC_RELAXED) < 2 * MANY)
		uv_run(&post.loop, UV_RUN_NOWAIT);
	for (int i = 0; i < 2; i++)
		uv_thread_join(&threads[i]);
	post_fini(&post);
	assert_int_equal(post.taken + post.refused, 2 * MANY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_put_in_is_taken_in_the_loop),
		cmocka_unit_test(test_it_is_bounded),
		cmocka_unit_test(test_nothing_is_put_in_after_the_end),
		cmocka_unit_test(test_it_does_not_keep_the_loop_running),
		cmocka_unit_test(test_from_several_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
