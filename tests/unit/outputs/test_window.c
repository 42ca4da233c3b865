/* SPDX-License-Identifier: ISC */
/* test_window.c: messages between hand-over and acknowledgement */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "outputs/window.h"
#include "tests/unit/outputs/queue_feed.h"

#define SPREAD 30000 /* most messages handed over from the oldest in flight on */

static struct account account;

/* A window on a queue with records "1" to "n". */
static struct window
window_on_records(unsigned n)
{
	struct queue_settings settings = {.max_bytes = 1 << 25, .document_root = ""};
	struct publication record = {.kind = KIND_INFO, .account = &account};
	struct window window = {.queue = queue_new(&settings)};
	char text[12];

	assert_non_null(window.queue);
	memset(&account, 0, sizeof account);
	for (unsigned i = 1; i <= n; i++) {
		snprintf(text, sizeof text, "%u", i);
		feed_publish(window.queue, record, text);
	}
	return window;
}

static void
window_end(struct window *window)
{
	window_put_back(window);
	queue_free(window->queue);
}

static void
assert_next(struct window *window, const char *text)
{
	struct queue_item *item = window_next(window, 0, false);

	assert_non_null(item);
	assert_string_equal(item->payload->data, text);
}

static void
publish(struct window *window, struct queue_item *item)
{
	window_finish(window, item, OUTCOME_PUBLISHED, DROP_COUNT);
}

static void
test_limit(void **state)
{
	struct window window = window_on_records(10);

	(void)state;
	window_open(&window, 3);
	assert_next(&window, "1");
	assert_next(&window, "2");
	assert_next(&window, "3");
	assert_null(window_next(&window, 0, false));
	publish(&window, window.in_flight.first->next);
	assert_next(&window, "4");
	assert_null(window_next(&window, 0, false));
	assert_string_equal(feed_text(&window.in_flight), "1 3 4");
	assert_int_equal(feed_view(&account).published, 1);
	assert_int_equal(feed_view(&account).queued, 9);
	window_end(&window);
}

static void
test_exhausted(void **state)
{
	struct window window = window_on_records(2);

	(void)state;
	window_open(&window, 10);
	assert_next(&window, "1");
	assert_next(&window, "2");
	assert_null(window_next(&window, 0, true));
	assert_true(window.exhausted);
	window_end(&window);
}

static void
test_ids(void **state)
{
	struct window window = window_on_records(3);

	(void)state;
	window_open(&window, 3);
	for (int i = 0; i < 3; i++)
		window_next(&window, 0, false)->id = i == 0 ? 65534 : i == 1 ? 65535 : 1;
	assert_string_equal(window_find(&window, 65535)->payload->data, "2");
	assert_string_equal(window_find(&window, 1)->payload->data, "3");
	assert_null(window_find(&window, 2));
	publish(&window, window_find(&window, 65535));
	assert_null(window_find(&window, 65535));
	assert_string_equal(feed_text(&window.in_flight), "1 3");
	window_end(&window);
}

/* Ids come round after 65,535: a message that is not acknowledged holds up the others long before,
 * so that no id is in flight twice. */
static void
test_ids_that_come_round(void **state)
{
	struct window window = window_on_records(200000);
	struct queue_item *oldest, *item;
	int id = 65000;

	(void)state;
	window.order = UINT32_MAX - 20000;
	window_open(&window, 100);
	for (int round = 0; round < 3; round++) {
		oldest = window_next(&window, 0, false);
		oldest->id = id;
		for (int i = 1; i < SPREAD; i++) {
			item = window_next(&window, 0, false);
			assert_non_null(item);
			id = id % 65535 + 1;
			assert_null(window_find(&window, id));
			item->id = id;
			publish(&window, item);
		}
		assert_null(window_next(&window, 0, false));
		assert_int_equal(window.in_flight.count, 1);
		publish(&window, oldest);
		id = id % 65535 + 1;
	}
	assert_int_equal(feed_view(&account).published, 3 * SPREAD);
	window_end(&window);
}

static void
test_all_goes_back_in_order(void **state)
{
	struct window window = window_on_records(100);
	struct queue_item *item;
	char text[12];

	(void)state;
	window_open(&window, 70);
	for (int i = 1; i <= 5; i++)
		window_next(&window, 0, false)->id = i;
	assert_true(window.held.count > 0);
	publish(&window, window.in_flight.first->next);
	window_put_back(&window);
	assert_int_equal(window.held.count + window.in_flight.count, 0);
	assert_int_equal(feed_view(&account).queued, 99);
	window_open(&window, 70);
	for (unsigned i = 1; i <= 100; i++) {
		if (i == 2)
			continue;
		item = window_next(&window, 0, false);
		snprintf(text, sizeof text, "%u", i);
		assert_string_equal(item->payload->data, text);
		assert_int_equal(item->id, 0);
		publish(&window, item);
	}
	assert_int_equal(feed_view(&account).published, 100);
	window_end(&window);
}

