/* SPDX-License-Identifier: ISC */
/* offer.c: what a controller says of itself in its capability notification */
#include "gateway/offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "gateway/subscription.h"

static const struct value *
find_value(const struct field *device, const struct value *slots, const char *name, enum wire wire)
{
	const struct field *field = shape_field(device->shape, name);

	return field && field->wire == wire && slots[field->slot].present ? &slots[field->slot]
									  : NULL;
}

static void
copy_text(const struct field *device, const struct value *slots, const char *name,
	  char text[OFFER_TEXT])
{
	const struct value *value = find_value(device, slots, name, WIRE_STR);
	size_t length = value ? value->count : 0;

	length = length < OFFER_TEXT ? length : OFFER_TEXT - 1;
	if (length)
		memcpy(text, value->bytes, length);
	text[length] = '\0';
}

static void
take_addresses(struct offer *offer, const struct field *device, const struct value *slots)
{
	const struct value *mac = find_value(device, slots, "mac", WIRE_MAC);
	const struct value *address = find_value(device, slots, "address", WIRE_IP);

	offer->mac = mac ? mac->u : 0;
	if (address && (address->count == 4 || address->count == 16))
		uv_inet_ntop(address->count == 4 ? AF_INET : AF_INET6, address->bytes,
			     offer->address, sizeof offer->address);
}

static void
take_device(struct offer *offer, const struct message *message)
{
	const struct field *device = shape_field(&message->def->body, "device");
	const struct value *value = message_value(message, "device");

	if (!value || !device->shape)
		return;
	copy_text(device, value->items, "name", offer->name);
	copy_text(device, value->items, "model", offer->model);
	copy_text(device, value->items, "software", offer->software);
	take_addresses(offer, device, value->items);
}

static void
add_service(void *context, uint32_t service, uint32_t subservice, uint16_t interval_s)
{
	struct offer *offer = context;
	struct offer_service *services =
		realloc(offer->services, (offer->n_services + 1) * sizeof *offer->services);

	(void)interval_s;
	if (!services)
		return;
	services[offer->n_services++] = (struct offer_service){service, subservice};
	offer->services = services;
}

static void
take_mask(struct offer *offer, const struct dict *dict, uint64_t mask)
{
	for (uint32_t i = 0; i < dict->n_services; i++) {
		const struct service *service = &dict->services[i];

		for (uint32_t k = 0; k < service->n_subservices; k++) {
			int bit = service->subservices[k].bit;

			if (bit != NO_SLOT && mask >> bit & 1)
				add_service(offer, service->number, service->subservices[k].number,
					    0);
		}
	}
}

void
offer_take(struct offer *offer, const struct message *message)
{
	const struct value *mask = message_value(message, "subservice_mask");

	offer_clear(offer);
	take_device(offer, message);
	if (message_value(message, "service"))
		subscription_visit(message, &(struct subscription_visitor){add_service, offer});
	else if (mask)
		take_mask(offer, message->dict, mask->u);
}

/* The name of a sub-service as the configuration has it, or its numbers. */
static void
name_service(const struct dict *dict, const struct offer_service *offered, char *text, size_t size)
{
	snprintf(text, size, "%u:%u", offered->service, offered->subservice);
	for (uint32_t i = 0; i < dict->n_services; i++) {
		const struct service *service = &dict->services[i];

		for (uint32_t k = 0;
		     service->number == offered->service && k < service->n_subservices; k++)
			if (service->subservices[k].number == offered->subservice)
				snprintf(text, size, "%s:%s", service->name,
					 service->subservices[k].name);
	}
}

char *
offer_list(const struct offer *offer, const struct dict *dict, char *text, size_t size)
{
	static const char more[] = ", ...";
	char name[OFFER_TEXT * 2];
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < offer->n_services; i++) {
		name_service(dict, &offer->services[i], name, sizeof name);
		if (used + strlen(name) + 2 + sizeof more > size) {
			snprintf(text + used, size - used, "%s", used ? more : more + 2);
			break;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
	}
	return text;
}

void
offer_clear(struct offer *offer)
{
	free(offer->services);
	*offer = (struct offer){.services = NULL};
}
