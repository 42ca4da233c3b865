/* SPDX-License-Identifier: ISC */
/* test_mqtt_commands.c: what becomes of a message on a topic of commands */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "outputs/mqtt_connection.h"
#include "tests/unit/outputs/queue_feed.h"

/* An output that is not connected, and who takes its commands. */
struct rig {
	struct mqtt mqtt;
	struct command_request *taken;
	const char *excuse; /* for not taking it */
};

static const char *
take(void *context, struct command_request *request)
{
	struct rig *rig = context;

	if (rig->excuse)
		return rig->excuse;
	assert_null(rig->taken);
	rig->taken = request;
	return NULL;
}

static void
wake(struct output *output)
{
	(void)output;
}

static const struct output_ops ops = {.type = "mqtt", .wake = wake};

static struct rig *
rig_new(void)
{
	static char root[] = "nmsp/gw1/", state[] = "nmsp/gw1/state";
	struct queue_settings settings = {.max_bytes = 100000};
	struct rig *rig = calloc(1, sizeof *rig);

	assert_non_null(rig);
	rig->mqtt.root = root;
	rig->mqtt.state_topic = state;
	rig->mqtt.settings.name = "main";
	rig->mqtt.settings.commands = (struct command_taker){take, rig};
	rig->mqtt.output.ops = &ops;
	rig->mqtt.output.queue = queue_new(&settings);
	assert_non_null(rig->mqtt.output.queue);
	assert_int_equal(uv_loop_init(&rig->mqtt.loop), 0);
	return rig;
}

static void
rig_free(struct rig *rig)
{
	command_request_free(rig->taken);
	queue_free(rig->mqtt.output.queue);
	uv_loop_close(&rig->mqtt.loop);
	free(rig);
}

/* A request comes; `delivery` has what is special about it. */
static void
deliver(struct rig *rig, const char *topic, struct mqtt_delivery delivery)
{
	delivery.topic = topic;
	if (!delivery.payload) {
		delivery.payload = "{}";
		delivery.length = 2;
	}
	assert_true(mqtt_commands_on(&rig->mqtt, topic));
	mqtt_commands_take(&rig->mqtt, &delivery);
}

/* Fails unless this response is the next that is queued. */
static void
assert_response(struct rig *rig, const char *topic, const char *text, const char *correlation)
{
	struct queue_list list = {0};

	assert_int_equal(queue_take(rig->mqtt.output.queue, &list, 1, false), 1);
	assert_string_equal(list.first->topic->data, topic);
	assert_string_equal(list.first->payload->data, text);
	if (correlation)
		assert_string_equal(list.first->correlation->data, correlation);
	else
		assert_null(list.first->correlation);
	feed_finish_all(rig->mqtt.output.queue, &list);
}

static void
assert_silence(struct rig *rig)
{
	feed_assert_rest(rig->mqtt.output.queue, "");
	assert_null(rig->taken);
}

static void
respond(struct rig *rig, const char *text)
{
	struct buffer *payload = buffer_new(text, strlen(text));

	assert_non_null(rig->taken);
	assert_true(output_respond(&rig->mqtt.output, rig->taken, payload));
	buffer_unref(payload);
	command_request_free(rig->taken);
	rig->taken = NULL;
}

static void
test_topics_of_commands(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	assert_true(mqtt_commands_on(&rig->mqtt, "nmsp/gw1/command/x"));
	assert_true(mqtt_commands_on(&rig->mqtt, "nmsp/gw1/command"));
	assert_false(mqtt_commands_on(&rig->mqtt, "nmsp/gw1/commands/x"));
	assert_false(mqtt_commands_on(&rig->mqtt, "nmsp/gw1/state"));
	assert_false(mqtt_commands_on(&rig->mqtt, "nmsp/gw2/command/x"));
	assert_false(mqtt_commands_on(&rig->mqtt, "nmsp"));
	rig->mqtt.settings.commands.take = NULL;
	assert_false(mqtt_commands_on(&rig->mqtt, "nmsp/gw1/command/x"));
	rig_free(rig);
}

