/* SPDX-License-Identifier: ISC */
/* test_process.c: the way of records to outputs: text, topics, accounts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/tail.h"
#include "gateway/traffic.h"
#include "tests/unit/gateway/flow.h"

#define MAC_MASK UINT64_C(0xffffffffffff)
#define RSSI	 "0100 [001122334455 01 01 00]"
#define READ	 "0100 [001122334466 02 01 01 2c574158eee0 00 01 01 c4 c5 0a 00000001]"
#define INFO	 "0200 [0201 [0211223344 55] 0202 [01] 0203 [2c574158eeff]]"
#define ODD	 "0b00 [01]"
#define BROKEN	 "0100 [00]"

static void
test_one_message_per_record(void **state)
{
	const struct want want = {MODE_RECORD, "{prefix}/{gateway}/{controller}/{kind}", 0};
	struct flow *flow = flow_new(&want, 1);
	struct sink *sink = &flow->sinks[0];

	(void)state;
	assert_int_equal(pass(flow, RSSI INFO RSSI), 0);
	assert_int_equal(account(sink, KIND_RSSI).queued, 2);
	assert_int_equal(account(sink, KIND_INFO).queued, 1);
	assert_arrives(sink, "nmsp/gw1/hq/info", "nmsp.info/1", 1);
	assert_arrives(sink, "nmsp/gw1/hq/rssi", "nmsp.rssi/1", 1);
	assert_arrives(sink, "nmsp/gw1/hq/rssi", "nmsp.rssi/1", 2);
	assert_empty(sink);
	assert_int_equal(account(sink, KIND_RSSI).published, 2);
	flow_free(flow);
}

static void
test_one_message_per_kind_in_batches(void **state)
{
	const struct want want = {MODE_BATCH, "{controller}/{kind}", 0};
	struct flow *flow = flow_new(&want, 1);
	struct sink *sink = &flow->sinks[0];
	struct arrival arrival;

	(void)state;
	pass(flow, RSSI INFO RSSI);
	pass(flow, READ);
	assert_int_equal(account(sink, KIND_RSSI).received, 3);
	assert_arrives(sink, "hq/info", "nmsp.info/1", 1);
	arrival = arrive(sink);
	assert_int_equal(json_array_size(json_object_get(arrival.json, "records")), 2);
	assert_int_equal(json_integer_value(json_object_get(arrival.json, "seq")), 1);
	json_decref(arrival.json);
	assert_arrives(sink, "hq/rssi", "nmsp.rssi/1", 3);
	assert_empty(sink);
	assert_int_equal(account(sink, KIND_RSSI).published, 3);
	flow_free(flow);
}

static void
test_outputs_of_both_kinds_share_records(void **state)
{
	const struct want wants[] = {
		{MODE_RECORD, "a/{kind}", 0}, {MODE_BATCH, "b/{kind}", 0}, {MODE_RECORD, NULL, 0}};
	struct flow *flow = flow_new(wants, 3);

	(void)state;
	pass(flow, RSSI RSSI);
	assert_arrives(&flow->sinks[0], "a/rssi", "nmsp.rssi/1", 1);
	assert_arrives(&flow->sinks[0], "a/rssi", "nmsp.rssi/1", 2);
	assert_arrives(&flow->sinks[1], "b/rssi", "nmsp.rssi/1", 1);
	assert_arrives(&flow->sinks[2], "", "nmsp.rssi/1", 1);
	assert_arrives(&flow->sinks[2], "", "nmsp.rssi/1", 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_empty(&flow->sinks[i]);
		assert_int_equal(account(&flow->sinks[i], KIND_RSSI).published, 2);
	}
	flow_free(flow);
}

static void
test_topics_that_vary(void **state)
{
	const struct want want = {MODE_RECORD, "{kind}/{entity}/{mac}/{ap|none}/{tag.site}", 0};
	struct flow *flow = flow_new(&want, 1);
	struct sink *sink = &flow->sinks[0];

	(void)state;
	pass(flow, RSSI READ INFO ODD "0100 [001122334477 2a 01 00]");
	assert_arrives(sink, "info/client/021122334455/2c574158eeff/north_wing", "nmsp.info/1", 1);
	assert_arrives(sink, "unknown/_/_/none/north_wing", "nmsp.unknown/1", 1);
	assert_arrives(sink, "rssi/client/001122334455/none/north_wing", "nmsp.rssi/1", 1);
	assert_arrives(sink, "rssi/tag/001122334466/2c574158eee0/north_wing", "nmsp.rssi/1", 2);
	assert_arrives(sink, "rssi/42/001122334477/none/north_wing", "nmsp.rssi/1", 3);
	flow_free(flow);
}

static void
test_a_batch_has_a_topic_without_stations(void **state)
{
	const struct want want = {MODE_BATCH, "{kind}/{mac|many}/{entity}", 0};
	struct flow *flow = flow_new(&want, 1);

	(void)state;
	pass(flow, RSSI READ);
	assert_arrives(&flow->sinks[0], "rssi/many/_", "nmsp.rssi/1", 1);
	flow_free(flow);
}

static void
test_topics_that_stay_are_made_once(void **state)
{
	const struct want want = {MODE_RECORD, "{kind}", 0};
	struct flow *flow = flow_new(&want, 1);
	const struct buffer *topic;

	(void)state;
	pass(flow, RSSI);
	topic = flow->routes[0].topics[KIND_RSSI];
	pass(flow, RSSI);
	assert_ptr_equal(flow->routes[0].topics[KIND_RSSI], topic);
	/* One of the route, one of the output, none of the records. */
	assert_int_equal(atomic_load(&topic->references), 2);
	flow_free(flow);
}

