/* SPDX-License-Identifier: ISC */
/* test_gate.c: floors, and which records of a station wait; against a plain model */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "gateway/gate.h"

#define AP1 UINT64_C(0x2c574158eee0)
#define AP2 UINT64_C(0x2c574158ef00)

static struct dict no_names;

/* A gate with a filter of these options. */
static void
gate_with(struct gate *gate, const struct config_filter *config)
{
	struct filter *filter;

	assert_int_equal(filter_new(&filter, config, &no_names), 0);
	gate_set(gate, filter);
}

/* An rssi record of a station that an access point hears best. */
static struct subject
heard(uint64_t station, uint64_t ap, int dbm)
{
	return (struct subject){.kind = KIND_RSSI,
				.has_readings = true,
				.station = station,
				.mac = station,
				.ap = ap,
				.dbm = dbm};
}

static bool
at(struct gate *gate, uint64_t now, uint64_t station, uint64_t ap, int dbm)
{
	const struct subject subject = heard(station, ap, dbm);

	return gate_passes(gate, &subject, now);
}

static void
test_without_a_filter_all_pass(void **state)
{
	struct gate gate = {.filter = NULL};

	(void)state;
	assert_true(at(&gate, 0, 1, AP1, -127));
	assert_true(at(&gate, 0, 1, AP1, -127));
	gate_fini(&gate);
}

static void
test_a_floor(void **state)
{
	const struct config_filter config = {.rssi_floor_dbm = -70};
	struct subject none = heard(1, 0, PLACES_NO_DBM);
	struct gate gate = {.filter = NULL};

	(void)state;
	gate_with(&gate, &config);
	assert_true(at(&gate, 0, 1, AP1, -70));
	assert_false(at(&gate, 0, 1, AP1, -71));
	assert_false(gate_passes(&gate, &none, 0));
	none.has_readings = false;
	assert_true(gate_passes(&gate, &none, 0));
	none.kind = KIND_INFO;
	assert_true(gate_passes(&gate, &none, 0));
	gate_fini(&gate);
}

static void
test_an_interval(void **state)
{
	const struct config_filter config = {.interval_s = 10};
	struct gate gate = {.filter = NULL};

	(void)state;
	gate_with(&gate, &config);
	assert_true(at(&gate, 1000, 1, AP1, -60));
	assert_false(at(&gate, 1000, 1, AP1, -60));
	assert_true(at(&gate, 2000, 2, AP1, -60));
	assert_false(at(&gate, 10999, 1, AP2, -40));
	assert_true(at(&gate, 11000, 1, AP2, -40));
	assert_false(at(&gate, 20999, 1, AP2, -40));
	gate_fini(&gate);
}

static void
test_changes_do_not_wait(void **state)
{
	const struct config_filter config = {
		.interval_s = 10, .rssi_change_db = 5, .ap_change = true};
	struct gate gate = {.filter = NULL};

	(void)state;
	gate_with(&gate, &config);
	assert_true(at(&gate, 0, 1, AP1, -60));
	assert_false(at(&gate, 1, 1, AP1, -64));
	assert_true(at(&gate, 2, 1, AP1, -65));
	assert_false(at(&gate, 3, 1, AP1, -61));
	assert_true(at(&gate, 4, 1, AP1, -60));
	assert_true(at(&gate, 5, 1, AP2, -60));
	assert_true(at(&gate, 6, 1, 0, PLACES_NO_DBM));
	assert_false(at(&gate, 7, 1, 0, PLACES_NO_DBM));
	assert_true(at(&gate, 8, 1, AP2, -60));
	/* A change begins a new interval. */
	assert_false(at(&gate, 10007, 1, AP2, -60));
	assert_true(at(&gate, 10008, 1, AP2, -60));
	gate_fini(&gate);
}

static void
test_what_is_urgent_never_waits(void **state)
{
	const struct config_filter config = {.interval_s = 10};
	struct gate gate = {.filter = NULL};
	struct subject urgent = heard(1, AP1, -60);

	(void)state;
	urgent.urgent = true;
	gate_with(&gate, &config);
	assert_true(gate_passes(&gate, &urgent, 0));
	assert_true(gate_passes(&gate, &urgent, 1));
	assert_false(at(&gate, 10000, 1, AP1, -60));
	assert_true(at(&gate, 10001, 1, AP1, -60));
	gate_fini(&gate);
}

