/* SPDX-License-Identifier: ISC */
/* test_enrich.c: what is remembered of stations and access points, how much and for how long */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/enrich.h"
#include "tests/unit/support.h"

#define ALL	(ENRICH_SSID | ENRICH_USERNAME | ENRICH_IP | ENRICH_AP_NAME | ENRICH_AP_GROUP)
#define TTL	60000
#define MANY	100
#define STATION "a483e7123456"
#define INFO                                                                               \
	"0200 [0201 [" STATION "] 0206 [636f7270] 0208 [616c696365] 0209 [0a010203] 0209 " \
	"[20010db8000000000000000000000005]]"
#define INFO_JSON "'ssid':'corp','username':'alice','ip':['10.1.2.3','2001:db8::5']"
#define RSSI	  "0100 [" STATION " 01 01 00]"
#define AP	  "0600 [0601 [2c574158eee0] 0602 [61702d37] 0609 [68712d32]]"
#define READINGS                                                                              \
	"0100 [" STATION " 01 01 02 2c574158eee0 00 01 01 c4 c5 0a 00000001 2c574158ef00 01 " \
	"02 00 80 80 80 00000002]"

struct rig {
	struct reading *in;
	struct enrich *enrich;
	struct jsonw json;
};

/* A memory of its own for each test. */
static void
begin(struct rig *rig, unsigned fields, size_t max)
{
	const struct enrich_settings settings = {fields, TTL, max};

	enrich_free(rig->enrich);
	rig->enrich = enrich_new(&settings);
	assert_non_null(rig->enrich);
}

static void
read_record(struct rig *rig, const char *hex)
{
	reading_body(rig->in, 15, hex);
	assert_true(message_next(&rig->in->message, &rig->in->record));
}

static void
learn(struct rig *rig, const char *hex, uint64_t now)
{
	read_record(rig, hex);
	enrich_learn(rig->enrich, &rig->in->record, now);
}

/* Fails unless a record gets these members; returns whether its readings are among them. */
static bool
assert_gets(struct rig *rig, const char *hex, unsigned fields, uint64_t now, const char *text)
{
	const struct enrich_wish wish = {&rig->in->record, fields, now};
	bool readings;

	read_record(rig, hex);
	rig->json.length = 0;
	jsonw_raw(&rig->json, ",\"x\":0", 6);
	readings = enrich_write(rig->enrich, &wish, &rig->json);
	assert_false(rig->json.failed);
	record_json_object_end(&rig->json, 0);
	support_assert_json(
		json_loadb(rig->json.data, rig->json.length, JSON_REJECT_DUPLICATES, NULL), text);
	return readings;
}

static void
test_a_station_gets_what_its_info_said(void **state)
{
	struct rig *rig = *state;

	begin(rig, ALL, MANY);
	assert_false(assert_gets(rig, RSSI, ALL, 0, "{'x':0}"));
	learn(rig, INFO, 0);
	assert_gets(rig, RSSI, ALL, 0, "{'x':0," INFO_JSON "}");
	assert_gets(rig, "0101 [" RSSI "]", ALL, 0, "{'x':0," INFO_JSON "}");
	assert_gets(rig, RSSI, ENRICH_USERNAME, 0, "{'x':0,'username':'alice'}");
	assert_gets(rig, RSSI, 0, 0, "{'x':0}");
	assert_gets(rig, "0100 [001122334455 01 01 00]", ALL, 0, "{'x':0}");
}

static void
test_the_last_info_counts(void **state)
{
	struct rig *rig = *state;

	begin(rig, ALL, MANY);
	learn(rig, INFO, 0);
	learn(rig, "0200 [0201 [" STATION "] 0206 [6775657374]]", 0);
	assert_gets(rig, RSSI, ALL, 0, "{'x':0,'ssid':'guest'}");
	learn(rig, "0200 [0206 [6775657374]]", 0);
	learn(rig, "0200 [0201 [" STATION "]]", 0);
	assert_gets(rig, RSSI, ALL, 0, "{'x':0}");
}

