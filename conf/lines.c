/* SPDX-License-Identifier: ISC */
/* lines.c: libconfuse with a memory for where everything stood
 *
 * libconfuse calls a validate callback after each value and at the end of each section, but not at
 * a section's beginning. While the inside of a section is parsed, though, the line of its parent
 * still is that of the opening brace; so the first callback inside a section finds the way from the
 * root to it and records what has begun since.
 */
#include "conf/lines.h"

#include <confuse.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define TEXT_MAX  ((size_t)1 << 20)

/* One value, or the beginning of a section (option NULL). */
struct entry {
	const cfg_t *section;
	const cfg_opt_t *option;
	unsigned index;
	struct lines_place place;
};

struct lines {
	const struct report *report;
	const char *path;
	cfg_t *root;
	struct entry *entries;
	size_t n_entries;
	size_t n_room;
	char **files;
	size_t n_files;
	unsigned errors;
};

/* The sections that are open, from the root inwards. */
struct trail {
	cfg_t *sections[DEPTH_MAX];
	unsigned depth;
};

/* libconfuse's callbacks have no context of their own. */
static struct lines *recording;

static const char *
keep_file(struct lines *lines, const char *file)
{
	for (size_t i = 0; i < lines->n_files; i++)
		if (!strcmp(lines->files[i], file))
			return lines->files[i];

	char **files = realloc(lines->files, (lines->n_files + 1) * sizeof *files);
	if (!files)
		return "";
	lines->files = files;
	char *copy = strdup(file);
	if (!copy)
		return "";
	files[lines->n_files++] = copy;
	return copy;
}

static bool
find_trail(cfg_t *from, const cfg_t *target, struct trail *trail)
{
	if (trail->depth == DEPTH_MAX)
		return false;
	trail->sections[trail->depth++] = from;
	if (from == target)
		return true;
	for (cfg_opt_t *option = from->opts; option->name; option++) {
		if (option->type != CFGT_SEC || option->nvalues == 0)
			continue;
		if (find_trail(option->values[option->nvalues - 1]->section, target, trail))
			return true;
	}
	trail->depth--;
	return false;
}

/* Where the parser is, in the innermost of the open sections. A section that libconfuse made before
 * it read the file has no file name; then its parent's counts. */
static struct lines_place
present_place(struct lines *lines, const struct trail *trail, unsigned depth)
{
	for (unsigned i = depth; i > 0; i--)
		if (trail->sections[i - 1]->filename)
			return (struct lines_place){keep_file(lines,
							      trail->sections[i - 1]->filename),
						    trail->sections[depth - 1]->line};
	return (struct lines_place){lines->path, 0};
}

static const struct entry *
find_entry(const struct lines *lines, const cfg_t *section, const cfg_opt_t *option, unsigned index)
{
	for (size_t i = lines->n_entries; i > 0; i--) {
		const struct entry *entry = &lines->entries[i - 1];

		if (entry->section != section)
			continue;
		if (entry->option == option && entry->index == index)
			return entry;
		if (!entry->option)
			return NULL; /* nothing of a section is recorded before its beginning */
	}
	return NULL;
}

static void
add_entry(struct lines *lines, const struct entry *entry)
{
	if (lines->n_entries == lines->n_room) {
		size_t room = lines->n_room ? 2 * lines->n_room : 256;
		struct entry *entries = realloc(lines->entries, room * sizeof *entries);

		if (!entries)
			return;
		lines->entries = entries;
		lines->n_room = room;
	}
	lines->entries[lines->n_entries++] = *entry;
}

/* Records the sections of the trail that have begun since the last callback. */
static void
record_beginnings(struct lines *lines, const struct trail *trail)
{
	for (unsigned i = 1; i < trail->depth; i++) {
		if (find_entry(lines, trail->sections[i], NULL, 0))
			continue;
		add_entry(lines, &(struct entry){.section = trail->sections[i],
						 .place = present_place(lines, trail, i)});
	}
}

