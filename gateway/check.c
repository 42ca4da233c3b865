/* SPDX-License-Identifier: ISC */
/* check.c: whether what a configuration names can be used: dictionaries, identity, TLS settings */
#include "gateway/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/dictionary.h"
#include "conf/suggest.h"
#include "gateway/filter.h"
#include "gateway/identity.h"
#include "gateway/log.h"
#include "gateway/tls.h"

/* A dictionary, by the option that names it. */
struct named_dict {
	char *const *name;
	struct dict *dict; /* NULL: it cannot be used */
};

struct check {
	const struct config *config;
	struct named_dict *dicts; /* each once */
	size_t n_dicts;
	const struct report *caller;
	struct report report; /* counts, and hands on to the caller's */
	unsigned errors;
};

static void
check_service(const struct check *check, const struct dict *dict,
	      const struct config_controller *controller, const struct config_service *wanted)
{
	const struct service *service = dict_service_named(dict, wanted->service);
	struct suggest suggest = suggest_for(service ? wanted->subservice : wanted->service);
	char hint[64];

	if (service && dict_subservice_named(service, wanted->subservice))
		return;
	for (uint32_t i = 0; service && i < service->n_subservices; i++)
		suggest_offer(&suggest, service->subservices[i].name);
	for (uint32_t i = 0; !service && i < dict->n_services; i++)
		suggest_offer(&suggest, dict->services[i].name);
	report_error(&check->report, config_place(check->config, wanted),
		     "controller \"%s\": services: dictionary %s has no \"%s%s%s\"%s",
		     controller->name, dict->name, wanted->service, service ? ":" : "",
		     service ? wanted->subservice : "", suggest_text(&suggest, hint, sizeof hint));
}

/* What of the configuration names the dictionary of a controller. */
static char *const *
dictionary_of(const struct config *config, const struct config_controller *controller)
{
	return *controller->dictionary ? &controller->dictionary : &config->gateway.dictionary;
}

/* The dictionary of a name, loaded the first time; NULL when it cannot be used. */
static const struct dict *
get_dict(struct check *check, char *const *name)
{
	struct named_dict *dict = check->dicts;

	for (; dict < check->dicts + check->n_dicts; dict++)
		if (strcmp(*dict->name, *name) == 0)
			return dict->dict;
	*dict = (struct named_dict){name, dictionary_load(*name, &check->report)};
	check->n_dicts++;
	if (!dict->dict)
		report_error(&check->report, config_place(check->config, name),
			     "dictionary \"%s\" cannot be used, expected a shipped one or a path",
			     *name);
	return dict->dict;
}

static void
entity_names(const struct dict *dict, struct suggest *suggest, char *names, size_t size)
{
	const struct enumeration *entities = filter_entities(dict);
	size_t used = 0;

	names[0] = '\0';
	for (uint32_t i = 0; entities && i < entities->n_values && used < size; i++) {
		const char *name = entities->values[i].name;

		suggest_offer(suggest, name);
		used += (size_t)snprintf(names + used, size - used, "%s%s", i ? ", " : "", name);
	}
}

/* An entity must be known to one of `n` dictionaries. */
static void
check_entity(const struct check *check, const struct named_dict *dicts, size_t n,
	     const struct config_rule *rule)
{
	struct suggest suggest = suggest_for(rule->entity);
	char names[256] = "", hint[64];

	for (size_t i = 0; i < n; i++) {
		if (!dicts[i].dict || filter_knows_entity(dicts[i].dict, rule->entity))
			return;
		entity_names(dicts[i].dict, &suggest, names, sizeof names);
	}
	report_error(&check->report, config_place(check->config, rule),
		     "filter: the dictionary has no entity \"%s\", expected one of %s%s",
		     rule->entity, names, suggest_text(&suggest, hint, sizeof hint));
}

static void
check_filter(const struct check *check, const struct named_dict *dicts, size_t n,
	     const struct config_filter *filter)
{
	const struct config_rules *const both[] = {&filter->allow, &filter->deny};

	for (unsigned i = 0; i < 2; i++)
		for (size_t k = 0; k < both[i]->n; k++)
			if (both[i]->items[k].terms & 1U << TERM_ENTITY)
				check_entity(check, dicts, n, &both[i]->items[k]);
}

