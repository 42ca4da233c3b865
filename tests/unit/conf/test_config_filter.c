/* SPDX-License-Identifier: ISC */
/* test_config_filter.c: filters as they stand in a configuration: rules, and what is wrong with
 * some
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/conf/config_support.h"

#define FILTER(inside) GATEWAY OUTPUT "controller hq { host = a\nfilter {\n" inside "\n} }\n"
#define ENRICH(inside) GATEWAY OUTPUT "controller hq { host = a\nenrich {\n" inside "\n} }\n"
#define ALL_OF_A_MAC   UINT64_C(0xffffffffffff)

/* The only rule that a filter denies; the configuration must be free of errors and is kept. */
static const struct config_rule *
rule(struct config **config, const char *text)
{
	char whole[512];

	snprintf(whole, sizeof whole, FILTER("deny = \"%s\""), text);
	*config = load_good(whole);
	assert_int_equal((*config)->controllers[0].filter.deny.n, 1);
	return &(*config)->controllers[0].filter.deny.items[0];
}

static void
test_terms(void **state)
{
	struct config *config;
	const struct config_rule *is =
		rule(&config, " kind=wips  entity=rogue_ap  ssid=guest mac_type=local ");

	(void)state;
	assert_int_equal(is->terms,
			 1 << TERM_KIND | 1 << TERM_ENTITY | 1 << TERM_SSID | 1 << TERM_MAC_TYPE);
	assert_int_equal(is->kind, KIND_WIPS);
	assert_string_equal(is->entity, "rogue_ap");
	assert_string_equal(is->ssid, "guest");
	assert_false(is->ssid_begins);
	assert_true(is->mac_local);
	config_free(config);
	is = rule(&config, "mac_type=universal");
	assert_false(is->mac_local);
	config_free(config);
}

