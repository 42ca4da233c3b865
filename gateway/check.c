/* SPDX-License-Identifier: ISC */
/* check.c: whether what a configuration names can be used: dictionaries, identity, TLS settings */
#include "gateway/check.h"

#include <string.h>
#include <unistd.h>

#include "conf/dictionary.h"
#include "conf/suggest.h"
#include "gateway/identity.h"
#include "gateway/log.h"
#include "gateway/tls.h"

struct check {
	const struct config *config;
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

/* Loads a dictionary and holds the services of the controllers that use it against it. */
static void
check_dictionary(const struct check *check, char *const *name)
{
	const struct config *config = check->config;
	struct dict *dict = dictionary_load(*name, &check->report);

	if (!dict)
		report_error(&check->report, config_place(config, name),
			     "dictionary \"%s\" cannot be used, expected a shipped one or a path",
			     *name);
	for (size_t i = 0; dict && i < config->n_controllers; i++) {
		const struct config_controller *controller = &config->controllers[i];
		bool uses = strcmp(*dictionary_of(config, controller), *name) == 0;

		for (size_t j = 0; uses && j < controller->n_services; j++)
			check_service(check, dict, controller, &controller->services[j]);
	}
	dictionary_free(dict);
}

/* Each dictionary once. */
static void
check_dictionaries(const struct check *check)
{
	const struct config *config = check->config;

	check_dictionary(check, &config->gateway.dictionary);
	for (size_t i = 0; i < config->n_controllers; i++) {
		char *const *name = dictionary_of(config, &config->controllers[i]);
		bool done = strcmp(*name, config->gateway.dictionary) == 0;

		for (size_t j = 0; j < i && !done; j++)
			done = strcmp(*name, *dictionary_of(config, &config->controllers[j])) == 0;
		if (!done)
			check_dictionary(check, name);
	}
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
