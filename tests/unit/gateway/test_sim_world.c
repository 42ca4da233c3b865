/* SPDX-License-Identifier: ISC */
/* test_sim_world.c: the simulator's world: the same for a seed, on its floors, louder when nearer
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/sim/air.h"
#include "gateway/sim/world.h"

#define HOUR_MS 3600000

static const struct world_size size = {.aps = 12,
				       .clients = 40,
				       .tags = 10,
				       .rogues = 5,
				       .seed = 7};

static struct world *
make(const struct world_size *wanted)
{
	struct world *world = world_new(wanted);

	assert_non_null(world);
	return world;
}

static bool
same_station(const struct world_station *a, const struct world_station *b)
{
	return a->mac == b->mac && a->kind == b->kind && a->at.x == b->at.x && a->at.y == b->at.y &&
	       a->at.floor == b->at.floor && a->ap == b->ap &&
	       a->traffic.bytes_rx == b->traffic.bytes_rx;
}

static void
assert_same(const struct world *a, const struct world *b)
{
	assert_int_equal(a->now_ms, b->now_ms);
	assert_int_equal(a->n_events, b->n_events);
	assert_int_equal(a->n_stations, b->n_stations);
	for (uint32_t i = 0; i < a->n_stations; i++)
		assert_true(same_station(&a->stations[i], &b->stations[i]));
	for (uint32_t i = 0; i < a->n_wired; i++)
		assert_int_equal(a->wired[i].attached, b->wired[i].attached);
}

static void
test_same_for_a_seed(void **state)
{
	struct world *one = make(&size), *other = make(&size);

	(void)state;
	assert_same(one, other);
	world_advance(one, 120000);
	for (uint64_t ms = 0; ms <= 120000; ms += 77)
		world_advance(other, ms);
	world_advance(other, 120000);
	assert_same(one, other);
	world_free(one);
	world_free(other);
}

static void
test_another_seed_is_another_world(void **state)
{
	struct world_size changed = size;
	struct world *one = make(&size), *other;
	uint32_t same = 0;

	(void)state;
	changed.seed++;
	other = make(&changed);
	for (uint32_t i = 0; i < one->n_stations; i++)
		for (uint32_t k = 0; k < other->n_stations; k++)
			same += one->stations[i].mac == other->stations[k].mac;
	assert_int_equal(same, 0);
	world_free(one);
	world_free(other);
}

static void
test_addresses_are_single(void **state)
{
	const struct world_size many = {
		.aps = 300, .clients = 3000, .tags = 500, .rogues = 300, .seed = 3};
	struct world *world = make(&many);

	(void)state;
	for (uint32_t i = 0; i < world->n_stations; i++) {
		assert_int_equal(world->stations[i].mac >> 40 & 1, 0);
		for (uint32_t k = 0; k < i; k++)
			assert_int_not_equal(world->stations[i].mac, world->stations[k].mac);
	}
	world_free(world);
}

static void
assert_inside(const struct world *world, const struct world_point *at)
{
	assert_true(at->x >= 0 && at->x <= world->width);
	assert_true(at->y >= 0 && at->y <= world->depth);
	assert_in_range(at->floor, 0, world->floors - 1);
}

static void
test_stations_stay_on_the_floor(void **state)
{
	struct world *world = make(&size);
	uint32_t moved = 0;

	(void)state;
	for (uint32_t i = 0; i < world->n_aps; i++)
		assert_inside(world, &world->aps[i].at);
	for (uint64_t ms = 0; ms <= HOUR_MS; ms += 5000) {
		struct world_point before = world->stations[0].at;

		world_advance(world, ms);
		for (uint32_t i = 0; i < world->n_stations; i++)
			assert_inside(world, &world->stations[i].at);
		moved += before.x != world->stations[0].at.x;
	}
	assert_true(moved > 100);
	world_free(world);
}

/* No leaps: at 1.56 m/s at most, but for the stairs, that change the floor alone. */
static void
test_stations_walk(void **state)
{
	struct world *world = make(&size);

	(void)state;
	for (uint64_t ms = WORLD_STEP_MS; ms <= 600000; ms += WORLD_STEP_MS) {
		struct world_point before = world->stations[1].at;
		const struct world_point *now = &world->stations[1].at;

		world_advance(world, ms);
		assert_true(hypot(now->x - before.x, now->y - before.y) <=
			    1.57 * WORLD_STEP_MS / 1000);
	}
	world_free(world);
}

/* The mean over all places of a floor at a distance from an access point, so that shadows even out.
 */
static double
mean_rssi(const struct world *world, uint32_t slot, double metres)
{
	struct world_station station = world->stations[0];
	double sum = 0;
	int n = 0;

	for (uint32_t ap = 0; ap < world->n_aps; ap++)
		for (int degree = 0; degree < 360; degree += 10, n++) {
			station.at = world->aps[ap].at;
			station.at.x += metres * cos(degree * M_PI / 180);
			station.at.y += metres * sin(degree * M_PI / 180);
			sum += air_rssi(world, ap, slot, &station);
		}
	return sum / n;
}

