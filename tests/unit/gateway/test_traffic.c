/* SPDX-License-Identifier: ISC */
/* test_traffic.c: what went to and came from a controller, and how much a second */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/traffic.h"
#include "tests/unit/support.h"

#define CLIENT 1U
#define TAG    2U
#define START  UINT64_C(5000000)

struct scene {
	struct dict *dict;
	struct traffic traffic;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	assert_non_null(scene);
	scene->dict = support_dict(BASELINE);
	assert_int_equal(traffic_use(&scene->traffic, scene->dict), 0);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	traffic_fini(&scene->traffic);
	dictionary_free(scene->dict);
	free(scene);
	return 0;
}

static void
receive(struct scene *scene, const char *name, uint64_t now)
{
	traffic_message(&scene->traffic, TRAFFIC_IN, dict_message_named(scene->dict, name), 100,
			now);
}

static void
record(struct scene *scene, enum kind kind, unsigned entity, unsigned n)
{
	const struct traffic_subject subject = {.kind = kind, .entity = entity};

	for (unsigned i = 0; i < n; i++)
		traffic_record(&scene->traffic, &subject);
}

static uint64_t
delivered(struct scene *scene, const char *service_name, const char *subservice_name)
{
	const struct service *service = dict_service_named(scene->dict, service_name);

	return traffic_delivered(&scene->traffic, service,
				 dict_subservice_named(service, subservice_name));
}

static void
test_messages(void **state)
{
	struct scene *scene = *state;
	const struct message_def *echo = dict_message_named(scene->dict, "echo_request");
	const struct traffic_messages *of;

	traffic_message(&scene->traffic, TRAFFIC_OUT, echo, 14, START);
	traffic_message(&scene->traffic, TRAFFIC_OUT, echo, 14, START + 7);
	of = traffic_of(&scene->traffic, TRAFFIC_OUT, echo);
	assert_int_equal(of->count, 2);
	assert_int_equal(of->bytes, 28);
	assert_int_equal(of->last, START + 7);
	assert_int_equal(traffic_of(&scene->traffic, TRAFFIC_IN, echo)->count, 0);
	assert_int_equal(scene->traffic.last_received, 0);
	receive(scene, "echo_response", START + 9);
	assert_int_equal(scene->traffic.last_received, START + 9);
}

static void
test_messages_without_a_name(void **state)
{
	struct scene *scene = *state;

	traffic_message(&scene->traffic, TRAFFIC_IN, NULL, 20, START);
	assert_int_equal(traffic_of(&scene->traffic, TRAFFIC_IN, NULL)->count, 1);
	for (uint32_t i = 0; i < scene->dict->n_messages; i++)
		assert_int_equal(
			traffic_of(&scene->traffic, TRAFFIC_IN, &scene->dict->messages[i])->count,
			0);
}

/* The other dictionary has the same messages under other numbers. */
static void
test_another_dictionary(void **state)
{
	struct scene *scene = *state;
	struct dict *before = scene->dict;
	const struct traffic_messages *of;

	receive(scene, "echo_response_of_nobody", START);
	receive(scene, "echo_response", START + 1);
	scene->dict = support_dict(SECOND);
	assert_int_equal(traffic_use(&scene->traffic, scene->dict), 0);
	dictionary_free(before);
	receive(scene, "echo_response", START + 2);
	of = traffic_of(&scene->traffic, TRAFFIC_IN,
			dict_message_named(scene->dict, "echo_response"));
	assert_int_equal(of->count, 2);
	assert_int_equal(of->last, START + 2);
	assert_int_equal(traffic_of(&scene->traffic, TRAFFIC_IN, NULL)->count, 1);
}

static void
test_records(void **state)
{
	const struct traffic_subject local = {KIND_RSSI, CLIENT, true, true};
	const struct traffic_subject universal = {KIND_RSSI, CLIENT, true, false};
	const struct traffic_subject strange = {KIND_UNKNOWN, 1000, false, true};
	struct scene *scene = *state;

	receive(scene, "measurement_notification", START);
	traffic_record(&scene->traffic, &local);
	traffic_record(&scene->traffic, &universal);
	traffic_record(&scene->traffic, &universal);
	traffic_record(&scene->traffic, &strange);
	assert_int_equal(scene->traffic.records[KIND_RSSI].count, 3);
	assert_int_equal(scene->traffic.records[KIND_RSSI].last, START);
	assert_int_equal(scene->traffic.records[KIND_UNKNOWN].count, 1);
	assert_int_equal(scene->traffic.macs_local, 1);
	assert_int_equal(scene->traffic.macs_universal, 2);
}

static void
assert_rate(struct scene *scene, uint64_t now, double expected)
{
	double rate = traffic_rate(&scene->traffic, KIND_RSSI, now);

	if (rate < expected * 0.999 || rate > expected * 1.001)
		fail_msg("%g records/s instead of %g", rate, expected);
}

static void
test_rate(void **state)
{
	struct scene *scene = *state;

	assert_rate(scene, START, 0);
	for (unsigned i = 0; i < 300; i++) { /* 50 a second for 30 s, in messages of 5 */
		receive(scene, "measurement_notification", START + i * 100);
		record(scene, KIND_RSSI, CLIENT, 5);
		if (i == 40)
			assert_rate(scene, START + 4000, 205 / 4.0);
	}
	assert_rate(scene, START + 30000, 50);
	assert_rate(scene, START + 35000, 25);
	assert_rate(scene, START + 41000, 0);
	receive(scene, "measurement_notification", START + 1000000);
	record(scene, KIND_RSSI, CLIENT, 100);
	assert_rate(scene, START + 1005000, 10);
}

static void
test_services_deliver(void **state)
{
	struct scene *scene = *state;

	receive(scene, "measurement_notification", START);
	record(scene, KIND_RSSI, TAG, 1);
	assert_int_equal(delivered(scene, "rssi", "tag"), START);
	assert_int_equal(delivered(scene, "rssi", "client"), 0);
	assert_int_equal(delivered(scene, "statistics", "tag"), 0);
	assert_int_equal(delivered(scene, "rssi", "handover"), 0);
	receive(scene, "spectrum_notification", START + 5);
	record(scene, KIND_AIR_QUALITY, 0, 1);
	assert_int_equal(delivered(scene, "spectrum", "air_quality"), START + 5);
	assert_int_equal(delivered(scene, "spectrum", "interferer"), 0);
	assert_int_equal(delivered(scene, "rssi", "interferer"), 0);
	receive(scene, "location_notification", START + 6);
	record(scene, KIND_LOCATION, 0, 1);
	record(scene, KIND_AP, 0, 1);
	assert_int_equal(delivered(scene, "location", "subscription"), START + 6);
	assert_int_equal(delivered(scene, "ap_info", "ap"), START + 6);
	assert_int_equal(delivered(scene, "handover", "handover"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_without_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_dictionary, setup, teardown),
		cmocka_unit_test_setup_teardown(test_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_services_deliver, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
