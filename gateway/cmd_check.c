/* SPDX-License-Identifier: ISC */
/* cmd_check.c: nmsp2mqtt check: configuration, dictionaries and certificates, all errors at once */
#include <getopt.h>
#include <stdio.h>

#include "conf/config.h"
#include "gateway/check.h"
#include "gateway/commands.h"

static int
check_file(const char *path)
{
	struct config *config = config_load(path, &report_to_stderr);
	size_t outputs;
	int status;

	if (!config)
		return COMMAND_ERROR;
	outputs = config->n_mqtts + config->n_files;
	status = check_config(config, &report_to_stderr, false);
	if (status == 0)
		printf("%s: ok: %zu controller%s, %zu output%s, dictionary %s\n", path,
		       config->n_controllers, config->n_controllers == 1 ? "" : "s", outputs,
		       outputs == 1 ? "" : "s", config->gateway.dictionary);
	config_free(config);
	return status == 0 ? COMMAND_OK : COMMAND_ERROR;
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
