/* SPDX-License-Identifier: ISC */
/* config_filter.c: the rules of a filter: "kind=rssi entity=client ssid='guest*'" */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/config_read.h"
#include "conf/suggest.h"

#define BLANKS	   " "
#define MAC_DIGITS 12

/* One key=value of a rule; `next` is behind it. */
struct term {
	char key[32];
	char value[64];
	const char *next;
};

static bool
set_kind(struct config_rule *rule, const char *value, struct option_expected *expected)
{
	struct suggest suggest = suggest_for(value);
	char hint[64], names[128] = "";

	rule->kind = kind_named(value);
	if (rule->kind != KIND_NONE)
		return true;
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		size_t used = strlen(names);

		suggest_offer(&suggest, kind_name((enum kind)kind));
		snprintf(names + used, sizeof names - used, "%s%s", kind ? ", " : "",
			 kind_name((enum kind)kind));
	}
	return option_expect(expected, "one of %s%s", names,
			     suggest_text(&suggest, hint, sizeof hint));
}

/* Whether it is one is known with the dictionary. */
static bool
set_entity(struct config_rule *rule, const char *value, struct option_expected *expected)
{
	size_t length = strlen(value);

	if (length >= sizeof rule->entity)
		return option_expect(expected, "the name of an entity, at most %zu characters",
				     sizeof rule->entity - 1);
	memcpy(rule->entity, value, length);
	return true;
}

static bool
set_ssid(struct config_rule *rule, const char *value, struct option_expected *expected)
{
	size_t length = strlen(value);

	rule->ssid_begins = value[length - 1] == '*';
	length -= rule->ssid_begins;
	if (length >= sizeof rule->ssid)
		return option_expect(expected, "an SSID of at most %zu bytes",
				     sizeof rule->ssid - 1);
	memcpy(rule->ssid, value, length);
	return true;
}

static bool
set_prefix(struct config_prefix *prefix, const char *value, struct option_expected *expected)
{
	unsigned digits = 0;

	for (; *value && digits <= MAC_DIGITS; value++) {
		int c = tolower((unsigned char)*value);

		if (digits > 0 && strchr(":-.", c))
			continue;
		if (!isxdigit(c))
			break;
		prefix->bits = prefix->bits << 4 | (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
		digits++;
	}
	if (*value || digits == 0 || digits > MAC_DIGITS)
		return option_expect(expected,
				     "a MAC address, or the digits that addresses begin with");
	prefix->bits <<= 4 * (MAC_DIGITS - digits);
	prefix->mask = UINT64_C(0xffffffffffff) << 4 * (MAC_DIGITS - digits) &
		       UINT64_C(0xffffffffffff);
	return true;
}

static bool
set_ap(struct config_rule *rule, const char *value, struct option_expected *expected)
{
	return set_prefix(&rule->ap, value, expected);
}

static bool
set_mac(struct config_rule *rule, const char *value, struct option_expected *expected)
{
	return set_prefix(&rule->mac, value, expected);
}

static bool
set_mac_type(struct config_rule *rule, const char *value, struct option_expected *expected)
{
	rule->mac_local = strcmp(value, "local") == 0;
	return rule->mac_local || strcmp(value, "universal") == 0 ||
	       option_expect(expected, "local or universal");
}

static const struct {
	const char *key;
	bool (*set)(struct config_rule *rule, const char *value, struct option_expected *expected);
} keys[TERM_COUNT] = {
	[TERM_KIND] = {"kind", set_kind}, [TERM_ENTITY] = {"entity", set_entity},
	[TERM_SSID] = {"ssid", set_ssid}, [TERM_AP] = {"ap", set_ap},
	[TERM_MAC] = {"mac", set_mac},	  [TERM_MAC_TYPE] = {"mac_type", set_mac_type},
};

/* Copies `length` bytes with a NUL, if there are any and there is room. */
static bool
take(char *to, size_t size, const char *from, size_t length)
{
	if (length == 0 || length >= size)
		return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

/* Takes a term apart; its value may stand in single quotes. */
static bool
split(const char *text, struct term *term)
{
	size_t length = strcspn(text, "=" BLANKS);
	const char *value = text + length + 1;
	const char *ends = BLANKS;

	if (text[length] != '=' || !take(term->key, sizeof term->key, text, length))
		return false;
	if (*value == '\'') {
		ends = "'";
		value++;
	}
	length = strcspn(value, ends);
	term->next = value + length;
	if (*ends == '\'' && *term->next++ != '\'')
		return false;
	return take(term->value, sizeof term->value, value, length) &&
	       (!*term->next || strchr(BLANKS, *term->next));
}

static bool
expect_key(const char *key, struct option_expected *expected)
{
	struct suggest suggest = suggest_for(key);
	char hint[64];

	for (unsigned i = 0; i < TERM_COUNT; i++)
		suggest_offer(&suggest, keys[i].key);
	return option_expect(expected,
			     "a term about kind, entity, ssid, ap, mac or mac_type instead of %s%s",
			     key, suggest_text(&suggest, hint, sizeof hint));
}

static bool
add_term(struct config_rule *rule, const struct term *term, struct option_expected *expected)
{
	unsigned i = 0;

	while (i < TERM_COUNT && strcmp(keys[i].key, term->key) != 0)
		i++;
	if (i == TERM_COUNT)
		return expect_key(term->key, expected);
	if (rule->terms & 1U << i)
		return option_expect(expected, "one %s only, more are rules of their own",
				     term->key);
	rule->terms |= 1U << i;
	return keys[i].set(rule, term->value, expected);
}

static bool
read_rule(struct config_rule *rule, const char *text, struct option_expected *expected)
{
	struct term term = {.next = text};

	while (*(term.next += strspn(term.next, BLANKS))) {
		if (!split(term.next, &term))
			return option_expect(expected,
					     "terms like kind=rssi or ssid='Free WiFi', with "
					     "blanks between");
		if (!add_term(rule, &term, expected))
			return false;
	}
	return rule->terms || option_expect(expected, "at least one term, like kind=rssi");
}

void
config_rule_add(struct reading *reading, const struct option *option, struct config_rules *rules,
		const struct option_value *value)
{
	struct config_rule *rule = &rules->items[rules->n];
	struct option_expected expected = {""};

	if (read_rule(rule, value->text, &expected)) {
		reading_note(reading, rule, value->place, true);
		rules->n++;
	} else {
		*rule = (struct config_rule){.terms = 0};
		report_error(&reading->source.report, value->place, "%s: \"%s\": expected %s",
			     option->name, value->text, expected.text);
	}
}

/* Without an interval nothing waits, and nothing can be quicker. */
void
config_filter_check(struct reading *reading, const struct config_filter *filter)
{
	if (filter->interval_s > 0)
		return;
	if (filter->rssi_change_db > 0)
		reading_error(reading, &filter->rssi_change_db,
			      "rssi_change without interval, expected both");
	if (filter->ap_change)
		reading_error(reading, &filter->ap_change,
			      "ap_change without interval, expected both");
}
