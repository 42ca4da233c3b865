/* SPDX-License-Identifier: ISC */
/* cmd_run.c: nmsp2mqtt run: the daemon in the foreground */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/config.h"
#include "gateway/check.h"
#include "gateway/commands.h"
#include "gateway/gateway.h"
#include "gateway/harden.h"
#include "gateway/log.h"
#include "gateway/tls.h"

static int
run(struct config *config)
{
	struct gateway *gateway = calloc(1, sizeof *gateway);
	int status = -1;

	if (!gateway) {
		config_free(config);
		return COMMAND_ERROR;
	}
	if (gateway_init(gateway, config) == 0)
		status = gateway_run(gateway);
	gateway_fini(gateway);
	free(gateway);
	return status ? COMMAND_ERROR : COMMAND_OK;
}

/* Gives away what is not needed, as soon as it is not. */
static int
prepare(const struct config *config)
{
	if (!config->gateway.core_dumps)
		harden_memory();
	if (harden_user(config->gateway.user))
		return -1;
	log_configure(&config->log.settings);
	if (check_config(config, &report_to_stderr, true))
		return -1;
	if (config->gateway.confine)
		harden_files(config);
	return 0;
}

int
cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"verbose", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL;
	struct config *config;
	int option;

	while ((option = getopt_long(argc, argv, "c:v", options, NULL)) != -1) {
		if (option == 'c')
			path = optarg;
		else if (option == 'v')
			log_be_verbose();
		else
			return command_usage("run");
	}
	if (!path || optind < argc) {
		fprintf(stderr, "%s: %s\n", argv[0],
			path ? "too many arguments" : "expected -c FILE");
		return command_usage("run");
	}
	tls_prepare_process();
	config = config_load(path, &report_to_stderr);
	if (!config)
		return COMMAND_ERROR;
	if (prepare(config) == 0)
		return run(config);
	config_free(config);
	return COMMAND_ERROR;
}
