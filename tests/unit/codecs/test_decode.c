/* SPDX-License-Identifier: ISC */
/* test_decode.c: every record of the baseline dictionary from bytes made by hand, and its faults */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/support.h"

#define NOTIFY_MEASUREMENT 15
#define NOTIFY_INFORMATION 18
#define NOTIFY_STATISTICS  22
#define NOTIFY_ATTACHMENT  25
#define NOTIFY_LOCATION	   28
#define NOTIFY_WIPS	   42
#define NOTIFY_SPECTRUM	   52
#define NOTIFY_AP	   67

#define STATION "001122334455 01 01"
#define READING "2c574158eee0 00 01 01 c4 c5 0a 00000001"

/* Fails unless the frame's only record is malformed for this reason, at this byte. */
static void
assert_fault(struct reading *r, unsigned id, const char *hex, struct fault expected)
{
	reading_body(r, id, hex);
	json_decref(reading_next(r));
	assert_int_equal(r->record.kind, KIND_UNKNOWN);
	assert_int_equal(r->record.reason, UNKNOWN_MALFORMED);
	assert_int_equal(r->record.fault.level, FAULT_RECORD);
	assert_int_equal(r->record.fault.why, expected.why);
	assert_string_equal(r->record.fault.what, expected.what);
	assert_int_equal(r->record.fault.offset, expected.offset);
	assert_null(reading_next(r));
}

#define FAULT(why, what, offset) ((struct fault){FAULT_RECORD, (why), (what), (offset)})

static void
test_measurement(void **state)
{
	reading_assert_record(
		*state, NOTIFY_MEASUREMENT, "0100 0019" STATION "01" READING,
		"{'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'client',"
		"'associated':true,'readings':[{'ap':'2c:57:41:58:ee:e0','slot':0,"
		"'band':'2.4','source':'probe','rssi_dbm':-59,'antennas_dbm':[-60,-59],"
		"'snr_db':10,'age_ms':1}]}");
}

static void
test_measurement_with_nothing_measured(void **state)
{
	reading_assert_record(
		*state, NOTIFY_MEASUREMENT,
		"0100 0019 021122334455 00 fe 01 2c574158eee0 ff 00 00 80 80 80 ffffffff",
		"{'mac':'02:11:22:33:44:55','mac_type':'local','entity':'0',"
		"'associated':false,'readings':[{'ap':'2c:57:41:58:ee:e0','slot':255,"
		"'band':'unknown','source':'none','age_ms':4294967295}]}");
}

static void
test_tag_measurement(void **state)
{
	reading_assert_record(
		*state, NOTIFY_MEASUREMENT,
		"0101 [0100 [000ccc5e8291020000] 0110 [01ee0b0c03ffff] 0111 [03640000] "
		"0112 [000ccc5e829300000000] 0113 [06ffffffff] 0113 [037fffffff] 0114 [00] "
		"0115 [04] 0116 [00ff]]",
		"{'mac':'00:0c:cc:5e:82:91','mac_type':'universal','entity':'tag',"
		"'associated':false,"
		"'readings':[],'tag':{'ccx':{'version':1,'tx_power_dbm':-18,'channel':11,"
		"'regulatory_class':12,'burst_length':3,'sequence':65535},"
		"'battery':{'level':'medium',"
		"'percent':100,'days':0},'chokepoints':[{'mac':'00:0c:cc:5e:82:93','age_ms':0}],"
		"'telemetry':[{'type':'distance','value':-0.001,'unit':'m'},"
		"{'type':'motion','value':2147483.647}],'vendor':{'id':'g2'},'event':'detached',"
		"'payload':'00ff'}}");
}

static void
test_battery_that_is_not_known(void **state)
{
	reading_assert_record(
		*state, NOTIFY_MEASUREMENT,
		"0101 0015 0100 0009 000ccc5e8291 02 00 00 0111 0004 00 ff ffff",
		"{'mac':'00:0c:cc:5e:82:91','mac_type':'universal','entity':'tag',"
		"'associated':false,'readings':[],'tag':{'battery':{'level':'unknown'}}}");
}

