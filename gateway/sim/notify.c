/* SPDX-License-Identifier: ISC */
/* notify.c: what a session sends after it was asked once: answers, notifications, load, script */
#include "gateway/sim/notify.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/log.h"
#include "gateway/sim/form.h"

#define LATE_MS 250 /* of load that may be made up for */

static bool
has_room(const struct peer *peer)
{
	return !peer->ended && peer->host.has_room(peer->host.context);
}

/* The elements of a response that are no records: its status, and what the request was about. */
static void
put_answer_head(const struct peer_answer *answer, struct encoder *encoder)
{
	for (uint32_t i = 0; i < answer->response->n_parts; i++) {
		const char *name = answer->response->parts[i].name;

		if (strcmp(name, "status") == 0)
			form_encode_enum(encoder, name, answer->status);
		if (strcmp(name, "entity") == 0)
			form_encode_enum(encoder, name, feed_entity_name(FEED_WIRED));
		if (strcmp(name, "location_type") == 0)
			encode_uint(encoder, name, answer->location_type);
	}
}

/* Whether more will follow is known only when the message is full, so its header is written again.
 */
static void
answer_step(struct peer *peer, struct peer_answer *answer)
{
	struct peer_shared *shared = peer->shared;
	struct encoder encoder;
	size_t length;

	encode_init(&encoder, shared->dict, shared->buffer, shared->buffer_size);
	encode_header(&encoder, answer->response, answer->transaction, true);
	put_answer_head(answer, &encoder);
	if (!answer->query.done)
		feed_fill(&shared->feed, &answer->query, &encoder);
	if (answer->query.done) {
		length = encoder.length;
		encoder.length = 0;
		encode_header(&encoder, answer->response, answer->transaction, false);
		encoder.length = length;
	}
	length = encode_end(&encoder);
	if (length)
		peer_send(peer, shared->buffer, length);
	else
		log_warning(peer->name, "cannot encode %s", answer->response->name);
}

void
notify_answers(struct peer *peer)
{
	while (peer->n_answers > 0 && has_room(peer)) {
		struct peer_answer *first = &peer->answers[0];

		answer_step(peer, first);
		if (first->query.done)
			memmove(first, first + 1, --peer->n_answers * sizeof *first);
	}
}

/* One notification; returns how many records it has. */
static uint32_t
send_notification(struct peer *peer, const struct catalog_entry *entry, struct feed_query *query)
{
	struct peer_shared *shared = peer->shared;
	struct encoder encoder;
	uint32_t records;
	size_t length;

	encode_init(&encoder, shared->dict, shared->buffer, shared->buffer_size);
	encode_header(&encoder, entry->notification, 0, false);
	if (shape_field(&shared->dict->elements, "controller_time"))
		encode_uint(&encoder, "controller_time", shared->feed.wall_ms);
	records = feed_fill(&shared->feed, query, &encoder);
	if (records == 0)
		return 0;
	length = encode_end(&encoder);
	if (length)
		peer_send(peer, shared->buffer, length);
	else
		log_warning(peer->name, "cannot encode %s", entry->notification->name);
	return records;
}

static void
notify_entry(struct peer *peer, const struct catalog_entry *entry,
	     struct peer_subscription *subscription)
{
	struct feed_query query = {
		.subject = entry->subject,
		.entities = entry->entities,
		.since_ms = subscription->since_ms,
		.next = subscription->event,
	};

	while (!query.done && has_room(peer))
		send_notification(peer, entry, &query);
	peer->status.skipped += !query.done;
	if (feed_is_events(entry->subject))
		subscription->event = query.next;
	if (query.done)
		subscription->since_ms = peer->shared->feed.world->now_ms;
}

/* The entry that load takes the place of. */
static bool
is_bulk(const struct peer *peer, const struct catalog_entry *entry)
{
	return peer->shared->options->rate > 0 && entry->subject == FEED_MEASUREMENT &&
	       entry->entities & 1U << WORLD_CLIENT;
}

void
notify_subscribed(struct peer *peer)
{
	const struct catalog *offered = &peer->shared->offered;
	uint64_t now_ms = peer->shared->scaled_ms;

	for (uint32_t i = 0; i < offered->n_entries; i++) {
		struct peer_subscription *subscription = &peer->subscriptions[i];
		const struct catalog_entry *entry = &offered->entries[i];

		if (!subscription->on || now_ms < subscription->due_ms || !entry->notification ||
		    is_bulk(peer, entry))
			continue;
		subscription->due_ms += subscription->interval_ms;
		if (subscription->due_ms <= now_ms)
			subscription->due_ms = now_ms + subscription->interval_ms;
		notify_entry(peer, entry, subscription);
	}
}

static bool
wants_bulk(const struct peer *peer)
{
	const struct catalog *offered = &peer->shared->offered;

	for (uint32_t i = 0; i < offered->n_entries; i++)
		if (peer->subscriptions[i].on && is_bulk(peer, &offered->entries[i]))
			return true;
	return false;
}

static void
send_bulk(struct peer *peer, uint32_t records)
{
	struct peer_shared *shared = peer->shared;
	uint64_t number = peer->bulk_sent / shared->feed.batch;
	const struct bulk_message *message = &shared->bulk.messages[number % BULK_MESSAGES];
	size_t length = 0;

	if (records == shared->feed.batch)
		peer_send(peer, message->bytes, message->length);
	else
		length = bulk_make(&shared->bulk, records, shared->buffer, shared->buffer_size);
	if (length)
		peer_send(peer, shared->buffer, length);
	peer->bulk_sent += records;
	if (peer->bulk_sent == shared->options->count)
		log_info(peer->name, "%" PRIu64 " records sent in %" PRIu64 " ms", peer->bulk_sent,
			 shared->clock_ms - peer->bulk_began_ms);
}

/* How many records the next message is to have; 0 when all are sent. */
static uint32_t
next_bulk(const struct peer *peer)
{
	uint64_t count = peer->shared->options->count, batch = peer->shared->feed.batch;

	if (count && count - peer->bulk_sent < batch)
		return (uint32_t)(count - peer->bulk_sent);
	return (uint32_t)batch;
}

void
notify_bulk(struct peer *peer)
{
	const struct peer_shared *shared = peer->shared;
	uint64_t rate = shared->options->rate;
	uint64_t most = rate * LATE_MS / 1000 + shared->feed.batch;
	uint64_t due, missed;
	uint32_t records;

	if (rate == 0 || !wants_bulk(peer))
		return;
	if (peer->bulk_began_ms == 0)
		peer->bulk_began_ms = shared->clock_ms;
	due = (shared->clock_ms - peer->bulk_began_ms) * rate / 1000 - peer->bulk_sent -
	      peer->bulk_missed;
	for (; (records = next_bulk(peer)) > 0 && due >= records && has_room(peer); due -= records)
		send_bulk(peer, records);
	if (records == 0 || due <= most)
		return;
	missed = due - most;
	peer->bulk_missed += missed;
	peer->status.skipped += (missed + shared->feed.batch - 1) / shared->feed.batch;
}

void
notify_script(struct peer *peer)
{
	const struct script *script = &peer->shared->script;

	while (peer->script_at < script->n_steps && has_room(peer)) {
		const struct script_step *step = &script->steps[peer->script_at];

		if (peer->shared->clock_ms < peer->script_ms + step->wait_ms)
			return;
		peer->script_ms += step->wait_ms;
		peer->script_at++;
		peer_send(peer, script->bytes + step->offset, step->length);
	}
}
