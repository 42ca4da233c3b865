/* SPDX-License-Identifier: ISC */
/* feed.c: the world as records: which of them answer a question, a message full at a time */
#include "gateway/sim/feed.h"

#include <string.h>

#include "gateway/sim/air.h"
#include "gateway/sim/records.h"

#define MOST_READINGS 8
#define RECORD_ROOM   2048 /* no record is longer */

static const char *const entity_names[FEED_ENTITIES] = {
	"client", "tag", "rogue_ap", "rogue_client", "interferer", "wired", "ap",
};

static const char *const location_names[FEED_LOCATIONS] = {"any", "civic", "elin", "geo", "custom"};

void
feed_init(struct feed *feed, const struct dict *dict, const struct world *world, uint32_t batch)
{
	const struct shape *elements = &dict->elements;
	struct feed_fields *fields = &feed->fields;

	*feed = (struct feed){.dict = dict, .world = world, .batch = batch};
	arena_init(&feed->arena, 1 << 16);
	fields->measurement = shape_field(elements, "measurement");
	fields->tag_measurement = shape_field(elements, "tag_measurement");
	fields->information = shape_field(elements, "information");
	fields->statistics = shape_field(elements, "statistics");
	fields->attachment = shape_field(elements, "attachment");
	fields->location = shape_field(elements, "location");
	fields->access_point = shape_field(elements, "access_point");
	fields->interferer = shape_field(elements, "interferer");
	fields->air_quality = shape_field(elements, "air_quality");
	fields->wips_alarm = shape_field(elements, "wips_alarm");
}

void
feed_fini(struct feed *feed)
{
	arena_fini(&feed->arena);
}

static bool
is_listed(const struct feed_query *query, uint64_t mac)
{
	for (uint32_t i = 0; i < query->n_macs; i++)
		if (query->macs[i] == mac)
			return true;
	return query->n_macs == 0;
}

static bool
is_wanted(const struct feed_query *query, const struct world_station *station)
{
	if (!(query->entities & 1U << station->kind) || !is_listed(query, station->mac))
		return false;
	return !(query->entities & FEED_ASSOCIATED) || station->ap != WORLD_NOWHERE;
}

static bool
give_measurement(struct feed *feed, const struct feed_query *query, uint64_t place,
		 struct encoder *encoder)
{
	const struct world_station *station = &feed->world->stations[place];
	struct air_reading readings[MOST_READINGS];
	struct record_hearing hearing = {station, readings, 0};

	if (!is_wanted(query, station))
		return false;
	hearing.n_readings = air_hear(feed->world, station, AIR_FLOOR_DBM, readings, MOST_READINGS);
	return hearing.n_readings > 0 && record_measurement(feed, &hearing, encoder);
}

static bool
give_information(struct feed *feed, const struct feed_query *query, uint64_t place,
		 struct encoder *encoder)
{
	const struct world_station *station = &feed->world->stations[place];

	if (!is_wanted(query, station) ||
	    (query->since_ms && station->changed_ms < query->since_ms))
		return false;
	return record_information(feed, station, encoder);
}

static bool
give_statistics(struct feed *feed, const struct feed_query *query, uint64_t place,
		struct encoder *encoder)
{
	const struct world_station *station = &feed->world->stations[place];

	return is_wanted(query, station) && record_statistics(feed, station, encoder);
}

/* Wired stations first, then the clients. */
static bool
give_attachment(struct feed *feed, const struct feed_query *query, uint64_t place,
		struct encoder *encoder)
{
	const struct world *world = feed->world;
	const struct world_station *client;

	if (place < world->n_wired) {
		const struct world_wired *wired = &world->wired[place];
		return wired->attached && query->entities & 1U << FEED_WIRED &&
		       record_wired(feed, wired, "new", encoder);
	}
	client = &world->stations[world->first[WORLD_CLIENT] + place - world->n_wired];
	return is_wanted(query, client) && client->ap != WORLD_NOWHERE &&
	       record_wireless(feed, client, "new", encoder);
}

static bool
give_attachment_event(struct feed *feed, const struct feed_query *query, uint64_t place,
		      struct encoder *encoder)
{
	const struct world *world = feed->world;
	const struct world_event *event = &world->events[place % WORLD_EVENTS];

	(void)query;
	switch (event->type) {
	case WORLD_WIRED_NEW:
		return record_wired(feed, &world->wired[event->subject], "new", encoder);
	case WORLD_WIRED_GONE:
		return record_wired(feed, &world->wired[event->subject], "delete", encoder);
	case WORLD_ROAMED:
		return record_wireless(feed, &world->stations[event->subject], "update", encoder);
	case WORLD_ALARM:
		break;
	}
	return false;
}

/* Each port has one way of being told, so that all of them are seen; who asks for one way gets
 * every port so. */
static bool
give_location(struct feed *feed, const struct feed_query *query, uint64_t place,
	      struct encoder *encoder)
{
	enum feed_location what = query->what;

	if (!is_listed(query, feed->world->wired[place].mac))
		return false;
	if (what == FEED_LOCATION_ANY)
		what = (enum feed_location)(FEED_LOCATION_CIVIC +
					    place % (FEED_LOCATIONS - FEED_LOCATION_CIVIC));
	return record_location(feed, &feed->world->wired[place], what, encoder);
}

