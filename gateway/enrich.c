/* SPDX-License-Identifier: ISC */
/* enrich.c: what a controller said of its stations and access points, ready as JSON */
#include "gateway/enrich.h"

#include <stdlib.h>
#include <string.h>

#include "codecs/places.h"
#include "gateway/lru.h"
#include "outputs/record_json.h"

#define OF_READINGS (ENRICH_AP_NAME | ENRICH_AP_GROUP)

/* What is remembered of a station, and of an access point. */
enum station_part {
	STATION_RAW_SSID, /* as it was on the wire */
	STATION_SSID,	  /* a member of an object, like the others; or nothing */
	STATION_USERNAME,
	STATION_IP,
	STATION_PARTS,
};

enum ap_part {
	AP_NAME,
	AP_GROUP,
};

struct said {
	uint32_t ends[STATION_PARTS]; /* of the parts in the text */
	char text[];
};

struct enrich {
	unsigned fields;
	struct lru stations;
	struct lru aps;
	struct jsonw text; /* parts being made */
	uint32_t ends[STATION_PARTS];
	unsigned n_parts;
};

struct enrich *
enrich_new(const struct enrich_settings *settings)
{
	struct enrich *enrich = calloc(1, sizeof *enrich);

	if (enrich)
		enrich_set(enrich, settings);
	return enrich;
}

void
enrich_free(struct enrich *enrich)
{
	if (!enrich)
		return;
	lru_fini(&enrich->stations);
	lru_fini(&enrich->aps);
	jsonw_fini(&enrich->text);
	free(enrich);
}

void
enrich_set(struct enrich *enrich, const struct enrich_settings *settings)
{
	enrich->fields = settings->fields;
	lru_limit(&enrich->stations, settings->max, settings->ttl_ms);
	lru_limit(&enrich->aps, settings->max, 0);
}

/* Remembering. */

static void
end_part(struct enrich *enrich)
{
	enrich->ends[enrich->n_parts++] = (uint32_t)enrich->text.length;
}

/* A value, where it is there and somebody asked for it. */
static const struct value *
wanted(const struct enrich *enrich, unsigned field, const struct place *place, struct value *slots)
{
	return enrich->fields & field ? place_value(place, slots) : NULL;
}

static void
add_text(struct enrich *enrich, const char *key, const struct value *value)
{
	if (value && value->count && value->count <= ENRICH_TEXT) {
		jsonw_raw(&enrich->text, key, strlen(key));
		jsonw_string(&enrich->text, value->bytes, value->count);
	}
	end_part(enrich);
}

static void
add_addresses(struct enrich *enrich, bool repeat, const struct value *value)
{
	uint32_t n = value && repeat ? value->count : value != NULL;
	const struct value *ip = value && repeat ? value->items : value;

	n = n < ENRICH_ADDRESSES ? n : ENRICH_ADDRESSES;
	for (uint32_t i = 0; i < n; i++) {
		const char *before = i ? "," : ",\"ip\":[";

		jsonw_raw(&enrich->text, before, strlen(before));
		jsonw_ip(&enrich->text, ip[i].bytes, ip[i].count);
	}
	if (n)
		jsonw_char(&enrich->text, ']');
	end_part(enrich);
}

/* Keeps the parts that were made, in the place of what was said before. */
static void
keep(struct enrich *enrich, struct lru *lru, uint64_t mac, uint64_t now_ms)
{
	size_t length = enrich->text.length;
	struct said *said = NULL;

	if (!enrich->text.failed)
		said = lru_set(lru, mac, sizeof *said + length, now_ms);
	else
		lru_drop(lru, mac);
	if (said) {
		memcpy(said->ends, enrich->ends, sizeof said->ends);
		memcpy(said->text, enrich->text.data, length);
	}
	if (enrich->text.failed)
		jsonw_fini(&enrich->text);
	enrich->text.length = 0;
	enrich->n_parts = 0;
}

static void
learn_station(struct enrich *enrich, const struct record *record, uint64_t now_ms)
{
	const struct record_places *at = record->element->places;
	const struct value *ssid = place_value(&at->ssid, record->slots);
	uint64_t mac = place_mac(&at->mac, record->slots);

	if (!mac)
		return;
	if (ssid && ssid->count <= ENRICH_TEXT)
		jsonw_raw(&enrich->text, (const char *)ssid->bytes, ssid->count);
	end_part(enrich);
	add_text(enrich, ",\"ssid\":", wanted(enrich, ENRICH_SSID, &at->ssid, record->slots));
	add_text(enrich,
		 ",\"username\":", wanted(enrich, ENRICH_USERNAME, &at->username, record->slots));
	add_addresses(enrich, at->ip.field && at->ip.field->repeat,
		      wanted(enrich, ENRICH_IP, &at->ip, record->slots));
	keep(enrich, &enrich->stations, mac, now_ms);
}