static void
test_information(void **state)
{
	reading_assert_record(
		*state, NOTIFY_INFORMATION,
		"0200 [0201 [001122334455] 0202 [03] 0203 [2c574158eee0] 0204 [02] 0205 [00a5] "
		"0206 [636f7270] 0207 [2c574158eeef] 0208 [626f62] 0209 [0a010203] "
		"0209 [20010db8000000000000000000000005] 020a [0fff] 020b [0101] 020c [0d] "
		"020d [7063] 020e [6871] 0210 [0a0301ffff] 0211 [00000000] 0212 [ffffffff]]",
		"{'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'rogue_ap',"
		"'ap':'2c:57:41:58:ee:e0','slot':2,'channel':165,'ssid':'corp',"
		"'bssid':'2c:57:41:58:ee:ef','username':'bob','ip':['10.1.2.3','2001:db8::5'],"
		"'vlan':4095,'status':'wait_associated','protocol':'ax_6','device_type':'pc',"
		"'ap_group':'hq','rogue':{'state':'trusted_missing','class':'unclassified',"
		"'type':'adhoc','clients':65535},'first_seen':'1970-01-01T00:00:00.000Z',"
		"'last_seen':'2106-02-07T06:28:15.000Z'}");
}

static void
test_statistics(void **state)
{
	reading_assert_record(
		*state, NOTIFY_STATISTICS,
		"0300 0036 001122334455 01 80 80 ff ffffffff 7fffffffffffffff "
		"0020000000000001 00000000"
		"00000001 00000002 00000003 00000004 80000000",
		"{'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'client',"
		"'uptime_s':4294967295,'bytes_rx':9223372036854775807,"
		"'bytes_tx':9007199254740993,'packets_rx':0,'packets_tx':1,'retries':2,'errors':3,"
		"'rate_rx_kbps':4,'rate_tx_kbps':2147483648}");
}

static void
test_attachment(void **state)
{
	reading_assert_record(
		*state, NOTIFY_ATTACHMENT,
		"0400 [0401 [03] 0402 [001122334455] 0403 [06] 0404 [00000000] 0405 [fffefffd] "
		"0406 [476930] 0407 [62] 0408 [0001] 0409 [02] 040a [53] 040b [55] 040c [4d] "
		"040d [ffffffff] 040e [00000000000000000000000000000001] 040f [2c574158eee0] "
		"0410 [63]]",
		"{'event':'update','mac':'00:11:22:33:44:55','mac_type':'universal',"
		"'entity':'wired',"
		"'ip':['0.0.0.0'],'port':{'slot':255,'module':254,'port':65533},'interface':'Gi0',"
		"'username':'b','vlan':1,'category':'wireless_station','serial':'S','udi':'U',"
		"'model':'M','age_s':4294967295,'switch_ip':'::1',"
		"'ap':'2c:57:41:58:ee:e0','ssid':'c'}");
}

static void
test_location(void **state)
{
	reading_assert_record(
		*state, NOTIFY_LOCATION,
		"0500 [0501 [01000007] 0502 [476937] 0503 [025553040141] 0504 [313131] "
		"0506 [01616262] 0506 [006363] 0507 [021122334455] 0508 [6c31] 0509 [0a000002] "
		"050a [01]]",
		"{'port':{'slot':1,'module':0,'port':7},'interface':'Gi7',"
		"'civic':{'source':'client','country':'US','A4':'A'},'elin':'111',"
		"'custom':{'a':'bb','':'cc'},'mac':'02:11:22:33:44:55','mac_type':'local',"
		"'location_id':'l1','switch_ip':'10.0.0.2','type':'civic'}");
}

