/* SPDX-License-Identifier: ISC */
/* filter.h: which records a controller gives and an output takes
 *
 * A filter is made of what the configuration says and of the dictionary whose records it looks at,
 * and does not change. It remembers nothing; see gate.h.
 */
#ifndef NMSP_GATEWAY_FILTER_H
#define NMSP_GATEWAY_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "conf/config.h"
#include "gateway/subject.h"

struct filter_rule {
	struct config_rule is;
	size_t ssid_length;
	uint64_t entity; /* its number; FILTER_NO_ENTITY where the dictionary has none */
	bool denies;
};

#define FILTER_NO_ENTITY UINT64_MAX
#define FILTER_NO_FLOOR	 PLACES_NO_DBM

/* Which rssi records of a station may wait. */
struct filter_pace {
	uint64_t interval_ms;	 /* 0: none waits */
	unsigned rssi_change_db; /* 0: however much it moves */
	bool ap_change;		 /* not when another access point hears it best */
};

struct filter_rules {
	struct filter_rule *items;
	size_t n;
};

struct filter {
	struct filter_rules allow; /* none: everything */
	struct filter_rules deny;
	int floor_dbm; /* FILTER_NO_FLOOR for none */
	struct filter_pace pace;
	unsigned enrich; /* enum config_enrich */
	bool asks_ssid;	 /* some rule looks at the SSID */
	bool decides;	 /* it may hold something back; else it only enriches */
};

/* Makes a filter; NULL in `*filter` where the configuration wants none. Returns 0, or -1 without
 * memory. filter_free takes NULL. */
int filter_new(struct filter **filter, const struct config_filter *config, const struct dict *dict);
void filter_free(struct filter *filter);

/* Whether the rules let a record pass. A term about what the record does not have is not fulfilled,
 * but where an SSID is not known a rule that denies takes it to be the one that it names. What is
 * denied and allowed is denied. */
bool filter_passes(const struct filter *filter, const struct subject *subject);

/* The names that a dictionary has for entities, or NULL. */
const struct enumeration *filter_entities(const struct dict *dict);

/* Whether it has an entity of this name, or the name is a number. */
bool filter_knows_entity(const struct dict *dict, const char *name);

#endif
