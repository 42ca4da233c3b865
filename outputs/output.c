/* SPDX-License-Identifier: ISC */
/* output.c: what the record path knows of an output: something that takes finished text and never
 * makes it wait */
#include "outputs/output.h"

#include <stdlib.h>
#include <string.h>

#include "outputs/queue.h"

void
output_publish(struct output *output, const struct publication *publication)
{
	if (queue_publish(output->queue, publication))
		output->ops->wake(output);
}

bool
output_keep_topic(struct output *output, struct buffer *topic)
{
	return queue_keep_topic(output->queue, topic);
}

void
output_document(struct output *output, const char *suffix, struct buffer *payload, int qos)
{
	if (queue_document(output->queue, suffix, payload, (uint8_t)qos))
		output->ops->wake(output);
}

/* To one topic; nothing without one. */
static bool
respond_on(struct output *output, struct buffer *topic, const struct command_request *request,
	   struct buffer *payload)
{
	const struct queue_response response = {topic, payload, request->correlation};
	bool wake = false, queued = !topic || queue_respond(output->queue, &response, &wake);

	if (wake)
		output->ops->wake(output);
	return queued;
}

bool
output_respond(struct output *output, const struct command_request *request, struct buffer *payload)
{
	bool first = respond_on(output, request->response_topic, request, payload);

	return respond_on(output, request->other_response_topic, request, payload) && first;
}

void
command_request_free(struct command_request *request)
{
	if (!request)
		return;
	buffer_unref(request->output);
	buffer_unref(request->topic);
	buffer_unref(request->name);
	buffer_unref(request->payload);
	buffer_unref(request->response_topic);
	buffer_unref(request->other_response_topic);
	buffer_unref(request->correlation);
	free(request);
}

void
output_status(struct output *output, struct output_status *status)
{
	memset(status, 0, sizeof(*status));
	output->ops->status(output, status);
	queue_level(output->queue, &status->queued_bytes, &status->queued_messages);
	queue_responses(output->queue, &status->responses);
	status->queue_size = queue_size(output->queue);
}

struct histogram *
output_latency(struct output *output)
{
	return queue_latency(output->queue);
}

int
output_start(struct output *output)
{
	return output->ops->start(output);
}

void
output_stop(struct output *output, unsigned flush_ms)
{
	output->ops->stop(output, flush_ms);
	queue_give_up(output->queue, DROP_SHUTDOWN);
}

void
output_halt(struct output *output, unsigned flush_ms)
{
	output->ops->stop(output, flush_ms);
}

struct queue *
output_release(struct output *output)
{
	struct queue *queue = output->queue;

	output->ops->free(output);
	return queue;
}

void
output_free(struct output *output)
{
	if (output)
		queue_free(output_release(output));
}

void
output_set_topic(struct output *output, struct topic *topic)
{
	topic_free(output->topic);
	output->topic = topic;
}
