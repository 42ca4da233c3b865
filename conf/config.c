/* SPDX-License-Identifier: ISC */
/* config.c: the configuration file as plain structs
 *
 * Every value goes through libconfuse as text that carries its place; the rows of options.c say
 * what becomes of it. So a wrong value does not stop the reading, and all errors come out at once.
 */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/config_read.h"
#include "conf/options.h"
#include "conf/scan.h"

#define SECTIONS_MAX 6
#define OPTIONS_MAX  32
#define SUBS_MAX     4
#define INCLUDES_MAX 10

/* libconfuse's tables, made of the rows. */
struct tables {
	cfg_opt_t top[SECTIONS_MAX];
	cfg_opt_t sections[SECTIONS_MAX][OPTIONS_MAX];
	cfg_opt_t subs[SECTIONS_MAX][SUBS_MAX][OPTIONS_MAX];
};

/* libconfuse hands its callbacks no context, and is not reentrant anyway. */
static struct reading *reading_now;
static int include_depth;

__attribute__((format(printf, 3, 0))) static void
report_at(struct reading *reading, struct scan_place place, const char *format, va_list arguments)
{
	char message[1024];

	vsnprintf(message, sizeof message, format, arguments);
	report_error(&reading->report, place.file, place.line, "%s", message);
}

void
reading_error(struct reading *reading, struct scan_place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_at(reading, place, format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 2, 0))) static void
take_syntax_error(cfg_t *cfg, const char *format, va_list arguments)
{
	struct scan_place place = {cfg->filename, cfg->line};

	report_at(reading_now, place, format, arguments);
}

static void
value_free(void *pointer)
{
	struct option_value *value = pointer;

	if (!value)
		return;
	free(value->text);
	free(value->file);
	free(value);
}

static int
take_value(cfg_t *cfg, cfg_opt_t *option, const char *text, void *result)
{
	struct option_value *value = calloc(1, sizeof *value);

	(void)option;
	if (value) {
		value->text = strdup(text);
		value->file = strdup(cfg->filename);
		value->line = cfg->line;
	}
	if (!value || !value->text || !value->file) {
		cfg_error(cfg, "out of memory");
		value_free(value);
		return -1;
	}
	*(void **)result = value;
	return 0;
}

static int
parse_text(cfg_t *cfg, char *text)
{
	size_t length = strlen(text);
	FILE *f = length ? fmemopen(text, length, "r") : NULL;
	int result = CFG_SUCCESS;

	if (f) {
		result = cfg_parse_fp(cfg, f);
		fclose(f);
	}
	free(text);
	return result;
}

/* The file of `cfg` must be set already. A file that cannot be read is reported at `from`. */
static int
parse_file(cfg_t *cfg, const char *path, struct scan_place from)
{
	char *text = scan_read(reading_now->scan, path, cfg->opts);

	if (!text) {
		reading_error(reading_now, from, "cannot read %s: %s", path, strerror(errno));
		return CFG_SUCCESS;
	}
	return parse_text(cfg, text);
}

static int
take_include(cfg_t *cfg, cfg_opt_t *option, int argc, const char **argv)
{
	struct scan_place from = {cfg->filename, cfg->line};
	char *outer = cfg->filename;
	int result;

	(void)option;
	if (argc != 1 || include_depth == INCLUDES_MAX) {
		cfg_error(cfg, argc != 1 ? "include: expected one file name"
					 : "include: nested too deep, expected at most 10 levels");
		return argc != 1 ? CFG_SUCCESS : CFG_PARSE_ERROR;
	}
	cfg->filename = option_path(outer, argv[0]);
	include_depth++;
	result = cfg->filename ? parse_file(cfg, cfg->filename, from) : CFG_PARSE_ERROR;
	include_depth--;
	free(cfg->filename);
	cfg->filename = outer;
	cfg->line = from.line;
	return result;
}

static void
add_include(cfg_opt_t *to)
{
	*to = (cfg_opt_t)CFG_FUNC("include", take_include);
}

static void
add_option(cfg_opt_t *to, const struct option *option)
{
	*to = (cfg_opt_t)CFG_PTR_CB(option->name, NULL, CFGF_NODEFAULT, take_value, value_free);
	if (option_is_list(option))
		to->flags |= CFGF_LIST;
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
					    section->titled ? CFGF_MULTI | CFGF_TITLE : CFGF_MULTI);
}

