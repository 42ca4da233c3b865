/* SPDX-License-Identifier: ISC */
/* dictionary.c: from a dictionary file to codecs/dict.h: options of the file, where it is looked
 * for, loading */
#include "conf/dictionary.h"

#include <confuse.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/dictionary_load.h"

#ifndef DATADIR
#define DATADIR "/usr/share"
#endif

#define MEMORY_MAX ((size_t)16 << 20)

#define TITLED (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

/* clang-format off */
#define FIELD_OPTIONS \
	SOURCE_VALUE("is", NULL), \
	SOURCE_VALUE("json", NULL), \
	SOURCE_VALUE("under", NULL), \
	SOURCE_VALUE("values", NULL), \
	SOURCE_LIST("bits"), \
	SOURCE_VALUE("format", "number"), \
	SOURCE_VALUE("none", NULL), \
	SOURCE_VALUE("scale", "1"), \
	SOURCE_VALUE("times", "1"), \
	SOURCE_VALUE("strongest", NULL), \
	SOURCE_VALUE("unit_of", NULL), \
	SOURCE_VALUE("role", "none"), \
	SOURCE_VALUE("mac_type", "false"), \
	SOURCE_VALUE("count", NULL), \
	SOURCE_VALUE("sort", NULL), \
	SOURCE_VALUE("length", NULL), \
	SOURCE_VALUE("map", "false"), \
	SOURCE_VALUE("inline", "false")

#define ELEMENT_OPTIONS \
	FIELD_OPTIONS, \
	SOURCE_VALUE("type", NULL), \
	SOURCE_VALUE("use", NULL), \
	SOURCE_VALUE("kind", NULL), \
	SOURCE_VALUE("repeat", "false"), \
	SOURCE_VALUE("required", "false"), \
	CFG_SEC("field", field_options, TITLED)

#define PLACE_OPTIONS SOURCE_VALUE("offset", "0"), SOURCE_VALUE("width", "0")

/* libconfuse has no recursion: structs and groups may stand three deep. */
static cfg_opt_t field_options_3[] = { FIELD_OPTIONS, CFG_END() };
static cfg_opt_t field_options_2[] = {
	FIELD_OPTIONS, CFG_SEC("field", field_options_3, TITLED), CFG_END() };
static cfg_opt_t field_options[] = {
	FIELD_OPTIONS, CFG_SEC("field", field_options_2, TITLED), CFG_END() };

static cfg_opt_t element_options_3[] = { ELEMENT_OPTIONS, CFG_END() };
static cfg_opt_t element_options_2[] = {
	ELEMENT_OPTIONS, CFG_SEC("element", element_options_3, TITLED), CFG_END() };
static cfg_opt_t element_options[] = {
	ELEMENT_OPTIONS, CFG_SEC("element", element_options_2, TITLED), CFG_END() };

static cfg_opt_t enumeration_options[] = {
	SOURCE_LIST("values"), SOURCE_LIST("units"), CFG_END() };

static cfg_opt_t place_options[] = { PLACE_OPTIONS, CFG_END() };
static cfg_opt_t version_options[] = { PLACE_OPTIONS, SOURCE_VALUE("value", "0"), CFG_END() };
static cfg_opt_t flags_options[] = { PLACE_OPTIONS, SOURCE_VALUE("more", "0"), CFG_END() };
static cfg_opt_t length_options[] = {
	PLACE_OPTIONS,
	SOURCE_VALUE("counts", "message"),
	SOURCE_VALUE("max", "262144"),
	CFG_END(),
};

static cfg_opt_t frame_options[] = {
	SOURCE_VALUE("header", NULL),
	CFG_SEC("version", version_options, CFGF_NONE),
	CFG_SEC("flags", flags_options, CFGF_NONE),
	CFG_SEC("id", place_options, CFGF_NONE),
	CFG_SEC("length", length_options, CFGF_NONE),
	CFG_SEC("transaction", place_options, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t tlv_options[] = {
	SOURCE_VALUE("type", "2"),
	SOURCE_VALUE("length", "2"),
	SOURCE_VALUE("counts", "value"),
	SOURCE_VALUE("align", "1"),
	CFG_END(),
};

static cfg_opt_t message_options[] = {
	SOURCE_VALUE("id", NULL),
	SOURCE_VALUE("from", NULL),
	SOURCE_VALUE("mark", "assumed"),
	SOURCE_VALUE("answers", NULL),
	SOURCE_LIST("body"),
	CFG_END(),
};

static cfg_opt_t subservice_options[] = {
	SOURCE_VALUE("number", NULL),
	SOURCE_VALUE("bit", NULL),
	SOURCE_LIST("entities"),
	CFG_END(),
};

static cfg_opt_t service_options[] = {
	SOURCE_VALUE("number", NULL),
	SOURCE_VALUE("request", NULL),
	CFG_SEC("subservice", subservice_options, TITLED),
	CFG_END(),
};

static cfg_opt_t dictionary_options[] = {
	SOURCE_VALUE("name", NULL),
	SOURCE_VALUE("description", "''"),
	SOURCE_VALUE("byte_order", "big"),
	CFG_SEC("frame", frame_options, CFGF_NONE),
	CFG_SEC("tlv", tlv_options, CFGF_NONE),
	CFG_SEC("enumeration", enumeration_options, TITLED),
	CFG_SEC("element", element_options, TITLED),
	CFG_SEC("message", message_options, TITLED),
	CFG_SEC("service", service_options, TITLED),
	CFG_END(),
};
/* clang-format on */

static bool
has_baseline(const char *directory)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof path, "%s/baseline.conf", directory);
	return access(path, R_OK) == 0;
}

