/* SPDX-License-Identifier: ISC */
/* subject.h: what a record is about, as far as topics and filters look at it */
#ifndef NMSP_GATEWAY_SUBJECT_H
#define NMSP_GATEWAY_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"
#include "codecs/places.h"

/* What filters look at. 0 stands for no MAC address, NULL for no SSID. */
struct subject {
	enum kind kind;
	bool has_entity;
	bool has_readings; /* an rssi record with at least one */
	bool urgent;	   /* it answers a request, or a tag tells an event */
	bool ssid_unknown; /* the station may have one, and no record has told it */
	uint64_t entity;
	uint64_t mac;
	uint64_t ap; /* its access point, or the one that hears it best */
	uint64_t station;
	const uint8_t *ssid;
	size_t ssid_length;
	int dbm; /* of the strongest reading; PLACES_NO_DBM for none */
};

/* MAC and entity of the station in one number, 0 for a record that is about none. */
uint64_t subject_station(const struct record *record);

/* The number of a record's entity, 0 for none. */
unsigned subject_entity(const struct record *record);

/* A record's access point, for readings the one that hears best; 0 for none. */
uint64_t subject_ap(const struct record *record);

/* Looks at a record, and puts its readings in order, strongest first, where the dictionary did not.
 */
void subject_of(struct subject *subject, const struct message *message,
		const struct record *record);

/* The readings of a record that has some, possibly none; else NULL. */
struct value *subject_readings(const struct record *record);

/* How many of a record's readings, which are in order, are as strong as `floor_dbm` at least. */
uint32_t subject_reaching(const struct record *record, int floor_dbm);

#endif
