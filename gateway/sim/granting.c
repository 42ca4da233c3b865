/* SPDX-License-Identifier: ISC */
/* granting.c: what a controller offers to a client, and what it grants of that */
#include "gateway/sim/granting.h"

#include <string.h>

#include "gateway/log.h"
#include "gateway/sim/form.h"

#define CONTROLLER_MAC 0x001e14000000U /* and the seed */
#define CONTROLLER_IP  0x0a000001U     /* 10.0.0.1 */

static void
put_device(struct peer *peer, struct encoder *encoder)
{
	const struct options *options = peer->shared->options;
	const struct field *field = shape_field(&peer->shared->dict->elements, "device");
	struct form device = form_new(&peer->shared->arena, field);

	form_text(&device, "name", "%s", options->name);
	form_text(&device, "model", "%s", options->model);
	form_text(&device, "software", "%s", options->software);
	form_number(&device, "mac", (int64_t)(CONTROLLER_MAC | (options->size.seed & 0xffffff)));
	form_ip(&device, "address", CONTROLLER_IP);
	form_encode(&device, field, encoder);
}

/* Appends a service element for each service with an entry in the set `in` (one flag for each that
 * is offered). */
static void
put_services(struct peer *peer, const bool *in, struct encoder *encoder)
{
	const struct catalog *list = &peer->shared->offered;
	const struct field *field = shape_field(&peer->shared->dict->elements, "service");
	uint32_t next;

	for (uint32_t i = 0; i < list->n_entries; i = next) {
		const struct service *service = list->entries[i].service;
		struct form form = form_new(&peer->shared->arena, field), entry;
		uint32_t count = 0;

		for (next = i; next < list->n_entries && list->entries[next].service == service;
		     next++)
			count += in[next];
		if (count == 0)
			continue;
		form_number(&form, "service", service->number);
		entry = form_list(&form, "subservices", count);
		for (uint32_t k = i; k < next; k++) {
			const struct peer_subscription *subscription = &peer->subscriptions[k];
			uint64_t interval_s = subscription->interval_ms / 1000;

			if (!in[k])
				continue;
			form_number(&entry, "subservice", list->entries[k].subservice->number);
			form_number(&entry, "interval", subscription->on ? (int64_t)interval_s : 0);
			form_next(&entry);
		}
		form_encode(&form, field, encoder);
	}
}

/* The mask names what it can, whatever the numbers of the services are. */
static void
put_mask(struct peer *peer, const bool *in, struct encoder *encoder)
{
	const struct catalog *list = &peer->shared->offered;
	uint64_t mask = 0;

	for (uint32_t i = 0; i < list->n_entries; i++)
		if (in[i] && list->entries[i].subservice->bit != NO_SLOT)
			mask |= UINT64_C(1) << list->entries[i].subservice->bit;
	if (shape_field(&peer->shared->dict->elements, "subservice_mask"))
		encode_uint(encoder, "subservice_mask", mask);
}

static bool
is_offered(const struct peer *peer, uint32_t index)
{
	const struct catalog *list = &peer->shared->offered;

	return peer->told_all || list->entries[index].service == list->entries[0].service;
}

void
granting_announce(struct peer *peer)
{
	struct encoder encoder = peer_begin(peer, "capability_notification", 0);
	bool in[CATALOG_MAX] = {false};

	for (uint32_t i = 0; i < peer->shared->offered.n_entries; i++)
		in[i] = is_offered(peer, i);
	put_device(peer, &encoder);
	put_services(peer, in, &encoder);
	put_mask(peer, in, &encoder);
	peer_finish(peer, &encoder, "capability_notification");
}

/* Turns the entry `index` on; `interval_s` 0 leaves the interval to us. */
static void
subscribe(struct peer *peer, uint32_t index, uint64_t interval_s)
{
	const struct catalog_entry *entry = &peer->shared->offered.entries[index];
	struct peer_subscription *subscription = &peer->subscriptions[index];
	const struct world *world = peer->shared->feed.world;

	*subscription = (struct peer_subscription){.on = true};
	subscription->interval_ms = 1000 * (interval_s ? interval_s : entry->interval_s);
	subscription->due_ms = peer->shared->scaled_ms + subscription->interval_ms;
	if (feed_is_events(entry->subject))
		subscription->event = world->n_events;
	peer->status.subscribed[index] = true;
}

