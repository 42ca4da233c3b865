/* SPDX-License-Identifier: ISC */
/* filter.c: which records a controller gives and an output takes */
#include "gateway/filter.h"

#include <stdlib.h>
#include <string.h>

#define MAC_LOCAL (UINT64_C(2) << 40)

const struct enumeration *
filter_entities(const struct dict *dict)
{
	for (uint32_t i = 0; i < dict->elements.n_fields; i++) {
		const struct record_places *at = dict->elements.fields[i].places;

		if (at && at->entity.field && at->entity.field->values)
			return at->entity.field->values;
	}
	return NULL;
}

static uint64_t
entity_number(const struct dict *dict, const char *name)
{
	const struct enumeration *entities = filter_entities(dict);
	const struct enumeration_value *known = entities ? enumeration_named(entities, name) : NULL;
	size_t digits = strspn(name, "0123456789");

	if (known)
		return known->number;
	return digits > 0 && !name[digits] ? strtoull(name, NULL, 10) : FILTER_NO_ENTITY;
}

bool
filter_knows_entity(const struct dict *dict, const char *name)
{
	return entity_number(dict, name) != FILTER_NO_ENTITY;
}

static bool
has_term(const struct filter_rule *rule, enum config_term term)
{
	return rule->is.terms & 1U << term;
}

static int
take_rules(struct filter *filter, struct filter_rules *rules, const struct config_rules *from,
	   const struct dict *dict)
{
	rules->items = calloc(from->n + 1, sizeof *rules->items);
	if (!rules->items)
		return -1;
	for (; rules->n < from->n; rules->n++) {
		struct filter_rule *rule = &rules->items[rules->n];

		rule->is = from->items[rules->n];
		rule->entity = entity_number(dict, rule->is.entity);
		rule->ssid_length = strlen(rule->is.ssid);
		rule->denies = rules == &filter->deny;
		filter->asks_ssid |= has_term(rule, TERM_SSID);
	}
	return 0;
}

int
filter_new(struct filter **filter, const struct config_filter *config, const struct dict *dict)
{
	bool decides = config->allow.n || config->deny.n || config->rssi_floor_dbm ||
		       config->interval_s;
	struct filter *made;

	*filter = NULL;
	if (!decides && !config->enrich)
		return 0;
	made = calloc(1, sizeof *made);
	if (!made || take_rules(made, &made->allow, &config->allow, dict) ||
	    take_rules(made, &made->deny, &config->deny, dict)) {
		filter_free(made);
		return -1;
	}
	made->floor_dbm = config->rssi_floor_dbm ? config->rssi_floor_dbm : FILTER_NO_FLOOR;
	made->pace = (struct filter_pace){config->interval_s * UINT64_C(1000),
					  config->rssi_change_db, config->ap_change};
	made->enrich = config->enrich;
	made->decides = decides;
	*filter = made;
	return 0;
}

void
filter_free(struct filter *filter)
{
	if (!filter)
		return;
	free(filter->allow.items);
	free(filter->deny.items);
	free(filter);
}

static bool
begins(uint64_t mac, const struct config_prefix *prefix)
{
	return mac && (mac & prefix->mask) == prefix->bits;
}

static bool
has_ssid(const struct filter_rule *rule, const struct subject *subject)
{
	if (subject->ssid_unknown)
		return rule->denies;
	return subject->ssid && subject->ssid_length >= rule->ssid_length &&
	       (rule->is.ssid_begins || subject->ssid_length == rule->ssid_length) &&
	       memcmp(subject->ssid, rule->is.ssid, rule->ssid_length) == 0;
}

static bool
is_fulfilled(const struct filter_rule *rule, enum config_term term, const struct subject *subject)
{
	switch (term) {
	case TERM_KIND:
		return subject->kind == rule->is.kind;
	case TERM_ENTITY:
		return subject->has_entity && subject->entity == rule->entity;
	case TERM_SSID:
		return has_ssid(rule, subject);
	case TERM_AP:
		return begins(subject->ap, &rule->is.ap);
	case TERM_MAC:
		return begins(subject->mac, &rule->is.mac);
	case TERM_MAC_TYPE:
		return subject->mac && !(subject->mac & MAC_LOCAL) == !rule->is.mac_local;
	case TERM_COUNT:
		break;
	}
	return false;
}

static bool
matches(const struct filter_rule *rule, const struct subject *subject)
{
	for (unsigned term = 0; term < TERM_COUNT; term++)
		if (has_term(rule, (enum config_term)term) &&
		    !is_fulfilled(rule, (enum config_term)term, subject))
			return false;
	return true;
}

static bool
any_matches(const struct filter_rules *rules, const struct subject *subject)
{
	for (size_t i = 0; i < rules->n; i++)
		if (matches(&rules->items[i], subject))
			return true;
	return false;
}

bool
filter_passes(const struct filter *filter, const struct subject *subject)
{
	if (any_matches(&filter->deny, subject))
		return false;
	return filter->allow.n == 0 || any_matches(&filter->allow, subject);
}
