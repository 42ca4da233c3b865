/* SPDX-License-Identifier: ISC */
/* session_send.c: the messages that a session sends */
#include "gateway/session_send.h"

#include <string.h>

#define MESSAGE_SIZE 4096

/* A message being made. */
struct draft {
	struct session *session;
	const struct message_def *def;
	uint32_t transaction;
	struct encoder encoder;
	uint8_t data[MESSAGE_SIZE];
};

static uint32_t
next_transaction(struct session *s)
{
	if (++s->transaction == 0)
		s->transaction = 1;
	return s->transaction;
}

static void
draft_begin(struct draft *draft, struct session *s, const struct message_def *def,
	    bool notification)
{
	draft->session = s;
	draft->def = def;
	draft->transaction = notification ? 0 : next_transaction(s);
	arena_reset(s->arena);
	encode_init(&draft->encoder, s->dict, draft->data, sizeof draft->data);
	encode_header(&draft->encoder, def, draft->transaction, false);
}

static uint32_t
draft_send(struct draft *draft)
{
	struct session *s = draft->session;
	size_t length = encode_end(&draft->encoder);

	if (!length || !s->actions->send(s->context, draft->def, draft->data, length))
		return 0;
	return draft->transaction;
}

static void
add_device(struct draft *draft)
{
	const struct session_device *device = draft->session->device;
	const struct field *field = shape_field(&draft->session->dict->elements, "device");
	struct value *object =
		field && field->shape ? object_new(draft->session->arena, field->shape) : NULL;
	struct value value = {.items = object, .count = 1, .present = true};

	if (!object)
		return;
	object_text(object, field->shape, "name", device->name);
	object_text(object, field->shape, "model", device->model);
	object_text(object, field->shape, "software", device->software);
	object_uint(object, field->shape, "mac", device->mac);
	encode_element(&draft->encoder, field, &value);
}

uint32_t
session_send_capability(struct session *s)
{
	struct draft draft;

	draft_begin(&draft, s, dict_message_named(s->dict, "capability_notification"), true);
	add_device(&draft);
	subscription_request(&s->subscription, &draft.encoder, s->arena, true);
	return draft_send(&draft);
}

uint32_t
session_send_echo(struct session *s)
{
	struct draft draft;

	draft_begin(&draft, s, dict_message_named(s->dict, "echo_request"), false);
	return draft_send(&draft);
}

uint32_t
session_send_subscribe(struct session *s)
{
	struct draft draft;

	draft_begin(&draft, s, dict_message_named(s->dict, "service_subscribe_request"), false);
	if (subscription_request(&s->subscription, &draft.encoder, s->arena, false) == 0)
		return 0;
	return draft_send(&draft);
}

uint32_t
session_send_unsubscribe(struct session *s)
{
	struct draft draft;

	draft_begin(&draft, s, dict_message_named(s->dict, "service_unsubscribe_request"), false);
	if (subscription_release(&s->subscription, &draft.encoder, s->arena) == 0)
		return 0;
	return draft_send(&draft);
}

/* The number of a value of the enumeration that an element takes, by name. */
static void
add_choice(struct draft *draft, const char *element, const char *name)
{
	const struct field *field = shape_field(&draft->def->body, element);
	const struct enumeration_value *value =
		field && field->values ? enumeration_named(field->values, name) : NULL;

	if (value)
		encode_uint(&draft->encoder, element, value->number);
}

uint32_t
session_send_request(struct session *s, const struct session_request *request)
{
	struct draft draft;

	draft_begin(&draft, s, request->def, false);
	if (request->has_entity)
		encode_uint(&draft.encoder, "entity", request->entity);
	add_choice(&draft, "scope", request->n_macs ? "listed" : "all");
	add_choice(&draft, "detail", request->detail);
	add_choice(&draft, "location_type", request->location_type);
	for (size_t i = 0; i < request->n_macs; i++)
		encode_uint(&draft.encoder, "mac", request->macs[i]);
	return draft_send(&draft);
}

uint32_t
session_send_initial(struct session *s, const struct subscription_initial *initial)
{
	const struct session_request request = {
		.def = initial->request,
		.has_entity = initial->has_entity,
		.entity = initial->entity,
		.detail = "full",
		.location_type = "any",
	};

	return session_send_request(s, &request);
}
