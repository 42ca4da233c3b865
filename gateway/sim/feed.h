/* SPDX-License-Identifier: ISC */
/* feed.h: the world as records: which of them answer a question, a message full at a time */
#ifndef NMSP_SIM_FEED_H
#define NMSP_SIM_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "codecs/encode.h"
#include "gateway/sim/world.h"

#define FEED_MACS 64 /* so many may be listed in a request */

/* What may be asked for. */
enum feed_subject {
	FEED_MEASUREMENT,
	FEED_INFORMATION,
	FEED_STATISTICS,
	FEED_ATTACHMENT,	/* what is attached now */
	FEED_ATTACHMENT_EVENTS, /* what came and went */
	FEED_LOCATION,
	FEED_LOCATION_EVENTS, /* of the ports that something came to */
	FEED_ACCESS_POINT,
	FEED_INTERFERER,
	FEED_AIR_QUALITY,
	FEED_ALARM, /* also events */
	FEED_SUBJECTS,
};

/* Beside the kinds of stations, as bits of an entity set. */
enum feed_entity {
	FEED_WIRED = WORLD_KINDS,
	FEED_AP,
	FEED_ENTITIES,
};

#define FEED_ALL	((1U << FEED_ENTITIES) - 1)
#define FEED_ASSOCIATED (1U << FEED_ENTITIES) /* only stations that an access point serves */

/* A question, and how far it is answered. Cleared but for what is asked; feed_fill moves `next` on.
 */
struct feed_query {
	enum feed_subject subject;
	uint32_t entities; /* set of 1 << kind, and FEED_ASSOCIATED */
	uint64_t since_ms; /* FEED_INFORMATION: only what changed after this time of the world; 0:
			      all */
	uint8_t what;	   /* FEED_LOCATION: number of the form wanted, 0 for any */
	uint64_t macs[FEED_MACS];
	uint32_t n_macs; /* 0: all */
	uint64_t next;	 /* place to go on from; of events the number of the next one */
	bool done;
};

/* The ways to tell the location of a port. */
enum feed_location {
	FEED_LOCATION_ANY,
	FEED_LOCATION_CIVIC,
	FEED_LOCATION_ELIN,
	FEED_LOCATION_GEO,
	FEED_LOCATION_CUSTOM,
	FEED_LOCATIONS,
};

/* The elements of records in the dictionary, NULL for what it lacks. */
struct feed_fields {
	const struct field *measurement;
	const struct field *tag_measurement;
	const struct field *information;
	const struct field *statistics;
	const struct field *attachment;
	const struct field *location;
	const struct field *access_point;
	const struct field *interferer;
	const struct field *air_quality;
	const struct field *wips_alarm;
};

/* Where records come from. `wall_ms` (ms since 1970) is to be set to the clock before every use. */
struct feed {
	const struct dict *dict;
	const struct world *world;
	struct arena arena; /* of one record */
	uint32_t batch;	    /* most records in a message */
	uint64_t wall_ms;
	struct feed_fields fields;
};

/* Prepares a feed; the world and the dictionary stay the caller's. */
void feed_init(struct feed *feed, const struct dict *dict, const struct world *world,
	       uint32_t batch);

/* Frees what a feed owns. */
void feed_fini(struct feed *feed);

/* Appends the next records that answer `query`, as many as go into one message, and sets
 * query->done when there are no more. Returns how many. */
uint32_t feed_fill(struct feed *feed, struct feed_query *query, struct encoder *encoder);

/* Appends one measurement of the client `index` (modulo how many there are) with `readings`
 * readings however faint. False when there is none. */
bool feed_bulk(struct feed *feed, uint32_t index, uint32_t readings, struct encoder *encoder);

/* True for subjects whose records are told once, when they happen. */
bool feed_is_events(enum feed_subject subject);

/* The names of entities and of ways to tell a location in the dictionary. */
const char *feed_entity_name(unsigned entity);
const char *feed_location_name(enum feed_location what);

#endif
