/* SPDX-License-Identifier: ISC */
/* status.c: everything about a running gateway as one document */
#include "gateway/status.h"

#include <jansson.h>
#include <math.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/parts.h"
#include "gateway/tls.h"
#include "outputs/timestamp.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define SCHEMA		   "nmsp.status/1"
#define DELIVERY_MS	   60000 /* a service delivers when something came within this */
#define DELIVERY_INTERVALS 3	 /* or within so many of its intervals */

static uint64_t
now_of(const struct controller *c)
{
	return uv_now(c->shared->loop);
}

/* A time of the loop's clock, unless it is 0. */
static void
set_time(json_t *object, const char *key, const struct controller *c, uint64_t loop_ms)
{
	if (loop_ms)
		json_object_set_new(object, key,
				    parts_time(gateway_wall_time(c->shared->loop, loop_ms)));
}

json_t *
status_gateway(const struct gateway *g)
{
	uint64_t now = timestamp_now();
	char mac[MAC_TEXT];

	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:i,s:s,s:{s:s,s:s,s:s}}", "name",
			 g->config->gateway.name, "version", VERSION, "session", g->session,
			 "started_at", parts_time(g->started_at), "uptime_s",
			 parts_count(now > g->started_at ? (now - g->started_at) / 1000 : 0), "pid",
			 (int)getpid(), "config", g->config->path, "identity", "mac",
			 mac_text(g->identity.mac, ':', mac), "sha1", g->identity.hashes.sha1,
			 "sha256", g->identity.hashes.sha256);
}

static json_t *
hosts_array(const struct config_controller *config)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < config->n_hosts; i++)
		json_array_append_new(hosts, json_string(config->hosts[i]));
	return hosts;
}

static json_t *
device_object(const struct offer *offer)
{
	json_t *device = parts_device(offer);
	uint8_t bytes[MAC_SIZE];
	char text[MAC_TEXT];

	for (size_t i = 0; i < MAC_SIZE; i++)
		bytes[i] = (uint8_t)(offer->mac >> 8 * (MAC_SIZE - 1 - i));
	if (offer->mac)
		json_object_set_new(device, "mac", json_string(mac_text(bytes, ':', text)));
	parts_set_text(device, "address", offer->address);
	return device;
}

/* What is known of the present connection. */
static void
add_connection(json_t *object, const struct controller *c)
{
	json_t *tls = json_object();

	if (c->link) {
		parts_set_text(tls, "description", link_shown(c->link)->protocol);
		parts_set_text(tls, "fingerprint", link_shown(c->link)->fingerprint);
		parts_set_text(object, "address", link_address(c->link));
	}
	parts_set_filled(object, "device", device_object(&c->offer));
	parts_set_filled(object, "tls", tls);
	if (c->session.connected)
		parts_set_text(object, "session", c->session_id);
}

static json_t *
echo_object(const struct controller *c)
{
	const struct traffic_messages *requests =
		traffic_of(&c->traffic, TRAFFIC_OUT, dict_message_named(c->dict, "echo_request"));
	const struct traffic_messages *responses =
		traffic_of(&c->traffic, TRAFFIC_IN, dict_message_named(c->dict, "echo_response"));
	json_t *echo = json_object();

	json_object_set_new(echo, "requests", parts_count(requests->count));
	json_object_set_new(echo, "responses", parts_count(responses->count));
	set_time(echo, "last_request", c, requests->last);
	set_time(echo, "last_response", c, responses->last);
	if (responses->count)
		json_object_set_new(echo, "round_trip_ms",
				    parts_count(c->session.echo_round_trip_ms));
	return echo;
}

/* Whether something of a service came lately, as seldom as it may come. */
static bool
is_delivering(const struct controller *c, const struct subscription_item *item, uint64_t last)
{
	uint64_t interval_s = item->granted_interval_s ? item->granted_interval_s
						       : item->interval_s;
	uint64_t patience = interval_s * DELIVERY_INTERVALS * 1000;

	if (patience < DELIVERY_MS)
		patience = DELIVERY_MS;
	return item->granted && last && now_of(c) - last <= patience;
}

static json_t *
service_object(const struct controller *c, const struct subscription_item *item)
{
	uint64_t last = traffic_delivered(&c->traffic, item->service, item->subservice);
	unsigned interval_s = item->granted_interval_s ? item->granted_interval_s
						       : item->interval_s;
	json_t *service = json_object();

	json_object_set_new(service, "name",
			    json_sprintf("%s:%s", item->service->name, item->subservice->name));
	json_object_set_new(service, "configured", json_true());
	json_object_set_new(service, "offered", json_boolean(item->offered));
	json_object_set_new(service, "requested", json_boolean(item->requested));
	json_object_set_new(service, "granted", json_boolean(item->granted));
	json_object_set_new(service, "delivering", json_boolean(is_delivering(c, item, last)));
	if (interval_s)
		json_object_set_new(service, "interval_s", parts_count(interval_s));
	set_time(service, "last_record", c, last);
	return service;
}

static bool
is_wanted(const struct controller *c, const struct offer_service *offered)
{
	for (size_t i = 0; i < c->session.subscription.n_items; i++) {
		const struct subscription_item *item = &c->session.subscription.items[i];

		if (item->service->number == offered->service &&
		    item->subservice->number == offered->subservice)
			return true;
	}
	return false;
}

