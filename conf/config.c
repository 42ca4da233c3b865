/* SPDX-License-Identifier: ISC */
/* config.c: the configuration file as plain structs
 *
 * The rows of options.c say what libconfuse is to look for, and what becomes of each value.
 */
#include "conf/config.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/config_read.h"

#define TITLED (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

#define SECTIONS_MAX 8
#define OPTIONS_MAX  32
#define SUBS_MAX     8
#define NAME_LONGEST 126

/* libconfuse's tables, made of the rows. */
struct tables {
	cfg_opt_t top[SECTIONS_MAX];
	cfg_opt_t sections[SECTIONS_MAX][OPTIONS_MAX];
	cfg_opt_t subs[SECTIONS_MAX][SUBS_MAX][OPTIONS_MAX];
};

static void
add_include(cfg_opt_t *to)
{
	*to = (cfg_opt_t)CFG_FUNC("include", NULL);
}

static void
add_option(cfg_opt_t *to, const struct option *option)
{
	if (option_is_list(option))
		*to = (cfg_opt_t)SOURCE_LIST(option->name);
	else
		*to = (cfg_opt_t)SOURCE_VALUE(option->name, NULL);
}

/* Lays the rows of one section out for libconfuse. The tables are cleared, so every list is ended
 * already. */
static void
add_section(struct tables *tables, size_t s, const struct option_section *section)
{
	cfg_opt_t *to = tables->sections[s], *sub_to = NULL;
	const char *sub = NULL;
	size_t subs = 0;

	add_include(to++);
	for (const struct option *o = section->options; o->name; o++) {
		if (!o->sub) {
			add_option(to++, o);
			continue;
		}
		if (!sub || strcmp(sub, o->sub) != 0) {
			sub = o->sub;
			sub_to = tables->subs[s][subs++];
			*to++ = (cfg_opt_t)CFG_SEC(sub, sub_to, CFGF_MULTI);
		}
		add_option(sub_to++, o);
	}
	tables->top[s] = (cfg_opt_t)CFG_SEC(section->name, tables->sections[s],
					    section->titled ? TITLED : CFGF_MULTI);
}

static bool
open_source(struct source *source, const char *path, const struct report *report)
{
	struct tables *tables = calloc(1, sizeof *tables);
	const struct option_section *sections = option_sections();
	size_t s = 0;
	bool result;

	if (!tables)
		return false;
	for (; sections[s].name; s++)
		add_section(tables, s, &sections[s]);
	add_include(&tables->top[s]);
	result = source_open(source, path, tables->top, report);
	free(tables);
	return result;
}

static void
report_memory(struct reading *reading)
{
	struct report_place nowhere = {reading->config->path, 0};

	report_error(&reading->source.report, nowhere, "out of memory");
}

void
reading_error(struct reading *reading, const void *member, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	report_error(&reading->source.report, config_place(reading->config, member), "%s", message);
}

void
reading_note(struct reading *reading, const void *member, struct report_place place, bool given)
{
	if (!origins_add(&reading->config->origins, member, place, given))
		report_memory(reading);
}

bool
reading_given(const struct reading *reading, const void *member)
{
	const struct origin *origin = origins_find(&reading->config->origins, member);

	return origin && origin->given;
}

struct report_place
config_place(const struct config *config, const void *member)
{
	const struct origin *origin = origins_find(&config->origins, member);

	return origin ? origin->place : (struct report_place){config->path, 0};
}

/* An option of a section, or of the section in it; NULL is the section that is not there. */
static cfg_t *
holder_of(cfg_t *section, const struct option *option)
{
	if (!option->sub)
		return section;
	return section && source_count(section, option->sub) ? cfg_getnsec(section, option->sub, 0)
							     : NULL;
}

/* Fills in a list; `given` is the section that gives it, or NULL. */
static void
set_list(struct reading *reading, const struct option *option, cfg_t *given, void *target,
	 struct report_place place)
{
	bool may_be_empty = option->initial && !*option->initial;
	char *initial = strdup(given || !option->initial ? "" : option->initial);
	char *rest = initial;
	unsigned n = given ? source_count(given, option->name) : 0;

