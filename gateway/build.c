/* SPDX-License-Identifier: ISC */
/* build.c: from the configuration to the parts of a gateway */
#include "gateway/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dictionary.h"
#include "gateway/command.h"
#include "gateway/log.h"
#include "gateway/mac.h"
#include "gateway/tls.h"
#include "outputs/file.h"
#include "outputs/mqtt.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define ERROR_SIZE 512

static int
out_of_memory(void)
{
	log_error("gateway", "out of memory");
	return -1;
}

static void
report_to_log(void *context, const char *file, int line, const char *message)
{
	(void)context;
	log_error("conf", "%s:%d: %s", file, line, message);
}

static const struct report report = {.error = report_to_log};

/* The dictionary of a name that is loaded already; with another one, also an earlier one of the
 * same content. */
static struct gateway_dict *
find_dict(const struct gateway *g, const char *name, const struct dict *same)
{
	for (size_t i = 0; i < g->n_dicts; i++) {
		struct gateway_dict *d = &g->dicts[i];
		bool wanted = same ? strcmp(d->dict->hash, same->hash) == 0 : d->current;

		if (wanted && strcmp(d->name, name) == 0)
			return d;
	}
	return NULL;
}

/* Takes a dictionary over; NULL without memory. */
static struct gateway_dict *
add_dict(struct gateway *g, const char *name, struct dict *dict)
{
	struct gateway_dict *dicts = reallocarray(g->dicts, g->n_dicts + 1, sizeof *dicts);
	char *copy = strdup(name);

	if (dicts)
		g->dicts = dicts;
	if (!dicts || !copy) {
		free(copy);
		dictionary_free(dict);
		return NULL;
	}
	dicts[g->n_dicts] = (struct gateway_dict){.name = copy, .dict = dict};
	return &dicts[g->n_dicts++];
}

/* The dictionary that a name stands for now; NULL after an error (told in the log). One whose
 * content is as before stays the same one. */
static const struct dict *
get_dict(struct gateway *g, const char *name)
{
	struct gateway_dict *found = find_dict(g, name, NULL);
	struct dict *dict;

	if (found)
		return found->dict;
	dict = dictionary_load(name, &report);
	if (!dict)
		return NULL;
	found = find_dict(g, name, dict);
	if (found)
		dictionary_free(dict);
	else
		found = add_dict(g, name, dict);
	if (!found) {
		out_of_memory();
		return NULL;
	}
	found->current = true;
	return found->dict;
}

int
build_identity(const struct config *config, struct identity *identity)
{
	const struct identity_files files = {config->gateway.certificate, config->gateway.key,
					     config->gateway.mac};
	char error[ERROR_SIZE];

	if (identity_ensure(identity, &files, error, sizeof error) >= 0)
		return 0;
	log_error("identity", "%s", error);
	return -1;
}

void
build_device(struct gateway *g)
{
	g->device = (struct session_device){
		.name = g->config->gateway.name,
		.model = "nmsp2mqtt",
		.software = VERSION,
		.mac = mac_number(g->identity.mac),
	};
}

void
build_tell_identity(const struct gateway *g)
{
	char mac[MAC_TEXT];

	log_info("identity", "MAC address %s, SHA-2 key hash %s",
		 mac_text(g->identity.mac, ':', mac), g->identity.hashes.sha256);
}

enum publish_mode
build_mode(enum config_publish publish)
{
	return publish == PUBLISH_BATCH ? MODE_BATCH : MODE_RECORD;
}

static struct account_set *
spool_accounts(void *page, const char *controller)
{
	return &ledger_page_get(page, controller)->accounts;
}

static void
tell_entry(void *tell, struct ledger_entry *entry)
{
	(*(void (**)(struct account_set *))tell)(&entry->accounts);
}

static void
spool_each(void *page, void (*tell)(struct account_set *accounts))
{
	ledger_page_each(page, tell_entry, &tell);
}

static enum queue_policy
policy_of(enum config_when_full when_full)
{
	switch (when_full) {
	case FULL_CONFLATE:
		return POLICY_CONFLATE;
	case FULL_DROP_OLDEST:
		return POLICY_DROP_OLDEST;
	case FULL_DROP_NEWEST:
		return POLICY_DROP_NEWEST;
	}
	return POLICY_DEFAULT;
}

void
build_policies(enum queue_policy policies[KIND_COUNT], const struct config_full *full)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		policies[kind] = policy_of(full->others);
	policies[KIND_RSSI] = policy_of(full->rssi);
	policies[KIND_STATISTICS] = policy_of(full->statistics);
}

