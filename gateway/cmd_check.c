/* SPDX-License-Identifier: ISC */
/* cmd_check.c: nmsp2mqtt check: configuration, dictionaries and certificates, all errors at once */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/config.h"
#include "conf/dictionary.h"
#include "conf/suggest.h"
#include "gateway/commands.h"
#include "gateway/identity.h"
#include "gateway/tls.h"

struct check {
	const struct config *config;
	struct report report;
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
	report_error(&check->report, controller->place.file, controller->place.line,
		     "controller \"%s\": services: dictionary %s has no \"%s%s%s\"%s",
		     controller->name, dict->name, wanted->service, service ? ":" : "",
		     service ? wanted->subservice : "", suggest_text(&suggest, hint, sizeof hint));
}

static void
check_controllers(const struct check *check, const struct dict *dict, const char *name)
{
	const struct config *config = check->config;

	for (size_t i = 0; i < config->n_controllers; i++) {
		const struct config_controller *controller = &config->controllers[i];
		const char *own = *controller->dictionary ? controller->dictionary
							  : config->gateway.dictionary;
		for (size_t j = 0; strcmp(own, name) == 0 && j < controller->n_services; j++)
			check_service(check, dict, controller, &controller->services[j]);
	}
}

/* Loads a dictionary and holds the services of the controllers that use it against it. */
static void
check_dictionary(const struct check *check, const char *name, const struct config_place *place)
{
	struct dict *dict = dictionary_load(name, &check->report);

	if (dict)
		check_controllers(check, dict, name);
	else
		report_error(&check->report, place->file, place->line,
			     "dictionary \"%s\" cannot be used, expected a shipped one or a path",
			     name);
	dictionary_free(dict);
}

static void
check_dictionaries(const struct check *check)
{
	const struct config *config = check->config;

	check_dictionary(check, config->gateway.dictionary, &config->gateway.place);
	for (size_t i = 0; i < config->n_controllers; i++) {
		const struct config_controller *controller = &config->controllers[i];
		bool done = !*controller->dictionary ||
			    strcmp(controller->dictionary, config->gateway.dictionary) == 0;
		for (size_t j = 0; j < i; j++)
			done |= strcmp(config->controllers[j].dictionary, controller->dictionary) ==
				0;
		if (!done)
			check_dictionary(check, controller->dictionary, &controller->place);
	}
}

static void
check_contexts(const struct check *check, const struct identity *identity)
{
	for (size_t i = 0; i < check->config->n_controllers; i++) {
		const struct config_controller *controller = &check->config->controllers[i];
		char error[512];
		struct tls_context *context =
			tls_context_get(identity, controller, error, sizeof error);
		if (!context)
			report_error(&check->report, controller->place.file, controller->place.line,
				     "controller \"%s\": %s", controller->name, error);
		tls_context_put(context);
	}
}

static void
check_certificates(const struct check *check)
{
	const struct config_gateway *gateway = &check->config->gateway;
	const struct identity_files files = {gateway->certificate, gateway->key, gateway->mac};
	struct identity identity = {0};
	char error[512];

	if (access(gateway->certificate, F_OK) < 0 && access(gateway->key, F_OK) < 0)
		report_error(&check->report, gateway->place.file, gateway->place.line,
			     "no identity in %s and %s; make one with nmsp2mqtt identity -c %s",
			     gateway->certificate, gateway->key, check->config->path);
	else if (identity_load(&identity, &files, error, sizeof error) < 0)
		report_error(&check->report, gateway->place.file, gateway->place.line,
			     "identity: %s", error);
	else
		check_contexts(check, &identity);
	identity_fini(&identity);
}

static void
count_error(void *context, const char *file, int line, const char *message)
{
	struct check *check = context;

	check->errors++;
	command_report.error(command_report.context, file, line, message);
}

static int
check_file(const char *path)
{
	struct check check = {.errors = 0};
	struct config *config;
	size_t outputs;

	check.report = (struct report){.error = count_error, .context = &check};
	config = config_load(path, &check.report);
	if (!config)
		return COMMAND_ERROR;
	check.config = config;
	check_dictionaries(&check);
	check_certificates(&check);
	outputs = config->n_mqtts + config->n_files;
	if (check.errors == 0)
		printf("%s: ok: %zu controller%s, %zu output%s, dictionary %s\n", path,
		       config->n_controllers, config->n_controllers == 1 ? "" : "s", outputs,
		       outputs == 1 ? "" : "s", config->gateway.dictionary);
	config_free(config);
	return check.errors == 0 ? COMMAND_OK : COMMAND_ERROR;
}

int
cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (c != 'c')
			return command_usage("check");
		path = optarg;
	}
	if (!path || optind < argc) {
		fprintf(stderr, "%s: %s\n", argv[0],
			path ? "too many arguments" : "expected -c FILE");
		return command_usage("check");
	}
	return check_file(path);
}