	if (!initial || !config_list_reserve(option, target, n + strlen(initial))) {
		report_memory(reading);
		free(initial);
		return;
	}
	if (given && n == 0 && !may_be_empty)
		report_error(&reading->source.report, place, "%s: expected at least one",
			     option->name);
	for (unsigned i = 0; i < n; i++)
		config_list_add(reading, option, target,
				&(struct option_value){source_text(given, option->name, i),
						       source_place(&reading->source, given,
								    option->name, i)});
	for (const char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
		if (*word)
			config_list_add(reading, option, target,
					&(struct option_value){word, place});
	free(initial);
}

static struct report_place
place_of(const struct reading *reading, cfg_t *section, const char *option)
{
	if (!section)
		return (struct report_place){reading->config->path, 0};
	return source_place(&reading->source, section, option, 0);
}

/* `section` is NULL where there is no file. */
static void
set_option(struct reading *reading, cfg_t *section, const struct option *option, char *target)
{
	cfg_t *holder = holder_of(section, option);
	cfg_t *given = holder && source_given(holder, option->name) ? holder : NULL;
	struct report_place place = place_of(reading, holder ? holder : section, option->name);
	struct option_value value = {given ? source_text(given, option->name, 0) : option->initial,
				     place};
	struct option_expected expected = {""};

	reading_note(reading, target + option->offset, place, given != NULL);
	if (!given && !option->initial)
		report_error(&reading->source.report, place, "%s is missing", option->name);
	else if (option_is_list(option))
		set_list(reading, option, given, target, place);
	else if (!option_set(option, target, &value, &expected))
		report_error(&reading->source.report, place, "%s = \"%s\": expected %s",
			     option->name, value.text, expected.text);
}

/* The name that a section has as title becomes a level of topics. */
static void
set_title(struct reading *reading, cfg_t *section, char **name)
{
	const char *title = cfg_title(section);
	struct report_place place = source_place(&reading->source, section, NULL, 0);

	reading_note(reading, name, place, true);
	*name = strdup(title);
	if (!*name)
		report_memory(reading);
	if (!option_is_name(title))
		report_error(&reading->source.report, place,
			     "%s \"%s\": expected a name of letters, digits, - _ and .",
			     cfg_name(section), title);
	if (strlen(title) > NAME_LONGEST)
		report_error(&reading->source.report, place,
			     "%s: the name is too long, expected at most %d characters",
			     cfg_name(section), NAME_LONGEST);
}

/* The default as it would be given. */
static void
print_initial(FILE *stream, const struct option *option)
{
	const char *initial = option->initial ? option->initial : "";

	if (option_is_list(option) && !*initial)
		return;
	for (; *initial; initial++)
		fputc(option_is_list(option) && *initial == ' ' ? '\n' : *initial, stream);
	fputc('\n', stream);
}

/* The values of an option, a line each, and of which making the file is that it names. */
static char *
values_text(cfg_t *section, const struct option *option, const char *target)
{
	cfg_t *holder = holder_of(section, option);
	bool given = holder && source_given(holder, option->name);
	unsigned n = given ? source_count(holder, option->name) : 0;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	struct stat file;

	if (!stream)
		return NULL;
	if (!given)
		print_initial(stream, option);
	for (unsigned i = 0; i < n; i++)
		fprintf(stream, "%s\n", source_text(holder, option->name, i));
	if (option->type == OPTION_FILE &&
	    stat(*(char *const *)(const void *)(target + option->offset), &file) == 0)
		fprintf(stream, "%ju %jd.%09ld", (uintmax_t)file.st_ino,
			(intmax_t)file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
	fclose(stream);
	return text;
}

/* Keeps the values as texts, to be held against those of another configuration. */
static void
keep_texts(struct reading *reading, cfg_t *section, const struct option_section *rows, char *target)
{
	size_t n = option_count(rows);
	char **texts = calloc(n + 1, sizeof(*texts));
	bool kept = texts != NULL;

	*(char ***)(void *)(target + rows->texts) = texts;
	for (size_t i = 0; kept && i < n; i++) {
		texts[i] = values_text(section, &rows->options[i], target);
		kept = texts[i] != NULL;
	}
	if (!kept)
		report_memory(reading);
}

/* `section` is the root where there is none: all options then have their defaults. */
static void
fill_section(struct reading *reading, cfg_t *section, const struct option_section *rows,
	     char *target)
{
	if (rows->titled)
		set_title(reading, section, (char **)(void *)(target + rows->title));
	for (const struct option *option = rows->options; option->name; option++)
		set_option(reading, section, option, target);
	keep_texts(reading, section, rows, target);
}

static void
fill_defaults(struct reading *reading, const char *name, void *target)
{
	for (const struct option *option = option_section_named(name)->options; option->name;
	     option++)
		if (option->initial)
			set_option(reading, NULL, option, target);
}

/* Fills the structs of all sections `name`; returns them as an array, NULL when there are none. */
static void *
fill_sections(struct reading *reading, const char *name, size_t *n)
{
	const struct option_section *rows = option_section_named(name);
	unsigned count = source_count(reading->source.root, name);
	char *targets = count ? calloc(count, rows->size) : NULL;

	if (count && !targets)
		report_memory(reading);
	for (*n = 0; targets && *n < count; (*n)++)
		fill_section(reading, cfg_getnsec(reading->source.root, name, (unsigned)*n), rows,
			     targets + *n * rows->size);
	return targets;
}

static void
fill_config(struct reading *reading)
{
	struct config *config = reading->config;
	cfg_t *root = reading->source.root;

	if (source_count(root, "gateway"))
		fill_section(reading, cfg_getnsec(root, "gateway", 0),
			     option_section_named("gateway"), (char *)&config->gateway);
	else
		report_error(&reading->source.report, (struct report_place){config->path, 0},
			     "expected a section gateway { name = \"...\" ... }");
	fill_section(reading, source_count(root, "log") ? cfg_getnsec(root, "log", 0) : root,
		     option_section_named("log"), (char *)&config->log);
	config->http.enabled = source_count(root, "http") > 0;
	if (config->http.enabled)
		fill_section(reading, cfg_getnsec(root, "http", 0), option_section_named("http"),
			     (char *)&config->http);
	config->controllers = fill_sections(reading, "controller", &config->n_controllers);
	config->mqtts = fill_sections(reading, "mqtt", &config->n_mqtts);
	config->files = fill_sections(reading, "file", &config->n_files);
	for (unsigned i = 0; i < config->n_mqtts; i++)
		config->mqtts[i].tls = source_count(cfg_getnsec(root, "mqtt", i), "tls") > 0;
}

/* Makes an empty configuration to be filled in. */
static bool
begin(struct reading *reading, const char *path, const struct report *report)
{
	struct config *config = calloc(1, sizeof *config);

	*reading = (struct reading){.config = config};
	source_init(&reading->source, report);
	if (config)
		config->path = strdup(path);
	if (config && config->path)
		return true;
	report_error(report, (struct report_place){path, 0}, "out of memory");
	config_free(config);
	return false;
}

/* The configuration, or NULL after an error. */
static struct config *
finish(struct reading *reading)
{
	source_close(&reading->source);
	if (reading->source.errors == 0)
		return reading->config;
	config_free(reading->config);
	return NULL;
}

struct config *
config_load(const char *path, const struct report *report)
{
	struct reading reading;

	if (!begin(&reading, path, report))
		return NULL;
	if (open_source(&reading.source, reading.config->path, report)) {
		fill_config(&reading);
		config_check(&reading);
	}
	return finish(&reading);
}

static void
ignore_error(void *context, const char *file, int line, const char *message)
{
	(void)context;
	(void)file;
	(void)line;
	(void)message;
}

char *
config_control(const char *path)
{
	const struct report silent = {.error = ignore_error};
	struct reading reading;
	char *control = NULL;

	if (!begin(&reading, path, &silent))
		return NULL;
	if (open_source(&reading.source, path, &silent)) {
		fill_config(&reading);
		config_gateway_check(&reading);
		control = reading.config->gateway.control;
		reading.config->gateway.control = NULL;
	}
	source_close(&reading.source);
	config_free(reading.config);
	return control;
}

static void
set_text(struct reading *reading, char **member, const char *text)
{
	free(*member);
	*member = strdup(text);
	if (!*member)
		report_memory(reading);
}

static void
add_host_controller(struct reading *reading, const char *host)
{
	struct config *config = reading->config;
	struct config_controller *controller = calloc(1, sizeof *controller);

	config->controllers = controller;
	config->n_controllers = controller != NULL;
	if (controller)
		controller->hosts = calloc(1, sizeof(*controller->hosts));
	if (!controller || !controller->hosts) {
		report_memory(reading);
		return;
	}
	controller->n_hosts = 1;
	fill_defaults(reading, "controller", controller);
	set_text(reading, &controller->name, host);
	set_text(reading, &controller->hosts[0], host);
}

struct config *
config_of_host(const char *host, const char *state_dir, const struct report *report)
{
	struct reading reading;
	struct config_gateway *gateway;

	if (!begin(&reading, "", report))
		return NULL;
	gateway = &reading.config->gateway;
	fill_defaults(&reading, "gateway", gateway);
	set_text(&reading, &gateway->name, "nmsp2mqtt");
	set_text(&reading, &gateway->state_dir, state_dir);
	config_gateway_check(&reading);
	add_host_controller(&reading, host);
	return finish(&reading);
}

const struct config_controller *
config_controller_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_controllers; i++)
		if (strcmp(config->controllers[i].name, name) == 0)
			return &config->controllers[i];
	return NULL;
}

