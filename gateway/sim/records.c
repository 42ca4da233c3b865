/* SPDX-License-Identifier: ISC */
/* records.c: one record of each kind, from what the world knows */
#include "gateway/sim/records.h"

#include <math.h>
#include <string.h>

#include "gateway/sim/form.h"
#include "gateway/sim/port.h"
#include "gateway/sim/prng.h"

/* Facts that hang on nothing but a number: the same for the life of a world. */
static uint64_t
trait(const struct feed *feed, uint64_t number)
{
	return prng_mix(feed->world->size.seed * 31 + number);
}

static const char *
band_name(uint32_t slot)
{
	return slot == 0 ? "2.4" : "5";
}

/* A time of the world on the wall's clock, seconds since 1970. */
static int64_t
wall_s(const struct feed *feed, uint64_t world_ms)
{
	return (int64_t)((feed->wall_ms - (feed->world->now_ms - world_ms)) / 1000);
}

static uint32_t
age_s(const struct feed *feed, uint64_t world_ms)
{
	return (uint32_t)((feed->world->now_ms - world_ms) / 1000);
}

static void
fill_readings(struct form *form, const struct feed *feed, const struct record_hearing *hearing)
{
	struct form reading = form_list(form, "readings", hearing->n_readings);

	for (uint32_t i = 0; i < hearing->n_readings; i++, form_next(&reading)) {
		const struct air_reading *heard = &hearing->readings[i];

		form_number(&reading, "ap", (int64_t)feed->world->aps[heard->ap].mac);
		form_number(&reading, "slot", heard->slot);
		form_enum(&reading, "band", band_name(heard->slot));
		form_enum(&reading, "source", "probe");
		form_numbers(&reading, "antennas_dbm", heard->antennas_dbm, 2);
		form_number(&reading, "snr_db", heard->snr_db);
		form_number(&reading, "age_ms", heard->age_ms);
	}
}

static void
fill_measurement(struct form *form, const struct feed *feed, const struct record_hearing *hearing)
{
	const struct world_station *station = hearing->station;

	form_number(form, "mac", (int64_t)station->mac);
	form_enum(form, "entity", feed_entity_name(station->kind));
	form_number(form, "flags", 0);
	if (station->ap != WORLD_NOWHERE)
		form_bit(form, "flags", "associated");
	fill_readings(form, feed, hearing);
}

/* What a tag says of itself: by its number it has a thermometer, a motion sensor, or was near an
 * exciter. */
static void
fill_tag(struct form *form, const struct feed *feed, const struct world_station *tag)
{
	uint64_t u = trait(feed, tag->mac);
	struct form ccx = form_list(form, "ccx", 1);
	struct form battery = form_list(form, "battery", 1);
	struct form chokepoint = form_list(form, "chokepoint", tag->number % 3 == 0);
	struct form telemetry = form_list(form, "telemetry", 1 + (tag->number % 2));
	double warmth = sin((double)feed->world->now_ms / 600e3 + (double)(u & 0xff));

	if (trait(feed, feed->world->now_ms / 10000 + tag->mac) % 50 == 0)
		form_enum(form, "event", "button");
	form_number(&ccx, "version", 1);
	form_number(&ccx, "tx_power_dbm", 17);
	form_number(&ccx, "channel", feed->world->aps[0].radios[0].channel);
	form_number(&ccx, "regulatory_class", 12);
	form_number(&ccx, "burst_length", 3);
	form_number(&ccx, "sequence", (int64_t)(tag->traffic.packets_rx & 0xfff));
	form_enum(&battery, "level", u % 5 == 0 ? "low" : "normal");
	form_number(&battery, "percent", u % 5 == 0 ? 9 : 40 + (int64_t)(u % 60));
	form_number(&battery, "days", u % 5 == 0 ? 20 : 90 + (int64_t)(u % 300));
	form_number(&chokepoint, "mac", 0x000ccc5e0000 | (int64_t)(u & 0xffff));
	form_number(&chokepoint, "age_ms", (int64_t)(u % 3000));
	form_enum(&telemetry, "type", "temperature");
	form_number(&telemetry, "value", lround(1000 * (21 + 3 * warmth)));
	form_next(&telemetry);
	if (tag->number % 2) {
		form_enum(&telemetry, "type", "motion");
		form_number(&telemetry, "value",
			    feed->world->now_ms >= tag->pause_until_ms ? 1000 : 0);
	}
}

