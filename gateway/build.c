/* SPDX-License-Identifier: ISC */
/* build.c: from the configuration to the parts of a gateway */
#include "gateway/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dictionary.h"
#include "gateway/command.h"
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

static struct account_set *
spool_accounts(void *page, const char *controller)
{
	return ledger_page_get(page, controller);
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
		.commands.take = config->commands ? command_take : NULL,
		.commands.context = g,
		.spool.path = config->spool_path,
		.spool.max_size = config->spool_max_size,
		.spool.sync = config->spool_sync == SYNC_BATCH,
		.spool.accounts = spool_accounts,
		.spool.context = ledger_page(&g->ledger, config->name),
	};

	set_policies(settings.policies, &config->full);
	return settings;
}

static struct output *
build_mqtt(struct gateway *g, const struct config_mqtt *config, char *error)
{
	struct mqtt_settings settings = mqtt_settings_of(g, config);
	struct mqtt_broker *brokers = calloc(config->n_brokers, sizeof *brokers);
	struct output *output;

	if (!brokers || !settings.spool.context) {
		free(brokers);
		snprintf(error, ERROR_SIZE, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < config->n_brokers; i++)
		brokers[i] = (struct mqtt_broker){config->brokers[i].host, config->brokers[i].port};
	settings.brokers = brokers;
	settings.n_brokers = config->n_brokers;
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
	if (!g->outputs)
		return out_of_memory();
	for (size_t i = 0; i < config->n_mqtts; i++)
		if (add_output(g, build_mqtt(g, &config->mqtts[i], error), config->mqtts[i].name,
			       error))
			return -1;
	for (size_t i = 0; i < config->n_files; i++)
		if (add_output(g, build_file(&config->files[i], error), config->files[i].name,
			       error))
			return -1;
	return 0;
}

static int
build_routes(struct gateway *g, struct controller *c)
{
	c->process.routes = calloc(g->n_outputs + 1, sizeof *c->process.routes);
	if (!c->process.routes)
		return out_of_memory();
	for (size_t i = 0; i < g->n_outputs; i++) {
		struct ledger_page *page = ledger_page(&g->ledger, g->outputs[i]->name);

		if (!page)
			return out_of_memory();
		c->process.routes[c->process.n_routes++] =
			(struct route){.output = g->outputs[i],
				       .accounts = ledger_page_get(page, c->config->name)};
	}
	return 0;
}

/* Fills in what a controller's records carry. */
static int
build_process(struct gateway *g, struct controller *c)
{
	const struct config_controller *config = c->config;

	c->tags = calloc(config->n_tags + 1, sizeof *c->tags);
	if (!c->tags)
		return out_of_memory();
	for (size_t i = 0; i < config->n_tags; i++)
		c->tags[i] = (struct envelope_tag){config->tags[i].name, config->tags[i].value};
	c->process.source = (struct envelope_source){
		.gateway = g->config->gateway.name,
		.controller = config->name,
		.tags = c->tags,
		.n_tags = config->n_tags,
	};
	c->process.scratch = g->scratch;
	c->process.publish_unknown = g->config->gateway.publish_unknown;
	c->process.unknown_rate = g->config->gateway.unknown_rate;
	return build_routes(g, c);
}

/* What a controller needs before controller_init(); 0, or -1 (told in the log). */
static int
prepare_controller(struct gateway *g, struct controller *c, const char **names)
{
	const char *name = *c->config->dictionary ? c->config->dictionary
						  : g->config->gateway.dictionary;
	char error[ERROR_SIZE];

	c->shared = &g->shared;
	c->dict = get_dict(g, names, name);
	if (!c->dict)
		return -1;
	c->tls = tls_context_get(&g->identity, c->config, error, sizeof error);
	if (c->tls)
		return build_process(g, c);
	log_error("gateway", "controller %s: %s", c->config->name, error);
	return -1;
}

static int
build_controller(struct gateway *g, const struct config_controller *config, const char **names)
{
	struct controller *c = calloc(1, sizeof *c);

	if (!c)
		return out_of_memory();
	c->config = config;
	if (prepare_controller(g, c, names) == 0) {
		if (controller_init(c) == 0) {
			g->controllers[g->n_controllers++] = c;
			return 0;
		}
		log_error("gateway",
			  "controller %s: dictionary %s lacks a service that is asked for, or out "
			  "of memory",
			  config->name, c->dict->name);
	}
	controller_free(c);
	return -1;
}

static int
build_controllers(struct gateway *g, const char **names)
{
	const struct config *config = g->config;

	g->controllers = calloc(config->n_controllers + 1, sizeof(*g->controllers));
	g->scratch = scratch_new();
	if (!g->controllers || !g->scratch)
		return out_of_memory();
	for (size_t i = 0; i < config->n_controllers; i++)
		if (build_controller(g, &config->controllers[i], names))
			return -1;
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