const struct config_mqtt *
config_mqtt_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_mqtts; i++)
		if (strcmp(config->mqtts[i].name, name) == 0)
			return &config->mqtts[i];
	return NULL;
}

const struct config_file *
config_file_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_files; i++)
		if (strcmp(config->files[i].name, name) == 0)
			return &config->files[i];
	return NULL;
}

/* A string, and what struct config_rules begins with. */
static bool
is_on_heap(const struct option *option)
{
	return option_is_text(option) || option->type == OPTION_RULES;
}

static void
free_sections(const char *name, void *targets, size_t n)
{
	const struct option_section *rows = option_section_named(name);

	for (size_t i = 0; i < n; i++) {
		char *target = (char *)targets + i * rows->size;
		char **texts = *(char ***)(void *)(target + rows->texts);
		if (rows->titled)
			free(*(char **)(void *)(target + rows->title));
		for (size_t k = 0; texts && k < option_count(rows); k++)
			free(texts[k]);
		free(texts);
		for (const struct option *option = rows->options; option->name; option++)
			if (is_on_heap(option))
				free(*(void **)(void *)(target + option->offset));
	}
}

static void
free_lists(struct config_controller *controller)
{
	for (size_t i = 0; i < controller->n_hosts; i++)
		free(controller->hosts[i]);
	for (size_t i = 0; i < controller->n_services; i++) {
		free(controller->services[i].service);
		free(controller->services[i].subservice);
	}
	for (size_t i = 0; i < controller->n_tags; i++) {
		free(controller->tags[i].name);
		free(controller->tags[i].value);
	}
	free(controller->hosts);
	free(controller->services);
	free(controller->tags);
}