static bool
record_tag(struct feed *feed, const struct record_hearing *hearing, struct encoder *encoder)
{
	const struct field *field = feed->fields.tag_measurement;
	struct form form = form_new(&feed->arena, field);
	struct form measurement = form_list(&form, "measurement", 1);

	fill_measurement(&measurement, feed, hearing);
	fill_tag(&form, feed, hearing->station);
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_measurement(struct feed *feed, const struct record_hearing *hearing, struct encoder *encoder)
{
	const struct field *field = feed->fields.measurement;
	struct form form;

	if (hearing->station->kind == WORLD_TAG)
		return record_tag(feed, hearing, encoder);
	form = form_new(&feed->arena, field);
	fill_measurement(&form, feed, hearing);
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

static void
fill_client(struct form *form, const struct feed *feed, const struct world_station *station)
{
	static const char *const devices[] = {"Apple-iPhone", "Samsung-Galaxy",
					      "Microsoft-Workstation", "Google-Pixel"};
	const struct world_ap *ap =
		&feed->world->aps[station->ap == WORLD_NOWHERE ? 0 : station->ap];

	form_text(form, "username", "user%u", station->number + 1);
	form_ip(form, "ip", 0x0a010000U + station->number + 10);
	form_text(form, "device_type", "%s", devices[station->number % 4]);
	form_enum(form, "status", station->ap == WORLD_NOWHERE ? "probing" : "associated");
	if (station->ap == WORLD_NOWHERE)
		return;
	form_number(form, "ap", (int64_t)ap->mac);
	form_number(form, "bssid", (int64_t)(ap->mac | (station->slot ? 0xf : 0)));
	form_number(form, "slot", station->slot);
	form_number(form, "channel", ap->radios[station->slot].channel);
	form_enum(form, "protocol", station->slot ? "ac" : "n_2.4");
	form_text(form, "ssid", station->number % 5 ? "corp" : "guest");
	form_number(form, "vlan", station->number % 5 ? 120 : 200);
	form_text(form, "ap_group", "floor-%d", ap->at.floor + 1);
}

static void
fill_rogue(struct form *form, const struct feed *feed, const struct world_station *station)
{
	bool malicious = trait(feed, station->mac) % 2;
	uint32_t ap = 0;
	struct form rogue = form_list(form, "rogue", 1);

	form_enum(&rogue, "state", malicious ? "alert" : "known");
	form_enum(&rogue, "class", malicious ? "malicious" : "unclassified");
	form_enum(&rogue, "type", station->kind == WORLD_ROGUE_AP ? "ap" : "adhoc");
	form_number(&rogue, "clients", station->kind == WORLD_ROGUE_AP ? station->number % 3 : 0);
	if (station->kind == WORLD_ROGUE_AP)
		form_text(form, "ssid", "cafe-%u", station->number + 1);
	if (!air_loudest(feed->world, station, &ap))
		return;
	form_number(form, "ap", (int64_t)feed->world->aps[ap].mac);
	form_number(form, "slot", station->slot);
	form_number(form, "channel", feed->world->aps[ap].radios[station->slot].channel);
}

bool
record_information(struct feed *feed, const struct world_station *station, struct encoder *encoder)
{
	const struct field *field = feed->fields.information;
	struct form form = form_new(&feed->arena, field);

	form_number(&form, "mac", (int64_t)station->mac);
	form_enum(&form, "entity", feed_entity_name(station->kind));
	form_number(&form, "first_seen", wall_s(feed, station->joined_ms));
	form_number(&form, "last_seen", wall_s(feed, feed->world->now_ms));
	if (station->kind == WORLD_CLIENT)
		fill_client(&form, feed, station);
	if (station->kind == WORLD_ROGUE_AP || station->kind == WORLD_ROGUE_CLIENT)
		fill_rogue(&form, feed, station);
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_statistics(struct feed *feed, const struct world_station *station, struct encoder *encoder)
{
	const struct world_traffic *traffic = &station->traffic;
	const struct field *field = feed->fields.statistics;
	struct form form = form_new(&feed->arena, field);
	struct air_reading reading;

	form_number(&form, "mac", (int64_t)station->mac);
	form_enum(&form, "entity", feed_entity_name(station->kind));
	if (air_hear(feed->world, station, AIR_FLOOR_DBM, &reading, 1)) {
		form_number(&form, "rssi_dbm", reading.antennas_dbm[0]);
		form_number(&form, "snr_db", reading.snr_db);
	}
	form_number(&form, "uptime_s", age_s(feed, station->joined_ms));
	form_number(&form, "bytes_rx", (int64_t)traffic->bytes_rx);
	form_number(&form, "bytes_tx", (int64_t)traffic->bytes_tx);
	form_number(&form, "packets_rx", (uint32_t)traffic->packets_rx);
	form_number(&form, "packets_tx", (uint32_t)traffic->packets_tx);
	form_number(&form, "retries", (uint32_t)traffic->retries);
	form_number(&form, "errors", (uint32_t)traffic->errors);
	form_number(&form, "rate_rx_kbps",
		    station->kind == WORLD_CLIENT ? 86700 * (1 + station->number % 10) : 0);
	form_number(&form, "rate_tx_kbps",
		    station->kind == WORLD_CLIENT ? 72200 * (1 + station->number % 12) : 0);
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

static void
fill_port(struct form *form, uint32_t number)
{
	struct port_place place = port_place_of(number);
	struct form port = form_list(form, "port", 1);

	form_number(&port, "slot", place.slot);
	form_number(&port, "module", place.module);
	form_number(&port, "port", place.port);
	form_text(form, "interface", "GigabitEthernet%u/%u/%u", place.slot, place.module,
		  place.port);
	form_ip(form, "switch_ip", PORT_SWITCH_IP);
}

bool
record_wired(struct feed *feed, const struct world_wired *wired, const char *event,
	     struct encoder *encoder)
{
	const struct field *field = feed->fields.attachment;
	struct form form = form_new(&feed->arena, field);
	bool phone = wired->port % 2 == 0;

	form_enum(&form, "event", event);
	form_number(&form, "mac", (int64_t)wired->mac);
	form_enum(&form, "entity", "wired");
	form_ip(&form, "ip", 0x0a020000U + wired->port + 10);
	fill_port(&form, wired->port);
	form_text(&form, "username", "wired%u", wired->port + 1);
	form_number(&form, "vlan", phone ? 20 : 10);
	form_enum(&form, "category", "wired_station");
	if (phone) {
		form_text(&form, "serial", "FCH%08X", (uint32_t)trait(feed, wired->mac));
		form_text(&form, "udi", "CP-7945G V01");
		form_text(&form, "model", "CP-7945G");
	}
	form_number(&form, "age_s", age_s(feed, wired->since_ms));
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_wireless(struct feed *feed, const struct world_station *station, const char *event,
		struct encoder *encoder)
{
	const struct field *field = feed->fields.attachment;
	struct form form = form_new(&feed->arena, field);

	form_enum(&form, "event", station->ap == WORLD_NOWHERE ? "delete" : event);
	form_number(&form, "mac", (int64_t)station->mac);
	form_enum(&form, "entity", feed_entity_name(station->kind));
	form_ip(&form, "ip", 0x0a010000U + station->number + 10);
	form_enum(&form, "category", "wireless_station");
	form_number(&form, "age_s", age_s(feed, station->changed_ms));
	if (station->ap != WORLD_NOWHERE) {
		form_number(&form, "ap", (int64_t)feed->world->aps[station->ap].mac);
		form_text(&form, "ssid", station->number % 5 ? "corp" : "guest");
	}
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_location(struct feed *feed, const struct world_wired *wired, enum feed_location what,
		struct encoder *encoder)
{
	const struct field *field = feed->fields.location;
	struct form form = form_new(&feed->arena, field);
	struct port_location location;
	struct form custom;

	port_locate(wired->port, &location);
	if (wired->attached)
		form_number(&form, "mac", (int64_t)wired->mac);
	form_enum(&form, "type", feed_location_name(what));
	fill_port(&form, wired->port);
	if (what == FEED_LOCATION_CIVIC)
		form_bytes(&form, "civic", location.civic, location.civic_length);
	if (what == FEED_LOCATION_ELIN)
		form_text(&form, "elin", "%s", location.elin);
	if (what == FEED_LOCATION_GEO)
		form_bytes(&form, "geo", location.geo, sizeof location.geo);
	if (what == FEED_LOCATION_CUSTOM) {
		custom = form_list(&form, "custom", 1);
		form_number(&custom, "name_length", 4);
		form_text(&custom, "name", "desk");
		form_text(&custom, "value", "%s", location.desk);
	}
	form_text(&form, "location_id", "hq/%s", location.desk);
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_access_point(struct feed *feed, uint32_t index, struct encoder *encoder)
{
	const struct world_ap *ap = &feed->world->aps[index];
	const struct field *field = feed->fields.access_point;
	struct form form = form_new(&feed->arena, field);
	struct form radio = form_list(&form, "radio", WORLD_RADIOS);

	form_number(&form, "mac", (int64_t)ap->mac);
	form_text(&form, "name", "ap-%df-%02u", ap->at.floor + 1, index + 1);
	form_ip(&form, "ip", 0x0a090000U + index + 10);
	form_text(&form, "model", "C9130AXI-B");
	form_text(&form, "serial", "KWC%08X", (uint32_t)trait(feed, ap->mac));
	form_text(&form, "location", "floor %d, %.0f m east, %.0f m north", ap->at.floor + 1,
		  ap->at.x, ap->at.y);
	form_number(&form, "uptime_s", 86400 + age_s(feed, 0));
	form_text(&form, "group", "floor-%d", ap->at.floor + 1);
	form_enum(&form, "status", "joined");
	for (uint32_t slot = 0; slot < WORLD_RADIOS; slot++, form_next(&radio)) {
		form_number(&radio, "slot", slot);
		form_enum(&radio, "band", band_name(slot));
		form_number(&radio, "channel", ap->radios[slot].channel);
		form_number(&radio, "width_mhz", ap->radios[slot].width_mhz);
		form_number(&radio, "tx_power_dbm", ap->radios[slot].tx_power_dbm);
		form_enum(&radio, "mode", "local");
		form_enum(&radio, "admin", "up");
		form_enum(&radio, "oper", "up");
		form_number(&radio, "clients", ap->radios[slot].clients);
	}
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_interferer(struct feed *feed, const struct world_station *station, struct encoder *encoder)
{
	static const char *const types[] = {"microwave_oven", "bluetooth_link", "video_camera",
					    "zigbee"};
	const struct field *field = feed->fields.interferer;
	struct form form = form_new(&feed->arena, field);
	uint64_t u = trait(feed, station->mac);
	struct air_reading reading;

	if (!air_hear(feed->world, station, AIR_FLOOR_DBM, &reading, 1))
		return false;
	form_number(&form, "device_id", (uint32_t)u);
	form_number(&form, "cluster", (int64_t)station->mac);
	form_number(&form, "detected", wall_s(feed, feed->world->now_ms));
	form_enum(&form, "type", types[station->number % 4]);
	form_number(&form, "severity", (int64_t)(u % 100));
	form_number(&form, "ap", (int64_t)feed->world->aps[reading.ap].mac);
	form_number(&form, "slot", 0);
	form_enum(&form, "band", band_name(0));
	form_number(&form, "duty_cycle_pct", 5 + (int64_t)(u % 40));
	form_number(&form, "antenna", 1);
	form_number(&form, "rssi_dbm", reading.antennas_dbm[0]);
	form_number(&form, "affected_channels", 0x3f << (u % 6));
	form_bytes(&form, "signature", &u, 4);
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_air_quality(struct feed *feed, uint32_t ap, uint32_t slot, struct encoder *encoder)
{
	const struct field *field = feed->fields.air_quality;
	struct form form = form_new(&feed->arena, field);
	const struct world_radio *radio = &feed->world->aps[ap].radios[slot];
	uint64_t u = trait(feed,
			   feed->world->now_ms / 60000 * 4096 + (uint64_t)ap * WORLD_RADIOS + slot);
	int64_t index = 99 - (int64_t)(u % (slot ? 6 : 30));

	form_number(&form, "ap", (int64_t)feed->world->aps[ap].mac);
	form_number(&form, "slot", slot);
	form_number(&form, "channel", radio->channel);
	form_number(&form, "index_min", index - (int64_t)(u >> 8) % 20);
	form_number(&form, "index", index);
	form_number(&form, "power_dbm", -85 + (int64_t)(u >> 16) % 10);
	form_number(&form, "interference_power_dbm", -92 + (int64_t)(u >> 24) % 7);
	form_number(&form, "duty_cycle_pct", 2 * radio->clients + 5);
	form_number(&form, "interference_duty_cycle_pct", (99 - index) / 3);
	form_number(&form, "devices", (99 - index) / 8);
	form_number(&form, "time", wall_s(feed, feed->world->now_ms));
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}

bool
record_alarm(struct feed *feed, uint64_t number, struct encoder *encoder)
{
	const struct world_event *event = &feed->world->events[number % WORLD_EVENTS];
	const struct field *field = feed->fields.wips_alarm;
	struct form form = form_new(&feed->arena, field);

	form_number(&form, "alarm_id", (uint32_t)number + 1);
	form_number(&form, "time", wall_s(feed, event->ms));
	form_number(&form, "ap", (int64_t)feed->world->aps[event->ap].mac);
	form_number(&form, "mac", (int64_t)feed->world->stations[event->subject].mac);
	form_number(&form, "signature_id", 100 + event->detail % 60);
	form_number(&form, "message_index", event->detail % 9);
	form_number(&form, "severity", 1 + event->detail % 5);
	form_number(&form, "version", 1);
	form_encode(&form, field, encoder);
	return form.slots != NULL;
}