static void
learn_ap(struct enrich *enrich, const struct record *record, uint64_t now_ms)
{
	const struct record_places *at = record->element->places;
	uint64_t mac = place_mac(&at->mac, record->slots);

	if (!mac || !(enrich->fields & (ENRICH_AP_NAME | ENRICH_AP_GROUP)))
		return;
	add_text(enrich, ",\"ap_name\":", wanted(enrich, ENRICH_AP_NAME, &at->name, record->slots));
	add_text(enrich,
		 ",\"ap_group\":", wanted(enrich, ENRICH_AP_GROUP, &at->group, record->slots));
	keep(enrich, &enrich->aps, mac, now_ms);
}

void
enrich_learn(struct enrich *enrich, const struct record *record, uint64_t now_ms)
{
	if (record->kind == KIND_INFO)
		learn_station(enrich, record, now_ms);
	else if (record->kind == KIND_AP && enrich->fields & OF_READINGS)
		learn_ap(enrich, record, now_ms);
}

/* Using. */

static const char *
part_of(const struct said *said, unsigned part, size_t *length)
{
	uint32_t start = part ? said->ends[part - 1] : 0;

	*length = said->ends[part] - start;
	return said->text + start;
}

static void
write_part(struct jsonw *json, const struct said *said, unsigned part)
{
	size_t length;
	const char *text = part_of(said, part, &length);

	jsonw_raw(json, text, length);
}

/* A record may say that its station is in no network. */
static bool
may_have_ssid(const struct record *record)
{
	const struct record_places *at = record->element->places;
	const struct value *bits = place_value(&at->associated, record->slots);

	return place_value(&at->entity, record->slots) &&
	       !(bits && !(bits->u & at->associated_mask));
}

void
enrich_subject(struct enrich *enrich, const struct record *record, struct subject *subject,
	       uint64_t now_ms)
{
	const struct said *said;
	size_t length;
	const char *ssid;

	if (!subject->mac || record->element->places->ssid.field)
		return;
	said = lru_find(&enrich->stations, subject->mac, now_ms);
	subject->ssid_unknown = !said && may_have_ssid(record);
	ssid = said ? part_of(said, STATION_RAW_SSID, &length) : NULL;
	if (!ssid || !length)
		return;
	subject->ssid = (const uint8_t *)ssid;
	subject->ssid_length = length;
}

static void
write_station(struct enrich *enrich, const struct enrich_wish *wish, struct jsonw *json)
{
	static const struct {
		unsigned field;
		enum station_part part;
	} members[] = {
		{ENRICH_SSID, STATION_SSID},
		{ENRICH_USERNAME, STATION_USERNAME},
		{ENRICH_IP, STATION_IP},
	};
	const struct record_places *at = wish->record->element->places;
	const struct place *const own[] = {&at->ssid, &at->username, &at->ip};
	uint64_t mac = place_mac(&at->mac, wish->record->slots);
	const struct said *said = mac ? lru_find(&enrich->stations, mac, wish->now_ms) : NULL;

	for (unsigned i = 0; said && i < sizeof members / sizeof members[0]; i++)
		if (wish->fields & members[i].field && !own[i]->field)
			write_part(json, said, members[i].part);
}

static void
write_reading(struct enrich *enrich, const struct enrich_wish *wish, struct value *reading,
	      struct jsonw *json)
{
	const struct record_places *at = wish->record->element->places;
	uint64_t ap = place_mac(&at->reading_ap, reading);
	const struct said *said = ap ? lru_find(&enrich->aps, ap, wish->now_ms) : NULL;
	size_t start = json->length;

	record_json_object_members(json, at->readings.field->shape, reading);
	if (said && wish->fields & ENRICH_AP_NAME && !at->reading_ap_name.field)
		write_part(json, said, AP_NAME);
	if (said && wish->fields & ENRICH_AP_GROUP && !at->reading_ap_group.field)
		write_part(json, said, AP_GROUP);
	record_json_object_end(json, start);
}

bool
enrich_write(struct enrich *enrich, const struct enrich_wish *wish, struct jsonw *json)
{
	const struct record_places *at = wish->record->element->places;
	const struct value *readings = place_value(&at->readings, wish->record->slots);

	write_station(enrich, wish, json);
	if (!readings || !readings->count || !(wish->fields & OF_READINGS))
		return false;
	jsonw_raw(json, at->readings.field->key.s, at->readings.field->key.length);
	for (uint32_t i = 0; i < readings->count; i++) {
		jsonw_char(json, i ? ',' : '[');
		write_reading(enrich, wish,
			      readings->items + (size_t)i * at->readings.field->stride, json);
	}
	jsonw_char(json, ']');
	return true;
}
