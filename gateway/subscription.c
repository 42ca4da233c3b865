/* SPDX-License-Identifier: ISC */
/* subscription.c: what is wanted of a controller, what it offers, what was asked for and what was
 * granted */
#include "gateway/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MORE " and %zu more"

static bool
find_names(struct subscription_item *item, const struct dict *dict,
	   const struct config_service *want)
{
	item->service = dict_service_named(dict, want->service);
	item->subservice = item->service ? dict_subservice_named(item->service, want->subservice)
					 : NULL;
	item->interval_s = (uint16_t)want->interval_s;
	return item->subservice != NULL;
}

int
subscription_init(struct subscription *s, const struct dict *dict,
		  const struct config_service *wants, size_t n_wants, size_t *wrong)
{
	size_t known = 0;

	*s = (struct subscription){.dict = dict, .n_items = n_wants};
	s->items = calloc(n_wants + 1, sizeof *s->items);
	while (s->items && known < n_wants && find_names(&s->items[known], dict, &wants[known]))
		known++;
	if (s->items && known == n_wants)
		return 0;
	if (wrong)
		*wrong = s->items ? known : n_wants;
	subscription_fini(s);
	return -1;
}

void
subscription_fini(struct subscription *s)
{
	free(s->items);
	*s = (struct subscription){.items = NULL};
}

static void
item_reset(struct subscription_item *item)
{
	*item = (struct subscription_item){
		.service = item->service,
		.subservice = item->subservice,
		.interval_s = item->interval_s,
	};
}

void
subscription_reset(struct subscription *s)
{
	for (size_t i = 0; i < s->n_items; i++)
		item_reset(&s->items[i]);
}

/* The field `name` of an object, or NULL where it is absent or of another type. */
static const struct value *
member(const struct shape *shape, const struct value *object, const char *name, enum wire wire)
{
	const struct field *field = shape_field(shape, name);

	if (!field || field->wire != wire || !object[field->slot].present)
		return NULL;
	return &object[field->slot];
}

static void
each_subservice(const struct field *list_field, const struct value *list, uint32_t service,
		const struct subscription_visitor *visitor)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct value *object = list->items + (size_t)i * list_field->stride;
		const struct value *number =
			member(list_field->shape, object, "subservice", WIRE_UINT);
		const struct value *interval =
			member(list_field->shape, object, "interval", WIRE_UINT);

		if (number)
			visitor->named(visitor->context, service, (uint32_t)number->u,
				       interval ? (uint16_t)interval->u : 0);
	}
}

void
subscription_visit(const struct message *message, const struct subscription_visitor *visitor)
{
	const struct value *services = message_value(message, "service");
	const struct field *element = services ? shape_field(&message->def->body, "service") : NULL;
	const struct field *list_field =
		element && element->shape ? shape_field(element->shape, "subservices") : NULL;

	for (uint32_t i = 0; list_field && i < services->count; i++) {
		const struct value *object = services->items + (size_t)i * element->stride;
		const struct value *number = member(element->shape, object, "service", WIRE_UINT);
		const struct value *list =
			member(element->shape, object, "subservices", WIRE_STRUCT);

		if (number && list)
			each_subservice(list_field, list, (uint32_t)number->u, visitor);
	}
}

static struct subscription_item *
find_item(struct subscription *s, uint32_t service, uint32_t subservice)
{
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i].service->number == service &&
		    s->items[i].subservice->number == subservice)
			return &s->items[i];
	return NULL;
}

static void
mark_offered(void *context, uint32_t service, uint32_t subservice, uint16_t interval_s)
{
	struct subscription_item *item = find_item(context, service, subservice);

	(void)interval_s;
	if (item)
		item->offered = true;
}

static void
grant(struct subscription_item *item, uint16_t interval_s)
{
	if (!item->granted) {
		item->initial = true;
		item->asked = 0;
	}
	item->granted = true;
	item->granted_interval_s = interval_s;
}

