/* SPDX-License-Identifier: ISC */
/* places.c: where the values of a record stand that are looked at on its way */
#include "codecs/places.h"

#include <string.h>

/* What a value must be on the wire to be taken for what its key says. */
enum sort {
	SORT_MAC = 1U << WIRE_MAC,
	SORT_NUMBER = 1U << WIRE_UINT,
	SORT_DBM = 1U << WIRE_UINT | 1U << WIRE_INT,
	SORT_TEXT = 1U << WIRE_STR,
	SORT_IP = 1U << WIRE_IP,
	SORT_LIST = 1U << WIRE_STRUCT,
	SORT_ANY = ~0U,
	SORT_BIT = 0, /* a number that has a bit of this key */
};

/* The bit of this key in a field, 0 for none. */
static uint64_t
mask_of(const struct field *f, const char *key)
{
	for (uint32_t i = 0; i < f->n_bits; i++)
		if (strcmp(f->bits[i].json, key) == 0)
			return UINT64_C(1) << f->bits[i].number;
	return 0;
}

/* Lists only where they are asked for: addresses and readings. */
static bool
fits(const struct field *f, const char *key, enum sort sort)
{
	bool named = (f->json && strcmp(f->json, key) == 0) ||
		     (f->strongest && strcmp(f->strongest, key) == 0);
	bool single = !f->repeat && !f->count_of && (f->times == 1 || f->strongest);

	if (sort == SORT_BIT)
		return !f->repeat && f->times == 1 && mask_of(f, key);
	return named && 1U << f->wire & sort && (single || sort == SORT_IP || sort == SORT_LIST);
}

static bool
find(struct place *place, const struct shape *shape, const char *key, enum sort sort)
{
	unsigned depth = place->depth;

	for (uint32_t i = 0; i < shape->n_fields; i++) {
		const struct field *f = &shape->fields[i];

		place->slots[depth] = f->slot;
		if (f->is_inline && f->shape && !f->repeat && depth + 1 < PLACE_DEPTH) {
			place->depth = (uint8_t)(depth + 1);
			if (find(place, f->shape, key, sort))
				return true;
			place->depth = (uint8_t)depth;
		} else if (fits(f, key, sort)) {
			place->field = f;
			return true;
		}
	}
	return false;
}

static struct place
place_of(const struct shape *shape, const char *key, enum sort sort)
{
	struct place place = {.field = NULL};

	find(&place, shape, key, sort);
	return place;
}

static void
find_all(struct record_places *places, const struct shape *shape)
{
	const struct field *readings;

	*places = (struct record_places){
		.mac = place_of(shape, "mac", SORT_MAC),
		.entity = place_of(shape, "entity", SORT_NUMBER),
		.ap = place_of(shape, "ap", SORT_MAC),
		.ssid = place_of(shape, "ssid", SORT_TEXT),
		.username = place_of(shape, "username", SORT_TEXT),
		.ip = place_of(shape, "ip", SORT_IP),
		.name = place_of(shape, "name", SORT_TEXT),
		.group = place_of(shape, "group", SORT_TEXT),
		.event = place_of(shape, "event", SORT_ANY),
		.associated = place_of(shape, "associated", SORT_BIT),
		.readings = place_of(shape, "readings", SORT_LIST),
	};
	if (places->associated.field)
		places->associated_mask = mask_of(places->associated.field, "associated");
	readings = places->readings.field;
	if (!readings || !readings->count_of) {
		places->readings.field = NULL;
		return;
	}
	places->reading_ap = place_of(readings->shape, "ap", SORT_MAC);
	places->reading_dbm = place_of(readings->shape, "rssi_dbm", SORT_DBM);
	places->reading_ap_name = place_of(readings->shape, "ap_name", SORT_ANY);
	places->reading_ap_group = place_of(readings->shape, "ap_group", SORT_ANY);
}

int
places_compile(struct dict *dict)
{
	for (uint32_t i = 0; i < dict->elements.n_fields; i++) {
		struct field *f = &dict->elements.fields[i];
		struct record_places *places;

		if (f->kind == KIND_NONE)
			continue;
		places = arena_calloc(&dict->memory, 1, sizeof *places);
		if (!places)
			return -1;
		find_all(places, f->shape);
		f->places = places;
	}
	return 0;
}

int
places_dbm(const struct record_places *places, struct value *reading)
{
	const struct field *f = places->reading_dbm.field;
	const struct value *antennas = place_slot(&places->reading_dbm, reading);
	int64_t best = PLACES_NO_DBM;

	for (unsigned i = 0; antennas && i < f->times; i++)
		if (antennas[i].present && antennas[i].i > best)
			best = antennas[i].i;
	if (best == PLACES_NO_DBM)
		return PLACES_NO_DBM;
	best /= f->scale;
	return best > INT_MAX ? INT_MAX : (int)best;
}
