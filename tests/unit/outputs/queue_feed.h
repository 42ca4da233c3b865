/* SPDX-License-Identifier: ISC */
/* queue_feed.h: what tests of queues share: records with a text, what comes out, chance
 *
 * To be included after cmocka.h.
 */
#ifndef NMSP_TESTS_UNIT_OUTPUTS_QUEUE_FEED_H
#define NMSP_TESTS_UNIT_OUTPUTS_QUEUE_FEED_H

#include <stdio.h>
#include <string.h>

#include "outputs/account.h"
#include "outputs/queue.h"

/* xorshift64*, so that every run of a test is the same. The state must not be 0. */
static inline uint32_t
feed_random(uint64_t *state, uint32_t below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545f4914f6cdd1dU >> 33) % below;
}

/* Publishes `record` with a text as its payload; no topic. */
static inline bool
feed_publish(struct queue *queue, struct publication record, const char *text)
{
	bool wake;

	record.payload = buffer_new(text, strlen(text));
	assert_non_null(record.payload);
	record.records = record.records ? record.records : 1;
	wake = queue_publish(queue, &record);
	buffer_unref(record.payload);
	return wake;
}

/* Sets a document to a text; NULL clears it. */
static inline bool
feed_document(struct queue *queue, const char *suffix, const char *text)
{
	struct buffer *payload = text ? buffer_new(text, strlen(text)) : NULL;
	bool wake = queue_document(queue, suffix, payload, 1);

	buffer_unref(payload);
	return wake;
}

/* Queues a response to a command on "r"; false when there is no room. */
static inline bool
feed_respond(struct queue *queue, const char *text, const char *correlation)
{
	struct queue_response response = {
		.topic = buffer_new("r", 1),
		.payload = buffer_new(text, strlen(text)),
		.correlation = correlation ? buffer_new(correlation, strlen(correlation)) : NULL,
	};
	bool wake, queued = queue_respond(queue, &response, &wake);

	buffer_unref(response.topic);
	buffer_unref(response.payload);
	buffer_unref(response.correlation);
	return queued;
}

/* What a record with a payload of `length` bytes and no topic takes of a queue's bytes. */
static inline size_t
feed_cost(size_t length)
{
	return sizeof(struct queue_item) + sizeof(struct buffer) + 1 + length;
}

/* The payloads in a list with blanks between; a document as topic=payload. The text is valid until
 * the next call. */
static inline const char *
feed_text(const struct queue_list *list)
{
	static char text[4096];
	size_t length = 0;

	text[0] = '\0';
	for (const struct queue_item *item = list->first; item; item = item->next)
		length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s%s",
					   length ? " " : "",
					   item->document ? item->topic->data : "",
					   item->document ? "=" : "",
					   item->payload ? item->payload->data : "");
	assert_true(length < sizeof text);
	return text;
}

/* All of a list is published. */
static inline void
feed_finish_all(struct queue *queue, struct queue_list *list)
{
	while (list->first)
		queue_finish(queue, list, list->first, OUTCOME_PUBLISHED, DROP_COUNT);
}

/* Fails unless all that is queued is this, in this order; it is published. */
static inline void
feed_assert_rest(struct queue *queue, const char *expected)
{
	struct queue_list list = {0};

	queue_take(queue, &list, 1000, false);
	assert_string_equal(feed_text(&list), expected);
	feed_finish_all(queue, &list);
}

/* An account as it is now. */
static inline struct account_view
feed_view(struct account *account)
{
	struct account_view view;

	account_view(account, &view);
	return view;
}

/* What a queue holds, in bytes. */
static inline size_t
feed_bytes(struct queue *queue)
{
	size_t bytes, messages;

	queue_level(queue, &bytes, &messages);
	return bytes;
}

/* What a queue holds, in messages. */
static inline size_t
feed_messages(struct queue *queue)
{
	size_t bytes, messages;

	queue_level(queue, &bytes, &messages);
	return messages;
}

#endif
