/* SPDX-License-Identifier: ISC */
/* air.c: how loud an access point hears a station */
#include "gateway/sim/air.h"

#include <math.h>
#include <stdlib.h>

#include "gateway/sim/prng.h"

#define CEILING_DB    17.0 /* loss through one */
#define FLOOR_HEIGHT  3.5  /* m */
#define SHADOW_CELL   5.0  /* m between two independent shadows */
#define SHADOW_DB     4.0  /* standard deviation */
#define FADING_DB     1.5
#define NOISE_DBM     (-94.0)
#define SILENCE_DBM   (-1e3)
#define MOST_CEILINGS 2

/* Loss at one metre and the exponent, for each slot. */
static const struct {
	double first_metre_db;
	double exponent;
} bands[WORLD_RADIOS] = {{40.0, 2.8}, {46.4, 3.0}};

/* About normal with variance 1, from one stirred number: the sum of four fractions. */
static double
normal(uint64_t u)
{
	double sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (double)(u >> (16 * i) & 0xffff) / 65536.0;
	return (sum - 2.0) * sqrt(3.0);
}

static double
shadow_corner(uint64_t key, int column, int row)
{
	return normal(prng_mix(key ^ (uint64_t)(uint32_t)column << 32 ^ (uint32_t)row));
}

/* Independent values on a grid, and between its corners what they give by distance. */
static double
shadow(uint64_t key, const struct world_point *at)
{
	double x = at->x / SHADOW_CELL, y = at->y / SHADOW_CELL;
	int column = (int)floor(x), row = (int)floor(y);
	double u = x - column, v = y - row;
	double south =
		(1 - u) * shadow_corner(key, column, row) + u * shadow_corner(key, column + 1, row);
	double north = (1 - u) * shadow_corner(key, column, row + 1) +
		       u * shadow_corner(key, column + 1, row + 1);

	return SHADOW_DB * ((1 - v) * south + v * north);
}

static double
distance(const struct world_point *a, const struct world_point *b)
{
	double height = FLOOR_HEIGHT * (a->floor - b->floor);

	return sqrt((a->x - b->x) * (a->x - b->x) + (a->y - b->y) * (a->y - b->y) +
		    height * height);
}

double
air_rssi(const struct world *world, uint32_t ap, uint32_t slot, const struct world_station *station)
{
	const struct world_point *from = &station->at, *to = &world->aps[ap].at;
	double metres = fmax(distance(from, to), 1.0);
	double loss = bands[slot].first_metre_db + 10 * bands[slot].exponent * log10(metres);
	uint64_t key = prng_mix(world->size.seed +
				((uint64_t)ap << 8 | (uint64_t)from->floor << 1 | slot));

	loss += CEILING_DB * abs(from->floor - to->floor);
	return station->tx_power_dbm - loss + shadow(key, from);
}

static int8_t
level(double dbm)
{
	return (int8_t)lround(fmin(fmax(dbm, -110.0), -10.0));
}

/* Fading and age are drawn from the step, the station and the radio, so they need no state. */
static struct air_reading
reading_of(const struct world *world, const struct world_station *station, uint32_t radio,
	   double dbm)
{
	uint64_t step = world->now_ms / WORLD_STEP_MS;
	uint64_t u = prng_mix(prng_mix(world->size.seed ^ station->mac) + (step << 24) + radio);
	struct air_reading reading = {.ap = radio / WORLD_RADIOS, .slot = radio % WORLD_RADIOS};

	for (int i = 0; i < 2; i++)
		reading.antennas_dbm[i] =
			level(dbm + FADING_DB * normal(prng_mix(u + (uint64_t)i)));
	reading.snr_db = (int8_t)lround(fmin(fmax(dbm - NOISE_DBM, 0.0), 90.0));
	reading.age_ms = (uint32_t)(u % WORLD_STEP_MS);
	return reading;
}

/* What an access point receives on the band that the station uses; from floors far off nothing. */
static double
hear(const struct world *world, uint32_t ap, const struct world_station *station)
{
	if (abs(world->aps[ap].at.floor - station->at.floor) > MOST_CEILINGS)
		return SILENCE_DBM;
	return air_rssi(world, ap, station->slot, station);
}

uint32_t
air_hear(const struct world *world, const struct world_station *station, double floor_dbm,
	 struct air_reading *readings, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t ap = 0; ap < world->n_aps && max > 0; ap++) {
		double dbm = hear(world, ap, station);
		struct air_reading reading;
		uint32_t place;

		if (dbm < floor_dbm)
			continue;
		reading = reading_of(world, station, ap * WORLD_RADIOS + station->slot, dbm);
		if (n == max && reading.snr_db <= readings[n - 1].snr_db)
			continue;
		n += n < max;
		for (place = n - 1; place > 0 && readings[place - 1].snr_db < reading.snr_db;
		     place--)
			readings[place] = readings[place - 1];
		readings[place] = reading;
	}
	return n;
}

bool
air_loudest(const struct world *world, const struct world_station *station, uint32_t *ap)
{
	double best = AIR_FLOOR_DBM;
	bool found = false;

	for (uint32_t i = 0; i < world->n_aps; i++) {
		double dbm = hear(world, i, station);

		if (dbm < best)
			continue;
		best = dbm;
		*ap = i;
		found = true;
	}
	return found;
}
