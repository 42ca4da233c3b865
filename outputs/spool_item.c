/* SPDX-License-Identifier: ISC */
/* spool_item.c: between an item of a queue and a record on disk */
#include "outputs/spool_item.h"

#include <stdlib.h>
#include <string.h>

struct spool_record
spool_item_record(const struct queue_item *item)
{
	const char *controller = item->controller ? item->controller : "";

	return (struct spool_record){
		.kind = item->kind,
		.controller = controller,
		.controller_length = strlen(controller),
		.topic = item->topic ? item->topic->data : "",
		.topic_length = item->topic ? item->topic->length : 0,
		.payload = item->payload->data,
		.payload_length = item->payload->length,
		.station = item->station,
		.records = item->records,
		.received_ms = item->received_ms,
	};
}

struct queue_item *
spool_item_new(struct spool_owner *owner, struct spool_place place,
	       const struct spool_record *record)
{
	struct queue_item *item = calloc(1, sizeof(*item));

	if (!item)
		return NULL;
	item->payload = buffer_new(record->payload, record->payload_length);
	item->topic = buffer_new(record->topic, record->topic_length);
	if (!item->payload || !item->topic) {
		spool_item_free(item);
		return NULL;
	}
	item->owner = owner;
	item->controller = owner->name;
	item->account = &owner->accounts->kinds[record->kind];
	item->kind = (uint8_t)record->kind;
	item->records = record->records;
	item->received_ms = record->received_ms;
	item->station = record->station;
	item->rank = place.rank;
	item->spool_number = place.number;
	return item;
}

void
spool_item_free(struct queue_item *item)
{
	buffer_unref(item->payload);
	buffer_unref(item->topic);
	free(item);
}
