/* SPDX-License-Identifier: ISC */
/* topic.c: topic templates
 *
 * A template becomes a row of parts. Each is fixed text or stands for one value, with the text that
 * is taken where the value is absent.
 */
#include "outputs/topic.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARTS 64

enum source {
	SOURCE_TEXT,
	SOURCE_PREFIX,
	SOURCE_GATEWAY,
	SOURCE_CONTROLLER,
	SOURCE_KIND,
	SOURCE_ENTITY,
	SOURCE_MAC,
	SOURCE_AP,
	SOURCE_TAG,
};

struct part {
	enum source source;
	char *text; /* SOURCE_TEXT: itself; SOURCE_TAG: its name */
	char *otherwise;
};

struct topic {
	size_t n_parts;
	struct part parts[MAX_PARTS];
};

/* What topic_new() works on. */
struct compiler {
	struct topic *topic;
	const char *prefix;
	const char *gateway;
	char *error;
	size_t size;
};

static const struct {
	const char *name;
	enum source source;
} placeholders[] = {
	{"prefix", SOURCE_PREFIX}, {"gateway", SOURCE_GATEWAY}, {"controller", SOURCE_CONTROLLER},
	{"kind", SOURCE_KIND},	   {"entity", SOURCE_ENTITY},	{"mac", SOURCE_MAC},
	{"ap", SOURCE_AP},
};

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* Writes `text` as one level (nothing where `out` is NULL) and returns its length: one `_` for each
 * other character. */
static size_t
write_level(char *out, const char *text)
{
	size_t length = 0;

	for (; *text; text++) {
		if (((unsigned char)*text & 0xc0) == 0x80)
			continue;
		if (out)
			out[length] = is_plain(*text) ? *text : '_';
		length++;
	}
	return length;
}

void
topic_level(const char *text, char *out, size_t size)
{
	size_t length = 0;

	assert(size > 0);
	for (; *text && length + 1 < size; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			out[length++] = is_plain(*text) ? *text : '_';
	out[length] = '\0';
}

__attribute__((format(printf, 2, 3))) static int
fail(const struct compiler *compiler, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(compiler->error, compiler->size, format, arguments);
	va_end(arguments);
	return -1;
}

/* Appends a part that takes over `text` and `otherwise`. */
static int
add_part(const struct compiler *compiler, enum source source, char *text, char *otherwise)
{
	struct topic *topic = compiler->topic;

	if (topic->n_parts == MAX_PARTS || !(source == SOURCE_TEXT ? text : otherwise) ||
	    (source == SOURCE_TAG && !text)) {
		free(text);
		free(otherwise);
		return fail(compiler,
			    topic->n_parts == MAX_PARTS ? "more than %d parts"
							: "no memory for %d parts",
			    MAX_PARTS);
	}
	topic->parts[topic->n_parts++] = (struct part){source, text, otherwise};
	return 0;
}

/* Fixed text of the template or of the prefix: any levels, but no wildcards. */
static int
add_text(const struct compiler *compiler, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr("+#{}", text[i]) || (unsigned char)text[i] < ' ')
			return fail(compiler, "\"%.*s\" must not have any of + # { }", (int)length,
				    text);
	return length == 0 ? 0 : add_part(compiler, SOURCE_TEXT, strndup(text, length), NULL);
}

/* Text that is one level. */
static char *
new_level(const char *text)
{
	char *level = malloc(strlen(text) + 1);

	if (level)
		level[write_level(level, text)] = '\0';
	return level;
}

