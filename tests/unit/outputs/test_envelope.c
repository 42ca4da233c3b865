/* SPDX-License-Identifier: ISC */
/* test_envelope.c: records in their envelope, single and in batches */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "outputs/envelope.h"
#include "tests/unit/support.h"

#define RECEIVED_AT 1795366800123U /* 2026-11-22T17:00:00.123Z */
#define RSSI	    "0100 [001122334455 01 01 00]"
#define RSSI_JSON                                                                               \
	"'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'client','associated':true," \
	"'readings':[]"

static const struct envelope_tag tags[] = {{"site", "hq \"west\""}, {"building", "A"}};
static const struct envelope_source plain = {"gw1", "hq", "6f2c91ab", NULL, 0};
static const struct envelope_source tagged = {"gw1", "hq", "6f2c91ab", tags, COUNT(tags)};

/* Appends the next record of the reading in an envelope; false at the end. */
static bool
write_record(struct reading *r, const struct envelope *envelope, struct jsonw *json, uint64_t seq)
{
	struct envelope_item item = {&r->message, &r->record, seq, RECEIVED_AT, NULL};

	if (!message_next(&r->message, &r->record))
		return false;
	envelope_record(envelope, json, &item);
	return true;
}

static json_t *
parsed(struct jsonw *json)
{
	json_error_t error;
	json_t *object = json_loadb(json->data, json->length, JSON_REJECT_DUPLICATES, &error);

	if (!object)
		fail_msg("%s: %.*s", error.text, (int)json->length, json->data);
	jsonw_fini(json);
	return object;
}

/* Fails unless the first record of a frame becomes this object. */
static void
assert_enveloped(struct reading *r, const struct envelope_source *source, const char *text)
{
	struct envelope envelope;
	struct jsonw json;

	jsonw_init(&json);
	assert_int_equal(envelope_init(&envelope, source), 0);
	assert_true(write_record(r, &envelope, &json, 17));
	support_assert_json(parsed(&json), text);
	envelope_fini(&envelope);
}

#define HEAD(kind)                                                                           \
	"'schema':'nmsp." kind "/1','gateway':'gw1','controller':'hq','session':'6f2c91ab'," \
	"'seq':17,'received_at':'2026-11-22T17:00:00.123Z'"

static void
test_the_envelope_comes_first(void **state)
{
	struct reading *r = *state;
	struct envelope envelope;
	struct jsonw json;

	reading_body(r, 14, "0001 [00] 0005 [000001a204334a80]" RSSI);
	jsonw_init(&json);
	assert_int_equal(envelope_init(&envelope, &tagged), 0);
	assert_true(write_record(r, &envelope, &json, UINT64_MAX));
	jsonw_char(&json, '\0');
	assert_string_equal(
		json.data,
		"{\"schema\":\"nmsp.rssi/1\",\"gateway\":\"gw1\",\"controller\":\"hq\","
		"\"session\":\"6f2c91ab\",\"seq\":18446744073709551615,"
		"\"received_at\":\"2026-11-22T17:00:00.123Z\",\"ts\":\"2026-11-22T17:00:00.000Z\","
		"\"solicited\":true,\"tags\":{\"site\":\"hq \\\"west\\\"\",\"building\":\"A\"},"
		"\"mac\":\"00:11:22:33:44:55\",\"mac_type\":\"universal\",\"entity\":\"client\","
		"\"associated\":true,\"readings\":[]}");
	jsonw_fini(&json);
	envelope_fini(&envelope);
}

static void
test_nothing_in_it_that_is_not_known(void **state)
{
	reading_body(*state, 15, RSSI);
	assert_enveloped(*state, &plain, "{" HEAD("rssi") "," RSSI_JSON "}");
	reading_body(*state, 18, "0200 []");
	assert_enveloped(*state, &plain, "{" HEAD("info") "}");
}

static void
test_tags_and_solicited(void **state)
{
	reading_body(*state, 17, "0001 [00] 0200 []");
	assert_enveloped(*state, &tagged,
			 "{" HEAD("info") ",'solicited':true,"
					  "'tags':{'site':'hq \\\"west\\\"','building':'A'}}");
}