/* The validate callback of everything. */
static int
record(cfg_t *section, cfg_opt_t *option)
{
	struct lines *lines = recording;
	struct trail trail = {.depth = 0};
	unsigned index = option->nvalues ? option->nvalues - 1 : 0;
	bool once = !(option->flags & (CFGF_LIST | CFGF_MULTI));

	if (!find_trail(lines->root, section, &trail))
		return 0;
	record_beginnings(lines, &trail);

	struct lines_place place = present_place(lines, &trail, trail.depth);
	if (once && find_entry(lines, section, option, index)) {
		lines_error(lines, place, "'%s' given twice, expected once", option->name);
		return -1;
	}
	/* a list reports its last value again at its closing brace, which may be lines below */
	if (!find_entry(lines, section, option, index))
		add_entry(lines, &(struct entry){section, option, index, place});

	if (option->type == CFGT_SEC) {
		trail.sections[trail.depth++] = option->values[index]->section;
		record_beginnings(lines, &trail);
	}
	return 0;
}

static void
describe_options(const cfg_t *section, char *text, size_t size)
{
	size_t used = strlen(text);

	for (const cfg_opt_t *option = section->opts; option->name && used < size; option++) {
		const char *separator = option == section->opts ? ", expected one of " : ", ";
		used += (size_t)snprintf(text + used, size - used, "%s%s", separator, option->name);
	}
}

/* Says what libconfuse leaves out: what was expected. */
__attribute__((format(printf, 2, 0))) static void
forward_error(cfg_t *section, const char *format, va_list arguments)
{
	struct lines *lines = recording;
	struct trail trail = {.depth = 0};
	char text[768];

	vsnprintf(text, sizeof text, format, arguments);
	if (!strncmp(text, "no such option", 14))
		describe_options(section, text, sizeof text);
	else if (!strncmp(text, "found duplicate title", 21))
		strncat(text, ", expected another name", sizeof text - strlen(text) - 1);
	else if (!strncmp(text, "invalid integer", 15))
		strncat(text, ", expected a whole number", sizeof text - strlen(text) - 1);
	else if (!strncmp(text, "invalid boolean", 15))
		strncat(text, ", expected true or false", sizeof text - strlen(text) - 1);
	if (!find_trail(lines->root, section, &trail))
		trail = (struct trail){{section}, 1};
	lines_error(lines, present_place(lines, &trail, trail.depth), "%s", text);
}

static void
watch_options(cfg_opt_t *options)
{
	for (cfg_opt_t *option = options; option->name; option++) {
		option->validcb = record;
		if (option->subopts)
			watch_options(option->subopts);
		for (unsigned i = 0; option->type == CFGT_SEC && i < option->nvalues; i++)
			watch_options(option->values[i]->section->opts);
	}
}

/* The whole file with a NUL behind it, to be freed; NULL after an error. */
static char *
read_text(struct lines *lines, FILE *stream)
{
	const struct lines_place nowhere = {lines->path, 0};
	char *text = malloc(TEXT_MAX + 1);
	size_t length = text ? fread(text, 1, TEXT_MAX + 1, stream) : 0;

	if (!text || ferror(stream)) {
		lines_error(lines, nowhere, "cannot be read: %s", strerror(errno));
	} else if (length > TEXT_MAX) {
		lines_error(lines, nowhere, "too long, expected at most %zu bytes", TEXT_MAX);
	} else {
		text[length] = '\0';
		if (strlen(text) == length)
			return text;
		lines_error(lines, nowhere, "byte %zu is 0, expected text", strlen(text));
	}
	free(text);
	return NULL;
}

/* Past the end of the string that begins here; NULL when it has none. */
static const char *
skip_string(const char *c)
{
	const char quote = *c++;

	while (*c && *c != quote)
		c += c[0] == '\\' && c[1] ? 2 : 1;
	return *c ? c + 1 : NULL;
}

/* The end of the comment that begins here; the place itself when none does. */
static const char *
skip_comment(const char *c, bool in_word)
{
	if (*c == '#' || (!in_word && c[0] == '/' && c[1] == '/'))
		return c + strcspn(c, "\n");
	if (c[0] == '/' && c[1] == '*' && strstr(c + 2, "*/"))
		return strstr(c + 2, "*/") + 2;
	return c;
}

