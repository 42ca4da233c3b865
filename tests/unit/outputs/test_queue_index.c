/* SPDX-License-Identifier: ISC */
/* test_queue_index.c: the newest of each station is found, whatever comes and goes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "outputs/queue_index.h"
#include "tests/unit/outputs/queue_feed.h"

#define ITEMS	 3000
#define STATIONS 700
#define STEPS	 100000

static struct account accounts[2];
static struct queue_item items[ITEMS];
static unsigned inserted[ITEMS]; /* when; 0: not in the index */

/* What a look at every item finds. */
static struct queue_item *
find_newest(const struct account *account, uint64_t station)
{
	struct queue_item *newest = NULL;

	for (size_t i = 0; i < ITEMS; i++)
		if (inserted[i] && items[i].account == account && items[i].station == station &&
		    (!newest || inserted[i] > inserted[newest - items]))
			newest = &items[i];
	return newest;
}

static void
assert_chain(struct queue_item *newest)
{
	if (newest)
		assert_null(newest->newer);
	for (; newest && newest->older; newest = newest->older) {
		assert_ptr_equal(newest->older->newer, newest);
		assert_int_equal(newest->older->station, newest->station);
		assert_true(inserted[newest->older - items] < inserted[newest - items]);
	}
}

static void
test_random_steps(void **state)
{
	uint64_t random = 1;
	struct queue_index index;
	size_t n = 0;

	(void)state;
	assert_int_equal(queue_index_init(&index), 0);
	for (unsigned step = 1; step <= STEPS; step++) {
		uint32_t i = feed_random(&random, ITEMS);

		if (inserted[i]) {
			queue_index_remove(&index, &items[i]);
			n--;
		} else {
			items[i].account = &accounts[feed_random(&random, 2)];
			items[i].station = (uint64_t)(1 + feed_random(&random, STATIONS)) << 40;
			queue_index_insert(&index, &items[i]);
			n++;
		}
		inserted[i] = inserted[i] ? 0 : step;
		assert_int_equal(index.n_items, n);
		if (step % 50 != 0)
			continue;
		struct queue_item *newest =
			queue_index_find(&index, items[i].account, items[i].station);

		assert_ptr_equal(newest, find_newest(items[i].account, items[i].station));
		assert_chain(newest);
	}
	assert_true(index.n_buckets >= 1024);
	queue_index_fini(&index);
}

static void
test_not_in_the_index(void **state)
{
	struct queue_index index;
	struct queue_item item = {.account = &accounts[0], .station = 5};

	(void)state;
	assert_int_equal(queue_index_init(&index), 0);
	assert_null(queue_index_find(&index, &accounts[0], 5));
	queue_index_remove(&index, &item);
	queue_index_insert(&index, &item);
	assert_ptr_equal(queue_index_find(&index, &accounts[0], 5), &item);
	assert_null(queue_index_find(&index, &accounts[1], 5));
	assert_null(queue_index_find(&index, &accounts[0], 6));
	queue_index_remove(&index, &item);
	queue_index_remove(&index, &item);
	assert_int_equal(index.n_items, 0);
	assert_null(queue_index_find(&index, &accounts[0], 5));
	queue_index_fini(&index);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_steps),
		cmocka_unit_test(test_not_in_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
