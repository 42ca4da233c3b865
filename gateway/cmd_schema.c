/* SPDX-License-Identifier: ISC */
/* cmd_schema.c: nmsp2mqtt schema: the JSON Schema of what is published, one per kind */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dictionary.h"
#include "gateway/commands.h"
#include "outputs/schema.h"

struct request {
	const char *dictionary;
	const char *directory; /* NULL: standard output */
	enum kind kind;	       /* KIND_COUNT: all */
};

static int
complain(const char *path)
{
	fprintf(stderr, "nmsp2mqtt schema: %s: %s\n", path, strerror(errno));
	return COMMAND_ERROR;
}

static int
write_file(const char *directory, enum kind kind, const char *text)
{
	char path[PATH_MAX];
	FILE *f;
	int result;

	snprintf(path, sizeof path, "%s/nmsp.%s.1.json", directory, kind_name(kind));
	f = fopen(path, "we");
	if (!f)
		return complain(path);
	result = fputs(text, f);
	return fclose(f) == EOF || result == EOF ? complain(path) : COMMAND_OK;
}

static int
print_kind(const struct request *request, const struct dict *dict, enum kind kind)
{
	char *text = schema_text(dict, kind);
	int result = COMMAND_OK;

	if (!text)
		return complain(kind_name(kind));
	if (request->directory)
		result = write_file(request->directory, kind, text);
	else if (fputs(text, stdout) == EOF)
		result = complain("standard output");
	free(text);
	return result;
}

static int
print_kinds(const struct request *request)
{
	struct dict *dict = dictionary_load(request->dictionary, &report_to_stderr);
	int result = COMMAND_OK;

	if (!dict)
		return COMMAND_ERROR;
	for (enum kind kind = 0; kind < KIND_COUNT && result == COMMAND_OK; kind++)
		if (request->kind == KIND_COUNT || request->kind == kind)
			result = print_kind(request, dict, kind);
	dictionary_free(dict);
	if (fflush(stdout) == EOF && result == COMMAND_OK)
		result = complain("standard output");
	return result;
}

int
cmd_schema(int argc, char **argv)
{
	static const struct option options[] = {
		{"dictionary", required_argument, NULL, 'd'},
		{"output", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	struct request request = {.dictionary = "baseline", .kind = KIND_COUNT};
	int c;

	while ((c = getopt_long(argc, argv, "d:o:", options, NULL)) != -1) {
		if (c != 'd' && c != 'o')
			return command_usage("schema");
		*(c == 'd' ? &request.dictionary : &request.directory) = optarg;
	}
	if (optind < argc) {
		request.kind = kind_named(argv[optind]);
		if (request.kind == KIND_NONE || optind + 1 < argc) {
			fprintf(stderr, "%s: \"%s\" is no kind, expected one like rssi\n", argv[0],
				argv[request.kind == KIND_NONE ? optind : optind + 1]);
			return command_usage("schema");
		}
	}
	return print_kinds(&request);
}
