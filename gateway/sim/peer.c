/* SPDX-License-Identifier: ISC */
/* peer.c: one client's session, from the controller's side */
#include "gateway/sim/peer.h"

#include <stdlib.h>
#include <string.h>

#include "codecs/frame.h"
#include "codecs/message.h"
#include "gateway/log.h"
#include "gateway/sim/granting.h"
#include "gateway/sim/notify.h"
#include "gateway/sim/prng.h"

#define GARBAGE_BYTES 64

bool
peer_has_fault(const struct peer *peer, enum fault_name fault)
{
	return peer->shared->options->faults[fault].on;
}

/* True when `fault` is to spoil the next message. */
static bool
is_spoiled(const struct peer *peer, enum fault_name fault)
{
	return peer_has_fault(peer, fault) && peer->subscribed &&
	       peer->sent >= peer->shared->options->faults[fault].argument;
}

static void
end(struct peer *peer, const char *why)
{
	peer->ended = true;
	peer->host.close(peer->host.context, why);
}

static void
send_garbage(struct peer *peer)
{
	uint8_t garbage[GARBAGE_BYTES];

	for (uint64_t i = 0; i < sizeof garbage; i++)
		garbage[i] = (uint8_t)prng_mix(peer->sent * sizeof garbage + i);
	peer->host.send(peer->host.context, garbage, sizeof garbage);
}

static void
send_impossible(struct peer *peer, const uint8_t *bytes, size_t length)
{
	const struct header_field *field = &peer->shared->dict->frame.length;
	uint8_t *copy = malloc(length);

	if (!copy)
		return;
	memcpy(copy, bytes, length);
	memset(copy + field->offset, 0xff, field->width);
	peer->host.send(peer->host.context, copy, length);
	free(copy);
}

void
peer_send(struct peer *peer, const uint8_t *bytes, size_t length)
{
	if (peer->ended)
		return;
	if (is_spoiled(peer, FAULTY_GARBAGE)) {
		send_garbage(peer);
	} else if (is_spoiled(peer, FAULTY_LENGTH)) {
		send_impossible(peer, bytes, length);
	} else if (is_spoiled(peer, FAULTY_CUT)) {
		peer->host.send(peer->host.context, bytes, length / 2);
		end(peer, "cut in mid-frame, as was asked for");
	} else {
		peer->host.send(peer->host.context, bytes, length);
	}
	peer->status.data_sent++;
	peer->sent += peer->subscribed;
}

struct encoder
peer_begin(struct peer *peer, const char *name, uint32_t transaction)
{
	struct peer_shared *shared = peer->shared;
	struct encoder encoder;

	encode_init(&encoder, shared->dict, shared->buffer, shared->buffer_size);
	encode_header(&encoder, dict_message_named(shared->dict, name), transaction, false);
	return encoder;
}

void
peer_finish(struct peer *peer, struct encoder *encoder, const char *name)
{
	size_t length = encode_end(encoder);

	arena_reset(&peer->shared->arena);
	if (length)
		peer_send(peer, encoder->data, length);
	else
		log_warning(peer->name, "cannot encode %s", name);
}

struct peer *
peer_new(struct peer_shared *shared, const struct peer_host *host, const char *name)
{
	struct peer *peer = calloc(1, sizeof *peer);

	if (!peer)
		return NULL;
	peer->shared = shared;
	peer->host = *host;
	peer->name = name;
	peer->began_ms = shared->clock_ms;
	peer->told_all = !peer_has_fault(peer, FAULTY_LATE_CAPABILITY);
	peer->status.active = true;
	granting_announce(peer);
	return peer;
}

void
peer_free(struct peer *peer)
{
	if (!peer)
		return;
	free(peer->input);
	free(peer);
}

static void
answer_echo(struct peer *peer, const struct message *message)
{
	struct encoder encoder;
	size_t length;

	peer->status.echo_requests++;
	if (peer_has_fault(peer, FAULTY_NO_ECHO))
		return;
	encoder = peer_begin(peer, "echo_response", message->frame.transaction);
	length = encode_end(&encoder);
	if (length == 0)
		return;
	peer->host.send(peer->host.context, encoder.data, length);
	peer->status.echo_responses++;
}

static void
note_capability(const struct peer *peer, const struct message *message)
{
	const struct value *device = message_value(message, "device");
	const struct field *field = shape_field(&peer->shared->dict->elements, "device");
	const struct field *name = field ? shape_field(field->shape, "name") : NULL;
	const struct value *text = device && device->present && name ? &device->items[name->slot]
								     : NULL;

	if (text && text->present)
		log_info(peer->name, "capability of \"%.*s\"", (int)text->count,
			 (const char *)text->bytes);
}

static void
read_query(struct feed_query *query, const struct message *message)
{
	const char *entity = message_choice(message, "entity");
	const char *what = message_choice(message, "location_type");
	const struct value *macs = message_value(message, "mac");

	query->entities = entity ? 0 : FEED_ALL;
	for (unsigned i = 0; entity && i < FEED_ENTITIES; i++)
		if (strcmp(entity, feed_entity_name(i)) == 0)
			query->entities |= 1U << i;
	for (uint8_t i = 0; what && i < FEED_LOCATIONS; i++)
		if (strcmp(what, feed_location_name(i)) == 0)
			query->what = i;
	if (!macs || !macs->present)
		return;
	if (!shape_field(&message->def->body, "mac")->repeat) {
		query->macs[query->n_macs++] = macs->u;
		return;
	}
	for (uint32_t i = 0; i < macs->count && i < FEED_MACS; i++)
		query->macs[query->n_macs++] = macs->items[i].u;
}