static bool
give_location_event(struct feed *feed, const struct feed_query *query, uint64_t place,
		    struct encoder *encoder)
{
	const struct world_event *event = &feed->world->events[place % WORLD_EVENTS];

	return event->type == WORLD_WIRED_NEW &&
	       give_location(feed, query, event->subject, encoder);
}

static bool
give_access_point(struct feed *feed, const struct feed_query *query, uint64_t place,
		  struct encoder *encoder)
{
	return is_listed(query, feed->world->aps[place].mac) &&
	       record_access_point(feed, (uint32_t)place, encoder);
}

static bool
give_interferer(struct feed *feed, const struct feed_query *query, uint64_t place,
		struct encoder *encoder)
{
	const struct world_station *station = &feed->world->stations[place];

	return station->kind == WORLD_INTERFERER && is_listed(query, station->mac) &&
	       record_interferer(feed, station, encoder);
}

static bool
give_air_quality(struct feed *feed, const struct feed_query *query, uint64_t place,
		 struct encoder *encoder)
{
	uint32_t ap = (uint32_t)(place / WORLD_RADIOS);

	return is_listed(query, feed->world->aps[ap].mac) &&
	       record_air_quality(feed, ap, (uint32_t)(place % WORLD_RADIOS), encoder);
}

static bool
give_alarm(struct feed *feed, const struct feed_query *query, uint64_t place,
	   struct encoder *encoder)
{
	(void)query;
	return feed->world->events[place % WORLD_EVENTS].type == WORLD_ALARM &&
	       record_alarm(feed, place, encoder);
}

/* What stands at each place, and which list the places count. */
enum places {
	PLACES_STATIONS,
	PLACES_ATTACHED,
	PLACES_PORTS,
	PLACES_APS,
	PLACES_RADIOS,
	PLACES_EVENTS,
};

static const struct subject {
	enum places places;
	bool (*give)(struct feed *feed, const struct feed_query *query, uint64_t place,
		     struct encoder *encoder);
} subjects[FEED_SUBJECTS] = {
	[FEED_MEASUREMENT] = {PLACES_STATIONS, give_measurement},
	[FEED_INFORMATION] = {PLACES_STATIONS, give_information},
	[FEED_STATISTICS] = {PLACES_STATIONS, give_statistics},
	[FEED_ATTACHMENT] = {PLACES_ATTACHED, give_attachment},
	[FEED_ATTACHMENT_EVENTS] = {PLACES_EVENTS, give_attachment_event},
	[FEED_LOCATION] = {PLACES_PORTS, give_location},
	[FEED_LOCATION_EVENTS] = {PLACES_EVENTS, give_location_event},
	[FEED_ACCESS_POINT] = {PLACES_APS, give_access_point},
	[FEED_INTERFERER] = {PLACES_STATIONS, give_interferer},
	[FEED_AIR_QUALITY] = {PLACES_RADIOS, give_air_quality},
	[FEED_ALARM] = {PLACES_EVENTS, give_alarm},
};

static uint64_t
places_end(const struct world *world, enum places places)
{
	switch (places) {
	case PLACES_STATIONS:
		return world->n_stations;
	case PLACES_ATTACHED:
		return (uint64_t)world->n_wired + world->size.clients;
	case PLACES_PORTS:
		return world->n_wired;
	case PLACES_APS:
		return world->n_aps;
	case PLACES_RADIOS:
		return (uint64_t)world->n_aps * WORLD_RADIOS;
	case PLACES_EVENTS:
		return world->n_events;
	}
	return 0;
}

uint32_t
feed_fill(struct feed *feed, struct feed_query *query, struct encoder *encoder)
{
	const struct subject *subject = &subjects[query->subject];
	uint64_t end = places_end(feed->world, subject->places);
	uint32_t n = 0;

	if (subject->places == PLACES_EVENTS)
		query->next = world_event_from(feed->world, query->next);
	while (query->next < end && n < feed->batch &&
	       encoder->size - encoder->length > RECORD_ROOM) {
		n += subject->give(feed, query, query->next, encoder);
		query->next++;
		arena_reset(&feed->arena);
	}
	query->done = query->next >= end;
	return n;
}

bool
feed_bulk(struct feed *feed, uint32_t index, uint32_t readings, struct encoder *encoder)
{
	const struct world *world = feed->world;
	struct air_reading heard[MOST_READINGS];
	struct record_hearing hearing = {NULL, heard, 0};
	bool given;

	if (world->size.clients == 0 || world->n_aps == 0 || readings > MOST_READINGS)
		return false;
	hearing.station =
		&world->stations[world->first[WORLD_CLIENT] + index % world->size.clients];
	hearing.n_readings = air_hear(world, hearing.station, -1000.0, heard, readings);
	given = record_measurement(feed, &hearing, encoder);
	arena_reset(&feed->arena);
	return given;
}

bool
feed_is_events(enum feed_subject subject)
{
	return subjects[subject].places == PLACES_EVENTS;
}

const char *
feed_entity_name(unsigned entity)
{
	return entity_names[entity];
}

const char *
feed_location_name(enum feed_location what)
{
	return location_names[what];
}
