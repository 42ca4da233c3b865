/* SPDX-License-Identifier: ISC */
/* cmd_tail.c: nmsp2mqtt tail: the records of the running gateway as they come */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/commands.h"
#include "gateway/control_client.h"
#include "gateway/control_options.h"
#include "gateway/tail.h"

struct wanted {
	struct control_target target;
	const char *kinds;
	const char *mac;
	const char *controller;
	const char *count;
};

static bool
print_line(void *context, const char *line, size_t length)
{
	(void)context;
	/* Nobody reads any more: no error, as with any filter. */
	return fwrite(line, 1, length, stdout) == length && putchar('\n') != EOF &&
	       fflush(stdout) == 0;
}

static bool
is_wrong(const char *text, bool good, const char *what)
{
	if (!text || good)
		return false;
	fprintf(stderr, "%s: expected %s\n", text, what);
	return true;
}

/* What passes here has no characters that would have to be escaped in a query. */
static bool
check(const struct wanted *wanted)
{
	struct tail_filter filter = {.kinds = 0};
	bool kinds = wanted->kinds && tail_filter_kinds(&filter, wanted->kinds);
	bool mac = wanted->mac && tail_filter_mac(&filter, wanted->mac);
	bool count = wanted->count && tail_filter_count(&filter, wanted->count);
	bool controller = wanted->controller && control_is_name(wanted->controller);

	return !is_wrong(wanted->kinds, kinds, "kinds of records, like rssi,info") &&
	       !is_wrong(wanted->mac, mac, "a MAC address or how it begins, like a4:83") &&
	       !is_wrong(wanted->count, count, "a number of records, from 1 on") &&
	       !is_wrong(wanted->controller, controller, "the name of a controller");
}

static void
add(char *path, size_t size, const char *name, const char *value)
{
	size_t used = strlen(path);

	if (value)
		snprintf(path + used, size - used, "%c%s=%s", strchr(path, '?') ? '&' : '?', name,
			 value);
}

static int
follow(const struct wanted *wanted)
{
	const struct control_reader reader = {.line = print_line};
	char path[1024] = "/api/v1/tail", error[CONTROL_ERROR_SIZE];
	const struct control_request request = {.method = "GET", .path = path};
	char *socket = control_path(&wanted->target);
	int status;

	if (!socket)
		return COMMAND_ERROR;
	add(path, sizeof path, "kind", wanted->kinds);
	add(path, sizeof path, "mac", wanted->mac);
	add(path, sizeof path, "controller", wanted->controller);
	add(path, sizeof path, "n", wanted->count);
	status = control_stream(socket, &request, &reader, error);
	free(socket);
	if (status == 0)
		return COMMAND_OK;
	fprintf(stderr, "%s\n", error);
	return COMMAND_ERROR;
}

int
cmd_tail(int argc, char **argv)
{
	struct wanted wanted = {.kinds = NULL};
	const struct control_option own[] = {
		{"kind", 0, &wanted.kinds, NULL},
		{"mac", 0, &wanted.mac, NULL},
		{"controller", 0, &wanted.controller, NULL},
		{"count", 'n', &wanted.count, NULL},
		{.name = NULL},
	};

	if (!control_options(argc, argv, &wanted.target, own) || optind < argc)
		return command_usage("tail");
	return check(&wanted) ? follow(&wanted) : COMMAND_ERROR;
}