static cfg_t *
make_cfg(void)
{
	struct tables *tables = calloc(1, sizeof *tables);
	const struct option_section *section = option_sections();
	cfg_t *cfg = NULL;
	size_t s = 0;

	if (!tables)
		return NULL;
	for (; section->name; section++)
		add_section(tables, s++, section);
	add_include(&tables->top[s]);
	cfg = cfg_init(tables->top, CFGF_NONE);
	free(tables);
	if (cfg)
		cfg_set_error_function(cfg, take_syntax_error);
	return cfg;
}

static cfg_opt_t *
find_option(cfg_t *section, const char *sub, const char *name)
{
	cfg_opt_t *option = NULL;

	if (sub)
		section = cfg_size(section, sub) ? cfg_getnsec(section, sub, 0) : NULL;
	if (section)
		option = cfg_getopt(section, name);
	return option && option->flags & CFGF_MODIFIED ? option : NULL;
}

static struct scan_place
section_place(const struct reading *reading, cfg_t *section)
{
	const char *title = cfg_title(section);

	return scan_section(reading->scan, cfg_name(section), title ? title : "");
}

struct scan_place
reading_place(const struct reading *reading, const char *section, size_t index, const char *sub,
	      const char *name)
{
	cfg_t *cfg = cfg_getnsec(reading->cfg, section, (unsigned)index);
	const cfg_opt_t *option = find_option(cfg, sub, name);

	if (option && option->nvalues > 0) {
		const struct option_value *value = option->values[0]->ptr;
		return (struct scan_place){value->file, value->line};
	}
	return section_place(reading, cfg);
}

bool
reading_given(const struct reading *reading, const char *section, size_t index, const char *sub,
	      const char *name)
{
	return find_option(cfg_getnsec(reading->cfg, section, (unsigned)index), sub, name) != NULL;
}

/* Adds what is between the blanks of a default. */
static void
split_default(struct option_values *values, char *text)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		values->values[values->n++] =
			(struct option_value){.text = word,
					      .file = (char *)values->place.file,
					      .line = values->place.line};
}

static void
set_list(struct reading *reading, const struct option *option, const cfg_opt_t *found,
	 struct config_controller *controller, struct scan_place place)
{
	char *initial = strdup(option->initial ? option->initial : "");
	size_t n = found ? found->nvalues : strlen(initial ? initial : "");
	struct option_values values = {calloc(n + 1, sizeof *values.values), 0, place};

	if (!initial || !values.values)
		reading_error(reading, place, "out of memory");
	else if (found)
		for (unsigned i = 0; i < found->nvalues; i++)
			values.values[values.n++] = *(struct option_value *)found->values[i]->ptr;
	else
		split_default(&values, initial);
	if (values.n > 0 && found)
		values.place = (struct scan_place){values.values[0].file, values.values[0].line};
	if (initial && values.values)
		config_list_set(reading, option, controller, &values);
	free(values.values);
	free(initial);
}

static void
set_scalar(struct reading *reading, const struct option *option, const cfg_opt_t *found,
	   void *target, struct scan_place place)
{
	struct option_value initial = {(char *)option->initial, (char *)place.file, place.line};
	const struct option_value *value = &initial;
	struct option_expected expected;

	if (found && found->nvalues > 0)
		value = found->values[0]->ptr;
	place = (struct scan_place){value->file, value->line};
	if (!option_set(option, target, value, &expected))
		reading_error(reading, place, "%s = \"%s\": expected %s", option->name, value->text,
			      expected.text);
}

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static void
check_text(struct reading *reading, const cfg_opt_t *found)
{
	for (unsigned i = 0; i < found->nvalues; i++) {
		const struct option_value *value = found->values[i]->ptr;
		struct scan_place place = {value->file, value->line};
		if (has_control(value->text))
			reading_error(reading, place, "%s: control characters, expected text",
				      found->name);
	}
}

static void
fill_section(struct reading *reading, cfg_t *section, const struct option *option, void *target)
{
	struct scan_place place = section_place(reading, section);

	for (; option->name; option++) {
		const cfg_opt_t *found = find_option(section, option->sub, option->name);
		if (found)
			check_text(reading, found);
		if (!found && !option->initial)
			reading_error(reading, place, "%s is missing", option->name);
		else if (option_is_list(option))
			set_list(reading, option, found, target, place);
		else
			set_scalar(reading, option, found, target, place);
	}
}

static const struct option_section *
section_named(const char *name)
{
	const struct option_section *section = option_sections();

	while (strcmp(section->name, name) != 0)
		section++;
	return section;
}