static void
test_access_point(void **state)
{
	reading_assert_record(
		*state, NOTIFY_AP,
		"0600 [0601 [2c574158eee0] 0602 [6131] 0603 [0a090007] 0604 [4d] 0605 [53] "
		"0606 [4c] 0607 [020400e900a0ff060101ffff] 0608 [00000001] 0609 [67] 060a [02]]",
		"{'mac':'2c:57:41:58:ee:e0','name':'a1','ip':'10.9.0.7','model':'M','serial':'S',"
		"'location':'L','radios':[{'slot':2,'band':'6','channel':233,'width_mhz':160,"
		"'tx_power_dbm':-1,'mode':'se_connect','admin':'up','oper':'up','clients':65535}],"
		"'uptime_s':1,'group':'g','status':'left'}");
}

static void
test_interferer(void **state)
{
	reading_assert_record(
		*state, NOTIFY_SPECTRUM,
		"0700 0020 ffffffff 001122334455 00000001 000f ff 2c574158eee0 01 02 "
		"64 ff 80 80000001",
		"{'device_id':'4294967295','cluster':'00:11:22:33:44:55','type':'superag',"
		"'severity':255,'ap':'2c:57:41:58:ee:e0','slot':1,'band':'5','duty_cycle_pct':100,"
		"'antenna':255,'rssi_dbm':-128,'affected_channels':[1,32]}");
	reading_assert_record(
		*state, NOTIFY_SPECTRUM,
		"0700 0021 00000000 001122334455 00000001 0000 00 2c574158eee0 00 00 "
		"00 00 00 00000000 cc",
		"{'device_id':'0','cluster':'00:11:22:33:44:55','type':'0','severity':0,"
		"'ap':'2c:57:41:58:ee:e0','slot':0,'band':'unknown','duty_cycle_pct':0,'antenna':0,"
		"'rssi_dbm':0,'signature':'cc'}");
}

static void
test_air_quality(void **state)
{
	reading_assert_record(
		*state, NOTIFY_SPECTRUM,
		"0701 0014 2c574158eee0 01 0024 00 64 80 7f 64 00 ff 6b031f90",
		"{'ap':'2c:57:41:58:ee:e0','slot':1,'channel':36,'index_min':0,"
		"'index':100,'power_dbm':-128,'interference_power_dbm':127,"
		"'duty_cycle_pct':100,'interference_duty_cycle_pct':0,'devices':255}");
}

static void
test_wips_alarm(void **state)
{
	reading_assert_record(*state, NOTIFY_WIPS,
			      "0800 001e ffffffff 6b031f90 2c574158eee0 02aabbccddee 00000001"
			      "00000002 03 04",
			      "{'alarm_id':4294967295,'ap':'2c:57:41:58:ee:e0',"
			      "'mac':'02:aa:bb:cc:dd:ee','mac_type':'local','signature_id':1,"
			      "'message_index':2,'severity':3,'version':4}");
}

static void
test_groups_may_be_empty_and_in_any_order(void **state)
{
	reading_assert_record(*state, NOTIFY_INFORMATION, "0200 0000", "{}");
	reading_assert_record(*state, NOTIFY_LOCATION, "0500 0000", "{}");
	reading_assert_record(*state, NOTIFY_INFORMATION,
			      "0200 [020a [0001] 0209 [01020304] 0204 [05]]",
			      "{'slot':5,'ip':['1.2.3.4'],'vlan':1}");
}

static void
test_text_and_lists_of_no_length_are_absent(void **state)
{
	reading_assert_record(*state, NOTIFY_INFORMATION, "0200 0009 0206 0000 0204 0001 05",
			      "{'slot':5}");
	reading_assert_record(*state, NOTIFY_LOCATION, "0500 000c 0502 0000 0504 0000 0508 0000",
			      "{}");
	reading_assert_record(*state, NOTIFY_MEASUREMENT,
			      "0101 0011 0100 0009" STATION "00 0116 0000",
			      "{'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'client',"
			      "'associated':true,'readings':[]}");
}

