/* SPDX-License-Identifier: ISC */
/* test_record_json.c: records as JSON by the dictionary's names */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/support.h"

#define RSSI "0100 [001122334455 01 01 00]"
#define RSSI_JSON                                                                               \
	"'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'client','associated':true," \
	"'readings':[]"

/* The text of the next record's members. */
static void
write_text(struct reading *r, char *text, size_t size)
{
	struct jsonw json;

	assert_true(message_next(&r->message, &r->record));
	jsonw_init(&json);
	record_json_members(&json, &r->message, &r->record);
	assert_true(json.length < size);
	memcpy(text, json.data, json.length);
	text[json.length] = '\0';
	jsonw_fini(&json);
}

static void
test_integers_of_64_bits_are_exact(void **state)
{
	char text[1024];

	reading_body(*state, 22,
		     "0300 [001122334455 01 01 7f 00 ffffffff ffffffffffffffff 0020000000000001"
		     "00000000 00000001 00000002 00000003 00000004 00000005]");
	write_text(*state, text, sizeof text);
	assert_string_equal(text, ",\"mac\":\"00:11:22:33:44:55\",\"mac_type\":\"universal\","
				  "\"entity\":\"client\",\"rssi_dbm\":1,\"snr_db\":127,"
				  "\"uptime_s\":4294967295,\"bytes_rx\":18446744073709551615,"
				  "\"bytes_tx\":9007199254740993,\"packets_rx\":0,\"packets_tx\":1,"
				  "\"retries\":2,\"errors\":3,\"rate_rx_kbps\":4,"
				  "\"rate_tx_kbps\":5");
}

static void
test_local_addresses_are_told(void **state)
{
	static const struct {
		const char *hex, *type;
	} cases[] = {{"001122334455", "universal"}, {"021122334455", "local"},
		     {"011122334455", "universal"}, {"fe1122334455", "local"},
		     {"fd1122334455", "universal"}, {"000200000000", "universal"},
		     {"ffffffffffff", "local"}};
	char hex[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *record;

		snprintf(hex, sizeof hex, "0200 [0201 [%s]]", cases[i].hex);
		reading_body(*state, 18, hex);
		record = reading_next(*state);
		assert_string_equal(json_string_value(json_object_get(record, "mac_type")),
				    cases[i].type);
		json_decref(record);
	}
}

/* The antennas of a reading and what becomes of them. */
static void
test_antennas_have_their_places(void **state)
{
	static const struct {
		const char *hex, *json;
	} cases[] = {
		{"c4 c5", "'rssi_dbm':-59,'antennas_dbm':[-60,-59],"},
		{"c5 c4", "'rssi_dbm':-59,'antennas_dbm':[-59,-60],"},
		{"c4 80", "'rssi_dbm':-60,'antennas_dbm':[-60,null],"},
		{"80 c4", "'rssi_dbm':-60,'antennas_dbm':[null,-60],"},
		{"80 80", ""},
		{"81 7f", "'rssi_dbm':127,'antennas_dbm':[-127,127],"},
		{"00 80", "'rssi_dbm':0,'antennas_dbm':[0,null],"},
	};
	char hex[256], json[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(hex, sizeof hex,
			 "0100 [001122334455 01 01 01 2c574158eee0 00 01 01 %s 80 00000001]",
			 cases[i].hex);
		snprintf(json, sizeof json,
			 "{'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'client',"
			 "'associated':true,'readings':[{'ap':'2c:57:41:58:ee:e0','slot':0,"
			 "'band':'2.4','source':'probe',%s'age_ms':1}]}",
			 cases[i].json);
		reading_assert_record(*state, 15, hex, json);
	}
}

static void
test_decimals_with_the_unit_of_their_type(void **state)
{
	static const struct {
		const char *hex, *json;
	} cases[] = {
		{"01 000053fc", "{'type':'temperature','value':21.5,'unit':'°C'}"},
		{"01 ffffffff", "{'type':'temperature','value':-0.001,'unit':'°C'}"},
		{"02 0000c350", "{'type':'humidity','value':50,'unit':'%'}"},
		{"03 80000000", "{'type':'motion','value':-2147483.648}"},
		{"63 00000000", "{'type':'99','value':0}"},
		{"00 00000001", "{'type':'0','value':0.001}"},
	};
	char hex[256], json[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(hex, sizeof hex, "0101 [" RSSI "0113 [%s]]", cases[i].hex);
		snprintf(json, sizeof json, "{" RSSI_JSON ",'tag':{'telemetry':[%s]}}",
			 cases[i].json);
		reading_assert_record(*state, 15, hex, json);
	}
}

static void
test_an_object_of_others_is_there_when_one_of_them_is(void **state)
{
	reading_assert_record(*state, 15, "0101 [" RSSI "]", "{" RSSI_JSON "}");
	reading_assert_record(*state, 15, "0101 [" RSSI "0116 []]", "{" RSSI_JSON "}");
	reading_assert_record(*state, 15, "0101 [" RSSI "0115 [02] 0116 [aa]]",
			      "{" RSSI_JSON ",'tag':{'event':'tamper','payload':'aa'}}");
	reading_assert_record(*state, 15, "0101 [0111 [02 ff ffff]" RSSI "0999 [01]]",
			      "{" RSSI_JSON ",'tag':{'battery':{'level':'normal'}},"
			      "'unrecognized':[{'element':2457,'bytes':'01'}]}");
}