static void
mark_granted(void *context, uint32_t service, uint32_t subservice, uint16_t interval_s)
{
	struct subscription_item *item = find_item(context, service, subservice);

	if (item && item->requested)
		grant(item, interval_s);
}

size_t
subscription_offer(struct subscription *s, const struct message *message)
{
	const struct value *mask = message_value(message, "subservice_mask");
	bool named = message_value(message, "service") != NULL;
	size_t fresh = 0;

	for (size_t i = 0; i < s->n_items; i++) {
		int bit = s->items[i].subservice->bit;

		s->items[i].offered = !named && mask && bit != NO_SLOT && (mask->u >> bit & 1);
	}
	subscription_visit(message, &(struct subscription_visitor){mark_offered, s});
	for (size_t i = 0; i < s->n_items; i++) {
		if (!s->items[i].offered)
			item_reset(&s->items[i]);
		fresh += s->items[i].offered && !s->items[i].requested;
	}
	return fresh;
}

bool
subscription_narrow(struct subscription *s, const struct message *message)
{
	if (subscription_offer(s, message) == 0)
		return false;
	for (size_t i = 0; i < s->n_items; i++) {
		if (!s->items[i].offered)
			continue;
		s->items[0] = s->items[i];
		s->n_items = 1;
	}
	return true;
}

static bool
is_wanted(const struct subscription_item *item)
{
	return item != NULL;
}

static bool
is_fresh(const struct subscription_item *item)
{
	return item->offered && !item->requested;
}

static bool
is_granted(const struct subscription_item *item)
{
	return item->granted;
}

typedef bool (*picker)(const struct subscription_item *item);

static uint32_t
count_picked(const struct subscription *s, const struct service *service, picker pick)
{
	uint32_t count = 0;

	for (size_t i = 0; i < s->n_items; i++)
		count += s->items[i].service == service && pick(&s->items[i]);
	return count;
}

/* True when an item before this one has its service and is picked too: then its element was written
 * already. */
static bool
is_written(const struct subscription *s, size_t place, picker pick)
{
	for (size_t i = 0; i < place; i++)
		if (s->items[i].service == s->items[place].service && pick(&s->items[i]))
			return true;
	return false;
}

static void
write_service(const struct subscription *s, const struct service *service, struct encoder *encoder,
	      struct arena *arena, picker pick)
{
	const struct field *element = shape_field(&s->dict->elements, "service");
	const struct field *list_field =
		element && element->shape ? shape_field(element->shape, "subservices") : NULL;
	uint32_t count = count_picked(s, service, pick), place = 0;
	struct value *object, *list, value;

	object = list_field ? object_new(arena, element->shape) : NULL;
	list = object ? object_list(arena, list_field->shape, count) : NULL;
	if (!list) {
		encoder->failed = true;
		return;
	}
	object_uint(object, element->shape, "service", service->number);
	object_child(object, element->shape, "subservices", list, count);
	for (size_t i = 0; i < s->n_items; i++) {
		struct value *one = list + (size_t)place * list_field->stride;

		if (s->items[i].service != service || !pick(&s->items[i]))
			continue;
		object_uint(one, list_field->shape, "subservice", s->items[i].subservice->number);
		object_uint(one, list_field->shape, "interval", s->items[i].interval_s);
		place++;
	}
	value = (struct value){.items = object, .count = 1, .present = true};
	encode_element(encoder, element, &value);
}

static size_t
write_picked(struct subscription *s, struct encoder *encoder, struct arena *arena, picker pick)
{
	size_t count = 0;

	for (size_t i = 0; i < s->n_items; i++) {
		count += pick(&s->items[i]);
		if (pick(&s->items[i]) && !is_written(s, i, pick))
			write_service(s, s->items[i].service, encoder, arena, pick);
	}
	return count;
}

