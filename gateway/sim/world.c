/* SPDX-License-Identifier: ISC */
/* world.c: access points on a floor plan, and what walks, attaches and interferes between them */
#include "gateway/sim/world.h"

#include <math.h>
#include <stdlib.h>

#include "gateway/sim/air.h"
#include "gateway/sim/prng.h"

#define AP_SPACING	 15.0 /* m */
#define APS_PER_FLOOR	 6
#define MOST_FLOORS	 4
#define ROAM_EVERY_STEPS 4    /* a client looks for a better access point this often */
#define ROAM_MARGIN_DB	 6.0  /* and takes it when it is this much louder */
#define WIRED_STAY_S	 90.0 /* mean time that a port keeps its state */
#define ALARM_EVERY_S	 20.0 /* mean time between two */

static const char *const kind_names[WORLD_KINDS] = {"client", "tag", "rogue_ap", "rogue_client",
						    "interferer"};

static void
place_ap(struct world *world, uint32_t index, uint32_t per_floor, uint32_t columns)
{
	static const uint16_t low[] = {1, 6, 11}, high[] = {36, 44, 52, 60, 100, 108, 149, 157};
	struct world_ap *ap = &world->aps[index];
	uint32_t place = index % per_floor, row = place / columns;

	ap->mac = 0x2c5741000000U | ((world->size.seed * 0x100 + index + 1) << 4 & 0xffffff);
	ap->at.x = AP_SPACING * (place % columns + 0.5);
	ap->at.y = AP_SPACING * (row + 0.5);
	ap->at.floor = (int)(index / per_floor);
	ap->radios[0] = (struct world_radio){low[index % 3], 20, 11, 0};
	ap->radios[1] = (struct world_radio){high[index % 8], 40, 14, 0};
}

static uint32_t
at_least(uint32_t number, uint32_t least)
{
	return number < least ? least : number;
}

/* Floors as square as the spacing allows, all of the same size. */
static void
plan_floors(struct world *world)
{
	uint32_t floors = at_least((world->n_aps + APS_PER_FLOOR - 1) / APS_PER_FLOOR, 1);
	uint32_t per_floor, columns, rows;

	if (floors > MOST_FLOORS)
		floors = MOST_FLOORS;
	per_floor = at_least((world->n_aps + floors - 1) / floors, 1);
	columns = at_least((uint32_t)ceil(sqrt(1.5 * per_floor)), 2);
	rows = (per_floor - 1) / columns + 1;
	world->floors = (int)floors;
	world->width = AP_SPACING * columns;
	world->depth = AP_SPACING * rows;
	for (uint32_t i = 0; i < world->n_aps; i++)
		place_ap(world, i, per_floor, columns);
}

static struct world_point
somewhere(struct world *world)
{
	struct world_point point;

	point.x = prng_between(&world->random, 0.5, world->width - 0.5);
	point.y = prng_between(&world->random, 0.5, world->depth - 0.5);
	point.floor = (int)prng_below(&world->random, (uint32_t)world->floors);
	return point;
}

/* The low 24 bits of an address: other ones for every number below 2^24, and for most seeds. */
static uint64_t
mac_low(const struct world *world, uint64_t number)
{
	return (world->size.seed * 0x1000 + number + 1) * 0x9e3779 & 0xffffff;
}

/* Addresses by kind, none twice. Two of three clients use one of their own making, as telephones
 * do. */
static uint64_t
station_mac(struct world *world, const struct world_station *station)
{
	uint64_t low = mac_low(world, (uint64_t)station->kind << 20 | station->number);

	switch (station->kind) {
	case WORLD_CLIENT:
		if (station->number % 3 != 0)
			return 0x020000000000U | (prng_next(&world->random) & 0xfcffff) << 24 | low;
		return 0xa483e7000000U | low;
	case WORLD_TAG:
		return 0x000ccc000000U | low;
	case WORLD_ROGUE_AP:
		return 0x001f3c000000U | low;
	case WORLD_ROGUE_CLIENT:
		return 0x3c5ab4000000U | low;
	case WORLD_INTERFERER:
	case WORLD_KINDS:
		break;
	}
	return 0x00a0f8000000U | low;
}

