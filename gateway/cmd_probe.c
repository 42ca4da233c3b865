/* SPDX-License-Identifier: ISC */
/* cmd_probe.c: nmsp2mqtt probe: try out a controller step by step
 *
 * Which identity: that of the configuration given with -c, else of the installed configuration,
 * else of --state-dir or the current directory.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/config.h"
#include "conf/dictionary.h"
#include "conf/suggest.h"
#include "gateway/commands.h"
#include "gateway/log.h"
#include "gateway/probe.h"
#include "gateway/probe_document.h"
#include "gateway/probe_print.h"
#include "gateway/terminal.h"
#include "gateway/tls.h"

enum {
	DEFAULT_MS = 10000,
	MOST_S = 3600,
	ERROR_SIZE = 512,
};

/* The command line. */
struct options {
	const char *word; /* name of a controller, or a host */
	const char *config;
	const char *state_dir;
	enum advice_kind kind;
	uint16_t port; /* 0: not given */
	unsigned timeout_ms;
	unsigned wait_ms;
	bool json;
};

/* All that a probe is made of, and what owns it. */
struct setup {
	struct config *config; /* the file, or NULL */
	struct config *host;   /* of a host that no section describes, or NULL */
	const struct config_gateway *gateway;
	struct config_controller controller; /* a copy, that --port may change */
	struct dict *dict;
	struct identity identity;
	struct tls_context *tls;
};

static int
complain(const char *error)
{
	fprintf(stderr, "%s\n", error);
	return COMMAND_ERROR;
}

static bool
parse_ms(const char *text, unsigned *ms)
{
	char *rest;
	double seconds = strtod(text, &rest);

	if (rest == text || *rest || !(seconds >= 0.001 && seconds <= MOST_S))
		return false;
	*ms = (unsigned)(seconds * 1000);
	return true;
}

static bool
parse_port(const char *text, uint16_t *port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long number = digits > 0 && digits < 6 && !text[digits] ? strtoul(text, NULL, 10)
									 : 0;

	*port = (uint16_t)number;
	return number > 0 && number <= UINT16_MAX;
}

static bool
take_option(struct options *options, int option, const char *text)
{
	switch (option) {
	case 'c':
		options->config = text;
		return true;
	case 'd':
		options->state_dir = text;
		return true;
	case 'j':
		options->json = true;
		return true;
	case 'p':
		return parse_port(text, &options->port);
	case 't':
		return parse_ms(text, &options->timeout_ms);
	case 'w':
		return parse_ms(text, &options->wait_ms);
	case 'y':
		options->kind = advice_kind_named(text);
		return options->kind != ADVICE_UNKNOWN;
	default:
		return false;
	}
}

static bool
parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"port", required_argument, NULL, 'p'},
		{"state-dir", required_argument, NULL, 'd'},
		{"timeout", required_argument, NULL, 't'},
		{"type", required_argument, NULL, 'y'},
		{"wait", required_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*options = (struct options){.wait_ms = DEFAULT_MS};
	while ((option = getopt_long(argc, argv, "c:", known, NULL)) != -1) {
		if (take_option(options, option, optarg))
			continue;
		if (option != '?')
			fprintf(stderr, "%s: \"%s\" is no value for that option\n", argv[0],
				optarg);
		return false;
	}
	if (optind + 1 != argc || (options->config && options->state_dir)) {
		fprintf(stderr, "%s: %s\n", argv[0],
			optind + 1 != argc ? "expected one CONTROLLER"
					   : "expected -c or --state-dir, not both");
		return false;
	}
	options->word = argv[optind];
	return true;
}

static const struct config_controller *
find_section(const struct config *config, const char *name)
{
	const struct config_controller *section = config_controller_named(config, name);
	struct suggest suggest = suggest_for(name);
	char hint[64];

	if (section)
		return section;
	for (size_t i = 0; i < config->n_controllers; i++)
		suggest_offer(&suggest, config->controllers[i].name);
	fprintf(stderr, "%s has no controller \"%s\"%s\nTaking it for a host.\n", config->path,
		name, suggest_text(&suggest, hint, sizeof hint));
	return NULL;
}

