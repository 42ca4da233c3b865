/* SPDX-License-Identifier: ISC */
/* test_spool_index.c: the table of the newest records of stations: growth, its bound, undoing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "outputs/spool_index.h"

static uint64_t
key_of(uint64_t station)
{
	return spool_index_key(&(struct spool_record){
		.kind = KIND_RSSI, .controller = "hq", .controller_length = 2, .station = station});
}

static void
set(struct spool_index *index, uint64_t station, uint64_t number)
{
	spool_index_set(index, key_of(station), (struct spool_place){.number = number, .rank = 2});
}

static uint64_t
find(const struct spool_index *index, uint64_t station)
{
	return spool_index_find(index, key_of(station)).number;
}

static void
test_finds_what_was_set_last(void **state)
{
	struct spool_index index = {0};

	(void)state;
	assert_int_equal(find(&index, 1), 0);
	for (uint64_t station = 1; station <= 5000; station++)
		set(&index, station, station + 10);
	set(&index, 7, 9000);
	spool_index_keep(&index);
	for (uint64_t station = 1; station <= 5000; station++)
		assert_int_equal(find(&index, station), station == 7 ? 9000 : station + 10);
	assert_int_equal(spool_index_find(&index, key_of(7)).rank, 2);
	assert_int_equal(find(&index, 5001), 0);
	spool_index_clear(&index);
	assert_int_equal(find(&index, 7), 0);
}

static void
test_keys_differ(void **state)
{
	struct spool_record record = {
		.kind = KIND_RSSI, .controller = "hq", .controller_length = 2, .station = 1};
	uint64_t key = spool_index_key(&record);

	(void)state;
	record.station = 2;
	assert_int_not_equal(spool_index_key(&record), key);
	record.station = 1;
	record.kind = KIND_INFO;
	assert_int_not_equal(spool_index_key(&record), key);
	record.kind = KIND_RSSI;
	record.controller_length = 1;
	assert_int_not_equal(spool_index_key(&record), key);
	record.controller_length = 2;
	assert_int_equal(spool_index_key(&record), key);
}

/* Also over the table's growth, and of a key that was set twice. */
static void
test_undo(void **state)
{
	struct spool_index index = {0};

	(void)state;
	for (uint64_t station = 1; station <= 700; station++)
		set(&index, station, station);
	spool_index_keep(&index);
	for (uint64_t station = 500; station <= 3000; station++)
		set(&index, station, 10000 + station);
	set(&index, 600, 20000);
	assert_int_equal(find(&index, 600), 20000);
	spool_index_undo(&index);
	for (uint64_t station = 1; station <= 3000; station++)
		assert_int_equal(find(&index, station), station <= 700 ? station : 0);
	spool_index_undo(&index);
	assert_int_equal(find(&index, 600), 600);
	spool_index_clear(&index);
}

/* What is gone is not found, and makes room without the table growing. */
static void
test_gone(void **state)
{
	struct spool_index index = {0};

	(void)state;
	for (uint64_t number = 1; number <= 100000; number++) {
		set(&index, number, number);
		spool_index_keep(&index);
		index.gone[2] = number > 100 ? number - 100 : 0;
	}
	assert_int_equal(find(&index, 100000), 100000);
	assert_int_equal(find(&index, 99901), 99901);
	assert_int_equal(find(&index, 99900), 0);
	assert_in_range(index.n_entries, 1, 1024);
	spool_index_clear(&index);
}

/* More stations than there may be: those that have no room are not found, and none is wrong. */
static void
test_bound(void **state)
{
	struct spool_index index = {0};
	uint64_t found = 0;

	(void)state;
	for (uint64_t station = 1; station <= 2 * SPOOL_INDEX_MOST; station++) {
		set(&index, station, station);
		spool_index_keep(&index);
	}
	for (uint64_t station = 1; station <= 2 * SPOOL_INDEX_MOST; station++) {
		assert_true(find(&index, station) == 0 || find(&index, station) == station);
		found += find(&index, station) != 0;
	}
	assert_int_equal(found, SPOOL_INDEX_MOST);
	assert_int_equal(index.n_entries * sizeof *index.entries, 16U << 20);
	index.gone[2] = SPOOL_INDEX_MOST;
	for (uint64_t station = 1; station <= SPOOL_INDEX_MOST; station++) {
		set(&index, station, 2 * SPOOL_INDEX_MOST + station);
		spool_index_keep(&index);
	}
	assert_int_equal(find(&index, SPOOL_INDEX_MOST), 3 * SPOOL_INDEX_MOST);
	spool_index_clear(&index);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_was_set_last),
		cmocka_unit_test(test_keys_differ),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