static void
station_init(struct world *world, struct world_station *station)
{
	static const double speeds[WORLD_KINDS] = {1.2, 0.8, 0.3, 1.0, 0.0};
	static const double powers[WORLD_KINDS] = {15.0, 17.0, 17.0, 15.0, 12.0};

	station->mac = station_mac(world, station);
	station->at = somewhere(world);
	station->goal = station->at;
	station->speed = speeds[station->kind] * prng_between(&world->random, 0.7, 1.3);
	station->tx_power_dbm = powers[station->kind] + prng_between(&world->random, -2, 2);
	station->pause_until_ms = prng_below(&world->random, 10000);
	station->ap = WORLD_NOWHERE;
	station->slot = station->kind == WORLD_CLIENT ? station->number % 4 != 0 : 0;
}

/* Of three rogues two are access points, the third is a client of the one before it. */
static void
populate(struct world *world)
{
	uint32_t count[WORLD_KINDS] = {world->size.clients, world->size.tags};
	struct world_station *station = world->stations;

	count[WORLD_ROGUE_CLIENT] = world->size.rogues / 3;
	count[WORLD_ROGUE_AP] = world->size.rogues - count[WORLD_ROGUE_CLIENT];
	count[WORLD_INTERFERER] = (world->n_aps + 5) / 6;
	for (int kind = 0; kind < WORLD_KINDS; kind++) {
		world->first[kind] = (uint32_t)(station - world->stations);
		for (uint32_t i = 0; i < count[kind]; i++, station++) {
			station->kind = (enum world_kind)kind;
			station->number = i;
			station_init(world, station);
		}
	}
	world->first[WORLD_KINDS] = (uint32_t)(station - world->stations);
	world->n_stations = world->first[WORLD_KINDS];
	for (uint32_t i = 0; i < world->n_wired; i++) {
		world->wired[i].mac = 0x001bd4000000U |
				      mac_low(world, (uint64_t)WORLD_KINDS << 20 | i);
		world->wired[i].port = i;
		world->wired[i].attached = i % 4 != 3;
	}
}

static void
event_add(struct world *world, enum world_event_type type, uint32_t subject, uint32_t ap)
{
	struct world_event *event = &world->events[world->n_events++ % WORLD_EVENTS];

	event->type = type;
	event->ms = world->now_ms;
	event->subject = subject;
	event->ap = ap;
	event->detail = type == WORLD_ALARM ? (uint32_t)(prng_next(&world->random) >> 32) : 0;
}

/* True about once in `seconds`, asked once a step. */
static bool
happens(struct world *world, double seconds)
{
	double chance = WORLD_STEP_MS / 1000.0 / seconds;

	return prng_fraction(prng_next(&world->random)) < chance;
}

/* Stays with its access point until another one is clearly louder. */
static void
station_roam(struct world *world, struct world_station *station)
{
	uint32_t ap = 0, slot = station->slot;
	bool heard = air_loudest(world, station, &ap);

	if (heard && station->ap != WORLD_NOWHERE) {
		double now = air_rssi(world, (uint32_t)station->ap, slot, station);
		if (air_rssi(world, ap, slot, station) < now + ROAM_MARGIN_DB)
			return;
	}
	if (!heard && station->ap == WORLD_NOWHERE)
		return;
	if (station->ap == WORLD_NOWHERE)
		station->joined_ms = world->now_ms;
	else
		world->aps[station->ap].radios[slot].clients--;
	station->ap = heard ? (int32_t)ap : WORLD_NOWHERE;
	station->changed_ms = world->now_ms;
	if (heard)
		world->aps[ap].radios[slot].clients++;
	event_add(world, WORLD_ROAMED, (uint32_t)(station - world->stations), ap);
}

/* Walks straight to its goal; to another floor by the stairs in the middle of the plan. */
static void
station_walk(struct world *world, struct world_station *station)
{
	struct world_point stairs = {world->width / 2, world->depth / 2, station->at.floor};
	bool other_floor = station->goal.floor != station->at.floor;
	const struct world_point *to = other_floor ? &stairs : &station->goal;
	double stride = station->speed * WORLD_STEP_MS / 1000.0;
	double dx = to->x - station->at.x, dy = to->y - station->at.y;
	double left = sqrt(dx * dx + dy * dy);

	if (world->now_ms < station->pause_until_ms || station->speed <= 0)
		return;
	if (left > stride) {
		station->at.x += dx / left * stride;
		station->at.y += dy / left * stride;
		return;
	}
	station->at.x = to->x;
	station->at.y = to->y;
	if (other_floor) {
		station->at.floor = station->goal.floor;
		return;
	}
	station->pause_until_ms = world->now_ms + 2000 + prng_below(&world->random, 28000);
	station->goal = somewhere(world);
	if (prng_below(&world->random, 8) != 0)
		station->goal.floor = station->at.floor;
}