/* Finds the controller: a section of the file, or all by default. */
static int
choose_controller(struct setup *setup, const struct options *options)
{
	const struct config_controller *section = NULL;
	const char *state_dir = options->state_dir ? options->state_dir : ".";
	const char *path = options->config;

	if (!path && !options->state_dir)
		path = command_installed_config();
	if (path) {
		setup->config = config_load(path, &report_to_stderr);
		if (!setup->config)
			return COMMAND_ERROR;
		section = find_section(setup->config, options->word);
	}
	if (!section && (!*options->word || strpbrk(options->word, " \t/")))
		return complain("expected a name or an address of a host");
	if (!section) {
		setup->host = config_of_host(options->word, state_dir, &report_to_stderr);
		if (!setup->host)
			return COMMAND_ERROR;
		section = setup->host->controllers;
	}
	setup->gateway = setup->config ? &setup->config->gateway : &setup->host->gateway;
	setup->controller = *section;
	if (options->port)
		setup->controller.port = options->port;
	return COMMAND_OK;
}

static int
tell_no_identity(const struct setup *setup)
{
	fprintf(stderr, "no identity in %s and %s; make one with nmsp2mqtt identity%s%s\n",
		setup->gateway->certificate, setup->gateway->key, setup->config ? " -c " : "",
		setup->config ? setup->config->path : " in that directory");
	return COMMAND_ERROR;
}

static int
prepare(struct setup *setup)
{
	const struct config_gateway *gateway = setup->gateway;
	const struct identity_files files = {gateway->certificate, gateway->key, gateway->mac};
	const char *dictionary = *setup->controller.dictionary ? setup->controller.dictionary
							       : gateway->dictionary;
	char error[ERROR_SIZE];

	if (access(files.certificate, F_OK) < 0 && access(files.key, F_OK) < 0)
		return tell_no_identity(setup);
	if (identity_load(&setup->identity, &files, error, sizeof error))
		return complain(error);
	setup->dict = dictionary_load(dictionary, &report_to_stderr);
	if (!setup->dict)
		return COMMAND_ERROR;
	setup->tls = tls_context_get(&setup->identity, &setup->controller, error, sizeof error);
	return setup->tls ? COMMAND_OK : complain(error);
}

static void
print_found(void *context, const struct probe_report *report, enum probe_step step)
{
	probe_print_step(stdout, context, report, step);
}

static void
print_nothing(void *context, const struct probe_report *report, enum probe_step step)
{
	(void)context, (void)report, (void)step;
}

static struct probe_style
choose_style(void)
{
	struct terminal terminal = terminal_of(stdout);

	return (struct probe_style){.ticks = terminal.unicode, .colours = terminal.colours};
}

static void
print_rest(const struct probe_report *report, struct probe_style *style)
{
	for (enum probe_step step = PROBE_NAME; step < PROBE_STEPS; step++)
		if (report->steps[step].verdict == PROBE_OPEN)
			probe_print_step(stdout, style, report, step);
}

static int
print_json(const struct probe_report *report)
{
	char *text = probe_document_text(report);

	if (!text)
		return complain("out of memory");
	puts(text);
	free(text);
	return COMMAND_OK;
}

static int
probe(const struct setup *setup, const struct options *options)
{
	static struct probe_report report;
	struct probe_style style = choose_style();
	const struct probe_watcher watcher = {options->json ? print_nothing : print_found, &style};
	const struct probe_settings settings = {
		.gateway = setup->gateway,
		.controller = &setup->controller,
		.dict = setup->dict,
		.identity = &setup->identity,
		.tls = setup->tls,
		.kind = options->kind,
		.timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_MS,
		.handshake_ms = options->timeout_ms ? options->timeout_ms
						    : setup->controller.handshake_timeout_s * 1000,
		.wait_ms = options->wait_ms,
	};

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (probe_run(&settings, &watcher, &report))
		return complain(
			"the dictionary lacks a service that is asked for, or out of memory");
	if (!options->json)
		print_rest(&report, &style);
	else if (print_json(&report))
		return COMMAND_ERROR;
	return probe_exit(&report);
}

static void
clear(struct setup *setup)
{
	tls_context_put(setup->tls);
	dictionary_free(setup->dict);
	identity_fini(&setup->identity);
	config_free(setup->host);
	config_free(setup->config);
}

int
cmd_probe(int argc, char **argv)
{
	const struct log_settings quiet = {.level = LOG_LEVEL_WARNING};
	struct setup setup = {.config = NULL};
	struct options options;
	int status;

	if (!parse(&options, argc, argv))
		return command_usage("probe");
	log_configure(&quiet);
	status = choose_controller(&setup, &options);
	if (status == COMMAND_OK)
		status = prepare(&setup);
	if (status == COMMAND_OK)
		status = probe(&setup, &options);
	clear(&setup);
	return status;
}