/* Fills the structs of all sections `name`; returns them as an array, NULL when there are none. */
static void *
fill_sections(struct reading *reading, const char *name, size_t *n)
{
	const struct option_section *rows = section_named(name);
	size_t count = cfg_size(reading->cfg, name);
	char *targets = count ? calloc(count, rows->size) : NULL;

	for (*n = 0; targets && *n < count; (*n)++) {
		cfg_t *section = cfg_getnsec(reading->cfg, name, (unsigned)*n);
		char *target = targets + *n * rows->size;
		struct scan_place at = section_place(reading, section);
		struct config_place *place = (void *)(target + rows->place);

		if (rows->titled)
			*(char **)(void *)(target + rows->title) = strdup(cfg_title(section));
		place->file = strdup(at.file);
		place->line = at.line;
		fill_section(reading, section, rows->options, target);
	}
	return targets;
}

static void
fill_config(struct reading *reading)
{
	struct config *config = reading->config;
	struct scan_place nowhere = {config->path, 0};
	size_t n;
	struct config_gateway *gateway = fill_sections(reading, "gateway", &n);

	if (gateway)
		config->gateway = *gateway;
	else
		reading_error(reading, nowhere,
			      "expected a section gateway { name = \"...\" ... }");
	free(gateway);
	config->controllers = fill_sections(reading, "controller", &config->n_controllers);
	config->mqtts = fill_sections(reading, "mqtt", &config->n_mqtts);
	config->files = fill_sections(reading, "file", &config->n_files);
	for (unsigned i = 0; i < config->n_mqtts; i++)
		config->mqtts[i].tls = cfg_size(cfg_getnsec(reading->cfg, "mqtt", i), "tls") > 0;
}

static void
count_error(void *context, const char *file, int line, const char *message)
{
	struct reading *reading = context;

	reading->errors++;
	reading->caller->error(reading->caller->context, file, line, message);
}

static struct config *
config_new(const char *path)
{
	struct config *config = calloc(1, sizeof *config);

	if (config)
		config->path = strdup(path);
	if (config && config->path)
		return config;
	free(config);
	return NULL;
}

/* Reads with everything in place; true when the text was whole, so that its contents can be looked
 * at. */
static bool
read_all(struct reading *reading)
{
	const char *path = reading->config->path;
	struct scan_place nowhere = {path, 0};
	int result;

	reading->cfg->filename = strdup(path);
	if (!reading->cfg->filename)
		return false;
	reading_now = reading;
	result = parse_file(reading->cfg, path, nowhere);
	reading_now = NULL;
	return result == CFG_SUCCESS;
}

struct config *
config_load(const char *path, const struct report *report)
{
	struct reading reading = {0};

	reading.report = (struct report){count_error, &reading};
	reading.caller = report;
	reading.scan = scan_new(&reading.report);
	reading.cfg = make_cfg();
	reading.config = config_new(path);
	if (!reading.scan || !reading.cfg || !reading.config) {
		report_error(report, path, 0, "out of memory");
		reading.errors++;
	} else if (read_all(&reading)) {
		fill_config(&reading);
		config_check(&reading);
	}
	if (reading.cfg)
		cfg_free(reading.cfg);
	scan_free(reading.scan);
	if (reading.errors == 0)
		return reading.config;
	config_free(reading.config);
	return NULL;
}

static void
free_sections(const char *name, void *targets, size_t n)
{
	const struct option_section *rows = section_named(name);

	for (size_t i = 0; i < n; i++) {
		char *target = (char *)targets + i * rows->size;
		if (rows->titled)
			free(*(char **)(void *)(target + rows->title));
		free(((struct config_place *)(void *)(target + rows->place))->file);
		for (const struct option *option = rows->options; option->name; option++)
			if (option_is_text(option))
				free(*(char **)(void *)(target + option->offset));
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

void
config_free(struct config *config)
{
	if (!config)
		return;
	free_sections("gateway", &config->gateway, 1);
	for (size_t i = 0; i < config->n_controllers; i++)
		free_lists(&config->controllers[i]);
	for (size_t i = 0; i < config->n_mqtts; i++)
		free(config->mqtts[i].password);
	free_sections("controller", config->controllers, config->n_controllers);
	free_sections("mqtt", config->mqtts, config->n_mqtts);
	free_sections("file", config->files, config->n_files);
	free(config->controllers);
	free(config->mqtts);
	free(config->files);
	free(config->path);
	free(config);
}