static void
test_the_unknown_and_the_malformed_pass_as_unknown(void **state)
{
	const struct want want = {MODE_RECORD, "{kind}", 0};
	struct flow *flow = flow_new(&want, 1);
	struct sink *sink = &flow->sinks[0];

	(void)state;
	assert_int_equal(pass(flow, RSSI ODD BROKEN BROKEN), 2);
	assert_int_equal(pass(flow, "ff"), 1);
	assert_int_equal(account(sink, KIND_UNKNOWN).queued, 4);
	for (unsigned i = 1; i <= 4; i++)
		assert_arrives(sink, "unknown", "nmsp.unknown/1", i);
	flow_free(flow);
}

static void
test_the_rate_of_the_unknown_is_limited_per_second(void **state)
{
	const struct want wants[] = {{MODE_RECORD, "{kind}", 0}, {MODE_BATCH, "{kind}", 0}};
	struct flow *flow = flow_new(wants, 2);

	(void)state;
	flow->process.unknown_rate = 3;
	pass_at(flow, ODD ODD RSSI ODD ODD, 5000);
	pass_at(flow, ODD, 5999);
	pass_at(flow, ODD ODD, 6000);
	for (unsigned i = 0; i < 2; i++) {
		struct account_view view = account(&flow->sinks[i], KIND_UNKNOWN);

		assert_int_equal(view.received, 7);
		assert_int_equal(view.filtered, 2);
		assert_int_equal(view.queued, 5);
		assert_int_equal(account(&flow->sinks[i], KIND_RSSI).queued, 1);
	}
	assert_int_equal(flow->process.seq[KIND_UNKNOWN], 7);
	flow_free(flow);
}

static void
test_the_unknown_can_be_switched_off(void **state)
{
	const struct want want = {MODE_RECORD, "{kind}", 0};
	struct flow *flow = flow_new(&want, 1);

	(void)state;
	flow->process.publish_unknown = false;
	assert_int_equal(pass(flow, ODD BROKEN), 1);
	assert_empty(&flow->sinks[0]);
	assert_int_equal(account(&flow->sinks[0], KIND_UNKNOWN).filtered, 2);
	flow_free(flow);
}

static void
test_what_a_full_queue_does_not_take_is_accounted_for(void **state)
{
	const struct want wants[] = {{MODE_RECORD, "{kind}", 3000}, {MODE_BATCH, "{kind}", 3000}};
	struct flow *flow = flow_new(wants, 2);
	struct account_view view;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		pass(flow, RSSI READ INFO ODD);
	for (unsigned i = 0; i < 2; i++) {
		for (int kind = 0; kind < KIND_COUNT; kind++)
			account(&flow->sinks[i], (enum kind)kind);
		view = account(&flow->sinks[i], KIND_RSSI);
		assert_int_equal(view.received, 200);
		assert_true(view.queued < 200);
	}
	flow_free(flow);
}

static void
test_a_new_session_counts_from_1(void **state)
{
	const struct want want = {MODE_RECORD, NULL, 0};
	struct flow *flow = flow_new(&want, 1);
	struct arrival arrival;

	(void)state;
	pass(flow, RSSI RSSI);
	assert_int_equal(process_begin(&flow->process, "00000001"), 0);
	pass(flow, RSSI);
	assert_arrives(&flow->sinks[0], "", "nmsp.rssi/1", 1);
	assert_arrives(&flow->sinks[0], "", "nmsp.rssi/1", 2);
	arrival = arrive(&flow->sinks[0]);
	assert_string_equal(json_string_value(json_object_get(arrival.json, "session")),
			    "00000001");
	assert_int_equal(json_integer_value(json_object_get(arrival.json, "seq")), 1);
	json_decref(arrival.json);
	flow_free(flow);
}

