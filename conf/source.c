/* SPDX-License-Identifier: ISC */
/* source.c: files that people write, read with libconfuse, and where everything in them stands */
#include "conf/source.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/scan.h"
#include "conf/text.h"

struct value {
	int line; /* of the scan's text */
	char text[];
};

/* libconfuse hands its callbacks no context, and is not reentrant anyway. */
static struct source *source_now;

static void
count_error(void *context, const char *file, int line, const char *message)
{
	struct source *source = context;

	source->errors++;
	source->caller->error(source->caller->context, file, line, message);
}

int
source_take(cfg_t *section, cfg_opt_t *option, const char *text, void *result)
{
	size_t size = strlen(text) + 1;
	struct value *value = malloc(sizeof *value + size);

	if (!value) {
		cfg_error(section, "out of memory");
		return -1;
	}
	value->line = section->line;
	memcpy(value->text, text, size);
	*(void **)result = value;
	if (!text_is_plain(text))
		cfg_error(section, "%s: expected text in UTF-8 without control characters",
			  option->name);
	return 0;
}

__attribute__((format(printf, 2, 0))) static void
take_error(cfg_t *section, const char *format, va_list arguments)
{
	char message[512];

	vsnprintf(message, sizeof message, format, arguments);
	report_error(&source_now->report, scan_place(source_now->scan, section->line), "%s",
		     message);
}

static bool
parse(struct source *source, const char *text)
{
	FILE *stream = *text ? fmemopen((char *)text, strlen(text), "r") : NULL;
	int result = CFG_SUCCESS;

	if (!*text)
		return true;
	cfg_set_error_function(source->root, take_error);
	source_now = source;
	result = stream ? cfg_parse_fp(source->root, stream) : CFG_PARSE_ERROR;
	if (result != CFG_SUCCESS && source->errors == 0)
		cfg_error(source->root, "cannot be parsed");
	source_now = NULL;
	cfg_set_error_function(source->root, NULL);
	if (stream)
		fclose(stream);
	return result == CFG_SUCCESS;
}

void
source_init(struct source *source, const struct report *report)
{
	*source = (struct source){.report = {count_error, source}, .caller = report};
}

bool
source_open(struct source *source, const char *path, cfg_opt_t *options,
	    const struct report *report)
{
	const char *text;

	source_init(source, report);
	source->root = cfg_init(options, CFGF_NONE);
	source->scan = scan_new(path, &source->report);
	if (!source->root || !source->scan) {
		report_error(&source->report, (struct report_place){path, 0}, "out of memory");
		return false;
	}
	text = scan_read(source->scan, source->root->opts);
	return text && parse(source, text);
}

void
source_close(struct source *source)
{
	if (source->root)
		cfg_free(source->root);
	scan_free(source->scan);
	source->root = NULL;
	source->scan = NULL;
}

static const cfg_opt_t *
find_option(const cfg_t *section, const char *name)
{
	for (const cfg_opt_t *option = section->opts; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

static const struct value *
find_value(const cfg_opt_t *option, unsigned index)
{
	return option && index < option->nvalues ? option->values[index]->ptr : NULL;
}

const char *
source_text(cfg_t *section, const char *option, unsigned index)
{
	const struct value *value = find_value(find_option(section, option), index);

	return value ? value->text : NULL;
}

bool
source_given(cfg_t *section, const char *option)
{
	const cfg_opt_t *found = find_option(section, option);

	return found && found->flags & CFGF_MODIFIED;
}

unsigned
source_count(cfg_t *section, const char *option)
{
	const cfg_opt_t *found = find_option(section, option);

	return found ? found->nvalues : 0;
}

struct report_place
source_place(const struct source *source, cfg_t *section, const char *option, unsigned index)
{
	const struct value *value = NULL;
	struct report_place place;

	if (option && source_given(section, option))
		value = find_value(find_option(section, option), index);
	/* the line of a section that was read is that of its closing brace */
	place = scan_place(source->scan, value ? value->line : section->line);
	if (section == source->root && !value)
		place = (struct report_place){scan_place(source->scan, 0).file, 1};
	return place;
}