static void
test_elements_that_a_group_lacks_are_kept_in_order(void **state)
{
	reading_assert_record(
		*state, NOTIFY_INFORMATION,
		"0200 [0999 [aa] 020a [0001] 0000 [] 0300 [bb] 0999 []]",
		"{'vlan':1,'unrecognized':[{'element':2457,'bytes':'aa'},{'element':0},"
		"{'element':768,'bytes':'bb'},{'element':2457}]}");
}

static void
test_the_first_of_two_counts_and_the_other_is_kept(void **state)
{
	reading_assert_record(*state, NOTIFY_INFORMATION, "0200 000c 020a 0002 0001 020a 0002 0002",
			      "{'vlan':1,'unrecognized':[{'element':522,'bytes':'0002'}]}");
}

static void
test_lists_are_gathered_from_all_over_a_group(void **state)
{
	reading_assert_record(*state, NOTIFY_INFORMATION,
			      "0200 001e 0209 0004 01010101 020a 0002 0001 0209 0004 02020202"
			      "0209 0004 03030303",
			      "{'ip':['1.1.1.1','2.2.2.2','3.3.3.3'],'vlan':1}");
}

static void
test_counts_that_lie(void **state)
{
	struct reading *r = *state;

	assert_fault(r, NOTIFY_MEASUREMENT, "0100 0019" STATION "02" READING,
		     FAULT(FAULT_COUNT, "readings", 27));
	assert_fault(r, NOTIFY_MEASUREMENT, "0100 0009" STATION "ff",
		     FAULT(FAULT_COUNT, "readings", 27));
	assert_fault(r, NOTIFY_MEASUREMENT,
		     "0100 0018" STATION "01 2c574158eee0 00 01 01 c4 c5 0a 000000",
		     FAULT(FAULT_COUNT, "readings", 27));
	assert_fault(r, NOTIFY_MEASUREMENT, "0100 0019" STATION "00" READING,
		     FAULT(FAULT_LEFT_OVER, "measurement", 27));
	assert_fault(r, NOTIFY_MEASUREMENT, "0100 001a" STATION "01" READING "00",
		     FAULT(FAULT_LEFT_OVER, "measurement", 43));
}

static void
test_every_shorter_struct_is_short(void **state)
{
	static const char full[] = "ffffffff6b031f902c574158eee002aabbccddee00000001000000020304";
	struct reading *r = *state;
	char hex[128];

	for (int length = 0; length < 30; length++) {
		snprintf(hex, sizeof hex, "0800 %04x %.*s", (unsigned)length, 2 * length, full);
		assert_fault(r, NOTIFY_WIPS, hex, FAULT(FAULT_SHORT, "wips_alarm", 18));
	}
	snprintf(hex, sizeof hex, "0800 001f %s00", full);
	assert_fault(r, NOTIFY_WIPS, hex, FAULT(FAULT_LEFT_OVER, "wips_alarm", 48));
}

static void
test_sizes_that_a_type_cannot_have(void **state)
{
	struct reading *r = *state;

	assert_fault(r, NOTIFY_INFORMATION, "0200 0005 020a 0001 00",
		     FAULT(FAULT_SHORT, "vlan", 22));
	assert_fault(r, NOTIFY_INFORMATION, "0200 0007 020a 0003 000000",
		     FAULT(FAULT_LEFT_OVER, "vlan", 22));
	assert_fault(r, NOTIFY_INFORMATION, "0200 0004 020a 0000", FAULT(FAULT_SHORT, "vlan", 22));
	assert_fault(r, NOTIFY_INFORMATION, "0200 0009 0201 0005 0011223344",
		     FAULT(FAULT_SHORT, "mac", 22));
	assert_fault(r, NOTIFY_INFORMATION, "0200 0009 0209 0005 0011223344",
		     FAULT(FAULT_SIZE, "ip", 22));
	assert_fault(r, NOTIFY_INFORMATION, "0200 0004 0209 0000", FAULT(FAULT_SIZE, "ip", 22));
	assert_fault(r, NOTIFY_AP, "0600 000c 0603 0008 0011223344556677",
		     FAULT(FAULT_SIZE, "ip", 22));
}

