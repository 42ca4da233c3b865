/* SPDX-License-Identifier: ISC */
/* test_queue.c: order, policies of a full queue, taking and putting back */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "outputs/queue.h"
#include "outputs/timestamp.h"
#include "tests/unit/outputs/queue_feed.h"

#define FIVE (5 * feed_cost(2)) /* bytes of five records with a text of two letters */

static struct account accounts[KIND_COUNT];

static struct queue *
new_queue(size_t max_bytes)
{
	struct queue_settings settings = {.max_bytes = max_bytes, .document_root = "n/g/"};
	struct queue *queue = queue_new(&settings);

	assert_non_null(queue);
	memset(accounts, 0, sizeof accounts);
	return queue;
}

/* The queue with five records' room and one policy for all kinds. */
static struct queue *
new_strict_queue(enum queue_policy policy)
{
	struct queue_settings settings = {.max_bytes = FIVE};
	struct queue *queue;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		settings.policies[kind] = policy;
	queue = queue_new(&settings);
	assert_non_null(queue);
	memset(accounts, 0, sizeof accounts);
	return queue;
}

static bool
publish(struct queue *queue, enum kind kind, uint64_t station, const char *text)
{
	struct publication record = {.kind = kind, .account = &accounts[kind], .station = station};

	return feed_publish(queue, record, text);
}

/* Publishes each of the texts; the station is the first letter. */
static void
publish_all(struct queue *queue, enum kind kind, const char *texts)
{
	char text[3] = "";

	for (; *texts; texts += texts[2] ? 3 : 2) {
		memcpy(text, texts, 2);
		publish(queue, kind, (uint64_t)text[0], text);
	}
}

static void
assert_account(enum kind kind, const struct account_view *expected)
{
	struct account_view view = feed_view(&accounts[kind]);

	assert_int_equal(view.received, expected->received);
	assert_int_equal(view.published, expected->published);
	assert_int_equal(view.conflated, expected->conflated);
	assert_int_equal(view.queued, expected->queued);
	for (int reason = 0; reason < DROP_COUNT; reason++)
		assert_int_equal(view.dropped[reason], expected->dropped[reason]);
}

static void
test_rare_comes_first(void **state)
{
	struct queue *queue = new_queue(100000);

	(void)state;
	publish_all(queue, KIND_RSSI, "r1 r2");
	publish_all(queue, KIND_STATISTICS, "s1");
	publish_all(queue, KIND_INFO, "i1");
	publish_all(queue, KIND_RSSI, "r3");
	publish_all(queue, KIND_ATTACHMENT, "a1");
	publish_all(queue, KIND_STATISTICS, "s2");
	publish_all(queue, KIND_INFO, "i2");
	feed_document(queue, "info", "{}");
	publish_all(queue, KIND_UNKNOWN, "u1");
	feed_assert_rest(queue, "n/g/info={} i1 a1 i2 u1 s1 s2 r1 r2 r3");
	queue_free(queue);
}

static void
test_only_statistics_and_rssi_stand_back(void **state)
{
	struct queue *queue = new_queue(100000);
	char text[] = "0.";

	(void)state;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		text[0] = (char)('0' + kind);
		publish(queue, (enum kind)kind, 1, text);
	}
	feed_assert_rest(queue, "1. 3. 4. 5. 6. 7. 8. 9. 2. 0.");
	queue_free(queue);
}

static void
test_what_comes_later_may_come_out_first(void **state)
{
	struct queue *queue = new_queue(100000);
	struct queue_list list = {0};

	(void)state;
	publish_all(queue, KIND_RSSI, "r1 r2");
	assert_int_equal(queue_take(queue, &list, 1, false), 1);
	publish_all(queue, KIND_INFO, "i1");
	feed_document(queue, "x", "1");
	assert_int_equal(queue_take(queue, &list, 3, false), 3);
	assert_string_equal(feed_text(&list), "r1 n/g/x=1 i1 r2");
	assert_int_equal(queue_take(queue, &list, 3, false), 0);
	feed_finish_all(queue, &list);
	queue_free(queue);
}

static void
test_drop_oldest(void **state)
{
	struct queue *queue = new_strict_queue(POLICY_DROP_OLDEST);

	(void)state;
	publish_all(queue, KIND_INFO, "a1 b1 c1 d1 e1 f1 a2");
	assert_account(KIND_INFO, &(struct account_view){.received = 7,
							 .dropped = {[DROP_QUEUE_FULL] = 2},
							 .queued = 5});
	feed_assert_rest(queue, "c1 d1 e1 f1 a2");
	assert_account(KIND_INFO, &(struct account_view){.received = 7,
							 .published = 5,
							 .dropped = {[DROP_QUEUE_FULL] = 2}});
	queue_free(queue);
}

