/* SPDX-License-Identifier: ISC */
/* flow.h: a controller's process with outputs of which only the queues are real
 *
 * To be included after cmocka.h.
 */
#ifndef NMSP_TESTS_UNIT_GATEWAY_FLOW_H
#define NMSP_TESTS_UNIT_GATEWAY_FLOW_H

#include "gateway/process.h"
#include "outputs/queue.h"
#include "tests/unit/support.h"

#define RECEIVED_AT 1795366800123U

/* An output of which only the queue is real. */
struct sink {
	struct output output;
	struct account_set accounts;
	unsigned wakes;
};

/* Counts. */
static inline void
wake(struct output *output)
{
	((struct sink *)(void *)output)->wakes++;
}

static const struct output_ops sink_ops = {.type = "sink", .wake = wake};

/* A controller's process with up to three outputs. */
struct flow {
	struct reading *in;
	struct sink sinks[3];
	struct route routes[3];
	struct process process;
};

/* What an output is made with; a NULL topic: an output without topics. */
struct want {
	enum publish_mode mode;
	const char *topic;
	size_t queue_bytes;
};

/* An output as it is wanted. */
static inline void
sink_init(struct sink *sink, const struct want *want)
{
	const struct queue_settings settings = {.max_bytes = want->queue_bytes ? want->queue_bytes
									       : 1000000};
	char error[100];

	sink->output = (struct output){.ops = &sink_ops, .mode = want->mode};
	sink->output.queue = queue_new(&settings);
	assert_non_null(sink->output.queue);
	if (want->topic)
		sink->output.topic = topic_new(want->topic, "nmsp", "gw1", error, sizeof error);
}

/* A process with outputs and the baseline dictionary, in a session. */
static inline struct flow *
flow_new(const struct want *wants, size_t n)
{
	static const struct envelope_tag tags[] = {{"site", "north wing"}};
	struct flow *flow = calloc(1, sizeof *flow);

	assert_non_null(flow);
	flow->in = reading_new(BASELINE);
	for (size_t i = 0; i < n; i++) {
		sink_init(&flow->sinks[i], &wants[i]);
		flow->routes[i] = (struct route){.output = &flow->sinks[i].output,
						 .accounts = &flow->sinks[i].accounts};
	}
	flow->process = (struct process){.source = {"gw1", "hq", NULL, tags, 1},
					 .routes = flow->routes,
					 .n_routes = n,
					 .scratch = scratch_new(),
					 .publish_unknown = true,
					 .unknown_rate = 100};
	assert_int_equal(process_begin(&flow->process, "6f2c91ab"), 0);
	return flow;
}

/* Takes what flow_new returned. */
static inline void
flow_free(struct flow *flow)
{
	process_end(&flow->process);
	scratch_free(flow->process.scratch);
	for (size_t i = 0; i < flow->process.n_routes; i++) {
		topic_free(flow->sinks[i].output.topic);
		queue_free(flow->sinks[i].output.queue);
	}
	reading_free(flow->in);
	free(flow);
}

/* A message of measurements passes at this moment; returns how many were malformed. */
static inline uint32_t
pass_at(struct flow *flow, const char *hex, uint64_t received_at)
{
	reading_body(flow->in, 15, hex);
	return process_message(&flow->process, &flow->in->message, received_at);
}

/* The same at a moment that does not matter. */
static inline uint32_t
pass(struct flow *flow, const char *hex)
{
	return pass_at(flow, hex, RECEIVED_AT);
}

/* Something that came out of an output: its topic ("" for none) and its JSON. */
struct arrival {
	char topic[200];
	json_t *json;
};

/* The next message of an output, of which there must be one. */
static inline struct arrival
arrive(struct sink *sink)
{
	struct arrival arrival = {.topic = ""};
	struct queue_list list = {.first = NULL};
	const struct buffer *payload, *topic;

	assert_int_equal(queue_take(sink->output.queue, &list, 1, false), 1);
	payload = list.first->payload;
	topic = list.first->topic;
	if (topic)
		snprintf(arrival.topic, sizeof arrival.topic, "%s", topic->data);
	arrival.json = json_loadb(payload->data, payload->length, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(arrival.json);
	queue_finish(sink->output.queue, &list, list.first, OUTCOME_PUBLISHED, DROP_REFUSED);
	return arrival;
}

/* Fails unless the next message is this one. */
static inline void
assert_arrives(struct sink *sink, const char *topic, const char *schema, unsigned seq)
{
	struct arrival arrival = arrive(sink);

	assert_string_equal(arrival.topic, topic);
	assert_string_equal(json_string_value(json_object_get(arrival.json, "schema")), schema);
	assert_int_equal(json_integer_value(json_object_get(arrival.json, "seq")), seq);
	json_decref(arrival.json);
}

/* Fails if there is one. */
static inline void
assert_empty(struct sink *sink)
{
	struct queue_list list = {.first = NULL};

	assert_int_equal(queue_take(sink->output.queue, &list, 1, false), 0);
}

/* An account of an output, which must add up. */
static inline struct account_view
account(struct sink *sink, enum kind kind)
{
	struct account_view view;
	uint64_t outcomes;

	account_view(&sink->accounts.kinds[kind], &view);
	outcomes = view.published + view.filtered + view.conflated + view.queued;
	for (unsigned i = 0; i < DROP_COUNT; i++)
		outcomes += view.dropped[i];
	assert_int_equal(view.received, outcomes);
	return view;
}

#endif