static void
test_a_group_whose_elements_do_not_add_up(void **state)
{
	struct reading *r = *state;

	assert_fault(r, NOTIFY_INFORMATION, "0200 0001 02", FAULT(FAULT_LENGTH, "information", 18));
	assert_fault(r, NOTIFY_INFORMATION, "0200 0003 020a 00",
		     FAULT(FAULT_LENGTH, "information", 18));
	assert_fault(r, NOTIFY_INFORMATION, "0200 000a 0204 0001 01 020a 0002 00",
		     FAULT(FAULT_LENGTH, "information", 23));
}

/* The element reaches beyond its group, but not beyond the message. */
static void
test_a_window_cannot_be_left_from_within(void **state)
{
	struct reading *r = *state;

	reading_body(r, NOTIFY_INFORMATION, "0200 0005 0204 0002 01 0200 0005 0204 0001 07");
	json_decref(reading_next(r));
	assert_int_equal(r->record.kind, KIND_UNKNOWN);
	support_assert_json(reading_next(r), "{'slot':7}");
	assert_null(reading_next(r));
	assert_fault(r, NOTIFY_LOCATION, "0500 0007 0506 0003 03 6162",
		     FAULT(FAULT_SHORT, "name", 23));
}

static void
test_structs_inside_groups_must_end_exactly(void **state)
{
	struct reading *r = *state;

	assert_fault(r, NOTIFY_ATTACHMENT, "0400 0009 0405 0005 0100000500",
		     FAULT(FAULT_LEFT_OVER, "port", 26));
	assert_fault(r, NOTIFY_ATTACHMENT, "0400 0007 0405 0003 010000",
		     FAULT(FAULT_SHORT, "port", 22));
	assert_fault(r, NOTIFY_AP, "0600 0011 0607 000d 00010001001400000001000000",
		     FAULT(FAULT_LEFT_OVER, "radio", 34));
}