static void
test_every_kind_has_its_schema(void **state)
{
	static const struct {
		unsigned id;
		const char *hex, *schema;
	} cases[] = {
		{15, RSSI, "nmsp.rssi/1"},
		{15, "0101 [" RSSI "]", "nmsp.rssi/1"},
		{18, "0200 []", "nmsp.info/1"},
		{25, "0400 []", "nmsp.attachment/1"},
		{28, "0500 []", "nmsp.location/1"},
		{67, "0600 []", "nmsp.ap/1"},
		{99, "", "nmsp.unknown/1"},
		{42, "0800 [00000007 6b031f90 2c574158ef00 02aabbccddee 00000082 00000003 04 01]",
		 "nmsp.wips/1"},
		{52, "0701 [2c574158eee0 01 0024 47 5f b0 ab 0c 03 02 6b031f90]",
		 "nmsp.air_quality/1"},
	};
	struct envelope envelope;

	assert_int_equal(envelope_init(&envelope, &plain), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct jsonw json;
		json_t *object;

		jsonw_init(&json);
		reading_body(*state, cases[i].id, cases[i].hex);
		assert_true(write_record(*state, &envelope, &json, 1));
		object = parsed(&json);
		assert_string_equal(json_string_value(json_object_get(object, "schema")),
				    cases[i].schema);
		json_decref(object);
	}
	envelope_fini(&envelope);
}

/* Fails unless the first record of a frame has this source time ("": none). */
static void
assert_ts(struct reading *r, unsigned id, const char *hex, const char *ts)
{
	struct envelope envelope;
	struct jsonw json;
	const char *actual;
	json_t *object;

	jsonw_init(&json);
	assert_int_equal(envelope_init(&envelope, &plain), 0);
	reading_body(r, id, hex);
	assert_true(write_record(r, &envelope, &json, 1));
	object = parsed(&json);
	actual = json_string_value(json_object_get(object, "ts"));
	assert_string_equal(actual ? actual : "", ts);
	json_decref(object);
	envelope_fini(&envelope);
}

#define TIME "0005 [000001a204334a80]" /* 2026-11-22T17:00:00.000Z */
#define WIPS "0800 [00000007 6b031f8f 2c574158ef00 02aabbccddee 00000082 00000003 04 01]"

static void
test_the_sources_own_time(void **state)
{
	struct reading *r = *state;

	assert_ts(r, 15, RSSI, "");
	assert_ts(r, 15, TIME RSSI, "2026-11-22T17:00:00.000Z");
	assert_ts(r, 15, RSSI TIME, "2026-11-22T17:00:00.000Z");
	assert_ts(r, 42, WIPS, "2026-11-22T16:59:59.000Z");
	assert_ts(r, 42, TIME WIPS, "2026-11-22T16:59:59.000Z");
	assert_ts(r, 15, "0005 [ffffffffffffffff]" RSSI, "9999-12-31T23:59:59.999Z");
	assert_ts(r, 99, TIME, "");
}

static void
test_an_age_is_subtracted(void **state)
{
	struct reading *r = *state;

	assert_ts(r, 25, "0400 []", "");
	assert_ts(r, 25, "0400 [040d [0000000c]]", "2026-11-22T16:59:48.123Z");
	assert_ts(r, 25, "0400 [040d [00000000]]", "2026-11-22T17:00:00.123Z");
	assert_ts(r, 25, TIME "0400 [040d [0000000c]]", "2026-11-22T16:59:48.000Z");
	assert_ts(r, 25, "0005 [0000000000001000] 0400 [040d [ffffffff]]",
		  "1970-01-01T00:00:00.000Z");
	assert_ts(r, 25, TIME "0400 []", "2026-11-22T17:00:00.000Z");
}

/* All records of a frame as a batch. */
static json_t *
batch(struct reading *r, const struct envelope_source *source)
{
	struct envelope_item item = {&r->message, &r->record, 17, RECEIVED_AT, NULL};
	struct envelope envelope;
	struct jsonw json;
	bool begun = false;

	jsonw_init(&json);
	assert_int_equal(envelope_init(&envelope, source), 0);
	while (message_next(&r->message, &r->record)) {
		if (!begun)
			envelope_batch_begin(&envelope, &json, &item);
		begun = true;
		envelope_batch_add(&json, &item, false);
	}
	envelope_batch_end(&json);
	envelope_fini(&envelope);
	return parsed(&json);
}

static void
test_batches_in_the_order_of_the_frame(void **state)
{
	struct reading *r = *state;

	reading_body(r, 24, "0001 [00] 0400 [040d [00000001]] 0400 [0408 [0007]] 0400 [0401 [01]]");
	support_assert_json(
		batch(r, &tagged),
		"{" HEAD("attachment") ",'solicited':true,"
				       "'tags':{'site':'hq \\\"west\\\"','building':'A'},"
				       "'records':[{'ts':'2026-11-22T16:59:59.123Z','age_s':1},"
				       "{'vlan':7},"
				       "{'event':'new'}]}");
}

