/* SPDX-License-Identifier: ISC */
/* build.c: from the configuration to the parts of a gateway */
#include "gateway/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dictionary.h"
#include "gateway/log.h"
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

/* Each dictionary once, by the name that the configuration gives it. */
static const struct dict *
get_dict(struct gateway *g, const char **names, const char *name)
{
	for (size_t i = 0; i < g->n_dicts; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return g->dicts[i];
	g->dicts[g->n_dicts] = dictionary_load(name, &report);
	if (!g->dicts[g->n_dicts])
		return NULL;
	names[g->n_dicts] = name;
	return g->dicts[g->n_dicts++];
}

static int
build_identity(struct gateway *g)
{
	const struct config_gateway *config = &g->config->gateway;
	const struct identity_files files = {config->certificate, config->key, config->mac};
	char error[ERROR_SIZE], mac[MAC_TEXT];
	int made = identity_ensure(&g->identity, &files, error, sizeof error);

	if (made < 0) {
		log_error("identity", "%s", error);
		return -1;
	}
	log_info("identity", "%sMAC address %s, SHA-2 key hash %s", made ? "made " : "",
		 mac_text(g->identity.mac, ':', mac), g->identity.hashes.sha256);
	g->device = (struct session_device){
		.name = config->name, .model = "nmsp2mqtt", .software = VERSION};
	for (size_t i = 0; i < MAC_SIZE; i++)
		g->device.mac = g->device.mac << 8 | g->identity.mac[i];
	return 0;
}

static enum publish_mode
mode_of(enum config_publish publish)
{
	return publish == PUBLISH_BATCH ? MODE_BATCH : MODE_RECORD;
}

/* Whose records a spool holds. On the output's thread: nothing here changes while outputs run. */
static struct account_set *
spool_accounts(void *context, const char *name)
{
	const struct gateway_spool *spool = context;
	const struct config *config = spool->gateway->config;
	size_t place = 0;

	while (place < config->n_controllers && strcmp(config->controllers[place].name, name) != 0)
		place++;
	return gateway_accounts(spool->gateway, spool->output, place);
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

static void
set_policies(enum queue_policy policies[KIND_COUNT], const struct config_full *full)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		policies[kind] = policy_of(full->others);
	policies[KIND_RSSI] = policy_of(full->rssi);
	policies[KIND_STATISTICS] = policy_of(full->statistics);
}

static struct mqtt_settings
mqtt_settings_of(const struct gateway *g, const struct config_mqtt *config)
{
	struct mqtt_settings settings = {
		.name = config->name,
		.protocol = config->protocol,
		.client_id = config->client_id,
		.username = config->username,
		.password = config->password,
		.keepalive_s = config->keepalive_s,
		.qos = config->qos,
		.mode = mode_of(config->publish),
		.topic = config->topic,
		.prefix = config->prefix,
		.gateway = g->config->gateway.name,
		.session = g->session,
		.version = VERSION,
		.expiry_s = config->expiry_s,
		.queue_size = config->queue_size,
		.window = config->window,
		.progress_timeout_s = config->progress_timeout_s,
		.tls.enabled = config->tls,
		.tls.ca_file = config->tls_ca_file,
		.tls.certificate = config->tls_certificate,
		.tls.key = config->tls_key,
		.tls.verify = config->tls_verify,
		.spool.path = config->spool_path,
		.spool.max_size = config->spool_max_size,
		.spool.sync = config->spool_sync == SYNC_BATCH,
		.spool.accounts = spool_accounts,
	};

	set_policies(settings.policies, &config->full);
	return settings;
}

static struct output *
build_mqtt(const struct gateway *g, size_t place, char *error)
{
	const struct config_mqtt *config = &g->config->mqtts[place];
	struct mqtt_settings settings = mqtt_settings_of(g, config);
	struct mqtt_broker *brokers = calloc(config->n_brokers, sizeof *brokers);
	struct output *output;

	if (!brokers) {
		snprintf(error, ERROR_SIZE, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < config->n_brokers; i++)
		brokers[i] = (struct mqtt_broker){config->brokers[i].host, config->brokers[i].port};
	settings.brokers = brokers;
	settings.n_brokers = config->n_brokers;
	settings.spool.context = &g->spools[place];
	output = mqtt_output_new(&settings, error, ERROR_SIZE);
	free(brokers);
	return output;
}

static struct output *
build_file(const struct config_file *config, char *error)
{
	struct file_settings settings = {
		.name = config->name,
		.path = config->path,
		.mode = mode_of(config->publish),
		.queue_size = config->queue_size,
	};

	set_policies(settings.policies, &config->full);
	return file_output_new(&settings, error, ERROR_SIZE);
}

static int
add_output(struct gateway *g, struct output *output, const char *name, const char *error)
{
	if (!output) {
		log_error("gateway", "output %s: %s", name, error);
		return -1;
	}
	g->outputs[g->n_outputs++] = output;
	return 0;
}

static int
build_outputs(struct gateway *g)
{
	const struct config *config = g->config;
	char error[ERROR_SIZE];

	g->outputs = calloc(config->n_mqtts + config->n_files + 1, sizeof(*g->outputs));
	g->spools = calloc(config->n_mqtts + 1, sizeof(*g->spools));
	if (!g->outputs || !g->spools)
		return out_of_memory();
	for (size_t i = 0; i < config->n_mqtts; i++) {
		g->spools[i] = (struct gateway_spool){g, i};
		if (add_output(g, build_mqtt(g, i, error), config->mqtts[i].name, error))
			return -1;
	}
	for (size_t i = 0; i < config->n_files; i++)
		if (add_output(g, build_file(&config->files[i], error), config->files[i].name,
			       error))
			return -1;
	g->accounts = calloc(g->n_outputs * (config->n_controllers + 1) + 1, sizeof *g->accounts);
	return g->accounts ? 0 : out_of_memory();
}

/* The outputs stand in the order of the configuration, those to brokers first. */
static const struct config_filter *
filter_of_output(const struct config *config, size_t place)
{
	return place < config->n_mqtts ? &config->mqtts[place].filter
				       : &config->files[place - config->n_mqtts].filter;
}

static int
build_gate(struct gate *gate, const struct config_filter *config, const struct dict *dict)
{
	struct filter *filter;

	if (filter_new(&filter, config, dict))
		return out_of_memory();
	gate_set(gate, filter);
	return 0;
}

static int
build_routes(struct gateway *g, struct controller *c, size_t place)
{
	struct process *process = &c->process;

	process->routes = calloc(g->n_outputs + 1, sizeof *process->routes);
	if (!process->routes)
		return out_of_memory();
	process->memory = (struct process_memory){c->config->enrich_ttl_s * UINT64_C(1000),
						  c->config->enrich_max};
	for (size_t i = 0; i < g->n_outputs; i++) {
		struct route *route = &process->routes[process->n_routes++];

		*route = (struct route){.output = g->outputs[i],
					.accounts = gateway_accounts(g, i, place)};
		if (build_gate(&route->gate, filter_of_output(g->config, i), c->dict))
			return -1;
	}
	return build_gate(&process->gate, &c->config->filter, c->dict);
}

/* Fills in what a controller's records carry; returns the tags behind its own. */
static struct envelope_tag *
build_process(struct gateway *g, struct controller *c, struct envelope_tag *tags)
{
	const struct config_controller *config = c->config;

	for (size_t i = 0; i < config->n_tags; i++)
		tags[i] = (struct envelope_tag){config->tags[i].name, config->tags[i].value};
	c->process.source = (struct envelope_source){
		.gateway = g->config->gateway.name,
		.controller = config->name,
		.tags = tags,
		.n_tags = config->n_tags,
	};
	c->process.scratch = g->scratch;
	c->process.publish_unknown = g->config->gateway.publish_unknown;
	c->process.unknown_rate = g->config->gateway.unknown_rate;
	return tags + config->n_tags;
}

static int
build_controller(struct gateway *g, size_t place, const char **names)
{
	struct controller *c = &g->controllers[place];
	const char *name = *c->config->dictionary ? c->config->dictionary
						  : g->config->gateway.dictionary;
	char error[ERROR_SIZE];

	c->shared = &g->shared;
	c->dict = get_dict(g, names, name);
	if (!c->dict)
		return -1;
	c->tls = tls_context_get(&g->identity, c->config, error, sizeof error);
	if (!c->tls) {
		log_error("gateway", "controller %s: %s", c->config->name, error);
		return -1;
	}
	if (build_routes(g, c, place) == 0 && controller_init(c) == 0)
		return 0;
	log_error(
		"gateway",
		"controller %s: dictionary %s lacks a service that is asked for, or out of memory",
		c->config->name, c->dict->name);
	process_end(&c->process);
	free(c->process.routes);
	tls_context_put(c->tls);
	return -1;
}

static int
build_controllers(struct gateway *g, const char **names)
{
	const struct config *config = g->config;
	struct envelope_tag *tags;
	size_t n_tags = 0;

	for (size_t i = 0; i < config->n_controllers; i++)
		n_tags += config->controllers[i].n_tags;
	g->controllers = calloc(config->n_controllers + 1, sizeof *g->controllers);
	g->tags = calloc(n_tags + 1, sizeof *g->tags);
	g->scratch = scratch_new();
	if (!g->controllers || !g->tags || !g->scratch)
		return out_of_memory();
	tags = g->tags;
	for (size_t i = 0; i < config->n_controllers; i++) {
		g->controllers[i].config = &config->controllers[i];
		tags = build_process(g, &g->controllers[i], tags);
		if (build_controller(g, i, names))
			return -1;
		g->n_controllers++;
	}
	return 0;
}

int
build_all(struct gateway *g)
{
	size_t most = g->config->n_controllers + 1;
	const char **names = calloc(most, sizeof(*names));
	int status;

	g->dicts = calloc(most, sizeof(*g->dicts));
	if (!names || !g->dicts)
		status = out_of_memory();
	else
		status = build_identity(g) || build_outputs(g) || build_controllers(g, names) ? -1
											      : 0;
	free(names);
	return status;
}