/* Replaces comments by spaces, because libconfuse counts their lines wrongly. Returns where a
 * string or brace without end begins, which libconfuse would not tell, or NULL. */
static const char *
prepare_text(char *text)
{
	const char *open[DEPTH_MAX] = {NULL};
	unsigned depth = 0;
	const char *end;

	for (char *c = text; *c; c = c < end ? text + (end - text) : c + 1) {
		if (*c == '"' || *c == '\'') {
			end = skip_string(c);
			if (!end)
				return c;
			continue;
		}
		end = skip_comment(c, c > text && !strchr(" \t\r\n{}(),=", c[-1]));
		for (char *blank = c; blank < end; blank++)
			*blank = *blank == '\n' ? '\n' : ' ';
		if (*c == '{' && depth < DEPTH_MAX)
			open[depth++] = c;
		else if (*c == '}' && depth > 0)
			depth--;
	}
	return depth ? open[depth - 1] : NULL;
}

static int
line_at(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

static int
parse(struct lines *lines, char *text)
{
	cfg_t *cfg = lines->root;
	FILE *stream = fmemopen(text, strlen(text), "r");
	int result;

	free(cfg->filename);
	cfg->filename = strdup(lines->path);
	watch_options(cfg->opts);
	cfg_set_error_function(cfg, forward_error);

	errno = 0; /* libconfuse takes an old ERANGE for one of its own */
	recording = lines;
	result = stream && cfg->filename ? cfg_parse_fp(cfg, stream) : -1;
	recording = NULL;
	if (result && !lines->errors)
		lines_error(lines, (struct lines_place){lines->path, cfg->line},
			    "cannot be parsed");
	if (stream)
		fclose(stream);
	return result ? -1 : 0;
}

static int
read_and_parse(struct lines *lines)
{
	FILE *stream = fopen(lines->path, "r");
	char *text;
	int result = -1;

	if (!stream) {
		lines_error(lines, (struct lines_place){lines->path, 0}, "cannot be read: %s",
			    strerror(errno));
		return -1;
	}
	text = read_text(lines, stream);
	fclose(stream);
	const char *unended = text ? prepare_text(text) : NULL;
	if (unended)
		lines_error(lines, (struct lines_place){lines->path, line_at(text, unended)},
			    "%c without its end, expected %c", *unended,
			    *unended == '{' ? '}' : *unended);
	else if (text)
		result = parse(lines, text);
	free(text);
	return result;
}

struct lines *
lines_parse(cfg_t *cfg, const char *path, const struct report *report)
{
	struct lines *lines = calloc(1, sizeof *lines);

	if (!lines)
		return NULL;
	lines->report = report;
	lines->root = cfg;
	lines->path = keep_file(lines, path);
	if (read_and_parse(lines)) {
		lines_free(lines);
		return NULL;
	}
	return lines;
}

void
lines_free(struct lines *lines)
{
	if (!lines)
		return;
	for (size_t i = 0; i < lines->n_files; i++)
		free(lines->files[i]);
	free(lines->files);
	free(lines->entries);
	free(lines);
}

struct lines_place
lines_of(const struct lines *lines, cfg_t *section, const char *option, unsigned index)
{
	const struct entry *entry = find_entry(lines, section, cfg_getopt(section, option), index);

	return entry ? entry->place : lines_begin(lines, section);
}

struct lines_place
lines_begin(const struct lines *lines, cfg_t *section)
{
	const struct entry *entry = find_entry(lines, section, NULL, 0);

	if (entry)
		return entry->place;
	return (struct lines_place){lines->path, section == lines->root ? 1 : 0};
}

void
lines_error(struct lines *lines, struct lines_place at, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	report_error(lines->report, at.file, at.line, "%s", text);
	lines->errors++;
}

unsigned
lines_errors(const struct lines *lines)
{
	return lines->errors;
}
