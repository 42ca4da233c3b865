/* SPDX-License-Identifier: ISC */
/* geo.c: geographic location as in RFC 6225 (and RFC 3825, its version 0)
 *
 * 128 bits: latitude uncertainty 6, latitude 34, longitude uncertainty 6, longitude 34, altitude
 * type 4, altitude uncertainty 6, altitude 30, version 2, reserved 3, datum 3. Version 0 has a
 * resolution (number of valid bits) where version 1 has an uncertainty.
 */
#include "codecs/geo.h"

#include <math.h>

#define ANGLE_BITS	    34
#define ANGLE_FRACTION_BITS 25
#define ANGLE_SCALE	    10000000
#define ALTITUDE_BITS	    30
#define ALTITUDE_FRACTION   256.0

enum altitude_type {
	ALTITUDE_METRES = 1,
	ALTITUDE_FLOORS = 2,
};

static struct enumeration_value altitude_units[] = {
	{.number = ALTITUDE_METRES, .name = "m"},
	{.number = ALTITUDE_FLOORS, .name = "floors"},
};
static const struct enumeration altitude_unit = {.name = "altitude_unit",
						 .values = altitude_units,
						 .n_values = 2};

static struct enumeration_value datums[] = {
	{.number = 1, .name = "WGS84"},
	{.number = 2, .name = "NAD83/NAVD88"},
	{.number = 3, .name = "NAD83/MLLW"},
};
static const struct enumeration datum = {.name = "datum", .values = datums, .n_values = 3};

#define GEO_FIELD(slot, key, w, ...) \
	[slot] = {.name = key,       \
		  .json = key,       \
		  .wire = w,         \
		  .width = 8,        \
		  .times = 1,        \
		  .kind = KIND_NONE, \
		  __VA_ARGS__}

const struct field geo_fields[GEO_SLOTS] = {
	GEO_FIELD(GEO_LATITUDE, "latitude", WIRE_INT, .scale = ANGLE_SCALE),
	GEO_FIELD(GEO_LONGITUDE, "longitude", WIRE_INT, .scale = ANGLE_SCALE),
	GEO_FIELD(GEO_LATITUDE_UNCERTAINTY, "latitude_uncertainty_deg", WIRE_UINT,
		  .render = RENDER_REAL),
	GEO_FIELD(GEO_LONGITUDE_UNCERTAINTY, "longitude_uncertainty_deg", WIRE_UINT,
		  .render = RENDER_REAL),
	GEO_FIELD(GEO_LATITUDE_RESOLUTION, "latitude_resolution_bits", WIRE_UINT, .scale = 1),
	GEO_FIELD(GEO_LONGITUDE_RESOLUTION, "longitude_resolution_bits", WIRE_UINT, .scale = 1),
	GEO_FIELD(GEO_ALTITUDE, "altitude", WIRE_UINT, .render = RENDER_REAL),
	GEO_FIELD(GEO_ALTITUDE_UNIT, "altitude_unit", WIRE_UINT, .scale = 1,
		  .values = &altitude_unit),
	GEO_FIELD(GEO_ALTITUDE_UNCERTAINTY, "altitude_uncertainty_m", WIRE_UINT,
		  .render = RENDER_REAL),
	GEO_FIELD(GEO_ALTITUDE_RESOLUTION, "altitude_resolution_bits", WIRE_UINT, .scale = 1),
	GEO_FIELD(GEO_DATUM, "datum", WIRE_UINT, .scale = 1, .values = &datum),
};

struct measure {
	unsigned uncertainty; /* or resolution */
	int64_t number;
};

static int64_t
sign_extend(uint64_t u, unsigned bits)
{
	uint64_t sign = UINT64_C(1) << (bits - 1);

	return (int64_t)((u ^ sign) - sign);
}

/* The five bytes of a six-bit uncertainty and a number of `bits` bits; what stands before them is
 * left out. */
static struct measure
measure_read(uint64_t u, unsigned bits)
{
	return (struct measure){
		.uncertainty = (unsigned)(u >> bits & 0x3f),
		.number = sign_extend(u & ((UINT64_C(1) << bits) - 1), bits),
	};
}

static int64_t
angle_scaled(int64_t angle)
{
	int64_t half = INT64_C(1) << (ANGLE_FRACTION_BITS - 1);
	int64_t scaled = angle * ANGLE_SCALE;

	return (scaled + (scaled < 0 ? -half : half)) / (INT64_C(1) << ANGLE_FRACTION_BITS);
}

static struct value
value_uint(uint64_t u)
{
	return (struct value){.u = u, .present = true};
}

static struct value
value_real(double real)
{
	return (struct value){.real = real, .present = true};
}

static void
put_position(struct value *slots, struct measure latitude, struct measure longitude, bool old)
{
	if (old && (latitude.uncertainty == 0 || longitude.uncertainty == 0))
		return;
	slots[GEO_LATITUDE] = (struct value){.i = angle_scaled(latitude.number), .present = true};
	slots[GEO_LONGITUDE] = (struct value){.i = angle_scaled(longitude.number), .present = true};
	if (old) {
		slots[GEO_LATITUDE_RESOLUTION] = value_uint(latitude.uncertainty);
		slots[GEO_LONGITUDE_RESOLUTION] = value_uint(longitude.uncertainty);
		return;
	}
	if (latitude.uncertainty)
		slots[GEO_LATITUDE_UNCERTAINTY] =
			value_real(ldexp(1, 8 - (int)latitude.uncertainty));
	if (longitude.uncertainty)
		slots[GEO_LONGITUDE_UNCERTAINTY] =
			value_real(ldexp(1, 8 - (int)longitude.uncertainty));
}

static void
put_altitude(struct value *slots, struct measure altitude, unsigned type, bool old)
{
	if (type == 0 || (old && altitude.uncertainty == 0))
		return;
	slots[GEO_ALTITUDE] = value_real((double)altitude.number / ALTITUDE_FRACTION);
	slots[GEO_ALTITUDE_UNIT] = value_uint(type);
	if (old)
		slots[GEO_ALTITUDE_RESOLUTION] = value_uint(altitude.uncertainty);
	else if (altitude.uncertainty && type == ALTITUDE_METRES)
		slots[GEO_ALTITUDE_UNCERTAINTY] =
			value_real(ldexp(1, 21 - (int)altitude.uncertainty));
}

bool
geo_decode(struct cursor *window, struct arena *arena, struct value *value)
{
	const uint8_t *p = cursor_bytes(window, 16);
	struct value *slots;
	uint64_t altitude;
	bool old;

	slots = p ? arena_calloc(arena, GEO_SLOTS, sizeof *slots) : NULL;
	if (!slots)
		return false;
	altitude = cursor_load(p + 10, 5, false);
	old = p[15] >> 6 == 0;
	put_position(slots, measure_read(cursor_load(p, 5, false), ANGLE_BITS),
		     measure_read(cursor_load(p + 5, 5, false), ANGLE_BITS), old);
	put_altitude(slots, measure_read(altitude, ALTITUDE_BITS), (unsigned)(altitude >> 36), old);
	if (p[15] & 7)
		slots[GEO_DATUM] = value_uint(p[15] & 7);
	*value = (struct value){.items = slots, .count = 1, .present = true};
	return true;
}