static void
test_drop_newest(void **state)
{
	struct queue *queue = new_strict_queue(POLICY_DROP_NEWEST);

	(void)state;
	publish_all(queue, KIND_RSSI, "a1 b1 c1 d1 e1");
	publish_all(queue, KIND_INFO, "f1 a2");
	assert_account(KIND_INFO,
		       &(struct account_view){.received = 2, .dropped = {[DROP_QUEUE_FULL] = 2}});
	feed_assert_rest(queue, "a1 b1 c1 d1 e1");
	queue_free(queue);
}

/* A rank gives way to those above it and never to those below. */
static void
test_ranks_give_way(void **state)
{
	struct queue *queue = new_strict_queue(POLICY_DROP_OLDEST);

	(void)state;
	publish_all(queue, KIND_RSSI, "r1 r2");
	publish_all(queue, KIND_STATISTICS, "s1 s2");
	publish_all(queue, KIND_INFO, "i1 i2 i3");
	assert_int_equal(feed_view(&accounts[KIND_RSSI]).dropped[DROP_QUEUE_FULL], 2);
	publish_all(queue, KIND_RSSI, "r3");
	assert_int_equal(feed_view(&accounts[KIND_RSSI]).dropped[DROP_QUEUE_FULL], 3);
	publish_all(queue, KIND_STATISTICS, "s3");
	assert_int_equal(feed_view(&accounts[KIND_STATISTICS]).dropped[DROP_QUEUE_FULL], 1);
	publish_all(queue, KIND_AP, "p1 p2 p3");
	feed_assert_rest(queue, "i2 i3 p1 p2 p3");
	assert_int_equal(feed_view(&accounts[KIND_STATISTICS]).dropped[DROP_QUEUE_FULL], 3);
	assert_int_equal(feed_view(&accounts[KIND_INFO]).dropped[DROP_QUEUE_FULL], 1);
	queue_free(queue);
}

static void
test_one_large_record_pushes_out_several(void **state)
{
	struct queue *queue = new_strict_queue(POLICY_DROP_OLDEST);
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof text);
	text[feed_cost(2) + 3] = '\0'; /* one byte more than two records */
	publish_all(queue, KIND_INFO, "a1 b1 c1 d1 e1");
	publish(queue, KIND_INFO, 9, text);
	assert_int_equal(feed_view(&accounts[KIND_INFO]).dropped[DROP_QUEUE_FULL], 3);
	assert_int_equal(feed_messages(queue), 3);
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	publish(queue, KIND_INFO, 9, text);
	assert_int_equal(feed_view(&accounts[KIND_INFO]).dropped[DROP_QUEUE_FULL], 4);
	assert_int_equal(feed_messages(queue), 3);
	queue_free(queue);
}

/* The newest record of a station stands where its oldest stood. */
static void
test_conflation_keeps_the_place(void **state)
{
	struct queue *queue = new_queue(FIVE);

	(void)state;
	publish_all(queue, KIND_RSSI, "a1 b1 a2 c1 d1");
	assert_int_equal(feed_view(&accounts[KIND_RSSI]).conflated, 0);
	publish_all(queue, KIND_RSSI, "a3");
	assert_account(KIND_RSSI,
		       &(struct account_view){.received = 6, .conflated = 2, .queued = 4});
	publish_all(queue, KIND_RSSI, "b2 c2 b3 e1");
	assert_account(KIND_RSSI,
		       &(struct account_view){.received = 10, .conflated = 5, .queued = 5});
	feed_assert_rest(queue, "a3 b3 c2 d1 e1");
	queue_free(queue);
}

static void
test_conflation_needs_the_same_station_of_the_same_controller(void **state)
{
	struct queue *queue = new_queue(FIVE);
	struct account other = {0};
	struct publication record = {.kind = KIND_RSSI, .account = &other, .station = 'a'};

	(void)state;
	publish_all(queue, KIND_RSSI, "a1 b1 c1 d1");
	publish(queue, KIND_RSSI, 0, "01");
	publish(queue, KIND_RSSI, 0, "02");
	assert_int_equal(feed_view(&accounts[KIND_RSSI]).dropped[DROP_QUEUE_FULL], 1);
	record.station = 'b';
	feed_publish(queue, record, "B1");
	assert_int_equal(feed_view(&other).conflated, 0);
	assert_int_equal(feed_view(&accounts[KIND_RSSI]).dropped[DROP_QUEUE_FULL], 2);
	feed_publish(queue, record, "B2");
	assert_int_equal(feed_view(&other).conflated, 1);
	feed_assert_rest(queue, "c1 d1 01 02 B2");
	queue_free(queue);
}