static void
test_a_batch_of_one(void **state)
{
	struct reading *r = *state;

	reading_body(r, 15, TIME RSSI);
	support_assert_json(batch(r, &plain),
			    "{" HEAD("rssi") ",'records':[{"
					     "'ts':'2026-11-22T17:00:00.000Z'," RSSI_JSON "}]}");
}

static void
test_a_batch_of_records_that_say_nothing(void **state)
{
	struct reading *r = *state;

	reading_body(r, 18, "0200 [] 0200 [020a [0001]] 0200 []");
	support_assert_json(batch(r, &plain), "{" HEAD("info") ",'records':[{},{'vlan':1},{}]}");
}

static void
test_numbers_and_further_members(void **state)
{
	struct reading *r = *state;
	struct jsonw more, json;
	struct envelope envelope;
	struct envelope_item item = {&r->message, &r->record, 17, RECEIVED_AT, &more};

	jsonw_init(&more);
	jsonw_init(&json);
	assert_int_equal(envelope_init(&envelope, &plain), 0);
	reading_body(r, 18, "0200 [] 0200 []");
	assert_true(message_next(&r->message, &r->record));
	envelope_batch_begin(&envelope, &json, &item);
	envelope_batch_add(&json, &item, false);
	assert_true(message_next(&r->message, &r->record));
	item.seq = 20;
	jsonw_raw(&more, ",\"a\":1", 6);
	envelope_batch_add(&json, &item, true);
	envelope_batch_end(&json);
	support_assert_json(parsed(&json), "{" HEAD("info") ",'records':[{},{'seq':20,'a':1}]}");
	reading_body(r, 18, "0200 []");
	assert_true(message_next(&r->message, &r->record));
	item.seq = 17;
	envelope_record(&envelope, &json, &item);
	support_assert_json(parsed(&json), "{" HEAD("info") ",'a':1}");
	more.failed = true;
	envelope_record(&envelope, &json, &item);
	assert_true(json.failed);
	jsonw_fini(&json);
	jsonw_fini(&more);
	envelope_fini(&envelope);
}

static void
test_a_batch_of_unknown_records(void **state)
{
	struct reading *r = *state;

	reading_body(r, 15, "0b00 [01] 0b01 []");
	support_assert_json(
		batch(r, &plain),
		"{" HEAD("unknown") ",'records':[{'message_id':15,'transaction':0,'element':2816,"
				    "'reason':'unknown_element','bytes':'01'},"
				    "{'message_id':15,'transaction':0,"
				    "'element':2817,'reason':'unknown_element'}]}");
}

static void
test_names_are_escaped(void **state)
{
	static const struct envelope_tag odd[] = {{"a\"b", "\xff\n"}};
	static const struct envelope_source source = {"g\"w", "h\\q", "6f2c91ab", odd, 1};
	struct envelope envelope;
	struct jsonw json;
	json_t *object;

	jsonw_init(&json);
	assert_int_equal(envelope_init(&envelope, &source), 0);
	reading_body(*state, 18, "0200 []");
	assert_true(write_record(*state, &envelope, &json, 1));
	object = parsed(&json);
	assert_string_equal(json_string_value(json_object_get(object, "gateway")), "g\"w");
	assert_string_equal(json_string_value(json_object_get(object, "controller")), "h\\q");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(object, "tags"), "a\"b")),
		"\xef\xbf\xbd\n");
	json_decref(object);
	envelope_fini(&envelope);
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
		cmocka_unit_test(test_the_envelope_comes_first),
		cmocka_unit_test(test_nothing_in_it_that_is_not_known),
		cmocka_unit_test(test_tags_and_solicited),
		cmocka_unit_test(test_every_kind_has_its_schema),
		cmocka_unit_test(test_the_sources_own_time),
		cmocka_unit_test(test_an_age_is_subtracted),
		cmocka_unit_test(test_batches_in_the_order_of_the_frame),
		cmocka_unit_test(test_a_batch_of_one),
		cmocka_unit_test(test_a_batch_of_records_that_say_nothing),
		cmocka_unit_test(test_numbers_and_further_members),
		cmocka_unit_test(test_a_batch_of_unknown_records),
		cmocka_unit_test(test_names_are_escaped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
