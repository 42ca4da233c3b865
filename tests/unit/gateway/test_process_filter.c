/* SPDX-License-Identifier: ISC */
/* test_process_filter.c: filters on the way to outputs: who gets what, written how, accounted for
 * how */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/gateway/flow.h"

#define STATION "001122334455"
#define RSSI                                                                 \
	"0100 [" STATION " 01 01 02 2c574158eee0 00 01 01 c4 c5 0a 00000001" \
	"2c574158ef00 01 02 00 a0 a1 05 00000002]"
#define WEAK	   "0100 [001122334466 01 01 01 2c574158ef00 01 02 00 a0 a1 05 00000002]"
#define NO_READING "0100 [001122334477 01 01 00]"
#define LOCAL	   "0100 [021122334455 01 01 00]"
#define INFO	   "0200 [0201 [" STATION "] 0202 [01] 0206 [6775657374] 0208 [616c696365]]"
#define AP	   "0600 [0601 [2c574158eee0] 0602 [61702d37]]"
#define TAG	   "0101 [0100 [001122334488 02 00 00] 0115 [01]]"

static const struct want record_want = {MODE_RECORD, NULL, 0};
static const struct want batch_want = {MODE_BATCH, NULL, 0};

/* Puts a filter at the gate of the process (NULL) or of one of its routes. */
static void
set(struct flow *flow, struct route *route, const struct config_filter *config)
{
	struct filter *filter;

	assert_int_equal(filter_new(&filter, config, flow->in->dict), 0);
	gate_set(route ? &route->gate : &flow->process.gate, filter);
	flow->process.memory = (struct process_memory){60000, 100};
	assert_int_equal(process_arrange(&flow->process), 0);
}

