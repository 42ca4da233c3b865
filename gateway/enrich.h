/* SPDX-License-Identifier: ISC */
/* enrich.h: what a controller said of its stations and access points, for records that do not say
 * it
 *
 * Of each station what its last info record said is remembered for some time, of each access point
 * what its last record said; both are bounded in number, and each field in length. Nothing is kept
 * that nobody asked for.
 */
#ifndef NMSP_GATEWAY_ENRICH_H
#define NMSP_GATEWAY_ENRICH_H

#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"
#include "conf/config.h"
#include "gateway/subject.h"
#include "outputs/jsonw.h"

/* Longer fields, and more addresses, are not remembered. */
#define ENRICH_TEXT	 255
#define ENRICH_ADDRESSES 16

struct enrich;

struct enrich_settings {
	unsigned fields; /* enum config_enrich */
	uint64_t ttl_ms; /* since the last info record of a station; access points stay */
	size_t max;	 /* stations, and access points */
};

/* Remembers nothing yet; NULL without memory. enrich_free takes NULL. */
struct enrich *enrich_new(const struct enrich_settings *settings);
void enrich_free(struct enrich *enrich);

/* Goes on with other settings; what is beyond them is forgotten. */
void enrich_set(struct enrich *enrich, const struct enrich_settings *settings);

/* Takes note of a record that says something of a station or an access point. */
void enrich_learn(struct enrich *enrich, const struct record *record, uint64_t now_ms);

/* Fills in the SSID of a subject whose kind of record has none, or that it is not known. */
void enrich_subject(struct enrich *enrich, const struct record *record, struct subject *subject,
		    uint64_t now_ms);

/* One rssi record that is enriched. */
struct enrich_wish {
	const struct record *record;
	unsigned fields; /* enum config_enrich */
	uint64_t now_ms;
};

/* Appends the members that an rssi record gets, each with a comma before it. Those of its readings
 * are written anew when these get some; returns whether that is so, the record's own must then be
 * left out. */
bool enrich_write(struct enrich *enrich, const struct enrich_wish *wish, struct jsonw *json);

#endif
