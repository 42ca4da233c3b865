/* SPDX-License-Identifier: ISC */
/* cmd_healthcheck.c: nmsp2mqtt healthcheck: whether the running gateway is well, for containers */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/commands.h"
#include "gateway/control_client.h"

static int
ask(const struct control_target *target, bool ready)
{
	const struct control_request request = {.method = "GET",
						.path = ready ? "/readyz" : "/healthz"};
	struct control_reply reply;
	int status;

	if (control_ask(target, &request, &reply))
		return COMMAND_ERROR;
	status = reply.status == 200 ? COMMAND_OK : COMMAND_ERROR;
	fprintf(status ? stderr : stdout, ready ? "%s\n" : "%s", reply.body);
	free(reply.body);
	return status;
}

int
cmd_healthcheck(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'},
		{"ready", no_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	struct control_target target = {.config = NULL};
	bool ready = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option == 'c')
			target.config = optarg;
		else if (option == 's')
			target.socket = optarg;
		else if (option == 'r')
			ready = true;
		else
			return command_usage("healthcheck");
	}
	return optind < argc ? command_usage("healthcheck") : ask(&target, ready);
}