static void
test_ssids(void **state)
{
	static const struct {
		const char *text, *ssid;
		bool begins;
	} cases[] = {
		{"ssid='Free WiFi'", "Free WiFi", false},
		{"ssid='Free WiFi*' kind=rssi", "Free WiFi", true},
		{"ssid=*", "", true},
		{"ssid=a*b", "a*b", false},
		{"ssid=a=b", "a=b", false},
		{"ssid=it's", "it's", false},
		{"ssid=01234567890123456789012345678901", "01234567890123456789012345678901",
		 false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config;
		const struct config_rule *is = rule(&config, cases[i].text);

		assert_string_equal(is->ssid, cases[i].ssid);
		assert_int_equal(is->ssid_begins, cases[i].begins);
		config_free(config);
	}
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *text;
		uint64_t bits, mask;
	} cases[] = {
		{"mac=2C:57:41:58:ee:e0", UINT64_C(0x2c574158eee0), ALL_OF_A_MAC},
		{"mac=2c57.4158.eee0", UINT64_C(0x2c574158eee0), ALL_OF_A_MAC},
		{"mac=2c-57-41-58-ee-e0", UINT64_C(0x2c574158eee0), ALL_OF_A_MAC},
		{"mac=02:", UINT64_C(0x020000000000), UINT64_C(0xff0000000000)},
		{"mac=a", UINT64_C(0xa00000000000), UINT64_C(0xf00000000000)},
		{"mac=000", 0, UINT64_C(0xfff000000000)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config;
		const struct config_rule *is = rule(&config, cases[i].text);

		assert_true(is->mac.bits == cases[i].bits && is->mac.mask == cases[i].mask);
		assert_int_equal(is->ap.mask, 0);
		config_free(config);
	}
}

static void
test_in_every_section(void **state)
{
	static const char good[] =
		"filter { allow = { 'kind=rssi', 'ap=02' }\n"
		"rssi_floor = -80 interval = 30 rssi_change = 5 ap_change = yes }\n"
		"enrich { fields = { ip, ap_group } }\n";
	char text[2048];
	struct config *config;

	(void)state;
	snprintf(text, sizeof text,
		 GATEWAY "controller hq { host = a\n%s}\nmqtt main {\n%s}\nfile feed {\n%s}\n",
		 good, good, good);
	config = load_good(text);
	const struct config_filter *const filters[] = {
		&config->controllers[0].filter, &config->mqtts[0].filter, &config->files[0].filter};
	for (size_t i = 0; i < COUNT(filters); i++) {
		assert_int_equal(filters[i]->allow.n, 2);
		assert_int_equal(filters[i]->deny.n, 0);
		assert_int_equal(filters[i]->rssi_floor_dbm, -80);
		assert_int_equal(filters[i]->interval_s, 30);
		assert_int_equal(filters[i]->rssi_change_db, 5);
		assert_true(filters[i]->ap_change);
		assert_int_equal(filters[i]->enrich, ENRICH_IP | ENRICH_AP_GROUP);
	}
	config_free(config);
}

static void
test_without_any(void **state)
{
	struct config *config = load_good(LEAST);
	const struct config_filter *filter = &config->controllers[0].filter;

	(void)state;
	assert_int_equal(filter->allow.n + filter->deny.n, 0);
	assert_int_equal(filter->rssi_floor_dbm, 0);
	assert_int_equal(filter->interval_s, 0);
	assert_int_equal(filter->enrich, 0);
	assert_int_equal(config->controllers[0].enrich_ttl_s, 3600);
	assert_int_equal(config->controllers[0].enrich_max, 65536);
	config_free(config);
}

static void
test_a_rule_has_a_line(void **state)
{
	struct config *config = load_good(FILTER("allow = { 'kind=rssi',\n'entity=client' }"));
	const struct config_rules *allow = &config->controllers[0].filter.allow;
	int first = config_place(config, &allow->items[0]).line;

	(void)state;
	assert_int_equal(config_place(config, &allow->items[1]).line, first + 1);
	config_free(config);
}

/* ^ stands on the line of the one error that the text has. */
static const struct {
	const char *text, *words;
} broken[] = {
	{FILTER("^allow = ''"), "at least one term, like kind=rssi"},
	{FILTER("^allow = '  '"), "at least one term"},
	{FILTER("allow = { 'kind=rssi',\n^'kind' }"), "terms like kind=rssi"},
	{FILTER("^deny = 'kind='"), "terms like kind=rssi"},
	{FILTER("^deny = '=rssi'"), "terms like kind=rssi"},
	{FILTER("^deny = 'kind = rssi'"), "terms like kind=rssi"},
	{FILTER("^deny = \"ssid='a\""), "terms like kind=rssi"},
	{FILTER("^deny = \"ssid=''\""), "terms like kind=rssi"},
	{FILTER("^deny = \"ssid='a'b\""), "terms like kind=rssi"},
	{FILTER("^deny = 'ssdi=guest'"), "instead of ssdi, did you mean \"ssid\"?"},
	{FILTER("^deny = 'vendor=cisco'"), "about kind, entity, ssid, ap, mac or mac_type"},
	{FILTER("^deny = 'kind=rsi'"), "wips, unknown, did you mean \"rssi\"?"},
	{FILTER("^deny = 'kind=rssi kind=info'"), "one kind only"},
	{FILTER("^deny = 'entity=01234567890123456789012345678901'"), "at most 31 characters"},
	{FILTER("^deny = 'ssid=012345678901234567890123456789012'"), "at most 32 bytes"},
	{FILTER("^deny = 'mac=02:zz'"), "a MAC address, or the digits"},
	{FILTER("^deny = 'mac=:'"), "a MAC address, or the digits"},
	{FILTER("^deny = 'ap=2c:57:41:58:ee:e0:1'"), "a MAC address, or the digits"},
	{FILTER("^deny = 'mac_type=random'"), "local or universal"},
	{FILTER("^rssi_floor = -128"), "from -127 to 0 dBm"},
	{FILTER("^rssi_floor = 1"), "from -127 to 0 dBm"},
	{FILTER("^rssi_floor = weak"), "from -127 to 0 dBm"},
	{FILTER("^interval = 86401"), "from 0 to 86400 s"},
	{FILTER("^interval = -1"), "from 0 to 86400 s"},
	{FILTER("interval = 1\n^rssi_change = 101"), "from 0 to 100 dB"},
	{FILTER("^rssi_change = 5"), "rssi_change without interval"},
	{FILTER("^ap_change = true"), "ap_change without interval"},
	{FILTER("interval = 1\n^ap_change = maybe"), "true or false"},
	{FILTER("^permit = 'kind=rssi'"), "unknown option \"permit\""},
	{ENRICH("fields = { ssid,\n^user }"), "one of ssid, username, ip, ap_name, ap_group"},
	{ENRICH("^ttl = 0"), "from 1 to 2592000 s"},
	{ENRICH("^max = 0"), "from 1 to 1000000"},
	{LEAST "mqtt main { filter {\n^deny = 'x=y' } }\n", "instead of x"},
	{LEAST "file other { path = a\nfilter {\n^rssi_change = 5 } }\n", "without interval"},
	{LEAST "mqtt main { enrich {\n^ttl = 60 } }\n", "unknown option \"ttl\""},
};

static void
test_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct errors errors;
		int line;

		assert_null(load_text(broken[i].text, &errors, &line));
		if (errors.n != 1 || errors.line != line ||
		    !strstr(errors.message, broken[i].words))
			fail_msg("case %zu (%s), line %d: got\n%s", i, broken[i].words, line,
				 errors.all);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),	    cmocka_unit_test(test_ssids),
		cmocka_unit_test(test_addresses),   cmocka_unit_test(test_in_every_section),
		cmocka_unit_test(test_without_any), cmocka_unit_test(test_a_rule_has_a_line),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