static void
test_without_outputs_nothing_happens(void **state)
{
	struct flow *flow = flow_new(NULL, 0);

	(void)state;
	assert_int_equal(pass(flow, RSSI BROKEN), 1);
	assert_int_equal(flow->process.seq[KIND_RSSI], 1);
	flow_free(flow);
}

static void
keep_line(void *context, const struct record *record, const struct jsonw *json)
{
	json_t *lines = context;
	json_t *line = json_loadb(json->data, json->length, 0, NULL);

	assert_non_null(line);
	assert_true(record->kind != KIND_NONE);
	json_array_append_new(lines, line);
}

static void
test_records_can_be_shown(void **state)
{
	struct flow *flow = flow_new(NULL, 0);
	json_t *lines = json_array();
	const struct process_printer printer = {keep_line, lines};

	(void)state;
	reading_body(flow->in, 15, RSSI BROKEN INFO);
	assert_int_equal(process_print(&flow->process, &flow->in->message, RECEIVED_AT, &printer),
			 1);
	assert_int_equal(json_array_size(lines), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 2), "schema")),
			    "nmsp.info/1");
	json_decref(lines);
	flow_free(flow);
}

static void
test_records_are_counted(void **state)
{
	struct flow *flow = flow_new(NULL, 0);
	struct traffic traffic = {.dict = NULL};

	(void)state;
	assert_int_equal(traffic_use(&traffic, flow->in->dict), 0);
	flow->process.traffic = &traffic;
	traffic.now = 7;
	pass(flow, RSSI RSSI INFO ODD BROKEN "0100 [021122334455 01 01 00]");
	assert_int_equal(traffic.records[KIND_RSSI].count, 3);
	assert_int_equal(traffic.records[KIND_RSSI].last_of[1], 7);
	assert_int_equal(traffic.records[KIND_INFO].count, 1);
	assert_int_equal(traffic.records[KIND_UNKNOWN].count, 2);
	assert_int_equal(traffic.macs_local, 2);
	assert_int_equal(traffic.macs_universal, 2);
	traffic_fini(&traffic);
	flow_free(flow);
}

static void
no_wake(void *context)
{
	(void)context;
}

/* As text of its own where the outputs take batches only, else as the text of all. */
static void
test_who_looks_on_sees_single_records(void **state)
{
	static const enum publish_mode modes[] = {MODE_RECORD, MODE_BATCH};

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		const struct want want = {modes[i], NULL, 0};
		struct flow *flow = flow_new(&want, 1);
		struct tails tails = {.wake = no_wake};
		struct tail *tail;
		char text[4096];
		size_t length;

		flow->process.tails = &tails;
		pass(flow, RSSI);
		tail = tail_open(&tails, &(struct tail_filter){.mac = 0x001122334455,
							       .mac_mask = MAC_MASK});
		pass(flow, RSSI READ);
		length = tail_read(tail, text, sizeof text - 1);
		text[length] = '\0';
		assert_non_null(strstr(text, "\"seq\":2"));
		assert_ptr_equal(strchr(text, '\n'), text + length - 1);
		tail_close(tail);
		flow_free(flow);
	}
}

static void
test_free_takes_null(void **state)
{
	(void)state;
	scratch_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_message_per_record),
		cmocka_unit_test(test_one_message_per_kind_in_batches),
		cmocka_unit_test(test_outputs_of_both_kinds_share_records),
		cmocka_unit_test(test_topics_that_vary),
		cmocka_unit_test(test_a_batch_has_a_topic_without_stations),
		cmocka_unit_test(test_topics_that_stay_are_made_once),
		cmocka_unit_test(test_the_unknown_and_the_malformed_pass_as_unknown),
		cmocka_unit_test(test_the_rate_of_the_unknown_is_limited_per_second),
		cmocka_unit_test(test_the_unknown_can_be_switched_off),
		cmocka_unit_test(test_what_a_full_queue_does_not_take_is_accounted_for),
		cmocka_unit_test(test_a_new_session_counts_from_1),
		cmocka_unit_test(test_without_outputs_nothing_happens),
		cmocka_unit_test(test_records_can_be_shown),
		cmocka_unit_test(test_records_are_counted),
		cmocka_unit_test(test_who_looks_on_sees_single_records),
		cmocka_unit_test(test_free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
