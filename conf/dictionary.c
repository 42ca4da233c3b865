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

static cfg_opt_t enumeration_options[] = {
	CFG_STR_LIST("values", NULL, CFGF_NODEFAULT),
	CFG_STR_LIST("units", NULL, CFGF_NODEFAULT),
	CFG_END(),
};

/* clang-format off */
#define FIELD_OPTIONS \
	CFG_STR("is", NULL, CFGF_NODEFAULT), \
	CFG_STR("json", NULL, CFGF_NODEFAULT), \
	CFG_STR("under", NULL, CFGF_NODEFAULT), \
	CFG_STR("values", NULL, CFGF_NODEFAULT), \
	CFG_STR_LIST("bits", NULL, CFGF_NODEFAULT), \
	CFG_STR("format", "number", CFGF_NONE), \
	CFG_INT("none", 0, CFGF_NODEFAULT), \
	CFG_INT("scale", 1, CFGF_NONE), \
	CFG_INT("times", 1, CFGF_NONE), \
	CFG_STR("strongest", NULL, CFGF_NODEFAULT), \
	CFG_STR("unit_of", NULL, CFGF_NODEFAULT), \
	CFG_STR("role", "none", CFGF_NONE), \
	CFG_BOOL("mac_type", cfg_false, CFGF_NONE), \
	CFG_STR("count", NULL, CFGF_NODEFAULT), \
	CFG_STR("sort", NULL, CFGF_NODEFAULT), \
	CFG_STR("length", NULL, CFGF_NODEFAULT), \
	CFG_BOOL("map", cfg_false, CFGF_NONE), \
	CFG_BOOL("inline", cfg_false, CFGF_NONE)

#define ELEMENT_OPTIONS \
	FIELD_OPTIONS, \
	CFG_INT("type", 0, CFGF_NODEFAULT), \
	CFG_STR("use", NULL, CFGF_NODEFAULT), \
	CFG_STR("kind", NULL, CFGF_NODEFAULT), \
	CFG_BOOL("repeat", cfg_false, CFGF_NONE), \
	CFG_BOOL("required", cfg_false, CFGF_NONE), \
	CFG_SEC("field", field_options, TITLED)
/* clang-format on */

/* libconfuse has no recursion: structs and groups may stand three deep. */
static cfg_opt_t field_options_3[] = {FIELD_OPTIONS, CFG_END()};
static cfg_opt_t field_options_2[] = {FIELD_OPTIONS, CFG_SEC("field", field_options_3, TITLED),
				      CFG_END()};
static cfg_opt_t field_options[] = {FIELD_OPTIONS, CFG_SEC("field", field_options_2, TITLED),
				    CFG_END()};

static cfg_opt_t element_options_3[] = {ELEMENT_OPTIONS, CFG_END()};
static cfg_opt_t element_options_2[] = {ELEMENT_OPTIONS,
					CFG_SEC("element", element_options_3, TITLED), CFG_END()};
static cfg_opt_t element_options[] = {ELEMENT_OPTIONS,
				      CFG_SEC("element", element_options_2, TITLED), CFG_END()};