static void
test_stuck(void **state)
{
	struct window window = window_on_records(2);

	(void)state;
	window_open(&window, 10);
	assert_false(window_stuck(&window, 99999, 0));
	window_next(&window, 1000, false);
	window_next(&window, 1500, false);
	assert_false(window_stuck(&window, 1999, 1000));
	assert_true(window_stuck(&window, 2000, 1000));
	publish(&window, window.in_flight.first);
	assert_false(window_stuck(&window, 2000, 1000));
	assert_true(window_stuck(&window, 2500, 1000));
	window_end(&window);
}

/* One connection: hands over what it may, breaks, and names the suspect. */
static struct queue_item *
broken_connection(struct window *window, size_t expected_in_flight)
{
	struct queue_item *suspect;

	window_open(window, 4);
	while (window_next(window, 0, false))
		continue;
	assert_int_equal(window->in_flight.count, expected_in_flight);
	suspect = window_suspect(window);
	if (!suspect)
		window_put_back(window);
	return suspect;
}

static void
test_the_record_that_breaks_connections(void **state)
{
	struct window window = window_on_records(10);
	struct queue_item *suspect;

	(void)state;
	assert_null(broken_connection(&window, 4));
	assert_null(broken_connection(&window, 1));
	assert_null(broken_connection(&window, 1));
	suspect = broken_connection(&window, 1);
	assert_non_null(suspect);
	assert_string_equal(suspect->payload->data, "1");
	window_finish(&window, suspect, OUTCOME_DROPPED, DROP_REFUSED);
	window_put_back(&window);
	assert_null(broken_connection(&window, 4));
	assert_int_equal(feed_view(&account).dropped[DROP_REFUSED], 1);
	assert_int_equal(feed_view(&account).queued, 9);
	window_end(&window);
}

static void
test_a_response_that_breaks_connections_is_found_too(void **state)
{
	struct window window = window_on_records(3);
	struct queue_item *suspect;

	(void)state;
	feed_respond(window.queue, "x", NULL);
	assert_null(broken_connection(&window, 4));
	assert_null(broken_connection(&window, 1));
	assert_null(broken_connection(&window, 1));
	suspect = broken_connection(&window, 1);
	assert_non_null(suspect);
	assert_true(suspect->is_response);
	window_finish(&window, suspect, OUTCOME_DROPPED, DROP_REFUSED);
	window_put_back(&window);
	assert_int_equal(feed_view(&account).queued, 3);
	window_end(&window);
}

static void
test_progress_clears_suspicion(void **state)
{
	struct window window = window_on_records(10);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_null(broken_connection(&window, i == 0 ? 4 : 1));
	assert_true(window.cautious);
	window_open(&window, 4);
	publish(&window, window_next(&window, 0, false));
	assert_false(window.cautious);
	window_next(&window, 0, false);
	assert_null(window_suspect(&window));
	window_put_back(&window);
	assert_null(broken_connection(&window, 4));
	window_end(&window);
}

/* A document that gets through says nothing of the records, and is never to blame. */
static void
test_documents_are_not_suspected(void **state)
{
	struct window window = window_on_records(1);
	struct queue_item *item;

	(void)state;
	assert_null(window_suspect(&window));
	assert_false(window.cautious);
	feed_document(window.queue, "a", "text");
	for (int i = 0; i < 10; i++)
		assert_null(broken_connection(&window, i == 0 ? 2 : 1));
	window_open(&window, 4);
	item = window_next(&window, 0, false);
	assert_non_null(item->document);
	publish(&window, item);
	assert_true(window.cautious);
	for (int i = 0; i < 2; i++)
		assert_null(broken_connection(&window, 1));
	assert_non_null(broken_connection(&window, 1));
	window_end(&window);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_that_come_round),
		cmocka_unit_test(test_all_goes_back_in_order),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_the_record_that_breaks_connections),
		cmocka_unit_test(test_a_response_that_breaks_connections_is_found_too),
		cmocka_unit_test(test_progress_clears_suspicion),
		cmocka_unit_test(test_documents_are_not_suspected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