static void
test_it_is_forgotten_after_its_time(void **state)
{
	struct rig *rig = *state;

	begin(rig, ALL, MANY);
	learn(rig, INFO, 1000);
	learn(rig, AP, 1000);
	assert_gets(rig, RSSI, ENRICH_SSID, 1000 + TTL - 1, "{'x':0,'ssid':'corp'}");
	assert_gets(rig, RSSI, ENRICH_SSID, 1000 + TTL, "{'x':0}");
	learn(rig, INFO, 5000 + TTL);
	assert_gets(rig, RSSI, ENRICH_SSID, 5000 + 2 * TTL - 1, "{'x':0,'ssid':'corp'}");
}

static void
test_readings_get_the_names_of_access_points(void **state)
{
	struct rig *rig = *state;

	begin(rig, ALL, MANY);
	learn(rig, AP, 0);
	assert_true(assert_gets(
		rig, READINGS, ENRICH_AP_NAME | ENRICH_AP_GROUP, 100 * TTL,
		"{'x':0,'readings':[{'ap':'2c:57:41:58:ee:e0','slot':0,'band':'2.4',"
		"'source':'probe','rssi_dbm':-59,'antennas_dbm':[-60,-59],'snr_db':10,'age_ms':1,"
		"'ap_name':'ap-7','ap_group':'hq-2'},{'ap':'2c:57:41:58:ef:00','slot':1,"
		"'band':'5','source':'none','age_ms':2}]}"));
	assert_true(assert_gets(
		rig, READINGS, ENRICH_AP_GROUP, 0,
		"{'x':0,'readings':[{'ap':'2c:57:41:58:ee:e0','slot':0,'band':'2.4',"
		"'source':'probe','rssi_dbm':-59,'antennas_dbm':[-60,-59],'snr_db':10,'age_ms':1,"
		"'ap_group':'hq-2'},{'ap':'2c:57:41:58:ef:00','slot':1,"
		"'band':'5','source':'none','age_ms':2}]}"));
	assert_false(assert_gets(rig, RSSI, ALL, 0, "{'x':0}"));
	assert_false(assert_gets(rig, READINGS, ENRICH_SSID, 0, "{'x':0}"));
}

static void
test_nothing_is_kept_that_nobody_asked_for(void **state)
{
	struct rig *rig = *state;

	begin(rig, ENRICH_IP, MANY);
	learn(rig, INFO, 0);
	learn(rig, AP, 0);
	assert_gets(rig, RSSI, ALL & ~(unsigned)ENRICH_AP_NAME, 0,
		    "{'x':0,'ip':['10.1.2.3','2001:db8::5']}");
}

/* As many stations as there is room for, the last ones. */
static void
test_stations_are_bounded(void **state)
{
	struct rig *rig = *state;
	char info[100], rssi[100];

	begin(rig, ENRICH_SSID, MANY);
	for (unsigned i = 0; i < 3 * MANY; i++) {
		snprintf(info, sizeof info, "0200 [0201 [00112233%04x] 0206 [61]]", i);
		learn(rig, info, 0);
	}
	for (unsigned i = 0; i < 3 * MANY; i++) {
		snprintf(rssi, sizeof rssi, "0100 [00112233%04x 01 01 00]", i);
		assert_gets(rig, rssi, ENRICH_SSID, 0,
			    i < 2 * MANY ? "{'x':0}" : "{'x':0,'ssid':'a'}");
	}
}

/* A field longer than any real one is not kept, nor any number of addresses. */
static void
test_fields_are_bounded(void **state)
{
	struct rig *rig = *state;
	char info[2000] = "0200 [0201 [" STATION "] 0206 [61] 0208 [";
	json_t *object;

	begin(rig, ALL, MANY);
	for (unsigned i = 0; i <= ENRICH_TEXT; i++)
		strcat(info, "62");
	strcat(info, "]");
	for (unsigned i = 0; i < ENRICH_ADDRESSES + 5; i++)
		strcat(info, "0209 [0a000001]");
	strcat(info, "]");
	learn(rig, info, 0);
	rig->json.length = 0;
	read_record(rig, RSSI);
	enrich_write(rig->enrich, &(struct enrich_wish){&rig->in->record, ALL, 0}, &rig->json);
	record_json_object_end(&rig->json, 0);
	object = json_loadb(rig->json.data, rig->json.length, 0, NULL);
	assert_non_null(json_object_get(object, "ssid"));
	assert_null(json_object_get(object, "username"));
	assert_int_equal(json_array_size(json_object_get(object, "ip")), ENRICH_ADDRESSES);
	json_decref(object);
}

