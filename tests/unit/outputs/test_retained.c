/* SPDX-License-Identifier: ISC */
/* test_retained.c: retained documents: the newest wins, none is lost */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "outputs/queue.h"
#include "outputs/retained.h"
#include "tests/unit/outputs/queue_feed.h"

static struct queue *
new_queue(const char *root)
{
	struct queue_settings settings = {.max_bytes = 1000, .document_root = root};
	struct queue *queue = queue_new(&settings);

	assert_non_null(queue);
	return queue;
}

static void
test_the_newest_wins(void **state)
{
	struct queue *queue = new_queue("nmsp/gw1/");

	(void)state;
	feed_document(queue, "info", "1");
	feed_document(queue, "hq/state", "2");
	feed_document(queue, "info", "3");
	feed_assert_rest(queue, "nmsp/gw1/info=3 nmsp/gw1/hq/state=2");
	feed_assert_rest(queue, "");
	queue_free(queue);
}

static void
test_set_anew_while_on_its_way(void **state)
{
	struct queue *queue = new_queue("");
	struct queue_list list = {0};

	(void)state;
	feed_document(queue, "a", "1");
	queue_take(queue, &list, 9, false);
	feed_document(queue, "a", "2");
	feed_document(queue, "a", "3");
	assert_string_equal(feed_text(&list), "a=1");
	queue_take(queue, &list, 9, false);
	assert_string_equal(feed_text(&list), "a=1 a=3");
	feed_finish_all(queue, &list);
	feed_assert_rest(queue, "");
	queue_free(queue);
}

static void
test_renewed_in_their_order(void **state)
{
	struct queue *queue = new_queue("");

	(void)state;
	feed_document(queue, "a", "1");
	feed_document(queue, "b", "1");
	feed_document(queue, "c", "1");
	feed_assert_rest(queue, "a=1 b=1 c=1");
	feed_document(queue, "b", "2");
	queue_renew_documents(queue);
	queue_renew_documents(queue);
	feed_assert_rest(queue, "a=1 b=2 c=1");
	queue_free(queue);
}

/* An empty payload goes out once; then the broker and we know nothing of the document. */
static void
test_cleared_and_forgotten(void **state)
{
	struct queue *queue = new_queue("");
	struct queue_list list = {0};

	(void)state;
	feed_document(queue, "a", "1");
	feed_document(queue, "b", "1");
	feed_assert_rest(queue, "a=1 b=1");
	feed_document(queue, "a", NULL);
	queue_take(queue, &list, 9, false);
	assert_int_equal(list.count, 1);
	assert_null(list.first->payload);
	assert_string_equal(list.first->topic->data, "a");
	queue_put_back(queue, &list);
	queue_renew_documents(queue);
	feed_assert_rest(queue, "a= b=1");
	queue_take(queue, &list, 9, false);
	queue_renew_documents(queue);
	feed_assert_rest(queue, "b=1");
	queue_free(queue);
}

static void
test_cleared_and_set_again(void **state)
{
	struct queue *queue = new_queue("");
	struct queue_list list = {0};

	(void)state;
	feed_document(queue, "a", "1");
	feed_document(queue, "a", NULL);
	queue_take(queue, &list, 9, false);
	feed_document(queue, "a", "2");
	feed_finish_all(queue, &list);
	feed_assert_rest(queue, "a=2");
	feed_document(queue, "a", NULL);
	queue_take(queue, &list, 1, false);
	feed_document(queue, "a", NULL);
	queue_take(queue, &list, 1, false);
	assert_int_equal(list.count, 2);
	feed_finish_all(queue, &list);
	feed_assert_rest(queue, "");
	queue_renew_documents(queue);
	feed_assert_rest(queue, "");
	queue_free(queue);
}

static void
test_put_back_in_order_with_the_newest_text(void **state)
{
	struct queue *queue = new_queue("");
	struct queue_list list = {0};

	(void)state;
	feed_document(queue, "a", "1");
	feed_document(queue, "b", "1");
	feed_document(queue, "c", "1");
	queue_take(queue, &list, 9, false);
	feed_document(queue, "d", "1");
	feed_document(queue, "b", "2");
	queue_put_back(queue, &list);
	feed_assert_rest(queue, "a=1 c=1 d=1 b=2");
	feed_document(queue, "a", "2");
	queue_take(queue, &list, 9, false);
	feed_document(queue, "a", "3");
	queue_take(queue, &list, 9, false);
	assert_string_equal(feed_text(&list), "a=2 a=3");
	queue_put_back(queue, &list);
	feed_document(queue, "b", "3");
	feed_assert_rest(queue, "a=3 b=3");
	queue_free(queue);
}

static void
test_never_dropped(void **state)
{
	struct queue *queue = new_queue("");
	struct account account = {0};
	struct publication record = {.kind = KIND_INFO, .account = &account};
	struct queue_list list = {0};
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < 50; i++)
		feed_publish(queue, record, "record");
	feed_document(queue, "large", text);
	queue_give_up(queue, DROP_REFUSED);
	assert_int_equal(feed_view(&account).queued, 0);
	assert_int_equal(feed_bytes(queue), 0);
	assert_int_equal(queue_take(queue, &list, 9, false), 1);
	assert_string_equal(list.first->payload->data, text);
	assert_int_equal(list.first->qos, 1);
	queue_put_back(queue, &list);
	assert_int_equal(queue_take(queue, &list, 9, false), 1);
	feed_finish_all(queue, &list);
	queue_free(queue);
}

static void
test_no_root_no_documents(void **state)
{
	struct queue *queue = new_queue(NULL);
	struct queue_list list = {0};

	(void)state;
	assert_int_equal(queue_take(queue, &list, 1, true), 0);
	assert_false(feed_document(queue, "info", "1"));
	queue_renew_documents(queue);
	assert_int_equal(queue_take(queue, &list, 1, true), 0);
	queue_free(queue);
}

static void
test_slots_without_a_queue(void **state)
{
	struct retained retained;
	struct buffer *text = buffer_new("1", 1);
	struct document *a, *b;

	(void)state;
	assert_int_equal(retained_init(&retained, "r/"), 0);
	assert_null(retained_take(&retained));
	assert_true(retained_set(&retained, "a", text, 0));
	assert_true(retained_set(&retained, "b", text, 1));
	a = retained_take(&retained);
	b = retained_take(&retained);
	assert_null(retained_take(&retained));
	assert_string_equal(a->topic->data, "r/a");
	assert_int_equal(b->qos, 1);
	retained_return(&retained, b, true);
	retained_return(&retained, a, true);
	assert_ptr_equal(retained_take(&retained), a);
	assert_ptr_equal(retained_take(&retained), b);
	assert_int_equal(atomic_load(&text->references), 3);
	buffer_unref(text);
	retained_fini(&retained);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_wins),
		cmocka_unit_test(test_set_anew_while_on_its_way),
		cmocka_unit_test(test_renewed_in_their_order),
		cmocka_unit_test(test_cleared_and_forgotten),
		cmocka_unit_test(test_cleared_and_set_again),
		cmocka_unit_test(test_put_back_in_order_with_the_newest_text),
		cmocka_unit_test(test_never_dropped),
		cmocka_unit_test(test_no_root_no_documents),
		cmocka_unit_test(test_slots_without_a_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
