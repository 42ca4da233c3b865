/* SPDX-License-Identifier: ISC */
/* port.c: the ports of the simulated switch and where they are */
#include "gateway/sim/port.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PORTS_PER_SWITCH 48
#define DESKS_PER_FLOOR	 24

/* RFC 4776: who the location is of, and civic address types. */
enum {
	WHAT_CLIENT = 2,
	CA_STATE = 1,
	CA_CITY = 3,
	CA_HOUSE_NUMBER = 19,
	CA_FLOOR = 27,
	CA_ROOM = 28,
	CA_STREET = 34,
};

/* RFC 6225: fixed point, and the numbers of units and datums. */
enum {
	UNCERTAINTY_BITS = 6,
	ANGLE_BITS = 34,
	ANGLE_FRACTION = 25,
	ALTITUDE_BITS = 30,
	ALTITUDE_FRACTION = 8,
	ALTITUDE_METRES = 1,
	LAYOUT_VERSION = 1,
	DATUM_WGS84 = 1,
};

struct port_place
port_place_of(uint32_t number)
{
	return (struct port_place){(uint8_t)(1 + number / PORTS_PER_SWITCH), 0,
				   (uint16_t)(1 + number % PORTS_PER_SWITCH)};
}

static void
add_civic(struct port_location *location, uint8_t type, const char *text)
{
	size_t length = strlen(text);
	uint8_t *p = location->civic + location->civic_length;

	if (location->civic_length + 2 + length > sizeof location->civic)
		return;
	p[0] = type;
	p[1] = (uint8_t)length;
	memcpy(p + 2, text, length);
	location->civic_length += 2 + length;
}

static void
locate_civic(uint32_t number, struct port_location *location)
{
	char floor[8];

	snprintf(floor, sizeof floor, "%u", 1 + number / DESKS_PER_FLOOR % 100);
	memcpy(location->civic, (const uint8_t[]){WHAT_CLIENT, 'U', 'S'}, 3);
	location->civic_length = 3;
	add_civic(location, CA_STATE, "CA");
	add_civic(location, CA_CITY, "San Jose");
	add_civic(location, CA_STREET, "West Tasman Drive");
	add_civic(location, CA_HOUSE_NUMBER, "170");
	add_civic(location, CA_FLOOR, floor);
	add_civic(location, CA_ROOM, location->desk);
}

/* Appends the low `width` bits of `u` behind the `*at` bits that are there. */
static void
add_bits(uint8_t *bytes, unsigned *at, unsigned width, uint64_t u)
{
	while (width-- > 0) {
		bytes[*at / 8] |= (uint8_t)((u >> width & 1) << (7 - *at % 8));
		++*at;
	}
}

static void
locate_geo(uint32_t number, struct port_location *location)
{
	double latitude = 37.41 + 1e-5 * (number % DESKS_PER_FLOOR), longitude = -121.95;
	uint32_t floor = number / DESKS_PER_FLOOR;
	double altitude = 15 + 3.5 * floor;
	unsigned at = 0;

	add_bits(location->geo, &at, UNCERTAINTY_BITS, 22);
	add_bits(location->geo, &at, ANGLE_BITS,
		 (uint64_t)llround(ldexp(latitude, ANGLE_FRACTION)));
	add_bits(location->geo, &at, UNCERTAINTY_BITS, 22);
	add_bits(location->geo, &at, ANGLE_BITS,
		 (uint64_t)llround(ldexp(longitude, ANGLE_FRACTION)));
	add_bits(location->geo, &at, 4, ALTITUDE_METRES);
	add_bits(location->geo, &at, UNCERTAINTY_BITS, 20);
	add_bits(location->geo, &at, ALTITUDE_BITS,
		 (uint64_t)llround(ldexp(altitude, ALTITUDE_FRACTION)));
	add_bits(location->geo, &at, 2, LAYOUT_VERSION);
	add_bits(location->geo, &at, 3, 0);
	add_bits(location->geo, &at, 3, DATUM_WGS84);
}

void
port_locate(uint32_t number, struct port_location *location)
{
	*location = (struct port_location){0};
	snprintf(location->desk, sizeof location->desk, "B%u", 1 + number % 100000);
	snprintf(location->elin, sizeof location->elin, "1408555%04u", number % 10000);
	locate_civic(number, location);
	locate_geo(number, location);
}