static struct subject
subject_at(struct rig *rig, const char *hex, uint64_t now)
{
	struct subject subject;

	read_record(rig, hex);
	subject_of(&subject, &rig->in->message, &rig->in->record);
	enrich_subject(rig->enrich, &rig->in->record, &subject, now);
	return subject;
}

static void
test_rules_know_the_ssid_of_a_station(void **state)
{
	struct rig *rig = *state;
	struct subject subject;

	begin(rig, 0, MANY);
	assert_null(subject_at(rig, RSSI, 0).ssid);
	learn(rig, INFO, 0);
	subject = subject_at(rig, RSSI, 0);
	assert_int_equal(subject.ssid_length, 4);
	assert_memory_equal(subject.ssid, "corp", 4);
	assert_null(subject_at(rig, RSSI, TTL).ssid);
	learn(rig, INFO, 0);
	/* A record that could have said it did not. */
	assert_null(subject_at(rig, "0200 [0201 [" STATION "]]", 0).ssid);
	assert_null(subject_at(rig, "0b00 [01]", 0).ssid);
	assert_memory_equal(subject_at(rig, "0200 [0201 [" STATION "] 0206 [67]]", 0).ssid, "g", 1);
}

/* Not known: of a station that may be in a network, until something was said of it. */
static void
test_rules_know_what_is_not_known(void **state)
{
	struct rig *rig = *state;

	begin(rig, 0, MANY);
	assert_true(subject_at(rig, RSSI, 0).ssid_unknown);
	assert_false(subject_at(rig, "0100 [" STATION " 01 00 00]", 0).ssid_unknown);
	assert_false(subject_at(rig, INFO, 0).ssid_unknown);
	assert_false(subject_at(rig, AP, 0).ssid_unknown);
	assert_false(subject_at(rig, "0b00 [01]", 0).ssid_unknown);
	learn(rig, INFO, 0);
	assert_false(subject_at(rig, RSSI, 0).ssid_unknown);
	assert_true(subject_at(rig, RSSI, TTL).ssid_unknown);
	learn(rig, "0200 [0201 [" STATION "]]", TTL);
	assert_null(subject_at(rig, RSSI, TTL).ssid);
	assert_false(subject_at(rig, RSSI, TTL).ssid_unknown);
}

static void
test_other_settings(void **state)
{
	struct rig *rig = *state;
	const struct enrich_settings other = {ENRICH_SSID, TTL / 2, MANY};

	begin(rig, ALL, MANY);
	learn(rig, INFO, 0);
	enrich_set(rig->enrich, &other);
	assert_gets(rig, RSSI, ENRICH_SSID, TTL / 2 - 1, "{'x':0,'ssid':'corp'}");
	assert_gets(rig, RSSI, ENRICH_SSID, TTL / 2, "{'x':0}");
}

static int
set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);

	if (!rig)
		return -1;
	rig->in = reading_new(BASELINE);
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	enrich_free(rig->enrich);
	enrich_free(NULL);
	jsonw_fini(&rig->json);
	reading_free(rig->in);
	free(rig);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_station_gets_what_its_info_said),
		cmocka_unit_test(test_the_last_info_counts),
		cmocka_unit_test(test_it_is_forgotten_after_its_time),
		cmocka_unit_test(test_readings_get_the_names_of_access_points),
		cmocka_unit_test(test_nothing_is_kept_that_nobody_asked_for),
		cmocka_unit_test(test_stations_are_bounded),
		cmocka_unit_test(test_fields_are_bounded),
		cmocka_unit_test(test_rules_know_the_ssid_of_a_station),
		cmocka_unit_test(test_rules_know_what_is_not_known),
		cmocka_unit_test(test_other_settings),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
