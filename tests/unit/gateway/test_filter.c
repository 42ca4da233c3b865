/* SPDX-License-Identifier: ISC */
/* test_filter.c: rules against records */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/filter.h"
#include "tests/unit/support.h"

#define CLIENT "0100 [a483e7123456 01 01 01 2c574158eee0 00 01 01 c4 c5 0a 00000001]"
#define LOCAL  "0100 [daa119000001 01 00 00]"
#define ROGUE                                                                          \
	"0200 [0201 [f29fc2000001] 0202 [03] 0203 [2c574158ef00] 0206 [46726565205769" \
	"4669]]"
#define INFO	"0200 [0201 [a483e7123456] 0202 [01] 0203 [2c574158eee0] 0206 [636f7270]]"
#define NOBODY	"0200 []"
#define AP	"0600 [0601 [2c574158eee0] 0602 [6170]]"
#define AIR	"0701 [2c574158eee0 01 0024 47 5f b0 ab 0c 03 02 6b031f90]"
#define NUMBER	"0100 [001122334477 2a 01 00]"
#define UNKNOWN "0b00 [01]"

#define OUI UINT64_C(0xffffff000000)

/* What stands in a configuration. */
static struct config_rule
about(unsigned terms)
{
	struct config_rule rule = {.terms = terms};

	return rule;
}

static struct config_rule
of_kind(enum kind kind)
{
	struct config_rule rule = about(1U << TERM_KIND);

	rule.kind = kind;
	return rule;
}

static struct config_rule
of_entity(const char *name)
{
	struct config_rule rule = about(1U << TERM_ENTITY);

	snprintf(rule.entity, sizeof rule.entity, "%s", name);
	return rule;
}

static struct config_rule
of_ssid(const char *ssid, bool begins)
{
	struct config_rule rule = about(1U << TERM_SSID);

	snprintf(rule.ssid, sizeof rule.ssid, "%s", ssid);
	rule.ssid_begins = begins;
	return rule;
}

static struct config_rule
of_mac(uint64_t bits, uint64_t mask)
{
	struct config_rule rule = about(1U << TERM_MAC);

	rule.mac = (struct config_prefix){bits, mask};
	return rule;
}

static struct config_rule
of_ap(uint64_t bits, uint64_t mask)
{
	struct config_rule rule = about(1U << TERM_AP);

	rule.ap = (struct config_prefix){bits, mask};
	return rule;
}

static struct config_rule
of_mac_type(bool local)
{
	struct config_rule rule = about(1U << TERM_MAC_TYPE);

	rule.mac_local = local;
	return rule;
}

/* The filter of these rules. */
static struct filter *
filter_of(struct reading *r, struct config_rule *allow, size_t n_allow, struct config_rule *deny,
	  size_t n_deny)
{
	const struct config_filter config = {.allow = {allow, n_allow}, .deny = {deny, n_deny}};
	struct filter *filter;

	assert_int_equal(filter_new(&filter, &config, r->dict), 0);
	return filter;
}

/* Whether the first record of these elements passes. */
static bool
passes(struct reading *r, const struct filter *filter, const char *hex)
{
	struct subject subject;

	reading_body(r, 15, hex);
	assert_true(message_next(&r->message, &r->record));
	subject_of(&subject, &r->message, &r->record);
	return filter_passes(filter, &subject);
}

static const char *const records[] = {CLIENT, LOCAL, ROGUE, INFO, NOBODY, AP, AIR, NUMBER, UNKNOWN};

/* Fails unless just these of the records fulfil a rule; a letter each, - for those that do not. */
static void
assert_fulfils(struct reading *r, struct config_rule rule, const char *letters)
{
	struct filter *allow = filter_of(r, &rule, 1, NULL, 0);
	struct filter *deny = filter_of(r, NULL, 0, &rule, 1);

	for (size_t i = 0; i < COUNT(records); i++) {
		if (passes(r, allow, records[i]) != (letters[i] != '-'))
			fail_msg("allow, record %zu of %s", i, letters);
		if (passes(r, deny, records[i]) != (letters[i] == '-'))
			fail_msg("deny, record %zu of %s", i, letters);
	}
	filter_free(allow);
	filter_free(deny);
}