static void
test_a_tag_without_its_measurement(void **state)
{
	assert_fault(*state, NOTIFY_MEASUREMENT, "0101 0005 0115 0001 01",
		     FAULT(FAULT_MISSING, "measurement", 18));
	assert_fault(*state, NOTIFY_MEASUREMENT, "0101 0000",
		     FAULT(FAULT_MISSING, "measurement", 18));
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

/* A reading whose antennas have these values, and `number` as its age. */
static void
append_reading(char *hex, int a, int b, unsigned number)
{
	sprintf(hex + strlen(hex), "2c574158eee0 00 01 01 %02x %02x 0a %08x", (uint8_t)a,
		(uint8_t)b, number);
}

static unsigned
age_at(json_t *record, size_t place)
{
	json_t *reading = json_array_get(json_object_get(record, "readings"), place);

	return (unsigned)json_integer_value(json_object_get(reading, "age_ms"));
}

static int
strongest_at(json_t *record, size_t place)
{
	json_t *reading = json_array_get(json_object_get(record, "readings"), place);
	json_t *rssi = json_object_get(reading, "rssi_dbm");

	return rssi ? (int)json_integer_value(rssi) : INT32_MIN;
}

/* `n` readings of few different strengths, numbered in wire order. */
static json_t *
read_many(struct reading *r, unsigned n)
{
	static char hex[16384];
	uint32_t random = 7;

	sprintf(hex, "0100 %04x" STATION "%02x", 9 + 16 * n, n);
	for (unsigned i = 0; i < n; i++) {
		random = random * 1103515245 + 12345;
		append_reading(hex, -128 + (int)(random >> 16 & 3), -126, i);
	}
	reading_body(r, NOTIFY_MEASUREMENT, hex);
	return reading_next(r);
}

static void
test_readings_strongest_first_and_ties_in_wire_order(void **state)
{
	static const unsigned counts[] = {1, 2, 3, 23, 24, 25, 26, 100, 255};

	for (size_t i = 0; i < COUNT(counts); i++) {
		json_t *record = read_many(*state, counts[i]);

		assert_int_equal(json_array_size(json_object_get(record, "readings")), counts[i]);
		for (size_t k = 1; k < counts[i]; k++) {
			assert_true(strongest_at(record, k - 1) >= strongest_at(record, k));
			if (strongest_at(record, k - 1) == strongest_at(record, k))
				assert_true(age_at(record, k - 1) < age_at(record, k));
		}
		json_decref(record);
	}
}

static void
test_a_reading_without_antennas_is_the_last(void **state)
{
	char hex[512] = "0100 0039" STATION "03";
	json_t *record;

	append_reading(hex, -128, -128, 1);
	append_reading(hex, -127, -128, 2);
	append_reading(hex, -128, 5, 3);
	reading_body(*state, NOTIFY_MEASUREMENT, hex);
	record = reading_next(*state);
	assert_int_equal(age_at(record, 0), 3);
	assert_int_equal(age_at(record, 1), 2);
	assert_int_equal(age_at(record, 2), 1);
	json_decref(record);
}

/* Little endian, elements that count themselves and are padded. */
static void
test_padded_elements(void **state)
{
	struct reading *r = reading_new(SECOND);

	(void)state;
	r->length =
		support_hex("1e04 02 00 14000000 00000000 67 1300 0a 0500 e703 000000 04 0400 05"
			    "0c 0400 05 00",
			    r->bytes, sizeof r->bytes);
	reading_open(r);
	support_assert_json(reading_next(r), "{'vlan':999,'slot':5,'protocol':'mobile'}");
	assert_null(reading_next(r));
	r->bytes[4] = 0x13; /* without the last byte of padding */
	r->length--;
	reading_open(r);
	json_decref(reading_next(r));
	assert_int_equal(r->message.fault.level, FAULT_MESSAGE);
	assert_null(reading_next(r));
	reading_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measurement),
		cmocka_unit_test(test_measurement_with_nothing_measured),
		cmocka_unit_test(test_tag_measurement),
		cmocka_unit_test(test_battery_that_is_not_known),
		cmocka_unit_test(test_information),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_attachment),
		cmocka_unit_test(test_location),
		cmocka_unit_test(test_access_point),
		cmocka_unit_test(test_interferer),
		cmocka_unit_test(test_air_quality),
		cmocka_unit_test(test_wips_alarm),
		cmocka_unit_test(test_groups_may_be_empty_and_in_any_order),
		cmocka_unit_test(test_text_and_lists_of_no_length_are_absent),
		cmocka_unit_test(test_elements_that_a_group_lacks_are_kept_in_order),
		cmocka_unit_test(test_the_first_of_two_counts_and_the_other_is_kept),
		cmocka_unit_test(test_lists_are_gathered_from_all_over_a_group),
		cmocka_unit_test(test_counts_that_lie),
		cmocka_unit_test(test_every_shorter_struct_is_short),
		cmocka_unit_test(test_sizes_that_a_type_cannot_have),
		cmocka_unit_test(test_a_group_whose_elements_do_not_add_up),
		cmocka_unit_test(test_a_window_cannot_be_left_from_within),
		cmocka_unit_test(test_structs_inside_groups_must_end_exactly),
		cmocka_unit_test(test_a_tag_without_its_measurement),
		cmocka_unit_test(test_readings_strongest_first_and_ties_in_wire_order),
		cmocka_unit_test(test_a_reading_without_antennas_is_the_last),
		cmocka_unit_test(test_padded_elements),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