static void
free_brokers(struct config_mqtt *mqtt)
{
	for (size_t i = 0; i < mqtt->n_brokers; i++)
		free(mqtt->brokers[i].host);
	free(mqtt->brokers);
	free(mqtt->password);
}

static void
free_log(struct log_settings *log)
{
	for (size_t i = 0; i < log->n_rules; i++)
		free(log->rules[i].subject);
	for (size_t i = 0; i < log->n_traced; i++)
		free(log->traced[i]);
	free(log->rules);
	free(log->traced);
}

void
config_free(struct config *config)
{
	if (!config)
		return;
	free_log(&config->log.settings);
	free_sections("gateway", &config->gateway, 1);
	free_sections("log", &config->log, 1);
	free_sections("http", &config->http, 1);
	for (size_t i = 0; i < config->n_controllers; i++)
		free_lists(&config->controllers[i]);
	for (size_t i = 0; i < config->n_mqtts; i++)
		free_brokers(&config->mqtts[i]);
	free_sections("controller", config->controllers, config->n_controllers);
	free_sections("mqtt", config->mqtts, config->n_mqtts);
	free_sections("file", config->files, config->n_files);
	free(config->controllers);
	free(config->mqtts);
	free(config->files);
	origins_fini(&config->origins);
	free(config->path);
	free(config);
}
