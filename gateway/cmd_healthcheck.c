/* SPDX-License-Identifier: ISC */
/* cmd_healthcheck.c: nmsp2mqtt healthcheck: whether the running gateway is well, for containers */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/commands.h"
#include "gateway/control_client.h"
#include "gateway/control_options.h"

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
	struct control_target target = {.config = NULL};
	bool ready = false;
	const struct control_option own[] = {{"ready", 0, NULL, &ready}, {.name = NULL}};

	if (!control_options(argc, argv, &target, own) || optind < argc)
		return command_usage("healthcheck");
	return ask(&target, ready);
}
