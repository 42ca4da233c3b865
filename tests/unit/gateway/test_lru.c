/* SPDX-License-Identifier: ISC */
/* test_lru.c: what is remembered, how many of it, and for how long; against a plain model */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gateway/lru.h"

#define KEYS	  300
#define MAX	  100
#define TTL	  500
#define TURNS	  40000
#define MANY	  20000
#define FAR_APART UINT64_C(0x10001000100)

static void
put(struct lru *lru, uint64_t key, int number, uint64_t now)
{
	int *value = lru_set(lru, key, sizeof *value, now);

	assert_non_null(value);
	assert_int_equal(*value, 0);
	*value = number;
}

static int
get(struct lru *lru, uint64_t key, uint64_t now)
{
	const int *value = lru_find(lru, key, now);

	return value ? *value : -1;
}

static void
test_nothing_takes_no_memory(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, MAX, TTL);
	assert_int_equal(get(&lru, 1, 0), -1);
	lru_drop(&lru, 1);
	assert_null(lru.buckets);
	lru_fini(&lru);
}

static void
test_the_last_value_of_a_key_counts(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, MAX, TTL);
	put(&lru, 0, 1, 10);
	put(&lru, UINT64_MAX, 2, 10);
	put(&lru, 0, 3, 10);
	assert_int_equal(get(&lru, 0, 10), 3);
	assert_int_equal(get(&lru, UINT64_MAX, 10), 2);
	assert_int_equal(lru.n, 2);
	lru_drop(&lru, 0);
	assert_int_equal(get(&lru, 0, 10), -1);
	lru_fini(&lru);
	assert_null(lru.buckets);
}

static void
test_a_value_ends_with_its_time(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, MAX, TTL);
	put(&lru, 1, 1, 1000);
	put(&lru, 2, 2, 1000);
	assert_int_equal(get(&lru, 1, 1000 + TTL - 1), 1);
	lru_renew(&lru, lru_find(&lru, 2, 1400), 1400);
	assert_int_equal(get(&lru, 1, 1000 + TTL), -1);
	assert_int_equal(lru.n, 1);
	assert_int_equal(get(&lru, 2, 1400 + TTL - 1), 2);
	assert_int_equal(get(&lru, 2, 1400 + TTL), -1);
	assert_int_equal(lru.n, 0);
	lru_fini(&lru);
}

static void
test_without_a_time_it_stays(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, MAX, 0);
	put(&lru, 1, 1, 1000);
	assert_int_equal(get(&lru, 1, UINT64_MAX), 1);
	lru_fini(&lru);
}

/* What was set in what is now the future counts from now. */
static void
test_a_clock_that_is_set_back(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, MAX, TTL);
	put(&lru, 1, 1, 1000000);
	put(&lru, 2, 2, 1000);
	assert_int_equal(get(&lru, 1, 1000), 1);
	assert_int_equal(get(&lru, 1, 1000 + TTL - 1), 1);
	assert_int_equal(get(&lru, 1, 1000 + TTL), -1);
	put(&lru, 3, 3, 3000);
	put(&lru, 4, 4, 5000);
	assert_int_equal(get(&lru, 4, 3200), 4);
	assert_int_equal(get(&lru, 3, 3000 + TTL), -1);
	assert_int_equal(get(&lru, 4, 3200 + TTL - 1), 4);
	assert_int_equal(get(&lru, 4, 3200 + TTL), -1);
	lru_fini(&lru);
}

static void
test_a_full_table_forgets_the_oldest(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, 3, 0);
	for (int i = 1; i <= 3; i++)
		put(&lru, (uint64_t)i, i, 10);
	lru_renew(&lru, lru_find(&lru, 1, 10), 10);
	put(&lru, 4, 4, 10);
	assert_int_equal(get(&lru, 2, 10), -1);
	put(&lru, 1, 5, 10);
	put(&lru, 5, 5, 10);
	assert_int_equal(get(&lru, 3, 10), -1);
	assert_int_equal(get(&lru, 4, 10), 4);
	assert_int_equal(get(&lru, 1, 10), 5);
	assert_int_equal(lru.n, 3);
	lru_fini(&lru);
}