/* A record that grows in its place still may not break the bound. */
static void
test_conflation_makes_room(void **state)
{
	struct queue *queue = new_queue(FIVE);

	(void)state;
	publish_all(queue, KIND_RSSI, "a1 b1 c1 d1 e1");
	publish(queue, KIND_RSSI, 'c', "c2, and longer");
	assert_true(feed_bytes(queue) <= FIVE);
	assert_account(KIND_RSSI, &(struct account_view){.received = 6,
							 .conflated = 1,
							 .dropped = {[DROP_QUEUE_FULL] = 1},
							 .queued = 4});
	feed_assert_rest(queue, "b1 c2, and longer d1 e1");
	queue_free(queue);
}

static void
test_only_rssi_is_conflated_by_default(void **state)
{
	struct queue *queue = new_queue(FIVE);

	(void)state;
	publish_all(queue, KIND_STATISTICS, "a1 b1 c1 d1 e1 b2");
	feed_assert_rest(queue, "b1 c1 d1 e1 b2");
	queue_free(queue);
	queue = new_strict_queue(POLICY_CONFLATE);
	publish_all(queue, KIND_INFO, "a1 b1 c1 d1 e1 b2");
	feed_assert_rest(queue, "a1 b2 c1 d1 e1");
	queue_free(queue);
}

static void
test_what_is_taken_is_neither_dropped_nor_conflated(void **state)
{
	struct queue *queue = new_queue(FIVE);
	struct queue_list list = {0};

	(void)state;
	publish_all(queue, KIND_RSSI, "a1 b1 c1 d1 e1");
	queue_take(queue, &list, 3, false);
	publish_all(queue, KIND_RSSI, "a2 f1 g1");
	assert_string_equal(feed_text(&list), "a1 b1 c1");
	assert_account(KIND_RSSI, &(struct account_view){.received = 8,
							 .dropped = {[DROP_QUEUE_FULL] = 3},
							 .queued = 5});
	assert_int_equal(feed_messages(queue), 5);
	feed_finish_all(queue, &list);
	feed_assert_rest(queue, "f1 g1");
	assert_int_equal(queue_take(queue, &list, 1, false), 0);
	assert_int_equal(feed_bytes(queue), 0);
	assert_int_equal(feed_messages(queue), 0);
	queue_free(queue);
}

static void
test_put_back_keeps_the_order(void **state)
{
	struct queue *queue = new_queue(100000);
	struct queue_list list = {0};

	(void)state;
	publish_all(queue, KIND_RSSI, "r1 r2 r3 r4");
	publish_all(queue, KIND_INFO, "i1 i2");
	queue_take(queue, &list, 5, false);
	assert_string_equal(feed_text(&list), "i1 i2 r1 r2 r3");
	queue_finish(queue, &list, list.first->next, OUTCOME_PUBLISHED, DROP_COUNT);
	list.first->attempts = 7;
	publish_all(queue, KIND_INFO, "i3");
	queue_put_back(queue, &list);
	assert_null(list.first);
	assert_account(KIND_INFO,
		       &(struct account_view){.received = 3, .published = 1, .queued = 2});
	assert_account(KIND_RSSI, &(struct account_view){.received = 4, .queued = 4});
	assert_int_equal(feed_messages(queue), 6);
	queue_take(queue, &list, 1, false);
	assert_int_equal(list.first->attempts, 7);
	queue_put_back(queue, &list);
	feed_assert_rest(queue, "i1 i3 r1 r2 r3 r4");
	assert_account(KIND_RSSI, &(struct account_view){.received = 4, .published = 4});
	queue_free(queue);
}