/* client local rogue info nobody ap air number unknown */
static void
test_single_terms(void **state)
{
	struct reading *r = *state;

	assert_fulfils(r, of_kind(KIND_RSSI), "cl-----n-");
	assert_fulfils(r, of_kind(KIND_UNKNOWN), "--------u");
	assert_fulfils(r, of_entity("client"), "cl-i-----");
	assert_fulfils(r, of_entity("rogue_ap"), "--r------");
	assert_fulfils(r, of_entity("42"), "-------n-");
	assert_fulfils(r, of_entity("martian"), "---------");
	assert_fulfils(r, of_ssid("corp", false), "---i-----");
	assert_fulfils(r, of_ssid("cor", false), "---------");
	assert_fulfils(r, of_ssid("corps", false), "---------");
	assert_fulfils(r, of_ssid("Free", true), "--r------");
	assert_fulfils(r, of_ssid("", true), "--ri-----");
	assert_fulfils(r, of_mac(UINT64_C(0xa483e7000000), OUI), "c--i-----");
	assert_fulfils(r, of_mac(UINT64_C(0x2c5741000000), OUI), "-----a---");
	assert_fulfils(r, of_mac(0, UINT64_C(0xff0000000000)), "-------n-");
	assert_fulfils(r, of_ap(UINT64_C(0x2c574158eee0), UINT64_C(0xffffffffffff)), "c--i--a--");
	assert_fulfils(r, of_ap(UINT64_C(0x2c5741000000), OUI), "c-ri--a--");
	assert_fulfils(r, of_mac_type(true), "-lr------");
	assert_fulfils(r, of_mac_type(false), "c--i-a-n-");
}

static void
test_terms_of_a_rule_hold_together(void **state)
{
	struct config_rule rule = of_kind(KIND_RSSI);

	rule.terms |= 1U << TERM_MAC_TYPE;
	rule.mac_local = true;
	assert_fulfils(*state, rule, "-l-------");
	rule.terms |= 1U << TERM_SSID;
	assert_fulfils(*state, rule, "---------");
}

static void
test_of_several_rules_one_is_enough(void **state)
{
	struct reading *r = *state;
	struct config_rule rules[] = {of_kind(KIND_AP), of_entity("rogue_ap"), of_kind(KIND_RSSI)};
	struct filter *allow = filter_of(r, rules, COUNT(rules), NULL, 0);

	assert_true(passes(r, allow, AP));
	assert_true(passes(r, allow, ROGUE));
	assert_true(passes(r, allow, NUMBER));
	assert_false(passes(r, allow, INFO));
	filter_free(allow);
}

static void
test_deny_comes_first(void **state)
{
	struct reading *r = *state;
	struct config_rule allow[] = {of_kind(KIND_RSSI)}, deny[] = {of_mac_type(true)};
	struct filter *filter = filter_of(r, allow, 1, deny, 1);

	assert_true(passes(r, filter, CLIENT));
	assert_false(passes(r, filter, LOCAL));
	assert_false(passes(r, filter, INFO));
	filter_free(filter);
}

static void
test_what_is_made_of_a_configuration(void **state)
{
	struct reading *r = *state;
	struct config_filter config = {.rssi_floor_dbm = 0};
	struct config_rule rule = of_ssid("corp", false);
	struct filter *filter;

	assert_int_equal(filter_new(&filter, &config, r->dict), 0);
	assert_null(filter);
	filter_free(NULL);

	config.enrich = ENRICH_IP;
	assert_int_equal(filter_new(&filter, &config, r->dict), 0);
	assert_false(filter->decides || filter->asks_ssid);
	assert_int_equal(filter->enrich, ENRICH_IP);
	assert_int_equal(filter->floor_dbm, FILTER_NO_FLOOR);
	filter_free(filter);

	config = (struct config_filter){
		.rssi_floor_dbm = -70, .interval_s = 5, .rssi_change_db = 3, .deny = {&rule, 1}};
	assert_int_equal(filter_new(&filter, &config, r->dict), 0);
	assert_true(filter->decides && filter->asks_ssid);
	assert_int_equal(filter->floor_dbm, -70);
	assert_int_equal(filter->pace.interval_ms, 5000);
	filter_free(filter);
}

static void
test_entities_are_those_of_the_dictionary(void **state)
{
	struct reading *r = *state;

	assert_true(filter_knows_entity(r->dict, "tag"));
	assert_true(filter_knows_entity(r->dict, "17"));
	assert_false(filter_knows_entity(r->dict, "tags"));
	assert_false(filter_knows_entity(r->dict, "1x"));
	assert_false(filter_knows_entity(r->dict, ""));
	assert_non_null(enumeration_named(filter_entities(r->dict), "wired"));
}

static int
set_up(void **state)
{
	*state = reading_new(BASELINE);
	return 0;
}

static int
tear_down(void **state)
{
	reading_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_terms),
		cmocka_unit_test(test_terms_of_a_rule_hold_together),
		cmocka_unit_test(test_of_several_rules_one_is_enough),
		cmocka_unit_test(test_deny_comes_first),
		cmocka_unit_test(test_what_is_made_of_a_configuration),
		cmocka_unit_test(test_entities_are_those_of_the_dictionary),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
