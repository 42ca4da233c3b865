/* SPDX-License-Identifier: ISC */
/* parts.c: what the documents on MQTT and the status have in common, as JSON */
#include "gateway/parts.h"

#include <stdlib.h>
#include <string.h>

#include "outputs/timestamp.h"

struct buffer *
parts_text(json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	struct buffer *buffer = text ? buffer_new(text, strlen(text)) : NULL;

	free(text);
	json_decref(document);
	return buffer;
}

json_t *
parts_time(uint64_t ms)
{
	char text[TIMESTAMP_LENGTH + 1];

	timestamp_write(text, ms);
	return json_string(text);
}

json_t *
parts_count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* Text of the other side may hold anything. */
void
parts_set_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(object, key, json_string(text));
}

void
parts_set_filled(json_t *object, const char *key, json_t *value)
{
	if (json_object_size(value) || json_array_size(value))
		json_object_set(object, key, value);
	json_decref(value);
}

void
parts_set_state(json_t *object, const struct controller *c)
{
	const struct session *s = &c->session;
	const uv_loop_t *loop = c->shared->loop;

	json_object_set_new(object, "state", json_string(session_state_name(s->state)));
	parts_set_text(object, "reason", s->reason);
	json_object_set_new(object, "since", parts_time(gateway_wall_time(loop, s->since)));
	if (s->attempt)
		json_object_set_new(object, "attempt", parts_count(s->attempt));
	if (c->has_skew)
		json_object_set_new(object, "clock_skew_ms", json_integer(c->skew_ms));
	if (s->state == SESSION_BACKOFF || s->state == SESSION_QUARANTINED)
		json_object_set_new(object, "retry_at",
				    parts_time(gateway_wall_time(loop, s->retry_at)));
}

json_t *
parts_service_name(const struct dict *dict, const struct offer_service *offered)
{
	for (uint32_t i = 0; i < dict->n_services; i++) {
		const struct service *service = &dict->services[i];

		for (uint32_t k = 0;
		     service->number == offered->service && k < service->n_subservices; k++)
			if (service->subservices[k].number == offered->subservice)
				return json_sprintf("%s:%s", service->name,
						    service->subservices[k].name);
	}
	return json_sprintf("%u:%u", offered->service, offered->subservice);
}

json_t *
parts_device(const struct offer *offer)
{
	json_t *device = json_object();

	parts_set_text(device, "name", offer->name);
	parts_set_text(device, "model", offer->model);
	parts_set_text(device, "software", offer->software);
	return device;
}

json_t *
parts_dictionary(const struct dict *dict)
{
	return json_pack("{s:s,s:s}", "name", dict->name, "hash", dict->hash);
}

static json_t *
dropped_object(const struct account_view *view)
{
	json_t *dropped = json_object();

	for (unsigned i = 0; i < DROP_COUNT; i++)
		if (view->dropped[i])
			json_object_set_new(dropped, drop_reason_name((enum drop_reason)i),
					    parts_count(view->dropped[i]));
	return dropped;
}

/* What became of the responses to commands. */
static json_t *
responses_object(const struct account_view *view)
{
	json_t *object = json_object();

	json_object_set_new(object, "published", parts_count(view->published));
	json_object_set_new(object, "queued", parts_count(view->queued));
	parts_set_filled(object, "dropped", dropped_object(view));
	return object;
}

static json_t *
account_object(struct account *account)
{
	struct account_view view;
	json_t *object = json_object();

	account_view(account, &view);
	json_object_set_new(object, "received", parts_count(view.received));
	json_object_set_new(object, "published", parts_count(view.published));
	json_object_set_new(object, "filtered", parts_count(view.filtered));
	json_object_set_new(object, "conflated", parts_count(view.conflated));
	json_object_set_new(object, "queued", parts_count(view.queued));
	parts_set_filled(object, "dropped", dropped_object(&view));
	return object;
}

json_t *
parts_accounts(struct account_set *accounts)
{
	json_t *kinds = json_object();

	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		if (atomic_load_explicit(&accounts->kinds[kind].received, memory_order_relaxed))
			json_object_set_new(kinds, kind_name((enum kind)kind),
					    account_object(&accounts->kinds[kind]));
	return kinds;
}

static json_t *
spool_object(const struct spool_status *spool)
{
	json_t *object = json_object();

	json_object_set_new(object, "active", json_boolean(spool->active));
	parts_set_text(object, "reason", spool->reason);
	json_object_set_new(object, "messages", parts_count(spool->messages));
	json_object_set_new(object, "records", parts_count(spool->records));
	json_object_set_new(object, "bytes", parts_count(spool->bytes));
	if (spool->damaged)
		json_object_set_new(object, "damaged", parts_count(spool->damaged));
	return object;
}

json_t *
parts_output_self(struct output *output)
{
	json_t *object = json_object();
	struct output_status status;

	output_status(output, &status);
	json_object_set_new(object, "type", json_string(output->ops->type));
	json_object_set_new(object, "connected", json_boolean(status.connected));
	parts_set_text(object, "reason", status.reason);
	json_object_set_new(object, "queued_bytes", parts_count(status.queued_bytes));
	json_object_set_new(object, "queued_messages", parts_count(status.queued_messages));
	json_object_set_new(object, "queued_records", parts_count(status.queued_records));
	json_object_set_new(object, "queue_size", parts_count(status.queue_size));
	json_object_set_new(object, "reconnects", parts_count(status.reconnects));
	if (status.spool.configured)
		json_object_set_new(object, "spool", spool_object(&status.spool));
	if (status.responses.received)
		json_object_set_new(object, "responses", responses_object(&status.responses));
	return object;
}

bool
parts_is_configured(const struct gateway *g, const char *controller, size_t *next)
{
	for (size_t i = 0; i < g->n_controllers; i++) {
		size_t place = (*next + i) % g->n_controllers;

		if (strcmp(g->controllers[place]->config->name, controller) != 0)
			continue;
		*next = place + 1;
		return true;
	}
	return false;
}

/* The accounts of one output: of the controllers that are configured, and of others. */
struct output_accounts {
	const struct gateway *gateway;
	size_t next;
	json_t *controllers;
	json_t *former;
};

static void
add_accounts(void *context, struct ledger_entry *entry)
{
	struct output_accounts *accounts = context;
	bool configured =
		parts_is_configured(accounts->gateway, entry->controller, &accounts->next);

	parts_set_filled(configured ? accounts->controllers : accounts->former, entry->controller,
			 parts_accounts(&entry->accounts));
}

json_t *
parts_output(struct gateway *g, struct output *output)
{
	struct ledger_page *page = ledger_page(&g->ledger, output->name);
	struct output_accounts accounts = {g, 0, json_object(), json_object()};
	json_t *object = parts_output_self(output);

	if (page)
		ledger_page_each(page, add_accounts, &accounts);
	parts_set_filled(object, "controllers", accounts.controllers);
	parts_set_filled(object, "former", accounts.former);
	return object;
}
