/* SPDX-License-Identifier: ISC */
/* records.h: one record of each kind, from what the world knows
 *
 * Each function appends one element to `encoder`, or nothing (false) when the dictionary has no
 * such record or the world nothing to tell.
 */
#ifndef NMSP_SIM_RECORDS_H
#define NMSP_SIM_RECORDS_H

#include "gateway/sim/air.h"
#include "gateway/sim/feed.h"

/* What one measurement tells. */
struct record_hearing {
	const struct world_station *station;
	const struct air_reading *readings;
	uint32_t n_readings;
};

/* Who hears a station, for a tag with what the tag sends. */
bool record_measurement(struct feed *feed, const struct record_hearing *hearing,
			struct encoder *encoder);

/* What is known of a client, tag or rogue. */
bool record_information(struct feed *feed, const struct world_station *station,
			struct encoder *encoder);

/* What it sent and got. */
bool record_statistics(struct feed *feed, const struct world_station *station,
		       struct encoder *encoder);

/* A station at a switch port: `event` is "new", "delete" or "update", at `ms` of the world's time.
 */
bool record_wired(struct feed *feed, const struct world_wired *wired, const char *event,
		  struct encoder *encoder);

/* A client at an access point. */
bool record_wireless(struct feed *feed, const struct world_station *station, const char *event,
		     struct encoder *encoder);

/* Where a switch port is, told in one way. */
bool record_location(struct feed *feed, const struct world_wired *wired, enum feed_location what,
		     struct encoder *encoder);

/* An access point and its radios. */
bool record_access_point(struct feed *feed, uint32_t ap, struct encoder *encoder);

/* An interferer as its loudest access point sees it. */
bool record_interferer(struct feed *feed, const struct world_station *station,
		       struct encoder *encoder);

/* How good the air is at one radio. */
bool record_air_quality(struct feed *feed, uint32_t ap, uint32_t slot, struct encoder *encoder);

/* An attack that was seen; `number` counts events. */
bool record_alarm(struct feed *feed, uint64_t number, struct encoder *encoder);

#endif
