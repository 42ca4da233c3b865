/* SPDX-License-Identifier: ISC */
/* tree.h: an RSSI record as a tree of jansson, for comparison
 *
 * Numbers become text with the helpers of the bare loop, and names are found at once, so that what
 * is measured is the tree.
 */
#ifndef NMSP_BENCH_TREE_H
#define NMSP_BENCH_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "codecs/dict.h"
#include "codecs/value.h"
#include "outputs/timestamp.h"
#include "tests/bench/bare.h"

/* Where the values of a record stand, so that nobody need look for them. */
struct tree_places {
	const struct shape *record, *reading;
	const struct enumeration *entities, *bands, *sources;
	uint16_t mac, entity, flags, readings;
	uint16_t ap, slot, band, source, antennas, snr, age;
};

/* What precedes the record. */
struct tree_envelope {
	uint64_t seq;
	uint64_t received_at;
	uint64_t ts;
};

/* The slot of a field that must be there. */
static inline uint16_t
tree_place(const struct shape *shape, const char *name)
{
	const struct field *field = shape_field(shape, name);

	if (!field)
		abort();
	return field->slot;
}

/* Looks the places up in a dictionary. */
static inline struct tree_places
tree_places_find(const struct dict *dict)
{
	const struct shape *record = shape_field(&dict->elements, "measurement")->shape;
	const struct shape *reading = shape_field(record, "readings")->shape;

	return (struct tree_places){
		.record = record,
		.reading = reading,
		.entities = shape_field(record, "entity")->values,
		.bands = shape_field(reading, "band")->values,
		.sources = shape_field(reading, "source")->values,
		.mac = tree_place(record, "mac"),
		.entity = tree_place(record, "entity"),
		.flags = tree_place(record, "flags"),
		.readings = tree_place(record, "readings"),
		.ap = tree_place(reading, "ap"),
		.slot = tree_place(reading, "slot"),
		.band = tree_place(reading, "band"),
		.source = tree_place(reading, "source"),
		.antennas = tree_place(reading, "antennas_dbm"),
		.snr = tree_place(reading, "snr_db"),
		.age = tree_place(reading, "age_ms"),
	};
}

/* A MAC address as text. */
static inline json_t *
tree_mac(uint64_t mac)
{
	char text[24];

	return json_stringn(text, (size_t)(bare_put_mac(text, mac) - text));
}

/* A time as text. */
static inline json_t *
tree_time(uint64_t ms)
{
	char text[TIMESTAMP_LENGTH + 1];

	return json_stringn(text, timestamp_write(text, ms));
}

/* The name of an enumerated value; it must have one. */
static inline json_t *
tree_enum(const struct enumeration *values, const struct value *value)
{
	return json_string(enumeration_find(values, value->u)->name);
}

/* One antenna, or null. */
static inline json_t *
tree_antenna(const struct value *value)
{
	return value->present ? json_integer(value->i) : json_null();
}

/* One of the readings. */
static inline json_t *
tree_reading(const struct tree_places *at, const struct value *slots)
{
	const struct value *antennas = &slots[at->antennas];
	bool second = !antennas[0].present ||
		      (antennas[1].present && antennas[1].i > antennas[0].i);
	json_t *object = json_object(), *array = json_array();

	json_object_set_new(object, "ap", tree_mac(slots[at->ap].u));
	json_object_set_new(object, "slot", json_integer(slots[at->slot].i));
	json_object_set_new(object, "band", tree_enum(at->bands, &slots[at->band]));
	json_object_set_new(object, "source", tree_enum(at->sources, &slots[at->source]));
	json_object_set_new(object, "rssi_dbm", json_integer(antennas[second].i));
	json_array_append_new(array, tree_antenna(&antennas[0]));
	json_array_append_new(array, tree_antenna(&antennas[1]));
	json_object_set_new(object, "antennas_dbm", array);
	if (slots[at->snr].present)
		json_object_set_new(object, "snr_db", json_integer(slots[at->snr].i));
	json_object_set_new(object, "age_ms", json_integer(slots[at->age].i));
	return object;
}

/* The whole record in its envelope. */
static inline json_t *
tree_record(const struct tree_places *at, const struct tree_envelope *e, const struct value *slots)
{
	const struct value *list = &slots[at->readings];
	json_t *object = json_object(), *readings = json_array();

	json_object_set_new(object, "schema", json_string("nmsp.rssi/1"));
	json_object_set_new(object, "gateway", json_string("gw1"));
	json_object_set_new(object, "controller", json_string("hq"));
	json_object_set_new(object, "session", json_string("6f2c91ab"));
	json_object_set_new(object, "seq", json_integer((json_int_t)e->seq));
	json_object_set_new(object, "received_at", tree_time(e->received_at));
	json_object_set_new(object, "ts", tree_time(e->ts));
	json_object_set_new(object, "mac", tree_mac(slots[at->mac].u));
	json_object_set_new(object, "mac_type",
			    json_string(slots[at->mac].u >> 41 & 1 ? "local" : "universal"));
	json_object_set_new(object, "entity", tree_enum(at->entities, &slots[at->entity]));
	json_object_set_new(object, "associated", json_boolean(slots[at->flags].u & 1));
	for (uint32_t i = 0; i < list->count; i++)
		json_array_append_new(
			readings, tree_reading(at, list->items + (size_t)i * at->reading->n_slots));
	json_object_set_new(object, "readings", readings);
	return object;
}

#endif
