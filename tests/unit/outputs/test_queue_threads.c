/* SPDX-License-Identifier: ISC */
/* test_queue_threads.c: a producer, a consumer and an onlooker at one queue
 *
 * To be run with -fsanitize=thread too. Only the main thread asserts; the others count what is
 * wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "outputs/queue.h"
#include "tests/unit/outputs/queue_feed.h"

#define RECORDS	  150000
#define MAX_BYTES 60000
#define STATIONS  50

struct stress {
	struct queue *queue;
	struct account_set set;
	atomic_bool done; /* nothing more will be published */
	atomic_int wrong;
	unsigned last_document; /* of those that were published */

	pthread_mutex_t lock;
	pthread_cond_t turn;
	bool woken;
};

static void
expect(struct stress *stress, bool right)
{
	if (!right)
		atomic_fetch_add(&stress->wrong, 1);
}

static void
wake(struct stress *stress)
{
	pthread_mutex_lock(&stress->lock);
	stress->woken = true;
	pthread_cond_signal(&stress->turn);
	pthread_mutex_unlock(&stress->lock);
}

static void
wait_turn(struct stress *stress)
{
	pthread_mutex_lock(&stress->lock);
	while (!stress->woken && !atomic_load(&stress->done))
		pthread_cond_wait(&stress->turn, &stress->lock);
	stress->woken = false;
	pthread_mutex_unlock(&stress->lock);
}

static void
produce(struct stress *stress)
{
	const enum kind kinds[] = {KIND_RSSI, KIND_RSSI, KIND_STATISTICS, KIND_INFO};
	uint64_t random = 7;
	char text[64];

	for (unsigned i = 1; i <= RECORDS; i++) {
		enum kind kind = kinds[feed_random(&random, 4)];
		struct publication record = {
			.kind = kind,
			.account = &stress->set.kinds[kind],
			.station = 1 + feed_random(&random, STATIONS),
		};

		snprintf(text, sizeof text, "%u", i);
		if (feed_publish(stress->queue, record, text))
			wake(stress);
		if (i % 100 == 0 && feed_document(stress->queue, "info", text))
			wake(stress);
	}
	atomic_store(&stress->done, true);
	wake(stress);
}

/* Of one station and kind, what is published is always newer than what was published before. */
static void
check_item(struct stress *stress, unsigned newest[KIND_COUNT][STATIONS + 1],
	   const struct queue_item *item)
{
	unsigned number = (unsigned)strtoul(item->payload->data, NULL, 10);
	unsigned *last = &stress->last_document;

	if (item->account)
		last = &newest[item->account - stress->set.kinds][item->station];
	expect(stress, number > *last);
	*last = number;
}

static void *
consume(void *user)
{
	static unsigned newest[KIND_COUNT][STATIONS + 1];
	struct stress *stress = user;
	struct queue_list list = {0};
	uint64_t random = 9;

	for (;;) {
		bool last = atomic_load(&stress->done);

		if (queue_take(stress->queue, &list, 1 + feed_random(&random, 40), true) == 0) {
			if (last)
				break;
			wait_turn(stress);
			continue;
		}
		if (feed_random(&random, 10) == 0)
			queue_put_back(stress->queue, &list);
		while (list.first) {
			bool published = feed_random(&random, 8) != 0;

			check_item(stress, newest, list.first);
			queue_finish(stress->queue, &list, list.first,
				     published ? OUTCOME_PUBLISHED : OUTCOME_DROPPED, DROP_REFUSED);
		}
	}
	return NULL;
}

static void *
look_on(void *user)
{
	struct stress *stress = user;

	while (!atomic_load(&stress->done)) {
		struct queue_level level;

		queue_level(stress->queue, &level);
		expect(stress, level.bytes <= MAX_BYTES && level.records <= RECORDS);
		for (int kind = 0; kind < KIND_COUNT; kind++) {
			struct account_view view;

			account_view(&stress->set.kinds[kind], &view);
			expect(stress, view.queued <= view.received);
		}
	}
	return NULL;
}

static uint64_t
sum_of_accounts(struct stress *stress)
{
	uint64_t received = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		struct account_view view = feed_view(&stress->set.kinds[kind]);

		assert_int_equal(view.queued, 0);
		received += view.received;
	}
	return received;
}

static void
test_three_threads(void **state)
{
	struct queue_settings settings = {.max_bytes = MAX_BYTES, .document_root = ""};
	static struct stress stress = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turn = PTHREAD_COND_INITIALIZER,
	};
	pthread_t consumer, onlooker;

	(void)state;
	stress.queue = queue_new(&settings);
	assert_non_null(stress.queue);
	assert_int_equal(pthread_create(&consumer, NULL, consume, &stress), 0);
	assert_int_equal(pthread_create(&onlooker, NULL, look_on, &stress), 0);
	produce(&stress);
	pthread_join(consumer, NULL);
	pthread_join(onlooker, NULL);
	assert_int_equal(atomic_load(&stress.wrong), 0);
	assert_int_equal(sum_of_accounts(&stress), RECORDS);
	assert_int_equal(stress.last_document, RECORDS);
	assert_int_equal(feed_bytes(stress.queue), 0);
	assert_int_equal(feed_records(stress.queue), 0);
	queue_free(stress.queue);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
