/* SPDX-License-Identifier: ISC */
/* documents.c: the low-rate documents of the gateway: state, capability, info, health */
#include "gateway/documents.h"

#include <jansson.h>

#include "gateway/parts.h"
#include "outputs/timestamp.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

struct buffer *
documents_state(const struct controller *c)
{
	json_t *document = json_object();

	parts_set_state(document, c);
	return parts_text(document);
}

static json_t *
offered_array(const struct controller *c)
{
	json_t *offered = json_array();

	for (size_t i = 0; i < c->offer.n_services; i++)
		json_array_append_new(offered, parts_service_name(c->dict, &c->offer.services[i]));
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
					    parts_count(item->granted_interval_s));
		json_decref(name);
	}
	parts_set_filled(document, "device", parts_device(&c->offer));
	parts_set_filled(document, "offered", offered_array(c));
	parts_set_filled(document, "subscribed", subscribed);
	parts_set_filled(document, "granted", granted);
	parts_set_filled(document, "intervals_s", intervals);
	return parts_text(document);
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
			 parts_dictionary(c->dict));
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
	return parts_text(json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:O*}", "version", VERSION, "gateway",
				    g->config->gateway.name, "session", g->session, "started_at",
				    parts_time(g->started_at), "schemas", schemas, "controllers",
				    controllers, "reload", g->last_reload));
}

static json_t *
controller_health(const struct controller *c)
{
	const struct controller_counters *n = &c->counters;
	json_t *object = json_object(), *faults = json_object();

	json_object_set_new(object, "state", json_string(session_state_name(c->session.state)));
	json_object_set_new(object, "connections", parts_count(n->connections));
	json_object_set_new(object, "messages", parts_count(n->messages));
	json_object_set_new(object, "bytes", parts_count(n->bytes));
	if (c->has_skew)
		json_object_set_new(object, "clock_skew_ms", json_integer(c->skew_ms));
	for (unsigned level = FAULT_RECORD; level <= FAULT_FRAME; level++)
		if (n->faults[level])
			json_object_set_new(faults, fault_level_name((enum fault_level)level),
					    parts_count(n->faults[level]));
	parts_set_filled(object, "faults", faults);
	return object;
}

struct buffer *
documents_health(struct gateway *g)
{
	json_t *document = json_object(), *controllers = json_object(), *outputs = json_object();
	uint64_t now = timestamp_now();

	json_object_set_new(document, "ts", parts_time(now));
	json_object_set_new(document, "session", json_string(g->session));
	json_object_set_new(document, "uptime_s",
			    parts_count(now > g->started_at ? (now - g->started_at) / 1000 : 0));
	for (size_t i = 0; i < g->n_controllers; i++)
		json_object_set_new(controllers, g->controllers[i]->config->name,
				    controller_health(g->controllers[i]));
	for (size_t i = 0; i < g->n_outputs; i++)
		json_object_set_new(outputs, g->outputs[i]->name, parts_output(g, g->outputs[i]));
	json_object_set_new(document, "controllers", controllers);
	json_object_set_new(document, "outputs", outputs);
	return parts_text(document);
}