static void
station_talk(struct world *world, struct world_station *station)
{
	struct world_traffic *traffic = &station->traffic;
	uint32_t sent = prng_below(&world->random, 40), got = prng_below(&world->random, 200);

	if (station->kind == WORLD_INTERFERER)
		return;
	if (station->kind == WORLD_TAG)
		sent = 1, got = 0;
	traffic->packets_rx += sent;
	traffic->packets_tx += got;
	traffic->bytes_rx += sent * (60 + prng_below(&world->random, 400));
	traffic->bytes_tx += got * (100 + prng_below(&world->random, 1300));
	traffic->retries += sent / 10;
	traffic->errors += prng_below(&world->random, 50) == 0;
}

static void
wired_step(struct world *world, uint32_t index)
{
	struct world_wired *wired = &world->wired[index];

	if (!happens(world, WIRED_STAY_S))
		return;
	wired->attached = !wired->attached;
	wired->since_ms = world->now_ms;
	event_add(world, wired->attached ? WORLD_WIRED_NEW : WORLD_WIRED_GONE, index, 0);
}

static void
alarm_step(struct world *world)
{
	uint32_t rogues = world->first[WORLD_INTERFERER] - world->first[WORLD_ROGUE_AP];

	if (rogues == 0 || world->n_aps == 0 || !happens(world, ALARM_EVERY_S))
		return;
	event_add(world, WORLD_ALARM,
		  world->first[WORLD_ROGUE_AP] + prng_below(&world->random, rogues),
		  prng_below(&world->random, world->n_aps));
}

static void
world_step(struct world *world)
{
	uint64_t step = world->now_ms / WORLD_STEP_MS;

	for (uint32_t i = 0; i < world->n_stations; i++) {
		struct world_station *station = &world->stations[i];

		station_walk(world, station);
		station_talk(world, station);
		if (station->kind == WORLD_CLIENT && (step + i) % ROAM_EVERY_STEPS == 0)
			station_roam(world, station);
	}
	for (uint32_t i = 0; i < world->n_wired; i++)
		wired_step(world, i);
	alarm_step(world);
	world->now_ms += WORLD_STEP_MS;
}

struct world *
world_new(const struct world_size *size)
{
	struct world *world = calloc(1, sizeof *world);
	size_t stations = (size_t)size->clients + size->tags + size->rogues + size->aps / 6 + 1;

	if (!world)
		return NULL;
	world->size = *size;
	world->random = prng_mix(size->seed);
	world->n_aps = size->aps;
	world->n_wired = size->clients ? 4 + size->clients / 4 : 0;
	world->aps = calloc(size->aps + 1, sizeof *world->aps);
	world->stations = calloc(stations, sizeof *world->stations);
	world->wired = calloc(world->n_wired + 1, sizeof *world->wired);
	if (!world->aps || !world->stations || !world->wired) {
		world_free(world);
		return NULL;
	}
	plan_floors(world);
	populate(world);
	for (uint32_t i = 0; i < world->first[WORLD_TAG]; i++)
		station_roam(world, &world->stations[i]);
	return world;
}

void
world_free(struct world *world)
{
	if (!world)
		return;
	free(world->aps);
	free(world->stations);
	free(world->wired);
	free(world);
}

void
world_advance(struct world *world, uint64_t now_ms)
{
	while (world->now_ms + WORLD_STEP_MS <= now_ms)
		world_step(world);
}

uint64_t
world_event_from(const struct world *world, uint64_t from)
{
	uint64_t oldest = world->n_events > WORLD_EVENTS ? world->n_events - WORLD_EVENTS : 0;

	if (from < oldest)
		return oldest;
	return from < world->n_events ? from : world->n_events;
}

const char *
world_kind_name(enum world_kind kind)
{
	return kind_names[kind];
}