static void
test_rssi_falls_with_distance(void **state)
{
	static const double metres[] = {2, 4, 8, 16, 32, 64};
	struct world *world = make(&size);

	(void)state;
	for (uint32_t slot = 0; slot < WORLD_RADIOS; slot++)
		for (size_t i = 1; i < sizeof metres / sizeof *metres; i++) {
			double fall = mean_rssi(world, slot, metres[i - 1]) -
				      mean_rssi(world, slot, metres[i]);
			/* 8.4 or 9.0 dB each time the distance doubles. */
			assert_true(fall > 6 && fall < 12);
		}
	world_free(world);
}

/* A step to the side changes little: shadows are wider than that. */
static void
test_shadows_are_smooth(void **state)
{
	struct world *world = make(&size);
	struct world_station station = world->stations[0];
	double before;

	(void)state;
	station.at = (struct world_point){1, 10, 0};
	before = air_rssi(world, 5, 0, &station);
	for (int i = 0; i < 250; i++) {
		double now;

		station.at.x += 0.1;
		now = air_rssi(world, 5, 0, &station);
		assert_true(fabs(now - before) < 1.5);
		before = now;
	}
	world_free(world);
}

static void
test_ceilings_dampen(void **state)
{
	struct world *world = make(&size);
	struct world_station station = world->stations[0];
	double below = 0, beside = 0;

	(void)state;
	assert_true(world->floors > 1);
	for (uint32_t ap = 0; ap < world->n_aps; ap++) {
		station.at = world->aps[ap].at;
		beside += air_rssi(world, ap, 0, &station);
		station.at.floor = station.at.floor ? 0 : 1;
		below += air_rssi(world, ap, 0, &station);
	}
	assert_true(below / world->n_aps < beside / world->n_aps - 15);
	world_free(world);
}

static void
test_hearings_are_sorted(void **state)
{
	struct world *world = make(&size);
	struct air_reading readings[6];

	(void)state;
	for (uint32_t i = 0; i < world->n_stations; i++) {
		uint32_t n = air_hear(world, &world->stations[i], -1000, readings, 6);

		assert_int_equal(n, 6);
		for (uint32_t k = 1; k < n; k++)
			assert_true(readings[k - 1].snr_db >= readings[k].snr_db);
	}
	assert_int_equal(air_hear(world, &world->stations[0], -1000, readings, 0), 0);
	assert_int_equal(air_hear(world, &world->stations[0], 0, readings, 6), 0);
	world_free(world);
}

static void
test_events_are_remembered(void **state)
{
	struct world *world = make(&size);
	uint64_t began = world->n_events;

	(void)state;
	world_advance(world, 600000);
	assert_true(world->n_events > began);
	assert_int_equal(world_event_from(world, world->n_events), world->n_events);
	assert_int_equal(world_event_from(world, UINT64_MAX), world->n_events);
	world->n_events = 3 * WORLD_EVENTS;
	assert_int_equal(world_event_from(world, 5), 2 * WORLD_EVENTS);
	world_free(world);
}

static void
test_served_clients_add_up(void **state)
{
	struct world *world = make(&size);
	uint32_t served = 0, counted = 0;

	(void)state;
	world_advance(world, HOUR_MS);
	for (uint32_t i = 0; i < world->n_stations; i++)
		served += world->stations[i].ap != WORLD_NOWHERE;
	for (uint32_t i = 0; i < world->n_aps; i++)
		counted +=
			(uint32_t)world->aps[i].radios[0].clients + world->aps[i].radios[1].clients;
	assert_int_equal(served, counted);
	world_free(world);
}

static void
test_empty_worlds(void **state)
{
	const struct world_size sizes[] = {{.seed = 1},
					   {.clients = 3, .tags = 1, .rogues = 1, .seed = 1},
					   {.aps = 1, .seed = 1}};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct world *world = make(&sizes[i]);

		world_advance(world, 60000);
		assert_int_equal(world->now_ms, 60000);
		world_free(world);
	}
	world_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_for_a_seed),
		cmocka_unit_test(test_another_seed_is_another_world),
		cmocka_unit_test(test_addresses_are_single),
		cmocka_unit_test(test_stations_stay_on_the_floor),
		cmocka_unit_test(test_stations_walk),
		cmocka_unit_test(test_rssi_falls_with_distance),
		cmocka_unit_test(test_shadows_are_smooth),
		cmocka_unit_test(test_ceilings_dampen),
		cmocka_unit_test(test_hearings_are_sorted),
		cmocka_unit_test(test_events_are_remembered),
		cmocka_unit_test(test_served_clients_add_up),
		cmocka_unit_test(test_empty_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
