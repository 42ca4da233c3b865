/* SPDX-License-Identifier: ISC */
/* cmd_status.c: nmsp2mqtt status: what the running gateway does */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/commands.h"
#include "gateway/control_client.h"
#include "gateway/control_options.h"
#include "gateway/status_print.h"
#include "gateway/terminal.h"

static int
print_text(const char *body, const char *controller)
{
	json_t *status = json_loads(body, 0, NULL);
	bool colours = terminal_of(stdout).colours;

	if (!status) {
		fputs("the gateway's status is no JSON\n", stderr);
		return COMMAND_ERROR;
	}
	if (controller)
		status_print_controller(stdout, status, colours);
	else
		status_print(stdout, status, colours);
	json_decref(status);
	return COMMAND_OK;
}

/* A name of a controller needs no escapes: what does is none. */
static int
show(const struct control_target *target, const char *controller, bool json)
{
	char path[256], error[CONTROL_ERROR_SIZE];
	struct control_request request = {.method = "GET", .path = path};
	struct control_reply reply;
	int status = COMMAND_ERROR;

	snprintf(path, sizeof path, "/api/v1/status%s%s", controller ? "?controller=" : "",
		 controller ? controller : "");
	if (controller && !control_is_name(controller)) {
		fprintf(stderr, "%s is no name of a controller\n", controller);
		return COMMAND_ERROR;
	}
	if (control_ask(target, &request, &reply))
		return COMMAND_ERROR;
	if (reply.status != 200) {
		control_refusal(reply.body, error);
		fprintf(stderr, "%s\n", error);
	} else if (json) {
		status = puts(reply.body) < 0 ? COMMAND_ERROR : COMMAND_OK;
	} else {
		status = print_text(reply.body, controller);
	}
	free(reply.body);
	return status;
}

int
cmd_status(int argc, char **argv)
{
	struct control_target target = {.config = NULL};
	bool json = false;
	const struct control_option own[] = {{"json", 0, NULL, &json}, {.name = NULL}};

	if (!control_options(argc, argv, &target, own) || argc - optind > 1)
		return command_usage("status");
	return show(&target, optind < argc ? argv[optind] : NULL, json);
}
