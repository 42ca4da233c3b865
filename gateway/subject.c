/* SPDX-License-Identifier: ISC */
/* subject.c: what a record is about, as far as topics and filters look at it */
#include "gateway/subject.h"

#define MAC_BITS 48

uint64_t
subject_station(const struct record *record)
{
	const struct record_places *at = record->element ? record->element->places : NULL;
	uint64_t mac = at ? place_mac(&at->mac, record->slots) : 0;
	const struct value *entity = mac ? place_value(&at->entity, record->slots) : NULL;

	return entity ? mac | entity->u << MAC_BITS : mac;
}

unsigned
subject_entity(const struct record *record)
{
	const struct record_places *at = record->element ? record->element->places : NULL;
	const struct value *entity = at ? place_value(&at->entity, record->slots) : NULL;

	return entity ? (unsigned)entity->u : 0;
}

struct value *
subject_readings(const struct record *record)
{
	return record->kind == KIND_RSSI
		       ? place_value(&record->element->places->readings, record->slots)
		       : NULL;
}

uint64_t
subject_ap(const struct record *record)
{
	const struct record_places *at = record->element->places;
	uint64_t ap = place_mac(&at->ap, record->slots);
	const struct value *readings = ap ? NULL : place_value(&at->readings, record->slots);

	return readings && readings->count ? place_mac(&at->reading_ap, readings->items) : ap;
}

static struct value *
nth(const struct record *record, const struct value *readings, uint32_t n)
{
	return readings->items + (size_t)n * record->element->places->readings.field->stride;
}

static int
dbm_of(const struct record *record, const struct value *readings, uint32_t n)
{
	return places_dbm(record->element->places, nth(record, readings, n));
}

static void
swap(struct value *a, struct value *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct value kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/* One look at each where they are in order already. */
static void
sort(const struct record *record, const struct value *readings)
{
	uint16_t stride = record->element->places->readings.field->stride;

	for (uint32_t i = 1; i < readings->count; i++)
		for (uint32_t k = i;
		     k > 0 && dbm_of(record, readings, k - 1) < dbm_of(record, readings, k); k--)
			swap(nth(record, readings, k - 1), nth(record, readings, k), stride);
}

static void
look_at_readings(struct subject *subject, const struct record *record)
{
	const struct value *readings = subject_readings(record);

	if (!readings || !readings->count)
		return;
	sort(record, readings);
	subject->has_readings = true;
	subject->dbm = dbm_of(record, readings, 0);
}

void
subject_of(struct subject *subject, const struct message *message, const struct record *record)
{
	const struct record_places *at = record->element ? record->element->places : NULL;
	const struct value *value;

	*subject = (struct subject){.kind = record->kind, .dbm = PLACES_NO_DBM};
	subject->urgent = message->solicited;
	if (!at)
		return;
	look_at_readings(subject, record);
	subject->urgent |= place_value(&at->event, record->slots) != NULL;
	subject->mac = place_mac(&at->mac, record->slots);
	subject->ap = subject_ap(record);
	subject->station = subject_station(record);
	value = place_value(&at->entity, record->slots);
	if (value) {
		subject->has_entity = true;
		subject->entity = value->u;
	}
	value = place_value(&at->ssid, record->slots);
	if (value && value->count) {
		subject->ssid = value->bytes;
		subject->ssid_length = value->count;
	}
}

uint32_t
subject_reaching(const struct record *record, int floor_dbm)
{
	const struct value *readings = subject_readings(record);
	uint32_t n = readings ? readings->count : 0;

	while (n > 0 && dbm_of(record, readings, n - 1) < floor_dbm)
		n--;
	return n;
}