static void
test_the_consumer_is_woken_once(void **state)
{
	struct queue *queue = new_queue(100000);
	struct queue_list list = {0};

	(void)state;
	assert_false(publish(queue, KIND_INFO, 1, "i1"));
	assert_int_equal(queue_take(queue, &list, 9, true), 1);
	assert_false(publish(queue, KIND_INFO, 1, "i2"));
	assert_int_equal(queue_take(queue, &list, 9, true), 1);
	assert_int_equal(queue_take(queue, &list, 9, false), 0);
	assert_false(publish(queue, KIND_INFO, 1, "i3"));
	assert_int_equal(queue_take(queue, &list, 9, true), 1);
	assert_int_equal(queue_take(queue, &list, 9, true), 0);
	assert_true(publish(queue, KIND_INFO, 1, "i4"));
	assert_false(publish(queue, KIND_INFO, 1, "i5"));
	assert_int_equal(queue_take(queue, &list, 9, true), 2);
	assert_int_equal(queue_take(queue, &list, 9, true), 0);
	assert_true(feed_document(queue, "x", "1"));
	assert_false(feed_document(queue, "x", "2"));
	feed_finish_all(queue, &list);
	queue_free(queue);
}

static void
test_a_batch_counts_its_records(void **state)
{
	struct queue *queue = new_queue(FIVE);
	struct publication batch = {
		.kind = KIND_INFO, .records = 100, .account = &accounts[KIND_INFO]};
	struct queue_list list = {0};

	(void)state;
	for (int i = 0; i < 6; i++)
		feed_publish(queue, batch, "[]");
	assert_int_equal(queue_take(queue, &list, 2, false), 2);
	queue_finish(queue, &list, list.first, OUTCOME_PUBLISHED, DROP_COUNT);
	queue_finish(queue, &list, list.first, OUTCOME_DROPPED, DROP_TOO_LARGE);
	assert_account(
		KIND_INFO,
		&(struct account_view){.received = 600,
				       .published = 100,
				       .dropped = {[DROP_QUEUE_FULL] = 100, [DROP_TOO_LARGE] = 100},
				       .queued = 300});
	queue_give_up(queue, DROP_REFUSED);
	assert_int_equal(feed_view(&accounts[KIND_INFO]).dropped[DROP_REFUSED], 300);
	assert_int_equal(feed_bytes(queue), 0);
	feed_publish(queue, batch, "[]");
	queue_free(queue);
	assert_int_equal(feed_view(&accounts[KIND_INFO]).dropped[DROP_SHUTDOWN], 100);
	assert_int_equal(feed_view(&accounts[KIND_INFO]).queued, 0);
}

/* What was finished gives its bytes back although nothing more is taken. */
static void
test_many_finished_give_back_their_bytes(void **state)
{
	struct queue *queue = new_queue(100 * FIVE);
	struct queue_list list = {0};

	(void)state;
	for (int i = 0; i < 500; i++)
		publish(queue, KIND_INFO, 1, "xx");
	assert_int_equal(feed_bytes(queue), 100 * FIVE);
	assert_int_equal(queue_take(queue, &list, 500, false), 500);
	assert_int_equal(feed_bytes(queue), 100 * FIVE);
	feed_finish_all(queue, &list);
	assert_true(feed_bytes(queue) <= 50 * FIVE);
	queue_free(queue);
	queue_free(NULL);
}

static void
publish_received(struct queue *queue, const char *text, uint64_t received_at)
{
	struct publication record = {
		.kind = KIND_INFO, .account = &accounts[KIND_INFO], .received_at = received_at};

	feed_publish(queue, record, text);
}

/* What is dropped took no time, and what is not known is not counted. */
static void
test_latency(void **state)
{
	struct queue *queue = new_queue(100000);
	struct queue_list list = {.first = NULL};
	struct histogram_view view;
	uint64_t now = timestamp_now();

	(void)state;
	publish_received(queue, "a", now - 70000);
	publish_received(queue, "b", now + 5000); /* the clock was set back */
	publish_received(queue, "c", 0);
	publish_received(queue, "d", now);
	assert_int_equal(queue_take(queue, &list, 4, false), 4);
	queue_finish(queue, &list, list.last, OUTCOME_DROPPED, DROP_REFUSED);
	while (list.first)
		queue_finish(queue, &list, list.first, OUTCOME_PUBLISHED, DROP_REFUSED);
	histogram_view(queue_latency(queue), &view);
	assert_int_equal(view.count, 2);
	assert_int_equal(view.buckets[0], 1);
	assert_int_equal(view.buckets[HISTOGRAM_BUCKETS - 1], 1);
	assert_in_range(view.sum_ms, 70000, 80000);
	queue_free(queue);
}

static struct account_view
responses(struct queue *queue)
{
	struct account_view view;

	queue_responses(queue, &view);
	return view;
}

