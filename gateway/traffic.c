/* SPDX-License-Identifier: ISC */
/* traffic.c: what went to and came from one controller: messages by type, records by kind
 *
 * Rates come from the counts at the beginning of the last seconds, which are noted when a message
 * of a new second comes: a record costs no more than its counters.
 */
#include "gateway/traffic.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS (TRAFFIC_RATE_S + 1)

static size_t
place_of(const struct traffic *t, enum traffic_direction direction, const struct message_def *def)
{
	size_t type = def ? (size_t)(def - t->dict->messages) : t->dict->n_messages;

	return type * TRAFFIC_DIRECTIONS + direction;
}

static void
add(struct traffic_messages *to, const struct traffic_messages *more)
{
	to->count += more->count;
	to->bytes += more->bytes;
	to->last = more->last > to->last ? more->last : to->last;
}

/* Adds what was counted by another dictionary to the types of the same names, else to those that
 * the dictionary lacks. */
static void
carry_over(struct traffic *t, const struct traffic *before)
{
	for (uint32_t i = 0; before->messages && i <= before->dict->n_messages; i++) {
		bool known = i < before->dict->n_messages;
		const struct message_def *was = known ? &before->dict->messages[i] : NULL;
		const struct message_def *is = known ? dict_message_named(t->dict, was->name)
						     : NULL;

		for (unsigned direction = 0; direction < TRAFFIC_DIRECTIONS; direction++)
			add(&t->messages[place_of(t, direction, is)],
			    &before->messages[place_of(before, direction, was)]);
	}
}

int
traffic_use(struct traffic *t, const struct dict *dict)
{
	const struct traffic before = {.dict = t->dict, .messages = t->messages};

	if (t->messages && t->dict == dict)
		return 0;
	t->dict = dict;
	t->messages =
		calloc((size_t)(dict->n_messages + 1) * TRAFFIC_DIRECTIONS, sizeof *t->messages);
	if (t->messages)
		carry_over(t, &before);
	free(before.messages);
	return t->messages ? 0 : -1;
}

void
traffic_fini(struct traffic *t)
{
	free(t->messages);
	t->messages = NULL;
}

/* Notes the counts at the beginning of every second since the last time. */
static void
turn_to(struct traffic *t, uint64_t second)
{
	uint64_t first = t->second + 1;

	if (second <= t->second)
		return;
	if (!t->began)
		t->began = second;
	if (second - t->second > SECONDS)
		first = second - SECONDS + 1;
	for (uint64_t s = first; s <= second; s++)
		for (unsigned kind = 0; kind < KIND_COUNT; kind++)
			t->counts[s % SECONDS][kind] = t->records[kind].count;
	t->second = second;
}

void
traffic_message(struct traffic *t, enum traffic_direction direction, const struct message_def *def,
		size_t bytes, uint64_t now)
{
	const struct traffic_messages one = {.count = 1, .bytes = bytes, .last = now};

	if (t->messages)
		add(&t->messages[place_of(t, direction, def)], &one);
	if (direction == TRAFFIC_OUT)
		return;
	t->now = now;
	t->last_received = now;
	turn_to(t, now / 1000);
}

const struct traffic_messages *
traffic_of(const struct traffic *t, enum traffic_direction direction, const struct message_def *def)
{
	static const struct traffic_messages none;

	return t->messages ? &t->messages[place_of(t, direction, def)] : &none;
}

double
traffic_rate(struct traffic *t, enum kind kind, uint64_t now)
{
	uint64_t second = now / 1000, since, span_ms;

	if (!t->began)
		return 0;
	turn_to(t, second);
	since = second > t->began + TRAFFIC_RATE_S ? second - TRAFFIC_RATE_S : t->began;
	span_ms = now - since * 1000;
	if (span_ms < 1000)
		span_ms = 1000;
	return (double)(t->records[kind].count - t->counts[since % SECONDS][kind]) * 1000 /
	       (double)span_ms;
}

/* The kinds of the records in the answer to a service's request for the current state, as bits. */
static unsigned
kinds_of(const struct dict *dict, const struct service *service)
{
	unsigned kinds = 0;

	for (uint32_t i = 0; service->request && i < dict->n_messages; i++) {
		const struct message_def *def = &dict->messages[i];

		if (!def->answers || strcmp(def->answers, service->request) != 0)
			continue;
		for (uint32_t k = 0; k < def->n_parts; k++)
			if (def->parts[k].field->kind != KIND_NONE)
				kinds |= 1U << def->parts[k].field->kind;
	}
	return kinds;
}

/* Those that one sub-service delivers: of several kinds it may have the name of one. One that has
 * nothing to tell it from its siblings is not known to deliver any. */
static unsigned
kinds_delivered(const struct dict *dict, const struct service *service,
		const struct subservice *subservice)
{
	unsigned kinds = kinds_of(dict, service);
	enum kind named = kind_named(subservice->name);
	unsigned own = named == KIND_NONE ? 0 : 1U << named;

	if (own && (!kinds || kinds & own))
		return own;
	return subservice->n_entities || service->n_subservices == 1 ? kinds : 0;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t
traffic_delivered(const struct traffic *t, const struct service *service,
		  const struct subservice *subservice)
{
	unsigned kinds = kinds_delivered(t->dict, service, subservice);
	uint64_t last = 0;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct traffic_records *records = &t->records[kind];

		if (!(kinds >> kind & 1))
			continue;
		if (subservice->n_entities == 0)
			last = later(last, records->last);
		last = later(last, records->last_of[0]);
		for (uint32_t i = 0; i < subservice->n_entities; i++)
			if (subservice->entities[i] < TRAFFIC_ENTITIES)
				last = later(last, records->last_of[subservice->entities[i]]);
	}
	return last;
}