static void
check_controller(struct check *check, const struct config_controller *controller)
{
	const struct dict *dict = get_dict(check, dictionary_of(check->config, controller));
	const struct named_dict *named = check->dicts;

	if (!dict)
		return;
	for (size_t i = 0; i < controller->n_services; i++)
		check_service(check, dict, controller, &controller->services[i]);
	while (named->dict != dict)
		named++;
	check_filter(check, named, 1, &controller->filter);
}

/* What dictionaries are held against: services, and the entities of filters. */
static void
check_dictionaries(struct check *check)
{
	const struct config *config = check->config;

	check->dicts = calloc(config->n_controllers + 1, sizeof *check->dicts);
	if (!check->dicts) {
		report_error(&check->report, config_place(config, NULL), "out of memory");
		return;
	}
	get_dict(check, &config->gateway.dictionary);
	for (size_t i = 0; i < config->n_controllers; i++)
		check_controller(check, &config->controllers[i]);
	for (size_t i = 0; i < config->n_mqtts; i++)
		check_filter(check, check->dicts, check->n_dicts, &config->mqtts[i].filter);
	for (size_t i = 0; i < config->n_files; i++)
		check_filter(check, check->dicts, check->n_dicts, &config->files[i].filter);
	while (check->n_dicts > 0)
		dictionary_free(check->dicts[--check->n_dicts].dict);
	free(check->dicts);
}

static bool
can_use(const struct identity *identity, const struct config_controller *controller)
{
	char error[512];
	struct tls_context *context = tls_context_get(identity, controller, error, sizeof error);

	tls_context_put(context);
	return context != NULL;
}

/* The option of the tls section without which the others could be used. */
static const void *
find_culprit(const struct identity *identity, const struct config_controller *controller)
{
	static char none[] = "";
	struct config_controller other = *controller;

	other.ciphers = none;
	if (can_use(identity, &other))
		return &controller->ciphers;
	other = *controller;
	other.ca_file = none;
	if (can_use(identity, &other))
		return &controller->ca_file;
	return &controller->min_version;
}

static void
check_contexts(const struct check *check, const struct identity *identity)
{
	struct tls_context *last = NULL; /* kept, so that alike ones are made once */

	for (size_t i = 0; i < check->config->n_controllers; i++) {
		const struct config_controller *controller = &check->config->controllers[i];
		char error[512];
		struct tls_context *context =
			tls_context_get(identity, controller, error, sizeof error);

		if (!context)
			report_error(&check->report,
				     config_place(check->config,
						  find_culprit(identity, controller)),
				     "controller \"%s\": %s", controller->name, error);
		tls_context_put(last);
		last = context;
	}
	tls_context_put(last);
}

static void
check_identity(const struct check *check, bool make)
{
	const struct config_gateway *gateway = &check->config->gateway;
	const struct identity_files files = {gateway->certificate, gateway->key, gateway->mac};
	struct report_place place = config_place(check->config, &gateway->certificate);
	struct identity identity = {0};
	char error[512];
	int made;

	if (!make && access(gateway->certificate, F_OK) < 0 && access(gateway->key, F_OK) < 0) {
		report_error(&check->report, place,
			     "no identity in %s and %s; make one with nmsp2mqtt identity -c %s",
			     gateway->certificate, gateway->key, check->config->path);
		return;
	}
	made = make ? identity_ensure(&identity, &files, error, sizeof error)
		    : identity_load(&identity, &files, error, sizeof error);
	if (made < 0)
		report_error(&check->report, place, "identity: %s", error);
	else
		check_contexts(check, &identity);
	if (made > 0)
		log_info("identity", "made %s", gateway->certificate);
	identity_fini(&identity);
}

static void
count_error(void *context, const char *file, int line, const char *message)
{
	struct check *check = context;

	check->errors++;
	check->caller->error(check->caller->context, file, line, message);
}

int
check_config(const struct config *config, const struct report *report, bool make_identity)
{
	struct check check = {.config = config, .caller = report};

	check.report = (struct report){.error = count_error, .context = &check};
	check_dictionaries(&check);
	if (!make_identity || check.errors == 0)
		check_identity(&check, make_identity);
	return check.errors == 0 ? 0 : -1;
}