static void
test_responses_come_after_documents_and_before_records(void **state)
{
	struct queue *queue = new_queue(100000);
	struct queue_list list = {0};

	(void)state;
	publish_all(queue, KIND_INFO, "i1");
	assert_true(feed_respond(queue, "a", "c1"));
	assert_true(feed_respond(queue, "b", NULL));
	feed_document(queue, "x", "1");
	assert_int_equal(feed_messages(queue), 3);
	assert_int_equal(queue_take_urgent(queue, &list, 2), 2);
	assert_string_equal(feed_text(&list), "n/g/x=1 a");
	assert_true(list.last->is_response);
	assert_string_equal(list.last->correlation->data, "c1");
	feed_assert_rest(queue, "b i1");
	feed_finish_all(queue, &list);
	assert_int_equal(responses(queue).received, 2);
	assert_int_equal(responses(queue).published, 2);
	assert_int_equal(accounts[KIND_INFO].received, 1);
	queue_free(queue);
}

static void
test_responses_that_are_put_back_come_first_again(void **state)
{
	struct queue *queue = new_queue(100000);
	struct queue_list list = {0};

	(void)state;
	publish_all(queue, KIND_RSSI, "r1");
	feed_respond(queue, "a", NULL);
	feed_respond(queue, "b", NULL);
	queue_take(queue, &list, 3, false);
	feed_respond(queue, "c", NULL);
	queue_put_back(queue, &list);
	assert_int_equal(responses(queue).queued, 3);
	feed_assert_rest(queue, "a b c r1");
	assert_int_equal(responses(queue).published, 3);
	queue_free(queue);
}

/* They take no room from records, nor do records from them. */
static void
test_responses_have_a_room_of_their_own(void **state)
{
	static char text[QUEUE_RESPONSE_BYTES / 2];
	struct queue *queue = new_queue(FIVE);

	(void)state;
	memset(text, 'x', sizeof text - 1);
	publish_all(queue, KIND_INFO, "i1 i2 i3 i4 i5");
	assert_true(feed_respond(queue, text, NULL));
	assert_true(feed_respond(queue, text, NULL));
	assert_false(feed_respond(queue, "z", NULL));
	assert_int_equal(responses(queue).dropped[DROP_QUEUE_FULL], 1);
	assert_int_equal(feed_bytes(queue), FIVE);
	assert_int_equal(feed_messages(queue), 7);
	queue_give_up(queue, DROP_SHUTDOWN);
	assert_int_equal(responses(queue).dropped[DROP_SHUTDOWN], 2);
	assert_int_equal(responses(queue).queued, 0);
	assert_true(feed_respond(queue, "z", NULL));
	queue_free(queue);
}

static void
test_a_response_wakes_who_waits(void **state)
{
	struct queue *queue = new_queue(FIVE);
	struct queue_response response = {buffer_new("r", 1), buffer_new("{}", 2), NULL};
	struct queue_list list = {0};
	bool wake;

	(void)state;
	assert_true(queue_respond(queue, &response, &wake));
	assert_false(wake);
	queue_take(queue, &list, 10, false);
	feed_finish_all(queue, &list);
	queue_take(queue, &list, 10, true);
	assert_true(queue_respond(queue, &response, &wake));
	assert_true(wake);
	buffer_unref(response.topic);
	buffer_unref(response.payload);
	queue_free(queue);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rare_comes_first),
		cmocka_unit_test(test_only_statistics_and_rssi_stand_back),
		cmocka_unit_test(test_what_comes_later_may_come_out_first),
		cmocka_unit_test(test_drop_oldest),
		cmocka_unit_test(test_drop_newest),
		cmocka_unit_test(test_ranks_give_way),
		cmocka_unit_test(test_one_large_record_pushes_out_several),
		cmocka_unit_test(test_conflation_keeps_the_place),
		cmocka_unit_test(test_conflation_needs_the_same_station_of_the_same_controller),
		cmocka_unit_test(test_conflation_makes_room),
		cmocka_unit_test(test_only_rssi_is_conflated_by_default),
		cmocka_unit_test(test_what_is_taken_is_neither_dropped_nor_conflated),
		cmocka_unit_test(test_put_back_keeps_the_order),
		cmocka_unit_test(test_the_consumer_is_woken_once),
		cmocka_unit_test(test_a_batch_counts_its_records),
		cmocka_unit_test(test_many_finished_give_back_their_bytes),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_responses_come_after_documents_and_before_records),
		cmocka_unit_test(test_responses_that_are_put_back_come_first_again),
		cmocka_unit_test(test_responses_have_a_room_of_their_own),
		cmocka_unit_test(test_a_response_wakes_who_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