static void
test_a_request_is_passed_on(void **state)
{
	struct rig *rig = rig_new();
	char other[] = "me/answers", correlation[] = "c17";

	(void)state;
	deliver(rig, "nmsp/gw1/command/controller/enable",
		(struct mqtt_delivery){.payload = "{\"x\":1}",
				       .length = 7,
				       .response_topic = other,
				       .correlation = correlation,
				       .correlation_length = 3});
	assert_string_equal(rig->taken->output->data, "main");
	assert_string_equal(rig->taken->name->data, "controller/enable");
	assert_string_equal(rig->taken->payload->data, "{\"x\":1}");
	respond(rig, "yes");
	assert_response(rig, "nmsp/gw1/response/controller/enable", "yes", "c17");
	assert_response(rig, "me/answers", "yes", "c17");
	assert_silence(rig);
	rig_free(rig);
}

/* Without MQTT 5, or where the topic that is asked for is the usual one or cannot be used. */
static void
test_one_response_where_there_is_no_other_topic(void **state)
{
	char *const topics[] = {NULL,
				(char[]){"nmsp/gw1/response/status"},
				(char[]){"nmsp/gw1/state"},
				(char[]){"nmsp/gw1/hq/rssi"},
				(char[]){"nmsp/gw1/command/status"},
				(char[]){"me/+"},
				(char[]){"#"},
				(char[]){""}};
	struct rig *rig = rig_new();

	(void)state;
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
		deliver(rig, "nmsp/gw1/command/status",
			(struct mqtt_delivery){.response_topic = topics[i]});
		respond(rig, "yes");
		assert_response(rig, "nmsp/gw1/response/status", "yes", NULL);
		assert_silence(rig);
	}
	rig_free(rig);
}

static void
test_no_name(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	deliver(rig, "nmsp/gw1/command", (struct mqtt_delivery){0});
	assert_string_equal(rig->taken->name->data, "");
	respond(rig, "no");
	assert_response(rig, "nmsp/gw1/response", "no", NULL);
	rig_free(rig);
}

static void
test_what_is_not_taken_is_responded_to(void **state)
{
	struct rig *rig = rig_new();
	char correlation[] = "c";

	(void)state;
	rig->excuse = "busy";
	deliver(rig, "nmsp/gw1/command/status",
		(struct mqtt_delivery){.correlation = correlation, .correlation_length = 1});
	assert_response(rig, "nmsp/gw1/response/status",
			"{\"command\":\"status\",\"ok\":false,\"error\":\"busy\"}", "c");
	assert_silence(rig);
	rig_free(rig);
}

static void
test_what_is_retained_is_not_passed_on(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	deliver(rig, "nmsp/gw1/command/status", (struct mqtt_delivery){.retained = true});
	assert_response(rig, "nmsp/gw1/response/status",
			"{\"command\":\"status\",\"ok\":false,\"error\":\"not run, because it is "
			"retained: it would be run at every connection; expected a request without "
			"the retain flag\"}",
			NULL);
	deliver(rig, "nmsp/gw1/command/status",
		(struct mqtt_delivery){.retained = true, .payload = "", .length = 0});
	assert_silence(rig);
	rig_free(rig);
}

static void
test_what_is_too_large_is_not_passed_on(void **state)
{
	static char large[65537];
	struct rig *rig = rig_new();

	(void)state;
	deliver(rig, "nmsp/gw1/command/status",
		(struct mqtt_delivery){.payload = large, .length = sizeof large - 1});
	assert_int_equal(rig->taken->payload->length, sizeof large - 1);
	respond(rig, "yes");
	assert_response(rig, "nmsp/gw1/response/status", "yes", NULL);
	deliver(rig, "nmsp/gw1/command/status",
		(struct mqtt_delivery){.payload = large, .length = sizeof large});
	assert_response(rig, "nmsp/gw1/response/status",
			"{\"command\":\"status\",\"ok\":false,\"error\":\"too large, expected a "
			"request of at most 65536 bytes\"}",
			NULL);
	assert_silence(rig);
	rig_free(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_topics_of_commands),
		cmocka_unit_test(test_a_request_is_passed_on),
		cmocka_unit_test(test_one_response_where_there_is_no_other_topic),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_what_is_not_taken_is_responded_to),
		cmocka_unit_test(test_what_is_retained_is_not_passed_on),
		cmocka_unit_test(test_what_is_too_large_is_not_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
