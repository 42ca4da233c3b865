/* SPDX-License-Identifier: ISC */
/* process.c: the way of a record from a message to the queues of the outputs
 *
 * A record is written once for the outputs that take single records and once for those that take
 * batches; the outputs share the text. Only where filters want another one (see variant.h) or other
 * records in a batch it is written more than once.
 */
#include "gateway/process.h"

#include <stdio.h>
#include <stdlib.h>

#include "codecs/places.h"
#include "gateway/tail.h"
#include "gateway/traffic.h"
#include "outputs/jsonw.h"

#define MAC_LOCAL (UINT64_C(2) << 40)
#define MAC_MASK  ((UINT64_C(1) << 48) - 1)

int
process_begin(struct process *process, const char *session)
{
	if (process->open)
		envelope_fini(&process->envelope);
	process->source.session = session;
	process->open = process_arrange(process) == 0 &&
			envelope_init(&process->envelope, &process->source) == 0;
	memset(process->seq, 0, sizeof process->seq);
	return process->open ? 0 : -1;
}

static void
forget_topics(struct process *process)
{
	for (size_t i = 0; i < process->n_routes; i++)
		for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
			buffer_unref(process->routes[i].topics[kind]);
			process->routes[i].topics[kind] = NULL;
		}
}

int
process_renew(struct process *process)
{
	forget_topics(process);
	if (!process->open)
		return 0;
	envelope_fini(&process->envelope);
	process->open = envelope_init(&process->envelope, &process->source) == 0;
	return process->open ? 0 : -1;
}

/* What is known of the stations stays with the account of an output. */
static void
hand_over_gates(struct route *before, size_t n_before, struct route *after, size_t n_after)
{
	for (size_t i = 0; i < n_before; i++) {
		for (size_t k = 0; k < n_after; k++)
			if (after[k].accounts == before[i].accounts)
				gate_succeed(&after[k].gate, &before[i].gate);
		gate_fini(&before[i].gate);
	}
}

void
process_set_routes(struct process *process, struct route *routes, size_t n)
{
	forget_topics(process);
	hand_over_gates(process->routes, process->n_routes, routes, n);
	free(process->routes);
	process->routes = routes;
	process->n_routes = n;
	process->arranged = false;
}

void
process_end(struct process *process)
{
	if (process->open)
		envelope_fini(&process->envelope);
	process->open = false;
	process->arranged = false;
	forget_topics(process);
	for (size_t i = 0; i < process->n_routes; i++)
		gate_fini(&process->routes[i].gate);
	gate_fini(&process->gate);
	enrich_free(process->enrich);
	process->enrich = NULL;
	free(process->variants);
	process->variants = NULL;
}

/* Counts a record, and returns MAC and entity in one number, 0 for a record that is about no
 * station. */
static uint64_t
take_station(const struct process *process, const struct record *record)
{
	const struct record_places *at = record->element ? record->element->places : NULL;
	uint64_t station = subject_station(record), mac = station & MAC_MASK;
	const struct traffic_subject subject = {
		.kind = record->kind,
		.entity = subject_entity(record),
		.has_mac = at && mac && at->mac.field->mac_type,
		.local_mac = mac & MAC_LOCAL,
	};

	if (process->traffic)
		traffic_record(process->traffic, &subject);
	return station;
}

static const char *
entity_text(const struct record *record, char *digits, size_t size)
{
	const struct place *place = &record->element->places->entity;
	const struct value *entity = place_value(place, record->slots);
	const struct enumeration_value *known;

	if (!entity)
		return NULL;
	known = place->field->values ? enumeration_find(place->field->values, entity->u) : NULL;
	if (known)
		return known->name;
	snprintf(digits, size, "%llu", (unsigned long long)entity->u);
	return digits;
}

static const char *
mac_text(uint64_t mac, char text[13])
{
	if (!mac)
		return NULL;
	*jsonw_put_mac_digits(text, mac) = '\0';
	return text;
}

static const char *
tag_value(const void *tags, const char *name)
{
	const struct envelope_source *source = tags;

	for (size_t i = 0; i < source->n_tags; i++)
		if (strcmp(source->tags[i].name, name) == 0)
			return source->tags[i].value;
	return NULL;
}

static struct buffer *
render_topic(const struct process *process, const struct topic *topic, enum kind kind,
	     const struct record *record)
{
	char entity[24], mac[13], ap[13];
	struct topic_values values = {
		.controller = process->source.controller,
		.kind = kind_name(kind),
		.tag = tag_value,
		.tags = &process->source,
	};

	if (record && record->element) {
		values.entity = entity_text(record, entity, sizeof entity);
		values.mac = mac_text(place_mac(&record->element->places->mac, record->slots), mac);
		values.ap = mac_text(subject_ap(record), ap);
	}
	return topic_render(topic, &values);
}