static int
add_placeholder(const struct compiler *compiler, char *name)
{
	char *bar = strchr(name, '|');
	char *otherwise = new_level(bar && bar[1] ? bar + 1 : "_");

	if (bar)
		*bar = '\0';
	if (strncmp(name, "tag.", 4) == 0 && name[4] != '\0')
		return add_part(compiler, SOURCE_TAG, strdup(name + 4), otherwise);
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(*placeholders); i++) {
		if (strcmp(name, placeholders[i].name) != 0)
			continue;
		if (placeholders[i].source == SOURCE_GATEWAY ||
		    placeholders[i].source == SOURCE_PREFIX)
			free(otherwise);
		if (placeholders[i].source == SOURCE_GATEWAY)
			return add_part(compiler, SOURCE_TEXT, new_level(compiler->gateway), NULL);
		if (placeholders[i].source == SOURCE_PREFIX)
			return add_text(compiler, compiler->prefix, strlen(compiler->prefix));
		return add_part(compiler, placeholders[i].source, NULL, otherwise);
	}
	free(otherwise);
	return fail(compiler,
		    "no such placeholder: {%s}; there are {prefix} {gateway} {controller} {kind} "
		    "{entity} {mac} {ap} {tag.NAME}",
		    name);
}

static int
compile(const struct compiler *compiler, const char *template)
{
	while (*template) {
		size_t length = strcspn(template, "{");
		const char *end = strchr(template + length, '}');
		char *name;
		int fault;

		if (add_text(compiler, template, length) < 0)
			return -1;
		if (template[length] == '\0')
			return 0;
		if (!end)
			return fail(compiler, "\"%s\" lacks its }", template + length);
		name = strndup(template + length + 1, (size_t)(end - template) - length - 1);
		if (!name)
			return fail(compiler, "no memory");
		fault = add_placeholder(compiler, name);
		free(name);
		if (fault < 0)
			return -1;
		template = end + 1;
	}
	return 0;
}

struct topic *
topic_new(const char *template, const char *prefix, const char *gateway, char *error, size_t size)
{
	struct topic *topic = calloc(1, sizeof(*topic));
	struct compiler compiler = {topic, prefix, gateway, error, size};

	if (!topic) {
		fail(&compiler, "no memory");
		return NULL;
	}
	if (compile(&compiler, template) < 0) {
		topic_free(topic);
		return NULL;
	}
	if (topic->n_parts == 0) {
		fail(&compiler, "the topic \"%s\" is empty", template);
		topic_free(topic);
		return NULL;
	}
	return topic;
}

void
topic_free(struct topic *topic)
{
	if (!topic)
		return;
	for (size_t i = 0; i < topic->n_parts; i++) {
		free(topic->parts[i].text);
		free(topic->parts[i].otherwise);
	}
	free(topic);
}

bool
topic_varies(const struct topic *topic)
{
	for (size_t i = 0; i < topic->n_parts; i++) {
		enum source source = topic->parts[i].source;

		if (source == SOURCE_ENTITY || source == SOURCE_MAC || source == SOURCE_AP)
			return true;
	}
	return false;
}

/* What a part that is no fixed text stands for; NULL or "" when absent. */
static const char *
part_value(const struct part *part, const struct topic_values *values)
{
	switch (part->source) {
	case SOURCE_CONTROLLER:
		return values->controller;
	case SOURCE_KIND:
		return values->kind;
	case SOURCE_ENTITY:
		return values->entity;
	case SOURCE_MAC:
		return values->mac;
	case SOURCE_AP:
		return values->ap;
	case SOURCE_TAG:
		return values->tag ? values->tag(values->tags, part->text) : NULL;
	case SOURCE_TEXT:
	case SOURCE_PREFIX:
	case SOURCE_GATEWAY:
		break;
	}
	return NULL;
}

static size_t
write_part(char *out, const struct part *part, const struct topic_values *values)
{
	const char *value;

	if (part->source == SOURCE_TEXT) {
		if (out)
			memcpy(out, part->text, strlen(part->text));
		return strlen(part->text);
	}
	value = part_value(part, values);
	return write_level(out, value && *value ? value : part->otherwise);
}

struct buffer *
topic_render(const struct topic *topic, const struct topic_values *values)
{
	struct buffer *rendered;
	size_t length = 0;

	for (size_t i = 0; i < topic->n_parts; i++)
		length += write_part(NULL, &topic->parts[i], values);
	rendered = buffer_new(NULL, length);
	if (!rendered)
		return NULL;
	length = 0;
	for (size_t i = 0; i < topic->n_parts; i++)
		length += write_part(rendered->data + length, &topic->parts[i], values);
	return rendered;
}