static const struct message_def *
response_to(const struct dict *dict, const struct message_def *request)
{
	for (uint32_t i = 0; i < dict->n_messages; i++)
		if (dict->messages[i].answers &&
		    strcmp(dict->messages[i].answers, request->name) == 0)
			return &dict->messages[i];
	return NULL;
}

/* Whether the world knows any of the stations that a request lists. */
static bool
is_found(struct peer_shared *shared, const struct feed_query *query)
{
	struct feed_query trial = *query;
	struct encoder encoder;
	uint32_t records = 0;

	while (query->n_macs > 0 && records == 0 && !trial.done) {
		encode_init(&encoder, shared->dict, shared->buffer, shared->buffer_size);
		records = feed_fill(&shared->feed, &trial, &encoder);
	}
	return query->n_macs == 0 || records > 0;
}

/* Puts the answer to a request for records into the queue. False when it is not such a request. */
static bool
answer_records(struct peer *peer, const struct message *message)
{
	struct peer_answer answer = {.transaction = message->frame.transaction,
				     .status = "success"};
	const struct value *what = message_value(message, "location_type");

	read_query(&answer.query, message);
	answer.response = response_to(peer->shared->dict, message->def);
	if (!answer.response ||
	    !catalog_subject(message->def->name, answer.query.entities, &answer.query.subject))
		return false;
	if (!catalog_answers(&peer->shared->offered, message->def))
		answer.status = "unsupported";
	else if (!is_found(peer->shared, &answer.query))
		answer.status = "not_found";
	answer.query.done = strcmp(answer.status, "success") != 0;
	answer.location_type = what ? what->u : 0;
	if (peer->n_answers < PEER_ANSWERS)
		peer->answers[peer->n_answers++] = answer;
	return true;
}

/* Echoes are answered at once; everything else counts as data. */
static void
take_message(struct peer *peer, const struct message *message)
{
	const char *name = message->def ? message->def->name : "";
	bool stalled = peer_has_fault(peer, FAULTY_STALL) && peer->subscribed;

	if (strcmp(name, "echo_request") == 0) {
		answer_echo(peer, message);
		return;
	}
	peer->status.data_received++;
	if (strcmp(name, "capability_notification") == 0)
		note_capability(peer, message);
	else if (stalled)
		return;
	else if (strcmp(name, "service_subscribe_request") == 0)
		granting_subscribe(peer, message);
	else if (strcmp(name, "service_unsubscribe_request") == 0)
		granting_unsubscribe(peer, message);
	else if (!message->def || !answer_records(peer, message))
		peer->status.unsupported++;
}

static bool
keep(struct peer *peer, const uint8_t *bytes, size_t length)
{
	if (peer->input_length + length > peer->input_size) {
		size_t size = peer->input_length + length + 1024;
		uint8_t *input = realloc(peer->input, size);
		if (!input)
			return false;
		peer->input = input;
		peer->input_size = size;
	}
	memcpy(peer->input + peer->input_length, bytes, length);
	peer->input_length += length;
	return true;
}

/* Takes one frame from the start of the input; returns its length, 0 when it is not complete. */
static size_t
take_frame(struct peer *peer, size_t at)
{
	struct peer_shared *shared = peer->shared;
	struct message message;
	struct frame frame;
	struct fault fault;
	long length = frame_parse(shared->dict, peer->input + at, peer->input_length - at, &frame,
				  &fault);

	if (length < 0) {
		end(peer, "broken frame");
		return 0;
	}
	if (length == 0)
		return 0;
	message_open(&message, shared->dict, &frame, &shared->arena);
	take_message(peer, &message);
	arena_reset(&shared->arena);
	return (size_t)length;
}

void
peer_input(struct peer *peer, const uint8_t *bytes, size_t length)
{
	size_t at = 0, taken;

	if (peer->ended)
		return;
	if (!keep(peer, bytes, length)) {
		end(peer, "out of memory");
		return;
	}
	while (!peer->ended && !peer_is_busy(peer) && (taken = take_frame(peer, at)) > 0)
		at += taken;
	if (at > 0)
		memmove(peer->input, peer->input + at, peer->input_length - at);
	peer->input_length -= at;
}

bool
peer_is_busy(const struct peer *peer)
{
	return peer->n_answers == PEER_ANSWERS;
}

static void
tell_late(struct peer *peer)
{
	const struct options_fault *late = &peer->shared->options->faults[FAULTY_LATE_CAPABILITY];

	if (peer->told_all ||
	    peer->shared->clock_ms - peer->began_ms < late->argument * UINT64_C(1000))
		return;
	peer->told_all = true;
	granting_announce(peer);
}

void
peer_tick(struct peer *peer)
{
	bool stalled = peer_has_fault(peer, FAULTY_STALL) && peer->subscribed;

	if (peer->ended)
		return;
	if (peer_is_busy(peer)) {
		notify_answers(peer);
		peer_input(peer, (const uint8_t *)"", 0);
	}
	tell_late(peer);
	notify_answers(peer);
	if (!peer->subscribed || stalled)
		return;
	if (peer->shared->script.n_steps > 0) {
		notify_script(peer);
		return;
	}
	notify_bulk(peer);
	notify_subscribed(peer);
}