static struct mqtt_settings
mqtt_settings_of(struct gateway *g, const struct config_mqtt *config)
{
	struct mqtt_settings settings = {
		.name = config->name,
		.protocol = config->protocol,
		.client_id = config->client_id,
		.username = config->username,
		.password = config->password,
		.keepalive_s = config->keepalive_s,
		.qos = config->qos,
		.mode = build_mode(config->publish),
		.topic = config->topic,
		.prefix = config->prefix,
		.gateway = g->config->gateway.name,
		.session = g->session,
		.version = VERSION,
		.expiry_s = config->expiry_s,
		.queue_size = config->queue_size,
		.window = config->window,
		.progress_timeout_s = config->progress_timeout_s,
		.session_expiry_s = config->session_expiry_s,
		.backoff_min_ms = config->backoff_min_ms,
		.backoff_max_ms = config->backoff_max_ms,
		.tls.enabled = config->tls,
		.tls.ca_file = config->tls_ca_file,
		.tls.certificate = config->tls_certificate,
		.tls.key = config->tls_key,
		.tls.verify = config->tls_verify,
		.commands.take = config->commands ? command_take : NULL,
		.commands.context = g,
		.spool.path = config->spool_path,
		.spool.max_size = config->spool_max_size,
		.spool.sync = config->spool_sync == SYNC_BATCH,
		.spool.accounts = spool_accounts,
		.spool.each = spool_each,
		.spool.context = ledger_page(&g->ledger, config->name),
	};

	build_policies(settings.policies, &config->full);
	return settings;
}

struct output *
build_mqtt(struct gateway *g, const struct config_mqtt *config, struct queue *queue)
{
	struct mqtt_settings settings = mqtt_settings_of(g, config);
	struct mqtt_broker *brokers = calloc(config->n_brokers, sizeof *brokers);
	struct output *output = NULL;
	char error[ERROR_SIZE] = "out of memory";

	if (brokers && settings.spool.context) {
		for (size_t i = 0; i < config->n_brokers; i++)
			brokers[i] = (struct mqtt_broker){config->brokers[i].host,
							  config->brokers[i].port};
		settings.brokers = brokers;
		settings.n_brokers = config->n_brokers;
		settings.queue = queue;
		output = mqtt_output_new(&settings, error, sizeof error);
	}
	free(brokers);
	if (!output)
		log_error("gateway", "mqtt %s: %s", config->name, error);
	return output;
}

struct output *
build_file(const struct config_file *config, struct queue *queue)
{
	struct file_settings settings = {
		.name = config->name,
		.path = config->path,
		.mode = build_mode(config->publish),
		.queue_size = config->queue_size,
		.queue = queue,
	};
	struct output *output;
	char error[ERROR_SIZE];

	build_policies(settings.policies, &config->full);
	output = file_output_new(&settings, error, sizeof error);
	if (!output)
		log_error("gateway", "file %s: %s", config->name, error);
	return output;
}

static int
add_output(struct gateway *g, struct output *output)
{
	if (output)
		g->outputs[g->n_outputs++] = output;
	return output ? 0 : -1;
}

static int
build_outputs(struct gateway *g)
{
	const struct config *config = g->config;

	g->outputs = calloc(config->n_mqtts + config->n_files + 1, sizeof(*g->outputs));
	if (!g->outputs)
		return out_of_memory();
	for (size_t i = 0; i < config->n_mqtts; i++)
		if (add_output(g, build_mqtt(g, &config->mqtts[i], NULL)))
			return -1;
	for (size_t i = 0; i < config->n_files; i++)
		if (add_output(g, build_file(&config->files[i], NULL)))
			return -1;
	return 0;
}

/* The filter of an output, which the configuration names by its type. */
static const struct config_filter *
filter_of(const struct config *config, const struct output *output)
{
	bool is_mqtt = strcmp(output->ops->type, "mqtt") == 0;
	const struct config_mqtt *mqtt = is_mqtt ? config_mqtt_named(config, output->name) : NULL;
	const struct config_file *file = is_mqtt ? NULL : config_file_named(config, output->name);

	if (mqtt)
		return &mqtt->filter;
	return file ? &file->filter : NULL;
}

static int
build_gate(struct gate *gate, const struct config_filter *config, const struct dict *dict)
{
	struct filter *filter = NULL;

	if (config && filter_new(&filter, config, dict))
		return -1;
	gate_set(gate, filter);
	return 0;
}