static void
test_other_kinds_and_nobody_pass(void **state)
{
	const struct config_filter config = {.interval_s = 10};
	struct subject info = {.kind = KIND_INFO, .station = 1, .mac = 1};
	struct gate gate = {.filter = NULL};

	(void)state;
	gate_with(&gate, &config);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(gate_passes(&gate, &info, 0));
		assert_true(at(&gate, 0, 0, AP1, -60));
	}
	assert_int_equal(gate.passed.n, 0);
	gate_fini(&gate);
}

static void
test_stations_are_bounded_and_forgotten(void **state)
{
	const struct config_filter config = {.interval_s = 10};
	struct gate gate = {.filter = NULL};

	(void)state;
	gate_with(&gate, &config);
	for (uint64_t i = 1; i <= GATE_STATIONS + 1; i++)
		assert_true(at(&gate, 0, i, AP1, -60));
	assert_int_equal(gate.passed.n, GATE_STATIONS);
	assert_false(at(&gate, 0, 2, AP1, -60));
	assert_true(at(&gate, 0, 1, AP1, -60));
	assert_true(at(&gate, 10000, 1, AP1, -60));
	assert_int_equal(gate.passed.n, 1);
	gate_fini(&gate);
	assert_int_equal(gate.passed.n, 0);
}

static void
test_another_filter_keeps_what_it_asks_for(void **state)
{
	const struct config_filter slow = {.interval_s = 60}, quick = {.interval_s = 10},
				   none = {.rssi_floor_dbm = -90};
	struct gate gate = {.filter = NULL};

	(void)state;
	gate_with(&gate, &slow);
	assert_true(at(&gate, 0, 1, AP1, -60));
	gate_with(&gate, &quick);
	assert_false(at(&gate, 9999, 1, AP1, -60));
	assert_true(at(&gate, 10000, 1, AP1, -60));
	gate_with(&gate, &none);
	assert_int_equal(gate.passed.n, 0);
	gate_set(&gate, NULL);
	assert_true(at(&gate, 10000, 1, AP1, -100));
	gate_fini(&gate);
}

static void
test_another_gate_goes_on(void **state)
{
	const struct config_filter config = {.interval_s = 10};
	struct gate gate = {.filter = NULL}, next = {.filter = NULL};

	(void)state;
	gate_with(&gate, &config);
	assert_true(at(&gate, 0, 1, AP1, -60));
	gate_succeed(&next, &gate);
	gate_with(&next, &config);
	assert_true(at(&gate, 0, 1, AP1, -60));
	gate_fini(&gate);
	assert_false(at(&next, 0, 1, AP1, -60));
	gate_fini(&next);
}

#define STATIONS 20

struct model {
	bool known[STATIONS];
	uint64_t passed_at[STATIONS], ap[STATIONS];
	int dbm[STATIONS];
};

static bool
model_passes(struct model *model, uint64_t now, unsigned station, uint64_t ap, int dbm)
{
	bool due = !model->known[station] || now - model->passed_at[station] >= 10000 ||
		   model->ap[station] != ap || abs(model->dbm[station] - dbm) >= 6;

	if (due) {
		model->known[station] = true;
		model->passed_at[station] = now;
		model->ap[station] = ap;
		model->dbm[station] = dbm;
	}
	return due;
}

static void
test_at_random(void **state)
{
	const struct config_filter config = {
		.interval_s = 10, .rssi_change_db = 6, .ap_change = true};
	struct gate gate = {.filter = NULL};
	struct model model = {.known = {false}};
	unsigned passed = 0;

	(void)state;
	gate_with(&gate, &config);
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned draw = turn * 2654435761U, station = (draw >> 4) % STATIONS;
		uint64_t now = 1000 + turn * UINT64_C(37), ap = draw >> 29 ? AP1 : AP2;
		int dbm = -60 - (int)(draw >> 12) % 8;
		bool due = model_passes(&model, now, station, ap, dbm);

		assert_int_equal(at(&gate, now, station + 1, ap, dbm), due);
		passed += due;
	}
	assert_in_range(passed, 2000, 18000);
	gate_fini(&gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_filter_all_pass),
		cmocka_unit_test(test_a_floor),
		cmocka_unit_test(test_an_interval),
		cmocka_unit_test(test_changes_do_not_wait),
		cmocka_unit_test(test_what_is_urgent_never_waits),
		cmocka_unit_test(test_other_kinds_and_nobody_pass),
		cmocka_unit_test(test_stations_are_bounded_and_forgotten),
		cmocka_unit_test(test_another_filter_keeps_what_it_asks_for),
		cmocka_unit_test(test_another_gate_goes_on),
		cmocka_unit_test(test_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
