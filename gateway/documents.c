/* SPDX-License-Identifier: ISC */
/* documents.c: the low-rate documents of the gateway: state, capability, info, health */
#include "gateway/documents.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outputs/timestamp.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

static struct buffer *
finish(json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	struct buffer *buffer = text ? buffer_new(text, strlen(text)) : NULL;

	free(text);
	json_decref(document);
	return buffer;
}

static json_t *
time_text(uint64_t ms)
{
	char text[TIMESTAMP_LENGTH + 1];

	timestamp_write(text, ms);
	return json_string(text);
}

static json_t *
count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* Text of the other side may hold anything; what is not UTF-8 is left out. */
static void
set_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(object, key, json_string(text));
}

/* Adds a member unless it is empty. */
static void
set_filled(json_t *object, const char *key, json_t *value)
{
	if (json_object_size(value) || json_array_size(value))
		json_object_set(object, key, value);
	json_decref(value);
}

struct buffer *
documents_state(const struct controller *c)
{
	const struct session *s = &c->session;
	const uv_loop_t *loop = c->shared->loop;
	json_t *document = json_object();

	json_object_set_new(document, "state", json_string(session_state_name(s->state)));
	set_text(document, "reason", s->reason);
	json_object_set_new(document, "since", time_text(gateway_wall_time(loop, s->since)));
	if (s->attempt)
		json_object_set_new(document, "attempt", count(s->attempt));
	if (c->has_skew)
		json_object_set_new(document, "clock_skew_ms", json_integer(c->skew_ms));
	if (s->state == SESSION_BACKOFF || s->state == SESSION_QUARANTINED)
		json_object_set_new(document, "retry_at",
				    time_text(gateway_wall_time(loop, s->retry_at)));
	return finish(document);
}

/* "rssi:client", or the numbers of what the dictionary has no name for. */
static json_t *
service_name(const struct dict *dict, const struct offer_service *offered)
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

static json_t *
device_object(const struct offer *offer)
{
	json_t *device = json_object();

	set_text(device, "name", offer->name);
	set_text(device, "model", offer->model);
	set_text(device, "software", offer->software);
	return device;
}

static json_t *
offered_array(const struct controller *c)
{
	json_t *offered = json_array();

	for (size_t i = 0; i < c->offer.n_services; i++)
		json_array_append_new(offered, service_name(c->dict, &c->offer.services[i]));
	return offered;
}

struct buffer *
documents_capability(const struct controller *c)
{
	json_t *document = json_object(), *subscribed = json_array(), *granted = json_array(),
	       *intervals = json_object();

	for (size_t i = 0; i < c->session.subscription.n_items; i++) {
		const struct subscription_item *item = &c->session.subscription.items[i];
		json_t *name = json_sprintf("%s:%s", item->service->name, item->subservice->name);

		if (item->requested)
			json_array_append(subscribed, name);
		if (item->granted)
			json_array_append(granted, name);
		if (item->granted && item->granted_interval_s)
			json_object_set_new(intervals, json_string_value(name),
					    count(item->granted_interval_s));
		json_decref(name);
	}
	set_filled(document, "device", device_object(&c->offer));
	set_filled(document, "offered", offered_array(c));
	set_filled(document, "subscribed", subscribed);
	set_filled(document, "granted", granted);
	set_filled(document, "intervals_s", intervals);
	return finish(document);
}

static json_t *
dictionary_object(const struct dict *dict)
{
	return json_pack("{s:s,s:s}", "name", dict->name, "hash", dict->hash);
}

static json_t *
controller_info(const struct controller *c)
{
	json_t *services = json_array();

	for (size_t i = 0; i < c->session.subscription.n_items; i++) {
		const struct subscription_item *item = &c->session.subscription.items[i];

		json_array_append_new(services, json_sprintf("%s:%s", item->service->name,
							     item->subservice->name));
	}
	return json_pack("{s:o,s:o}", "services", services, "dictionary",
			 dictionary_object(c->dict));
}

struct buffer *
documents_info(const struct gateway *g)
{
	json_t *schemas = json_array(), *controllers = json_object();

	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		json_array_append_new(schemas,
				      json_sprintf("nmsp.%s/1", kind_name((enum kind)kind)));
	for (size_t i = 0; i < g->n_controllers; i++)
		json_object_set_new(controllers, g->controllers[i]->config->name,
				    controller_info(g->controllers[i]));
	return finish(json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:O*}", "version", VERSION, "gateway",
				g->config->gateway.name, "session", g->session, "started_at",
				time_text(g->started_at), "schemas", schemas, "controllers",
				controllers, "reload", g->last_reload));
}