static void
unsubscribe(struct peer *peer, uint32_t index)
{
	peer->subscriptions[index].on = false;
	peer->status.subscribed[index] = false;
}

/* What a (un)subscribe request asks for. */
struct wish {
	bool on;
	bool in[CATALOG_MAX]; /* done */
	bool refused;	      /* something was not */
};

static void
grant(struct peer *peer, struct wish *wish, const struct catalog_entry *entry, uint64_t interval_s)
{
	const struct catalog *granted = &peer->shared->granted;
	uint32_t index = entry ? (uint32_t)(entry - peer->shared->offered.entries) : 0;

	if (!entry || !is_offered(peer, index) ||
	    !catalog_find(granted, entry->service->number, entry->subservice->number)) {
		wish->refused = true;
		return;
	}
	wish->in[index] = true;
	if (wish->on)
		subscribe(peer, index, interval_s);
	else
		unsubscribe(peer, index);
}

/* One service element of a request. */
static void
grant_service(struct peer *peer, struct wish *wish, const struct field *field,
	      const struct value *slots)
{
	const struct field *number = shape_field(field->shape, "service");
	const struct field *list = shape_field(field->shape, "subservices");
	const struct field *sub = list ? shape_field(list->shape, "subservice") : NULL;
	const struct field *interval = list ? shape_field(list->shape, "interval") : NULL;

	if (!number || !sub)
		return;
	for (uint32_t i = 0; i < slots[list->slot].count; i++) {
		const struct value *pair = slots[list->slot].items + (size_t)i * list->stride;
		const struct catalog_entry *entry = catalog_find(
			&peer->shared->offered, slots[number->slot].u, pair[sub->slot].u);

		grant(peer, wish, entry, interval ? pair[interval->slot].u : 0);
	}
}

static void
read_wish(struct peer *peer, struct wish *wish, const struct message *message)
{
	const struct value *services = message_value(message, "service");
	const struct field *field = shape_field(&message->def->body, "service");

	if (!services || !field)
		return;
	for (uint32_t i = 0; i < services->count; i++)
		grant_service(peer, wish, field, services->items + (size_t)i * field->stride);
}

static bool
any(const bool *in)
{
	for (int i = 0; i < CATALOG_MAX; i++)
		if (in[i])
			return true;
	return false;
}

void
granting_subscribe(struct peer *peer, const struct message *message)
{
	struct wish wish = {.on = true};
	struct encoder encoder;

	if (peer->status.unsubscribed)
		memset(peer->status.subscribed, 0, sizeof peer->status.subscribed);
	peer->status.unsubscribed = false;
	read_wish(peer, &wish, message);
	encoder = peer_begin(peer, "service_subscribe_response", message->frame.transaction);
	if (!wish.refused) {
		form_encode_enum(&encoder, "status", "success");
	} else {
		form_encode_enum(&encoder, "status", any(wish.in) ? "partial" : "unsupported");
		put_services(peer, wish.in, &encoder);
	}
	log_info(peer->name, "subscription %s",
		 !wish.refused	? "granted"
		 : any(wish.in) ? "granted in part"
				: "refused");
	peer_finish(peer, &encoder, "service_subscribe_response");
	if (!peer->subscribed)
		peer->script_ms = peer->shared->clock_ms;
	peer->subscribed = true;
}

void
granting_unsubscribe(struct peer *peer, const struct message *message)
{
	bool before[CATALOG_MAX];
	struct wish wish = {.on = false};
	struct encoder encoder;

	memcpy(before, peer->status.subscribed, sizeof before);
	read_wish(peer, &wish, message);
	if (!any(peer->status.subscribed)) {
		memcpy(peer->status.subscribed, before, sizeof before);
		peer->status.unsubscribed = true;
	}
	encoder = peer_begin(peer, "service_unsubscribe_response", message->frame.transaction);
	form_encode_enum(&encoder, "status", "success");
	log_info(peer->name, "unsubscribed");
	peer_finish(peer, &encoder, "service_unsubscribe_response");
}
