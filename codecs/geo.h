/* SPDX-License-Identifier: ISC */
/* geo.h: geographic location as in RFC 6225 (and RFC 3825, its version 0) */
#ifndef NMSP_CODECS_GEO_H
#define NMSP_CODECS_GEO_H

#include <stdbool.h>

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/dict.h"
#include "codecs/value.h"

/* The slots of a decoded position. */
enum geo_slot {
	GEO_LATITUDE, /* degrees times 10^7 */
	GEO_LONGITUDE,
	GEO_LATITUDE_UNCERTAINTY, /* version 1 */
	GEO_LONGITUDE_UNCERTAINTY,
	GEO_LATITUDE_RESOLUTION, /* version 0 */
	GEO_LONGITUDE_RESOLUTION,
	GEO_ALTITUDE,
	GEO_ALTITUDE_UNIT,
	GEO_ALTITUDE_UNCERTAINTY,
	GEO_ALTITUDE_RESOLUTION,
	GEO_DATUM,
	GEO_SLOTS,
};

/* The fields of a position in slot order, for dict_compile to copy. */
extern const struct field geo_fields[GEO_SLOTS];

/* Decodes the 16 bytes of option 123 or 144 (RFC 6225 section 2.2) into an object of GEO_SLOTS
 * values. Returns false when the window is not 16 bytes long or memory is used up. */
bool geo_decode(struct cursor *window, struct arena *arena, struct value *value);

#endif