/* The topic of all records of a kind, where they have one and the same; kept by the output. */
static struct buffer *
common_topic(const struct process *process, struct route *route, enum kind kind)
{
	struct buffer *topic = route->topics[kind];

	if (topic)
		return topic;
	topic = render_topic(process, route->output->topic, kind, NULL);
	if (topic && !output_keep_topic(route->output, topic)) {
		buffer_unref(topic);
		topic = NULL;
	}
	route->topics[kind] = topic;
	return topic;
}

static void
count_lost(struct account *account, uint32_t records)
{
	account_add(&account->received, records);
	account_add(&account->dropped[DROP_NO_MEMORY], records);
}

static void
publish(struct process *process, struct route *route, struct publication *publication,
	const struct record *record)
{
	const struct topic *topic = route->output->topic;
	bool varies = topic && record && topic_varies(topic);

	publication->account = &route->accounts->kinds[publication->kind];
	publication->controller = route->controller;
	publication->topic_kept = topic && !varies;
	if (varies)
		publication->topic = render_topic(process, topic, publication->kind, record);
	else
		publication->topic = topic ? common_topic(process, route, publication->kind) : NULL;
	if (publication->payload && (publication->topic || !topic))
		output_publish(route->output, publication);
	else
		count_lost(publication->account, publication->records);
	if (varies)
		buffer_unref(publication->topic);
}

static struct buffer *
finished(struct jsonw *json)
{
	struct buffer *buffer = json->failed ? NULL : buffer_new(json->data, json->length);

	if (json->failed)
		jsonw_fini(json);
	json->length = 0;
	return buffer;
}

static bool
is_due(const struct route *route, unsigned variant)
{
	return route->passes && route->variant == variant && route->output->mode == MODE_RECORD;
}

static bool
is_wanted(const struct process *process, unsigned variant)
{
	for (size_t i = 0; i < process->n_routes; i++)
		if (is_due(&process->routes[i], variant))
			return true;
	return false;
}

static struct buffer *
render(struct process *process, unsigned variant, struct envelope_item *item)
{
	struct jsonw *json = &process->scratch->record;
	struct variant_view view;

	variant_begin(&process->variants[variant], &view, item, process->enrich,
		      &process->scratch->more);
	envelope_record(&process->envelope, json, item);
	variant_end(&view, item);
	return finished(json);
}

/* Those who look on see what the controller's filter lets through. */
static void
show(const struct process *process, const struct publication *publication)
{
	const struct tail_record record = {
		.kind = publication->kind,
		.controller = process->source.controller,
		.mac = publication->station & MAC_MASK,
		.text = publication->payload,
	};

	if (publication->payload)
		tails_offer(process->tails, &record);
}

static bool
is_shown(const struct process *process)
{
	return process->tails && tails_any(process->tails);
}

static void
publish_variant(struct process *process, unsigned variant, struct publication *publication,
		struct envelope_item *item)
{
	bool shown = variant == VARIANT_SHOWN && is_shown(process);

	if (!shown && !is_wanted(process, variant))
		return;
	publication->payload = render(process, variant, item);
	for (size_t i = 0; i < process->n_routes; i++)
		if (is_due(&process->routes[i], variant))
			publish(process, &process->routes[i], publication, item->record);
	if (shown)
		show(process, publication);
	buffer_unref(publication->payload);
}

static void
publish_record(struct process *process, struct envelope_item *item, uint64_t station)
{
	struct publication publication = {
		.kind = item->record->kind,
		.records = 1,
		.station = station,
		.received_at = item->received_at,
	};

	for (unsigned variant = 0; variant < process->n_variants; variant++)
		publish_variant(process, variant, &publication, item);
}

static void
add_to_batch(struct process *process, const struct route *route, struct envelope_item *item)
{
	struct batch *batch = &process->scratch->batches[route->batch].kinds[item->record->kind];
	struct variant_view view;

	if (batch->records == 0) {
		envelope_batch_begin(&process->envelope, &batch->json, item);
		batch->next_seq = item->seq;
	}
	variant_begin(&process->variants[route->variant], &view, item, process->enrich,
		      &process->scratch->more);
	envelope_batch_add(&batch->json, item, item->seq != batch->next_seq);
	variant_end(&view, item);
	batch->records++;
	batch->next_seq = item->seq + 1;
}

