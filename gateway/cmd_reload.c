/* SPDX-License-Identifier: ISC */
/* cmd_reload.c: nmsp2mqtt reload: has the running gateway read its configuration again */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/commands.h"
#include "gateway/control_client.h"
#include "gateway/control_options.h"

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void
print_changes(const json_t *changes)
{
	const json_t *change;
	size_t i;

	if (json_array_size(changes) == 0)
		puts("nothing changed");
	json_array_foreach(changes, i, change) {
		const char *name = text_of(change, "name"), *options = text_of(change, "options");

		printf("%s%s%s%s%s: %s\n", text_of(change, "what"), *name ? " " : "", name,
		       *options ? ": " : "", options, text_of(change, "done"));
	}
}

static void
print_errors(const json_t *errors)
{
	const json_t *error, *line;
	size_t i;

	json_array_foreach(errors, i, error) {
		line = json_object_get(error, "line");
		fputs(text_of(error, "file"), stderr);
		if (line)
			fprintf(stderr, ":%lld", (long long)json_integer_value(line));
		fprintf(stderr, ": %s\n", text_of(error, "message"));
	}
	fputs("nothing was changed\n", stderr);
}

static int
print_result(const struct control_reply *reply)
{
	json_t *result = json_loads(reply->body, 0, NULL);
	const json_t *errors = json_object_get(result, "errors");
	int status = COMMAND_ERROR;
	char error[CONTROL_ERROR_SIZE];

	if (reply->status == 200 && result) {
		print_changes(json_object_get(result, "changes"));
		status = COMMAND_OK;
	} else if (errors) {
		print_errors(errors);
	} else {
		control_refusal(reply->body, error);
		fprintf(stderr, "%s\n", error);
	}
	json_decref(result);
	return status;
}

static int
reload(const struct control_target *target)
{
	const struct control_request request = {.method = "POST", .path = "/api/v1/reload"};
	struct control_reply reply;
	int status;

	if (control_ask(target, &request, &reply))
		return COMMAND_ERROR;
	status = print_result(&reply);
	free(reply.body);
	return status;
}

int
cmd_reload(int argc, char **argv)
{
	struct control_target target = {.config = NULL};

	if (!control_options(argc, argv, &target, NULL) || optind < argc)
		return command_usage("reload");
	return reload(&target);
}