static void
test_an_id_of_64_bits_is_a_string(void **state)
{
	json_t *record;

	reading_body(*state, 52,
		     "0700 [12345678 001122334455 6b031f90 0002 2a 2c574158eee0 00 01 25 01 b9"
		     "ffffffff]");
	record = reading_next(*state);
	assert_string_equal(json_string_value(json_object_get(record, "device_id")), "305419896");
	assert_int_equal(json_array_size(json_object_get(record, "affected_channels")), 32);
	assert_int_equal(json_integer_value(
				 json_array_get(json_object_get(record, "affected_channels"), 31)),
			 32);
	json_decref(record);
}

static void
test_pairs_become_members(void **state)
{
	reading_assert_record(*state, 28,
			      "0500 [0506 [04 6465736b 423432] 0506 [03 c3a922 ff0a] 0506 [01 78]]",
			      "{'custom':{'desk':'B42','é\\\"':'\xef\xbf\xbd\\n'}}");
}

static void
test_a_key_that_comes_again_gets_its_place(void **state)
{
	reading_assert_record(
		*state, 28,
		"0500 [0506 [01 61 31] 0506 [01 62 32] 0506 [01 61 33] 0506 [01 61 34]]",
		"{'custom':{'a':'1','b':'2','a_3':'3','a_4':'4'}}");
	reading_assert_record(*state, 28,
			      "0500 [0506 [03 615f32 30] 0506 [01 61 31] 0506 [01 61 32] "
			      "0506 [03 615f33 33]]",
			      "{'custom':{'a_2':'0','a':'1','a_7':'2','a_3':'3'}}");
	reading_assert_record(*state, 28, "0500 [0503 [02 5553 22 01 61 22 01 62]]",
			      "{'civic':{'source':'client','country':'US','RD':'a','RD_4':'b'}}");
}

static void
test_the_bytes_of_the_unknown_up_to_a_limit(void **state)
{
	static const unsigned lengths[] = {0, 1, 4095, 4096, 4097, 60000};
	static char hex[130000];

	for (size_t i = 0; i < COUNT(lengths); i++) {
		unsigned expected = lengths[i] < 4096 ? lengths[i] : 4096;
		json_t *record, *bytes;
		size_t used;

		used = (size_t)sprintf(hex, "0b00 [");
		memset(hex + used, 'a', 2 * (size_t)lengths[i]);
		strcpy(hex + used + 2 * (size_t)lengths[i], "]");
		reading_body(*state, 15, hex);
		record = reading_next(*state);
		bytes = json_object_get(record, "bytes");
		assert_int_equal(json_string_length(bytes), 2 * expected);
		assert_int_equal(json_is_true(json_object_get(record, "truncated")),
				 lengths[i] > 4096);
		json_decref(record);
	}
}

static void
test_the_malformed_say_why_and_where(void **state)
{
	reading_assert_record(*state, 18, "0200 [020a [00]]",
			      "{'message_id':18,'transaction':0,'element':512,'reason':'malformed',"
			      "'detail':'vlan: short at byte 22','bytes':'020a000100'}");
	reading_assert_record(*state, 18, "ff",
			      "{'message_id':18,'transaction':0,'reason':'malformed',"
			      "'detail':'information_notification: impossible length at byte 14',"
			      "'bytes':'ff'}");
}

static void
test_without_memory_nothing_is_written_and_it_is_told(void **state)
{
	struct reading *r = *state;
	struct jsonw json;

	reading_body(r, 15, "0101 [" RSSI "0113 [01 000053fc] 0115 [02]]");
	assert_true(message_next(&r->message, &r->record));
	jsonw_init(&json);
	json.failed = true;
	record_json_members(&json, &r->message, &r->record);
	assert_true(json.failed);
	assert_int_equal(json.length, 0);
	jsonw_fini(&json);
}

static void
test_the_same_records_by_another_dictionary(void **state)
{
	struct reading *r = reading_new(SECOND);

	(void)state;
	r->length = support_hex("1504 02 00 14000000 00000000 66 1300 01 0c00 001122334455 0c 01 00"
				"07 0400 01 00",
				r->bytes, sizeof r->bytes);
	reading_open(r);
	support_assert_json(reading_next(r), "{'mac':'00:11:22:33:44:55','mac_type':'universal',"
					     "'entity':'tag','associated':true,'readings':[],"
					     "'tag':{'event':'button'}}");
	reading_free(r);
}

static int
setup(void **state)
{
	*state = reading_new(BASELINE);
	return 0;
}

static int
teardown(void **state)
{
	reading_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_of_64_bits_are_exact),
		cmocka_unit_test(test_local_addresses_are_told),
		cmocka_unit_test(test_antennas_have_their_places),
		cmocka_unit_test(test_decimals_with_the_unit_of_their_type),
		cmocka_unit_test(test_an_object_of_others_is_there_when_one_of_them_is),
		cmocka_unit_test(test_an_id_of_64_bits_is_a_string),
		cmocka_unit_test(test_pairs_become_members),
		cmocka_unit_test(test_a_key_that_comes_again_gets_its_place),
		cmocka_unit_test(test_the_bytes_of_the_unknown_up_to_a_limit),
		cmocka_unit_test(test_the_malformed_say_why_and_where),
		cmocka_unit_test(test_without_memory_nothing_is_written_and_it_is_told),
		cmocka_unit_test(test_the_same_records_by_another_dictionary),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