/* Filters of the configuration that is now valid, for the dictionary of the session that there is,
 * or will be. */
static int
build_gates(struct gateway *g, struct controller *c, const struct config_controller *config)
{
	const struct dict *dict = c->next.config ? c->next.dict : c->dict;
	struct process *process = &c->process;
	bool failed = build_gate(&process->gate, &config->filter, dict);

	process->memory.ttl_ms = config->enrich_ttl_s * UINT64_C(1000);
	process->memory.max = config->enrich_max;
	for (size_t i = 0; i < process->n_routes; i++) {
		struct route *route = &process->routes[i];

		failed |= build_gate(&route->gate, filter_of(g->config, route->output), dict);
	}
	return process_arrange(process) || failed ? out_of_memory() : 0;
}

int
build_routes(struct gateway *g, struct controller *c)
{
	struct route *routes = calloc(g->n_outputs + 1, sizeof *routes);

	if (!routes)
		return out_of_memory();
	for (size_t i = 0; i < g->n_outputs; i++) {
		struct ledger_page *page = ledger_page(&g->ledger, g->outputs[i]->name);
		struct ledger_entry *entry;

		if (!page) {
			free(routes);
			return out_of_memory();
		}
		entry = ledger_page_get(page, c->config->name);
		routes[i] = (struct route){.output = g->outputs[i],
					   .accounts = &entry->accounts,
					   .controller = entry->controller};
	}
	process_set_routes(&c->process, routes, g->n_outputs);
	return build_gates(g, c, c->config);
}

int
build_records(struct gateway *g, struct controller *c, const struct config_controller *config)
{
	struct envelope_tag *tags = calloc(config->n_tags + 1, sizeof *tags);

	if (!tags)
		return out_of_memory();
	for (size_t i = 0; i < config->n_tags; i++)
		tags[i] = (struct envelope_tag){config->tags[i].name, config->tags[i].value};
	free(c->tags);
	c->tags = tags;
	c->process.source.gateway = g->config->gateway.name;
	c->process.source.controller = config->name;
	c->process.source.tags = tags;
	c->process.source.n_tags = config->n_tags;
	c->process.scratch = g->scratch;
	c->process.publish_unknown = g->config->gateway.publish_unknown;
	c->process.unknown_rate = g->config->gateway.unknown_rate;
	if (build_gates(g, c, config))
		return -1;
	return process_renew(&c->process) ? out_of_memory() : 0;
}

int
build_setup(struct gateway *g, const struct config_controller *config,
	    struct controller_setup *setup)
{
	const char *name = *config->dictionary ? config->dictionary : g->config->gateway.dictionary;
	char error[ERROR_SIZE];

	*setup = (struct controller_setup){.config = config, .dict = get_dict(g, name)};
	if (!setup->dict)
		return -1;
	setup->tls = tls_context_get(&g->identity, config, error, sizeof error);
	if (setup->tls)
		return 0;
	log_error("gateway", "controller %s: %s", config->name, error);
	return -1;
}

static struct controller *
discard_controller(struct controller *c, const char *why)
{
	log_error("gateway", "controller %s: %s", c->config->name, why);
	controller_free(c);
	return NULL;
}

struct controller *
build_controller(struct gateway *g, const struct config_controller *config)
{
	struct controller *c = calloc(1, sizeof *c);
	struct controller_setup setup;

	if (!c || build_setup(g, config, &setup)) {
		free(c);
		return NULL;
	}
	c->shared = &g->shared;
	c->config = config;
	c->dict = setup.dict;
	c->tls = setup.tls;
	if (build_records(g, c, config) || build_routes(g, c))
		return discard_controller(c, "cannot be prepared");
	if (controller_init(c))
		return discard_controller(c, "its dictionary lacks a service that is asked for, "
					     "or out of memory");
	return c;
}

static int
build_controllers(struct gateway *g)
{
	const struct config *config = g->config;

	g->controllers = calloc(config->n_controllers + 1, sizeof(*g->controllers));
	g->scratch = scratch_new();
	if (!g->controllers || !g->scratch)
		return out_of_memory();
	for (size_t i = 0; i < config->n_controllers; i++) {
		struct controller *c = build_controller(g, &config->controllers[i]);

		if (!c)
			return -1;
		g->controllers[g->n_controllers++] = c;
	}
	return 0;
}

int
build_all(struct gateway *g)
{
	if (build_identity(g->config, &g->identity))
		return -1;
	build_device(g);
	build_tell_identity(g);
	return build_outputs(g) || build_controllers(g) ? -1 : 0;
}