static json_t *
member(json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static size_t
n_readings(struct sink *sink)
{
	struct arrival arrival = arrive(sink);
	size_t n = json_array_size(member(arrival.json, "readings"));

	json_decref(arrival.json);
	return n;
}

static void
assert_account(struct sink *sink, enum kind kind, unsigned received, unsigned filtered)
{
	struct account_view view = account(sink, kind);

	assert_int_equal(view.received, received);
	assert_int_equal(view.filtered, filtered);
	assert_int_equal(view.published + view.queued, received - filtered);
}

static struct config_rule
local_rule(void)
{
	return (struct config_rule){.terms = 1U << TERM_MAC_TYPE, .mac_local = true};
}

static struct config_rule
kind_rule(enum kind kind)
{
	return (struct config_rule){.terms = 1U << TERM_KIND, .kind = kind};
}

static void
test_what_the_controller_holds_back_counts_at_each_output(void **state)
{
	const struct want wants[] = {record_want, batch_want};
	struct flow *flow = flow_new(wants, 2);
	struct config_rule rule = local_rule();
	const struct config_filter config = {.deny = {&rule, 1}};

	(void)state;
	set(flow, NULL, &config);
	pass(flow, RSSI LOCAL INFO LOCAL);
	for (unsigned i = 0; i < 2; i++) {
		assert_account(&flow->sinks[i], KIND_RSSI, 3, 2);
		assert_account(&flow->sinks[i], KIND_INFO, 1, 0);
	}
	flow_free(flow);
}

static void
test_an_output_holds_back_for_itself(void **state)
{
	const struct want wants[] = {record_want, record_want};
	struct flow *flow = flow_new(wants, 2);
	struct config_rule rule = kind_rule(KIND_INFO);
	const struct config_filter config = {.allow = {&rule, 1}};

	(void)state;
	set(flow, &flow->routes[1], &config);
	pass(flow, RSSI INFO "0b00 [01]");
	assert_account(&flow->sinks[0], KIND_RSSI, 1, 0);
	assert_account(&flow->sinks[1], KIND_RSSI, 1, 1);
	assert_account(&flow->sinks[1], KIND_UNKNOWN, 1, 1);
	assert_account(&flow->sinks[1], KIND_INFO, 1, 0);
	assert_arrives(&flow->sinks[1], "", "nmsp.info/1", 1);
	assert_empty(&flow->sinks[1]);
	flow_free(flow);
}

static void
test_weak_readings_are_left_out(void **state)
{
	const struct want wants[] = {record_want, record_want, record_want};
	struct flow *flow = flow_new(wants, 3);
	const struct config_filter low = {.rssi_floor_dbm = -80}, high = {.rssi_floor_dbm = -50};

	(void)state;
	set(flow, &flow->routes[1], &low);
	set(flow, &flow->routes[2], &high);
	pass(flow, RSSI WEAK NO_READING);
	assert_int_equal(n_readings(&flow->sinks[0]), 2);
	assert_int_equal(n_readings(&flow->sinks[0]), 1);
	assert_int_equal(n_readings(&flow->sinks[1]), 1);
	assert_int_equal(n_readings(&flow->sinks[1]), 0);
	assert_int_equal(n_readings(&flow->sinks[2]), 0);
	assert_account(&flow->sinks[0], KIND_RSSI, 3, 0);
	assert_account(&flow->sinks[1], KIND_RSSI, 3, 1);
	assert_account(&flow->sinks[2], KIND_RSSI, 3, 2);
	flow_free(flow);
}

static void
test_the_higher_floor_counts(void **state)
{
	const struct want wants[] = {record_want, record_want};
	struct flow *flow = flow_new(wants, 2);
	const struct config_filter low = {.rssi_floor_dbm = -100}, high = {.rssi_floor_dbm = -80};

	(void)state;
	set(flow, NULL, &high);
	set(flow, &flow->routes[1], &low);
	assert_int_equal(flow->process.n_variants, 1);
	pass(flow, RSSI);
	assert_int_equal(n_readings(&flow->sinks[0]), 1);
	assert_int_equal(n_readings(&flow->sinks[1]), 1);
	flow_free(flow);
}

/* The same bytes, not only the same text. */
static void
test_outputs_that_want_the_same_share_the_text(void **state)
{
	const struct want wants[] = {record_want, record_want, record_want};
	struct flow *flow = flow_new(wants, 3);
	struct config_rule rule = local_rule();
	const struct config_filter floor = {.rssi_floor_dbm = -80};
	const struct config_filter both = {.rssi_floor_dbm = -80, .deny = {&rule, 1}};
	const struct buffer *payloads[3];

	(void)state;
	set(flow, &flow->routes[0], &floor);
	set(flow, &flow->routes[2], &both);
	pass(flow, RSSI);
	for (unsigned i = 0; i < 3; i++) {
		struct queue_list list = {.first = NULL};

		assert_int_equal(queue_take(flow->sinks[i].output.queue, &list, 1, false), 1);
		payloads[i] = list.first->payload;
		queue_finish(flow->sinks[i].output.queue, &list, list.first, OUTCOME_PUBLISHED,
			     DROP_REFUSED);
	}
	assert_ptr_equal(payloads[0], payloads[2]);
	assert_ptr_not_equal(payloads[0], payloads[1]);
	flow_free(flow);
}

static json_t *
nth_of_batch(json_t *batch, size_t n)
{
	return json_array_get(member(batch, "records"), n);
}

static void
test_a_batch_numbers_what_does_not_follow(void **state)
{
	const struct want wants[] = {batch_want, batch_want};
	struct flow *flow = flow_new(wants, 2);
	struct config_rule rule = local_rule();
	const struct config_filter config = {.deny = {&rule, 1}};
	struct arrival arrival;

	(void)state;
	set(flow, &flow->routes[1], &config);
	pass(flow, LOCAL RSSI LOCAL LOCAL WEAK NO_READING);
	arrival = arrive(&flow->sinks[0]);
	assert_int_equal(json_array_size(member(arrival.json, "records")), 6);
	for (size_t i = 0; i < 6; i++)
		assert_null(member(nth_of_batch(arrival.json, i), "seq"));
	json_decref(arrival.json);
	arrival = arrive(&flow->sinks[1]);
	assert_int_equal(json_integer_value(member(arrival.json, "seq")), 2);
	assert_int_equal(json_array_size(member(arrival.json, "records")), 3);
	assert_null(member(nth_of_batch(arrival.json, 0), "seq"));
	assert_int_equal(json_integer_value(member(nth_of_batch(arrival.json, 1), "seq")), 5);
	assert_null(member(nth_of_batch(arrival.json, 2), "seq"));
	json_decref(arrival.json);
	assert_account(&flow->sinks[1], KIND_RSSI, 6, 3);
	flow_free(flow);
}

static void
test_batches_are_shared_by_outputs_that_do_not_choose(void **state)
{
	const struct want wants[] = {batch_want, batch_want, batch_want};
	struct flow *flow = flow_new(wants, 3);
	struct config_rule rule = kind_rule(KIND_RSSI);
	const struct config_filter config = {.deny = {&rule, 1}};

	(void)state;
	assert_int_equal(flow->process.n_batches, 1);
	set(flow, &flow->routes[1], &config);
	assert_int_equal(flow->process.n_batches, 2);
	pass(flow, RSSI WEAK);
	assert_arrives(&flow->sinks[0], "", "nmsp.rssi/1", 1);
	assert_empty(&flow->sinks[1]);
	assert_arrives(&flow->sinks[2], "", "nmsp.rssi/1", 1);
	set(flow, &flow->routes[0], &config);
	set(flow, &flow->routes[2], &config);
	assert_int_equal(flow->process.n_batches, 3);
	flow_free(flow);
}

static void
test_a_floor_in_a_batch(void **state)
{
	struct flow *flow = flow_new(&batch_want, 1);
	const struct config_filter config = {.rssi_floor_dbm = -80};
	struct arrival arrival;
	json_t *first;

	(void)state;
	set(flow, &flow->routes[0], &config);
	pass(flow, WEAK RSSI WEAK);
	assert_account(&flow->sinks[0], KIND_RSSI, 3, 2);
	arrival = arrive(&flow->sinks[0]);
	first = nth_of_batch(arrival.json, 0);
	assert_int_equal(json_array_size(member(arrival.json, "records")), 1);
	assert_int_equal(json_array_size(member(first, "readings")), 1);
	json_decref(arrival.json);
	flow_free(flow);
}

static void
test_stations_are_thinned_by_controller_and_output(void **state)
{
	const struct want wants[] = {record_want, record_want};
	struct flow *flow = flow_new(wants, 2);
	const struct config_filter slow = {.interval_s = 60}, quick = {.interval_s = 10};

	(void)state;
	set(flow, NULL, &quick);
	set(flow, &flow->routes[1], &slow);
	pass_at(flow, RSSI TAG, 1000);
	pass_at(flow, RSSI TAG INFO, 2000);
	pass_at(flow, RSSI, 11000);
	assert_account(&flow->sinks[0], KIND_RSSI, 5, 1);
	assert_account(&flow->sinks[1], KIND_RSSI, 5, 2);
	flow_free(flow);
}

static void
test_answers_are_not_thinned(void **state)
{
	struct flow *flow = flow_new(&record_want, 1);
	const struct config_filter config = {.interval_s = 60};

	(void)state;
	set(flow, NULL, &config);
	for (unsigned i = 0; i < 2; i++) {
		reading_body(flow->in, 14, "0001 [00]" RSSI);
		process_message(&flow->process, &flow->in->message, RECEIVED_AT);
	}
	pass(flow, RSSI);
	assert_account(&flow->sinks[0], KIND_RSSI, 3, 1);
	flow_free(flow);
}

/* A new session changes nothing of what is known of stations. */
static void
test_what_is_known_outlives_a_session(void **state)
{
	struct flow *flow = flow_new(&record_want, 1);
	const struct config_filter config = {.interval_s = 60, .enrich = ENRICH_SSID};
	struct arrival arrival;

	(void)state;
	set(flow, NULL, &config);
	pass_at(flow, INFO RSSI, 1000);
	assert_int_equal(process_begin(&flow->process, "00000001"), 0);
	pass_at(flow, RSSI, 2000);
	pass_at(flow, RSSI, 60999);
	assert_account(&flow->sinks[0], KIND_RSSI, 3, 2);
	for (unsigned i = 0; i < 2; i++) {
		arrival = arrive(&flow->sinks[0]);
		assert_string_equal(json_string_value(member(arrival.json, "ssid")), "guest");
		json_decref(arrival.json);
	}
	flow_free(flow);
}

static void
assert_enriched(json_t *record, bool has_username)
{
	json_t *reading = json_array_get(member(record, "readings"), 0);

	assert_string_equal(json_string_value(member(reading, "ap_name")), "ap-7");
	assert_null(member(record, "ssid"));
	assert_int_equal(member(record, "username") != NULL, has_username);
}

/* Each output gets what it or the controller asked for. */
static void
test_records_are_enriched(void **state)
{
	const struct want wants[] = {record_want, record_want, batch_want};
	struct flow *flow = flow_new(wants, 3);
	const struct config_filter all = {.enrich = ENRICH_AP_NAME};
	const struct config_filter names = {.enrich = ENRICH_USERNAME};

	(void)state;
	set(flow, NULL, &all);
	set(flow, &flow->routes[1], &names);
	set(flow, &flow->routes[2], &names);
	pass(flow, AP INFO);
	pass(flow, RSSI);
	for (unsigned i = 0; i < 3; i++) {
		struct arrival arrival;

		json_decref(arrive(&flow->sinks[i]).json);
		json_decref(arrive(&flow->sinks[i]).json);
		arrival = arrive(&flow->sinks[i]);
		assert_enriched(i < 2 ? arrival.json : nth_of_batch(arrival.json, 0), i > 0);
		json_decref(arrival.json);
	}
	flow_free(flow);
}

static void
test_an_output_can_hold_back_an_ssid(void **state)
{
	struct flow *flow = flow_new(&record_want, 1);
	struct config_rule rule = {.terms = 1U << TERM_SSID, .ssid = "gue", .ssid_begins = true};
	const struct config_filter config = {.deny = {&rule, 1}};

	(void)state;
	set(flow, &flow->routes[0], &config);
	/* what is not known yet is held back too, a tag that is in no network is not */
	pass(flow, RSSI INFO RSSI WEAK TAG);
	assert_account(&flow->sinks[0], KIND_RSSI, 4, 3);
	assert_account(&flow->sinks[0], KIND_INFO, 1, 1);
	flow_free(flow);
}

/* As in a reload: the stations of an output stay known to the one in its place. */
static void
test_other_routes_go_on(void **state)
{
	struct flow *flow = flow_new(&record_want, 1);
	const struct config_filter config = {.interval_s = 60};
	struct route *routes = calloc(2, sizeof *routes), *first = calloc(1, sizeof *first);

	(void)state;
	assert_non_null(routes);
	assert_non_null(first);
	*first = flow->routes[0];
	routes[1] = (struct route){.output = first->output, .accounts = first->accounts};
	routes[0] = (struct route){.output = first->output, .accounts = &flow->sinks[1].accounts};
	flow->process.routes = first;
	set(flow, first, &config);
	pass_at(flow, RSSI, 1000);
	process_set_routes(&flow->process, routes, 2);
	set(flow, &routes[0], &config);
	set(flow, &routes[1], &config);
	pass_at(flow, RSSI, 2000);
	assert_int_equal(account(&flow->sinks[0], KIND_RSSI).filtered, 1);
	assert_int_equal(account(&flow->sinks[1], KIND_RSSI).filtered, 0);
	process_set_routes(&flow->process, NULL, 0);
	flow->process.routes = flow->routes;
	flow->process.n_routes = 1;
	flow_free(flow);
}

static void
test_what_is_not_arranged_is_lost_and_counted(void **state)
{
	struct flow *flow = flow_new(&record_want, 1);

	(void)state;
	flow->process.arranged = false;
	pass(flow, RSSI INFO);
	assert_int_equal(account(&flow->sinks[0], KIND_RSSI).dropped[DROP_NO_MEMORY], 1);
	assert_int_equal(account(&flow->sinks[0], KIND_INFO).dropped[DROP_NO_MEMORY], 1);
	flow_free(flow);
}

/* What asks for nothing takes nothing. */
static void
test_a_filter_can_be_taken_away(void **state)
{
	struct flow *flow = flow_new(&record_want, 1);
	const struct config_filter all = {.enrich = ENRICH_SSID, .interval_s = 60}, none = {0};

	(void)state;
	assert_null(flow->process.enrich);
	set(flow, NULL, &all);
	assert_non_null(flow->process.enrich);
	assert_true(flow->process.decides);
	pass(flow, RSSI RSSI);
	set(flow, NULL, &none);
	assert_null(flow->process.enrich);
	assert_false(flow->process.decides);
	pass(flow, RSSI RSSI);
	assert_account(&flow->sinks[0], KIND_RSSI, 4, 1);
	flow_free(flow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_controller_holds_back_counts_at_each_output),
		cmocka_unit_test(test_an_output_holds_back_for_itself),
		cmocka_unit_test(test_weak_readings_are_left_out),
		cmocka_unit_test(test_the_higher_floor_counts),
		cmocka_unit_test(test_outputs_that_want_the_same_share_the_text),
		cmocka_unit_test(test_a_batch_numbers_what_does_not_follow),
		cmocka_unit_test(test_batches_are_shared_by_outputs_that_do_not_choose),
		cmocka_unit_test(test_a_floor_in_a_batch),
		cmocka_unit_test(test_stations_are_thinned_by_controller_and_output),
		cmocka_unit_test(test_answers_are_not_thinned),
		cmocka_unit_test(test_what_is_known_outlives_a_session),
		cmocka_unit_test(test_records_are_enriched),
		cmocka_unit_test(test_an_output_can_hold_back_an_ssid),
		cmocka_unit_test(test_other_routes_go_on),
		cmocka_unit_test(test_what_is_not_arranged_is_lost_and_counted),
		cmocka_unit_test(test_a_filter_can_be_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