/* What is configured, and then what is offered besides. */
static json_t *
services_array(const struct controller *c)
{
	json_t *services = json_array();

	for (size_t i = 0; i < c->session.subscription.n_items; i++)
		json_array_append_new(services,
				      service_object(c, &c->session.subscription.items[i]));
	for (size_t i = 0; c->session.connected && i < c->offer.n_services; i++)
		if (!is_wanted(c, &c->offer.services[i]))
			json_array_append_new(
				services,
				json_pack("{s:o,s:b,s:b,s:b,s:b,s:b}", "name",
					  parts_service_name(c->dict, &c->offer.services[i]),
					  "configured", 0, "offered", 1, "requested", 0, "granted",
					  0, "delivering", 0));
	return services;
}

static void
add_messages(json_t *messages, const struct controller *c, const struct message_def *def)
{
	static const char *const names[] = {[TRAFFIC_IN] = "in", [TRAFFIC_OUT] = "out"};

	for (unsigned direction = 0; direction < TRAFFIC_DIRECTIONS; direction++) {
		const struct traffic_messages *of =
			traffic_of(&c->traffic, (enum traffic_direction)direction, def);
		json_t *row;

		if (!of->count)
			continue;
		row = json_pack("{s:s}", "type", def ? def->name : "unknown");
		if (def)
			json_object_set_new(row, "id", parts_count(def->id));
		json_object_set_new(row, "direction", json_string(names[direction]));
		json_object_set_new(row, "count", parts_count(of->count));
		json_object_set_new(row, "bytes", parts_count(of->bytes));
		set_time(row, "last", c, of->last);
		json_array_append_new(messages, row);
	}
}

static json_t *
messages_array(const struct controller *c)
{
	json_t *messages = json_array();

	for (uint32_t i = 0; i < c->dict->n_messages; i++)
		add_messages(messages, c, &c->dict->messages[i]);
	add_messages(messages, c, NULL);
	return messages;
}

static json_t *
records_object(struct controller *c)
{
	json_t *records = json_object();

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct traffic_records *of = &c->traffic.records[kind];
		double rate = traffic_rate(&c->traffic, (enum kind)kind, now_of(c));
		json_t *object;

		if (!of->count)
			continue;
		object = json_pack("{s:o,s:f}", "count", parts_count(of->count), "per_s",
				   round(rate * 10) / 10);
		set_time(object, "last", c, of->last);
		json_object_set_new(records, kind_name((enum kind)kind), object);
	}
	return records;
}

static json_t *
faults_object(const struct controller *c)
{
	json_t *faults = json_object();

	for (unsigned level = FAULT_RECORD; level <= FAULT_FRAME; level++)
		json_object_set_new(faults, fault_level_name((enum fault_level)level),
				    parts_count(c->counters.faults[level]));
	return faults;
}

static json_t *
tags_object(const struct config_controller *config)
{
	json_t *tags = json_object();

	for (size_t i = 0; i < config->n_tags; i++)
		json_object_set_new(tags, config->tags[i].name, json_string(config->tags[i].value));
	return tags;
}

json_t *
status_controller(struct controller *c)
{
	json_t *object = json_pack("{s:s}", "name", c->config->name);

	parts_set_state(object, c);
	json_object_set_new(object, "hosts", hosts_array(c->config));
	json_object_set_new(object, "port", json_integer(c->config->port));
	add_connection(object, c);
	json_object_set_new(object, "dictionary", parts_dictionary(c->dict));
	parts_set_filled(object, "tags", tags_object(c->config));
	set_time(object, "last_message", c, c->traffic.last_received);
	json_object_set_new(object, "echo", echo_object(c));
	json_object_set_new(object, "services", services_array(c));
	json_object_set_new(object, "messages", messages_array(c));
	json_object_set_new(object, "connections", parts_count(c->counters.connections));
	json_object_set_new(object, "faults", faults_object(c));
	json_object_set_new(object, "records", records_object(c));
	json_object_set_new(object, "macs",
			    json_pack("{s:o,s:o}", "local", parts_count(c->traffic.macs_local),
				      "universal", parts_count(c->traffic.macs_universal)));
	return object;
}

json_t *
status_output(struct output *output)
{
	json_t *object = json_pack("{s:s}", "name", output->name);
	json_t *rest = parts_output_self(output);

	json_object_update(object, rest);
	json_decref(rest);
	return object;
}

/* The outputs, with the accounts of one controller. */
static json_t *
outputs_of(struct gateway *g, const char *controller)
{
	json_t *outputs = json_array();

	for (size_t i = 0; i < g->n_outputs; i++) {
		struct ledger_page *page = ledger_page(&g->ledger, g->outputs[i]->name);
		json_t *output = status_output(g->outputs[i]), *accounts = json_object();

		if (page)
			parts_set_filled(
				accounts, controller,
				parts_accounts(&ledger_page_get(page, controller)->accounts));
		parts_set_filled(output, "controllers", accounts);
		json_array_append_new(outputs, output);
	}
	return outputs;
}

json_t *
status_of(struct gateway *g, struct controller *c)
{
	return json_pack("{s:s,s:o,s:o,s:[o],s:o}", "schema", STATUS_SCHEMA, "ts",
			 parts_time(timestamp_now()), "gateway", status_gateway(g), "controllers",
			 status_controller(c), "outputs", outputs_of(g, c->config->name));
}