static void
add_to_batches(struct process *process, struct envelope_item *item)
{
	for (size_t i = 0; i < process->n_routes; i++)
		if (process->routes[i].leads && process->routes[i].passes)
			add_to_batch(process, &process->routes[i], item);
}

static void
publish_batch(struct process *process, unsigned number, enum kind kind, uint64_t received_at)
{
	struct batch *batch = &process->scratch->batches[number].kinds[kind];
	struct publication publication = {
		.kind = kind,
		.records = batch->records,
		.received_at = received_at,
	};

	if (batch->records == 0)
		return;
	envelope_batch_end(&batch->json);
	publication.payload = finished(&batch->json);
	batch->records = 0;
	for (size_t i = 0; i < process->n_routes; i++) {
		struct route *route = &process->routes[i];

		if (route->output->mode == MODE_BATCH && route->batch == number)
			publish(process, route, &publication, NULL);
	}
	buffer_unref(publication.payload);
}

static void
publish_batches(struct process *process, uint64_t received_at)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned batch = 0; batch < process->n_batches; batch++)
			publish_batch(process, batch, (enum kind)kind, received_at);
}

/* The switch and the rate limit of unknown records. */
static bool
unknown_may_pass(struct process *process, uint64_t received_at)
{
	uint64_t second = received_at / 1000;

	if (!process->publish_unknown)
		return false;
	if (second != process->unknown_second) {
		process->unknown_second = second;
		process->unknown_count = 0;
	}
	return process->unknown_count++ < process->unknown_rate;
}

static void
count_filtered(const struct route *route, enum kind kind)
{
	account_add(&route->accounts->kinds[kind].received, 1);
	account_add(&route->accounts->kinds[kind].filtered, 1);
}

/* Finds out which routes a record takes; what it does not take is accounted for. Returns false when
 * the controller's filter holds it back. */
static bool
decide(struct process *process, const struct envelope_item *item)
{
	struct subject subject;
	bool passes;

	subject_of(&subject, item->message, item->record);
	if (process->enrich)
		enrich_subject(process->enrich, item->record, &subject, item->received_at);
	passes = gate_passes(&process->gate, &subject, item->received_at);
	for (size_t i = 0; i < process->n_routes; i++) {
		struct route *route = &process->routes[i];

		route->passes = passes && gate_passes(&route->gate, &subject, item->received_at);
		if (!route->passes)
			count_filtered(route, subject.kind);
	}
	return passes;
}

static bool
is_malformed(const struct record *record)
{
	return record->kind == KIND_UNKNOWN && record->reason == UNKNOWN_MALFORMED;
}

static void
process_record(struct process *process, struct envelope_item *item)
{
	uint64_t station = take_station(process, item->record);
	enum kind kind = item->record->kind;

	if (!process->arranged) {
		for (size_t i = 0; i < process->n_routes; i++)
			count_lost(&process->routes[i].accounts->kinds[kind], 1);
		return;
	}
	if (process->enrich)
		enrich_learn(process->enrich, item->record, item->received_at);
	if (kind == KIND_UNKNOWN && !unknown_may_pass(process, item->received_at)) {
		for (size_t i = 0; i < process->n_routes; i++)
			count_filtered(&process->routes[i], kind);
		return;
	}
	if (process->decides && !decide(process, item))
		return;
	if (process->has_records || is_shown(process))
		publish_record(process, item, station);
	if (process->n_batches)
		add_to_batches(process, item);
}

uint32_t
process_message(struct process *process, struct message *message, uint64_t received_at)
{
	uint32_t malformed = 0;
	struct record record;

	while (message_next(message, &record)) {
		struct envelope_item item = {.message = message,
					     .record = &record,
					     .seq = ++process->seq[record.kind],
					     .received_at = received_at};

		malformed += is_malformed(&record);
		process_record(process, &item);
	}
	publish_batches(process, received_at);
	return malformed;
}

uint32_t
process_print(struct process *process, struct message *message, uint64_t received_at,
	      const struct process_printer *printer)
{
	struct jsonw *json = &process->scratch->record;
	uint32_t malformed = 0;
	struct record record;

	while (message_next(message, &record)) {
		struct envelope_item item = {.message = message,
					     .record = &record,
					     .seq = ++process->seq[record.kind],
					     .received_at = received_at};

		malformed += is_malformed(&record);
		json->length = 0;
		envelope_record(&process->envelope, json, &item);
		printer->line(printer->context, &record, json);
	}
	return malformed;
}
