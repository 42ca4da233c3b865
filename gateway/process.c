/* SPDX-License-Identifier: ISC */
/* process.c: the way of a record from a message to the queues of the outputs
 *
 * A record is written once for the outputs that take single records and once for those that take
 * batches; the outputs share the text.
 */
#include "gateway/process.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/tail.h"
#include "gateway/traffic.h"
#include "outputs/jsonw.h"

#define MAC_BITS  48
#define MAC_LOCAL (UINT64_C(2) << 40)
#define MAC_MASK  ((UINT64_C(1) << MAC_BITS) - 1)

struct batch {
	struct jsonw json;
	uint32_t records;
};

struct scratch {
	struct jsonw record;
	struct batch batches[KIND_COUNT];
};

struct scratch *
scratch_new(void)
{
	return calloc(1, sizeof(struct scratch));
}

void
scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	jsonw_fini(&scratch->record);
	for (unsigned i = 0; i < KIND_COUNT; i++)
		jsonw_fini(&scratch->batches[i].json);
	free(scratch);
}

int
process_begin(struct process *process, const char *session)
{
	if (process->open)
		envelope_fini(&process->envelope);
	process->source.session = session;
	process->open = envelope_init(&process->envelope, &process->source) == 0;
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

void
process_set_routes(struct process *process, struct route *routes, size_t n)
{
	forget_topics(process);
	free(process->routes);
	process->routes = routes;
	process->n_routes = n;
}

void
process_end(struct process *process)
{
	if (process->open)
		envelope_fini(&process->envelope);
	process->open = false;
	forget_topics(process);
}

static const struct value *
record_value(const struct record *record, const char *path, const struct field **field)
{
	return record->element ? shape_lookup(record->element->shape, record->slots, path, field)
			       : NULL;
}

static uint64_t
record_mac(const struct record *record, const char *path)
{
	const struct field *field;
	const struct value *value = record_value(record, path, &field);

	return value && field->wire == WIRE_MAC ? value->u : 0;
}

/* Counts a record, and returns MAC and entity in one number, 0 for a record that is about no
 * station. */
static uint64_t
take_station(const struct process *process, const struct record *record)
{
	const struct field *entity_field, *mac_field;
	const struct value *entity = record_value(record, "entity", &entity_field);
	const struct value *value = record_value(record, "mac", &mac_field);
	uint64_t mac = value && mac_field->wire == WIRE_MAC ? value->u : 0;
	const struct traffic_subject subject = {
		.kind = record->kind,
		.entity = entity ? (unsigned)entity->u : 0,
		.has_mac = mac && mac_field->mac_type,
		.local_mac = mac & MAC_LOCAL,
	};

	if (process->traffic)
		traffic_record(process->traffic, &subject);
	return mac && entity ? mac | entity->u << MAC_BITS : mac;
}

static const char *
entity_text(const struct record *record, char *digits, size_t size)
{
	const struct enumeration_value *known;
	const struct field *field;
	const struct value *entity = record_value(record, "entity", &field);

	if (!entity)
		return NULL;
	known = field->values ? enumeration_find(field->values, entity->u) : NULL;
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

	if (record) {
		uint64_t ap_mac = record_mac(record, "ap");

		values.entity = entity_text(record, entity, sizeof entity);
		values.mac = mac_text(record_mac(record, "mac"), mac);
		values.ap = mac_text(ap_mac ? ap_mac : record_mac(record, "readings.ap"), ap);
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
has_mode(const struct process *process, enum publish_mode mode)
{
	for (size_t i = 0; i < process->n_routes; i++)
		if (process->routes[i].output->mode == mode)
			return true;
	return false;
}

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
publish_record(struct process *process, const struct envelope_item *item, uint64_t station)
{
	struct jsonw *json = &process->scratch->record;
	struct publication publication = {
		.kind = item->record->kind,
		.records = 1,
		.station = station,
		.received_at = item->received_at,
	};

	envelope_record(&process->envelope, json, item);
	publication.payload = finished(json);
	for (size_t i = 0; i < process->n_routes; i++)
		if (process->routes[i].output->mode == MODE_RECORD)
			publish(process, &process->routes[i], &publication, item->record);
	if (is_shown(process))
		show(process, &publication);
	buffer_unref(publication.payload);
}

static void
add_to_batch(struct process *process, const struct envelope_item *item)
{
	struct batch *batch = &process->scratch->batches[item->record->kind];

	if (batch->records++ == 0)
		envelope_batch_begin(&process->envelope, &batch->json, item);
	envelope_batch_add(&batch->json, item);
}

static void
publish_batch(struct process *process, enum kind kind, uint64_t received_at)
{
	struct batch *batch = &process->scratch->batches[kind];
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
	for (size_t i = 0; i < process->n_routes; i++)
		if (process->routes[i].output->mode == MODE_BATCH)
			publish(process, &process->routes[i], &publication, NULL);
	buffer_unref(publication.payload);
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
count_filtered(struct process *process, enum kind kind)
{
	for (size_t i = 0; i < process->n_routes; i++) {
		struct account *account = &process->routes[i].accounts->kinds[kind];

		account_add(&account->received, 1);
		account_add(&account->filtered, 1);
	}
}

static bool
is_malformed(const struct record *record)
{
	return record->kind == KIND_UNKNOWN && record->reason == UNKNOWN_MALFORMED;
}

uint32_t
process_message(struct process *process, struct message *message, uint64_t received_at)
{
	bool records = has_mode(process, MODE_RECORD), batches = has_mode(process, MODE_BATCH);
	uint32_t malformed = 0;
	struct record record;

	while (message_next(message, &record)) {
		struct envelope_item item = {message, &record, ++process->seq[record.kind],
					     received_at};
		uint64_t station = take_station(process, &record);

		malformed += is_malformed(&record);
		if (record.kind == KIND_UNKNOWN && !unknown_may_pass(process, received_at)) {
			count_filtered(process, record.kind);
			continue;
		}
		if (records || is_shown(process))
			publish_record(process, &item, station);
		if (batches)
			add_to_batch(process, &item);
	}
	for (unsigned kind = 0; batches && kind < KIND_COUNT; kind++)
		publish_batch(process, (enum kind)kind, received_at);
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
		struct envelope_item item = {message, &record, ++process->seq[record.kind],
					     received_at};

		malformed += is_malformed(&record);
		json->length = 0;
		envelope_record(&process->envelope, json, &item);
		printer->line(printer->context, &record, json);
	}
	return malformed;
}