static cfg_opt_t version_options[] = {
	CFG_INT("offset", 0, CFGF_NONE),
	CFG_INT("width", 0, CFGF_NONE),
	CFG_INT("value", 0, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t flags_options[] = {
	CFG_INT("offset", 0, CFGF_NONE),
	CFG_INT("width", 0, CFGF_NONE),
	CFG_INT("more", 0, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t place_options[] = {
	CFG_INT("offset", 0, CFGF_NONE),
	CFG_INT("width", 0, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t length_options[] = {
	CFG_INT("offset", 0, CFGF_NONE),
	CFG_INT("width", 0, CFGF_NONE),
	CFG_STR("counts", "message", CFGF_NONE),
	CFG_INT("max", 262144, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t frame_options[] = {
	CFG_INT("header", 0, CFGF_NODEFAULT),
	CFG_SEC("version", version_options, CFGF_NONE),
	CFG_SEC("flags", flags_options, CFGF_NONE),
	CFG_SEC("id", place_options, CFGF_NONE),
	CFG_SEC("length", length_options, CFGF_NONE),
	CFG_SEC("transaction", place_options, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t tlv_options[] = {
	CFG_INT("type", 2, CFGF_NONE),
	CFG_INT("length", 2, CFGF_NONE),
	CFG_STR("counts", "value", CFGF_NONE),
	CFG_INT("align", 1, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t message_options[] = {
	CFG_INT("id", 0, CFGF_NODEFAULT),	    CFG_STR("from", NULL, CFGF_NODEFAULT),
	CFG_STR("mark", "assumed", CFGF_NONE),	    CFG_STR("answers", NULL, CFGF_NODEFAULT),
	CFG_STR_LIST("body", NULL, CFGF_NODEFAULT), CFG_END(),
};

static cfg_opt_t subservice_options[] = {
	CFG_INT("number", 0, CFGF_NODEFAULT),
	CFG_INT("bit", 0, CFGF_NODEFAULT),
	CFG_STR_LIST("entities", NULL, CFGF_NODEFAULT),
	CFG_END(),
};

static cfg_opt_t service_options[] = {
	CFG_INT("number", 0, CFGF_NODEFAULT),
	CFG_STR("request", NULL, CFGF_NODEFAULT),
	CFG_SEC("subservice", subservice_options, TITLED),
	CFG_END(),
};

static cfg_opt_t dictionary_options[] = {
	CFG_STR("name", NULL, CFGF_NODEFAULT),
	CFG_STR("description", "", CFGF_NONE),
	CFG_STR("byte_order", "big", CFGF_NONE),
	CFG_SEC("frame", frame_options, CFGF_NONE),
	CFG_SEC("tlv", tlv_options, CFGF_NONE),
	CFG_SEC("enumeration", enumeration_options, TITLED),
	CFG_SEC("element", element_options, TITLED),
	CFG_SEC("message", message_options, TITLED),
	CFG_SEC("service", service_options, TITLED),
	CFG_END(),
};

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
	struct lines_place place = option ? lines_of(loader->lines, section, option, index)
					  : lines_begin(loader->lines, section);
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (cfg_title(section))
		lines_error(loader->lines, place, "%s \"%s\": %s", cfg_name(section),
			    cfg_title(section), text);
	else if (strcmp(cfg_name(section), "root"))
		lines_error(loader->lines, place, "%s: %s", cfg_name(section), text);
	else
		lines_error(loader->lines, place, "%s", text);
}

static cfg_opt_t *
find_option(cfg_t *section, const char *name)
{
	for (cfg_opt_t *option = section->opts; option->name; option++)
		if (!strcmp(option->name, name))
			return option;
	return NULL;
}

bool
loader_given(cfg_t *section, const char *name)
{
	const cfg_opt_t *option = find_option(section, name);

	return option && (option->flags & CFGF_MODIFIED);
}

unsigned
loader_count(cfg_t *section, const char *name)
{
	const cfg_opt_t *option = find_option(section, name);

	return option ? option->nvalues : 0;
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
read_and_check(struct loader *loader, cfg_t *root)
{
	char error[512];

	dictionary_read(loader, root);
	if (loader->no_memory)
		loader_error(loader, root, NULL, 0, "out of memory");
	else if (!lines_errors(loader->lines))
		dictionary_check(loader, root);
	if (lines_errors(loader->lines))
		return;
	if (hash_file(loader->dict->file, loader->dict->hash))
		loader_error(loader, root, NULL, 0, "cannot be read a second time");
	else if (dict_compile(loader->dict, error, sizeof error))
		lines_error(loader->lines, (struct lines_place){loader->dict->file, 0}, "%s",
			    error);
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

static struct dict *
load_file(const char *path, cfg_t *root, const struct report *report)
{
	struct loader loader = {.lines = lines_parse(root, path, report)};

	if (!loader.lines)
		return NULL;
	loader.dict = calloc(1, sizeof *loader.dict);
	if (loader.dict) {
		arena_init(&loader.dict->memory, MEMORY_MAX);
		loader.dict->file = arena_strndup(&loader.dict->memory, path, strlen(path));
		loader.dict->name = file_stem(&loader.dict->memory, path);
		read_and_check(&loader, root);
	}
	if (lines_errors(loader.lines)) {
		dictionary_free(loader.dict);
		loader.dict = NULL;
	}
	lines_free(loader.lines);
	return loader.dict;
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
	char path[PATH_MAX + NAME_MAX];
	cfg_t *root = cfg_init(dictionary_options, CFGF_NONE);
	struct dict *dict;

	if (!root)
		return NULL;
	if (strchr(name, '/'))
		snprintf(path, sizeof path, "%s", name);
	else
		snprintf(path, sizeof path, "%s/%s.conf", dictionary_directory(), name);
	dict = load_file(path, root, report);
	cfg_free(root);
	return dict;
}
