/* SPDX-License-Identifier: ISC */
/* places.h: where the values of a record stand that are looked at on its way, found once by the
 * keys that the JSON contract gives them */
#ifndef NMSP_CODECS_PLACES_H
#define NMSP_CODECS_PLACES_H

#include <limits.h>
#include <stdint.h>

#include "codecs/dict.h"

#define PLACE_DEPTH   4
#define PLACES_NO_DBM INT_MIN

/* Of one value. */
struct place {
	const struct field *field; /* NULL: the record has none of this name and type */
	uint8_t depth;		   /* objects around it whose keys stand among the record's */
	uint16_t slots[PLACE_DEPTH];
};

/* Of one kind of record. */
struct record_places {
	struct place mac;
	struct place entity;
	struct place ap;
	struct place ssid;
	struct place username;
	struct place ip;
	struct place name;
	struct place group;
	struct place event;
	struct place associated; /* a number with this bit; */
	uint64_t associated_mask;
	struct place readings;
	struct place reading_ap; /* in one of the readings */
	struct place reading_dbm;
	struct place reading_ap_name;
	struct place reading_ap_group;
};

/* Finds the places of every record of a dictionary; by dict_compile. Returns 0, or -1 without
 * memory. */
int places_compile(struct dict *dict);

/* The value at a place among the slots of a record (or reading), present or not; NULL where what is
 * around it is not there. */
static inline struct value *
place_slot(const struct place *place, struct value *slots)
{
	if (!place->field)
		return NULL;
	for (unsigned i = 0; i < place->depth; i++) {
		if (!slots[place->slots[i]].present)
			return NULL;
		slots = slots[place->slots[i]].items;
	}
	return &slots[place->slots[place->depth]];
}

/* The same, NULL also when it is absent. */
static inline struct value *
place_value(const struct place *place, struct value *slots)
{
	struct value *value = place_slot(place, slots);

	return value && value->present ? value : NULL;
}

/* A MAC at a place, 0 for none. */
static inline uint64_t
place_mac(const struct place *place, struct value *slots)
{
	const struct value *value = place_value(place, slots);

	return value ? value->u : 0;
}

/* How strong a reading is, in dBm, by the antenna that hears better; PLACES_NO_DBM for none. */
int places_dbm(const struct record_places *places, struct value *reading);

#endif
