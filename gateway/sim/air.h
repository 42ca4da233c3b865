/* SPDX-License-Identifier: ISC */
/* air.h: how loud an access point hears a station
 *
 * Log-distance path loss, a loss per ceiling, shadowing that changes slowly with the place (so that
 * two stations side by side are in the same shadow), and a little fading that changes with every
 * step.
 */
#ifndef NMSP_SIM_AIR_H
#define NMSP_SIM_AIR_H

#include "gateway/sim/world.h"

/* One access point's hearing of one station. */
struct air_reading {
	uint32_t ap;
	uint32_t slot;
	int8_t antennas_dbm[2];
	int8_t snr_db;
	uint32_t age_ms;
};

/* What an access point's radio `slot` receives of a station at its place, dBm, without fading. */
double air_rssi(const struct world *world, uint32_t ap, uint32_t slot,
		const struct world_station *station);

/* The least that is heard, dBm. */
#define AIR_FLOOR_DBM (-90.0)

/* The strongest hearings of a station at least `floor_dbm` loud, one per access point, strongest
 * first; at most `max`. Returns how many. */
uint32_t air_hear(const struct world *world, const struct world_station *station, double floor_dbm,
		  struct air_reading *readings, uint32_t max);

/* The access point that hears a station best; false when none does. */
bool air_loudest(const struct world *world, const struct world_station *station, uint32_t *ap);

#endif