static json_t *
account_object(struct account *account)
{
	struct account_view view;
	json_t *object = json_object(), *dropped = json_object();

	account_view(account, &view);
	json_object_set_new(object, "received", count(view.received));
	json_object_set_new(object, "published", count(view.published));
	json_object_set_new(object, "filtered", count(view.filtered));
	json_object_set_new(object, "conflated", count(view.conflated));
	json_object_set_new(object, "queued", count(view.queued));
	for (unsigned i = 0; i < DROP_COUNT; i++)
		if (view.dropped[i])
			json_object_set_new(dropped, drop_reason_name((enum drop_reason)i),
					    count(view.dropped[i]));
	set_filled(object, "dropped", dropped);
	return object;
}

/* The kinds of which something came. */
static json_t *
accounts_object(struct account_set *accounts)
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
	set_text(object, "reason", spool->reason);
	json_object_set_new(object, "messages", count(spool->messages));
	json_object_set_new(object, "bytes", count(spool->bytes));
	if (spool->damaged)
		json_object_set_new(object, "damaged", count(spool->damaged));
	return object;
}

/* The accounts of one output: of the controllers that are configured, and of others. */
struct output_accounts {
	const struct gateway *gateway;
	json_t *controllers;
	json_t *former;
};

static void
add_accounts(void *context, struct ledger_entry *entry)
{
	struct output_accounts *accounts = context;
	bool configured = gateway_controller(accounts->gateway, entry->controller) != NULL;

	set_filled(configured ? accounts->controllers : accounts->former, entry->controller,
		   accounts_object(&entry->accounts));
}

static json_t *
output_object(struct gateway *g, size_t place)
{
	struct ledger_page *page = ledger_page(&g->ledger, g->outputs[place]->name);
	struct output_accounts accounts = {g, json_object(), json_object()};
	json_t *object = json_object();
	struct output_status status;

	output_status(g->outputs[place], &status);
	json_object_set_new(object, "type", json_string(g->outputs[place]->ops->type));
	json_object_set_new(object, "connected", json_boolean(status.connected));
	set_text(object, "reason", status.reason);
	json_object_set_new(object, "queued_bytes", count(status.queued_bytes));
	json_object_set_new(object, "queued_messages", count(status.queued_messages));
	json_object_set_new(object, "reconnects", count(status.reconnects));
	if (status.spool.configured)
		json_object_set_new(object, "spool", spool_object(&status.spool));
	if (page)
		ledger_page_each(page, add_accounts, &accounts);
	set_filled(object, "controllers", accounts.controllers);
	set_filled(object, "former", accounts.former);
	return object;
}

static json_t *
controller_health(const struct controller *c)
{
	const struct controller_counters *n = &c->counters;
	json_t *object = json_object(), *faults = json_object();

	json_object_set_new(object, "state", json_string(session_state_name(c->session.state)));
	json_object_set_new(object, "connections", count(n->connections));
	json_object_set_new(object, "messages", count(n->messages));
	json_object_set_new(object, "bytes", count(n->bytes));
	if (c->has_skew)
		json_object_set_new(object, "clock_skew_ms", json_integer(c->skew_ms));
	for (unsigned level = FAULT_RECORD; level <= FAULT_FRAME; level++)
		if (n->faults[level])
			json_object_set_new(faults, fault_level_name((enum fault_level)level),
					    count(n->faults[level]));
	set_filled(object, "faults", faults);
	return object;
}

struct buffer *
documents_health(struct gateway *g)
{
	json_t *document = json_object(), *controllers = json_object(), *outputs = json_object();
	uint64_t now = timestamp_now();

	json_object_set_new(document, "ts", time_text(now));
	json_object_set_new(document, "session", json_string(g->session));
	json_object_set_new(document, "uptime_s",
			    count(now > g->started_at ? (now - g->started_at) / 1000 : 0));
	for (size_t i = 0; i < g->n_controllers; i++)
		json_object_set_new(controllers, g->controllers[i]->config->name,
				    controller_health(g->controllers[i]));
	for (size_t i = 0; i < g->n_outputs; i++)
		json_object_set_new(outputs, g->outputs[i]->name, output_object(g, i));
	json_object_set_new(document, "controllers", controllers);
	json_object_set_new(document, "outputs", outputs);
	return finish(document);
}