/* Looks for `tail` beside the running program and beside each directory above it. */
static bool
find_above_program(char *directory, size_t size, const char *tail)
{
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

	if (length < 0)
		return false;
	program[length] = '\0';
	for (char *slash = strrchr(program, '/'); slash; slash = strrchr(program, '/')) {
		*slash = '\0';
		if ((size_t)snprintf(directory, size, "%s/%s", program, tail) < size &&
		    has_baseline(directory))
			return true;
	}
	return false;
}

const char *
dictionary_directory(void)
{
	static char directory[PATH_MAX];
	const char *data = getenv("NMSP2MQTT_DATA");

	if (data && *data) {
		snprintf(directory, sizeof directory, "%s/dictionary", data);
		if (has_baseline(directory))
			return directory;
	}
	if (find_above_program(directory, sizeof directory, "conf/dictionary") ||
	    find_above_program(directory, sizeof directory, "share/nmsp2mqtt/dictionary"))
		return directory;
	snprintf(directory, sizeof directory, "%s/nmsp2mqtt/dictionary", DATADIR);
	return directory;
}

void
loader_error(struct loader *loader, cfg_t *section, const char *option, unsigned index,
	     const char *format, ...)
{
	struct report_place place = source_place(&loader->source, section, option, index);
	const struct report *report = &loader->source.report;
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (cfg_title(section))
		report_error(report, place, "%s \"%s\": %s", cfg_name(section), cfg_title(section),
			     text);
	else if (section != loader->source.root)
		report_error(report, place, "%s: %s", cfg_name(section), text);
	else
		report_error(report, place, "%s", text);
}

/* FNV-1a: it tells versions of a dictionary apart, it does not protect them. */
static int
hash_file(const char *path, char hash[static 17])
{
	FILE *stream = fopen(path, "r");
	uint64_t sum = 0xcbf29ce484222325;

	if (!stream)
		return -1;
	for (int c = getc(stream); c != EOF; c = getc(stream))
		sum = (sum ^ (uint64_t)c) * 0x100000001b3;
	fclose(stream);
	snprintf(hash, 17, "%016llx", (unsigned long long)sum);
	return 0;
}

static void
read_and_check(struct loader *loader)
{
	cfg_t *root = loader->source.root;
	unsigned of_form = loader->source.errors;
	char error[512];

	dictionary_read(loader, root);
	if (loader->no_memory)
		loader_error(loader, root, NULL, 0, "out of memory");
	else if (loader->source.errors == of_form)
		dictionary_check(loader, root);
	if (loader->source.errors)
		return;
	if (hash_file(loader->dict->file, loader->dict->hash))
		loader_error(loader, root, NULL, 0, "cannot be read a second time");
	else if (dict_compile(loader->dict, error, sizeof error))
		report_error(&loader->source.report, (struct report_place){loader->dict->file, 0},
			     "%s", error);
}

/* The file's name without folders and ".conf". */
static char *
file_stem(struct arena *memory, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *stem = slash ? slash + 1 : path;
	size_t length = strlen(stem);

	if (length > 5 && !strcmp(stem + length - 5, ".conf"))
		length -= 5;
	return arena_strndup(memory, stem, length);
}

void
dictionary_free(struct dict *dict)
{
	if (!dict)
		return;
	arena_fini(&dict->memory);
	free(dict);
}

struct dict *
dictionary_load(const char *name, const struct report *report)
{
	struct loader loader = {.dict = calloc(1, sizeof *loader.dict)};
	char path[PATH_MAX + NAME_MAX];

	if (strchr(name, '/'))
		snprintf(path, sizeof path, "%s", name);
	else
		snprintf(path, sizeof path, "%s/%s.conf", dictionary_directory(), name);
	if (!loader.dict)
		return NULL;
	arena_init(&loader.dict->memory, MEMORY_MAX);
	loader.dict->file = arena_strndup(&loader.dict->memory, path, strlen(path));
	loader.dict->name = file_stem(&loader.dict->memory, path);
	if (source_open(&loader.source, path, dictionary_options, report))
		read_and_check(&loader);
	if (loader.source.errors) {
		dictionary_free(loader.dict);
		loader.dict = NULL;
	}
	source_close(&loader.source);
	return loader.dict;
}