size_t
subscription_request(struct subscription *s, struct encoder *encoder, struct arena *arena, bool all)
{
	size_t count = write_picked(s, encoder, arena, all ? is_wanted : is_fresh);

	for (size_t i = 0; !all && i < s->n_items; i++)
		s->items[i].requested |= s->items[i].offered;
	return count;
}

size_t
subscription_release(struct subscription *s, struct encoder *encoder, struct arena *arena)
{
	return write_picked(s, encoder, arena, is_granted);
}

size_t
subscription_grant(struct subscription *s, const struct message *message)
{
	const char *status = message_choice(message, "status");
	bool all = !message_value(message, "service") && status && strcmp(status, "success") == 0;
	size_t granted = 0;

	subscription_visit(message, &(struct subscription_visitor){mark_granted, s});
	for (size_t i = 0; i < s->n_items; i++) {
		struct subscription_item *item = &s->items[i];

		if (all && item->requested && !item->refused)
			grant(item, item->granted_interval_s);
		item->refused = item->requested && !item->granted;
		granted += item->granted;
	}
	return granted;
}

static bool
needs_entity(const struct message_def *request)
{
	return shape_field(&request->body, "entity") != NULL;
}

/* True when an item before this one asks the same. */
static bool
asked_before(const struct subscription *s, size_t place, bool has_entity, uint32_t entity)
{
	for (size_t i = 0; i < place; i++) {
		const struct subscription_item *item = &s->items[i];

		if (!item->granted ||
		    item->service->request_def != s->items[place].service->request_def)
			continue;
		if (!has_entity)
			return true;
		for (uint32_t k = 0; k < item->subservice->n_entities; k++)
			if (item->subservice->entities[k] == entity)
				return true;
	}
	return false;
}

bool
subscription_next_initial(struct subscription *s, struct subscription_initial *initial)
{
	for (size_t i = 0; i < s->n_items; i++) {
		struct subscription_item *item = &s->items[i];
		const struct message_def *request = item->service->request_def;
		bool has_entity = request && needs_entity(request);
		size_t asks = !request ? 0 : has_entity ? item->subservice->n_entities : 1;

		while (item->initial && item->asked < asks) {
			uint32_t place = item->asked++;
			uint32_t entity = has_entity ? item->subservice->entities[place] : 0;

			if (asked_before(s, i, has_entity, entity))
				continue;
			*initial = (struct subscription_initial){request, has_entity, entity};
			return true;
		}
		item->initial = false;
	}
	return false;
}

static size_t
count_all(const struct subscription *s, picker pick)
{
	size_t count = 0;

	for (size_t i = 0; i < s->n_items; i++)
		count += pick(&s->items[i]);
	return count;
}

/* Puts a whole name behind the `*used` bytes of `text` if what is said of the `left` ones after it
 * has room as well. */
static bool
append(const struct subscription_item *item, size_t left, char *text, size_t size, size_t *used)
{
	char *end = text + *used;
	size_t room = size - *used;
	const char *between = *used ? ", " : "";
	int name = snprintf(end, room, "%s%s:%s", between, item->service->name,
			    item->subservice->name);
	int more = left ? snprintf(NULL, 0, MORE, left) : 0;

	if (name < 0 || more < 0 || (size_t)name + (size_t)more >= room) {
		*end = '\0';
		return false;
	}
	*used += (size_t)name;
	return true;
}

size_t
subscription_list(const struct subscription *s, bool (*pick)(const struct subscription_item *item),
		  char *text, size_t size)
{
	size_t count = count_all(s, pick), left = count, used = 0;

	if (size)
		text[0] = '\0';
	for (size_t i = 0; size && i < s->n_items; i++) {
		if (!pick(&s->items[i]))
			continue;
		if (!append(&s->items[i], left - 1, text, size, &used))
			break;
		left--;
	}
	if (left && used)
		snprintf(text + used, size - used, MORE, left);
	return count;
}