static void
test_other_limits(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, 10, 0);
	for (int i = 1; i <= 10; i++)
		put(&lru, (uint64_t)i, i, 10);
	lru_limit(&lru, 2, 5);
	assert_int_equal(lru.n, 2);
	assert_int_equal(get(&lru, 10, 14), 10);
	assert_int_equal(get(&lru, 8, 14), -1);
	assert_int_equal(get(&lru, 10, 15), -1);
	lru_fini(&lru);
}

static void
test_many(void **state)
{
	struct lru lru;

	(void)state;
	lru_init(&lru, MANY, TTL);
	for (int i = 0; i < 2 * MANY; i++)
		put(&lru, (uint64_t)i * FAR_APART, i, 10);
	assert_int_equal(lru.n, MANY);
	for (int i = 0; i < 2 * MANY; i++)
		assert_int_equal(get(&lru, (uint64_t)i * FAR_APART, 10), i < MANY ? -1 : i);
	assert_int_equal(get(&lru, 0, 10 + TTL), -1);
	assert_int_equal(lru.n, 0);
	assert_null(lru.buckets);
	lru_fini(&lru);
}

/* The model: all keys, with the turn and time of their last change. */
struct model {
	struct {
		bool there;
		int value;
		unsigned turn;
		uint64_t at;
	} keys[KEYS];
};

static void
model_expire(struct model *model, uint64_t now)
{
	for (unsigned i = 0; i < KEYS; i++)
		if (model->keys[i].there && now - model->keys[i].at >= TTL)
			model->keys[i].there = false;
}

static void
model_make_room(struct model *model)
{
	unsigned n = 0, oldest = KEYS;

	for (unsigned i = 0; i < KEYS; i++) {
		if (!model->keys[i].there)
			continue;
		n++;
		if (oldest == KEYS || model->keys[i].turn < model->keys[oldest].turn)
			oldest = i;
	}
	if (n >= MAX)
		model->keys[oldest].there = false;
}

static void
model_set(struct model *model, unsigned key, unsigned turn, uint64_t now)
{
	model->keys[key].there = false;
	model_make_room(model);
	model->keys[key].there = true;
	model->keys[key].value = (int)turn;
	model->keys[key].turn = turn;
	model->keys[key].at = now;
}

static void
step(struct lru *lru, struct model *model, unsigned turn, uint64_t now)
{
	unsigned draw = turn * 2654435761U, key = (draw >> 8) % KEYS;
	void *value;

	model_expire(model, now);
	if ((draw >> 28) < 6) {
		put(lru, key, (int)turn, now);
		model_set(model, key, turn, now);
		return;
	}
	value = lru_find(lru, key, now);
	assert_int_equal(value ? *(int *)value : -1,
			 model->keys[key].there ? model->keys[key].value : -1);
	if (!value || (draw >> 28) < 12)
		return;
	lru_renew(lru, value, now);
	model->keys[key].turn = turn;
	model->keys[key].at = now;
}

static void
test_at_random(void **state)
{
	static struct model model;
	struct lru lru;
	uint64_t now = 1000;

	(void)state;
	lru_init(&lru, MAX, TTL);
	for (unsigned turn = 1; turn <= TURNS; turn++) {
		now += turn % 7 == 0;
		now += turn % 5000 == 0 ? TTL / 2 : 0;
		step(&lru, &model, turn, now);
		assert_true(lru.n <= MAX);
	}
	lru_fini(&lru);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_takes_no_memory),
		cmocka_unit_test(test_the_last_value_of_a_key_counts),
		cmocka_unit_test(test_a_value_ends_with_its_time),
		cmocka_unit_test(test_without_a_time_it_stays),
		cmocka_unit_test(test_a_clock_that_is_set_back),
		cmocka_unit_test(test_a_full_table_forgets_the_oldest),
		cmocka_unit_test(test_other_limits),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
