/* SPDX-License-Identifier: ISC */
/* topic.h: topic templates: {prefix} {gateway} {controller} {kind} {entity} {mac} {ap} {tag.NAME}
 * and {x|default} */
#ifndef NMSP_OUTPUTS_TOPIC_H
#define NMSP_OUTPUTS_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#include "outputs/buffer.h"

struct topic;

/* What the placeholders stand for. NULL or "" is absent: then the default is taken, else "_". */
struct topic_values {
	const char *controller;
	const char *kind;
	const char *entity;
	const char *mac;					/* 12 hex digits */
	const char *ap;						/* 12 hex digits */
	const char *(*tag)(const void *tags, const char *name); /* value of a tag, or NULL */
	const void *tags;
};

/* Compiles a template; {prefix} and {gateway} are filled in at once. Returns NULL with a sentence
 * in `error` (`size` bytes) that quotes the faulty part. */
struct topic *topic_new(const char *template, const char *prefix, const char *gateway, char *error,
			size_t size);

/* Frees a template; takes NULL. */
void topic_free(struct topic *topic);

/* True when the topic differs between records of one controller and kind (it has {entity}, {mac} or
 * {ap}). */
bool topic_varies(const struct topic *topic);

/* The topic for these values; every level that comes from data is reduced to [-_.A-Za-z0-9] (others
 * become `_`), a prefix may hold slashes. Returns a new buffer, NULL without memory. */
struct buffer *topic_render(const struct topic *topic, const struct topic_values *values);

/* Writes `text` reduced to one topic level, NUL-terminated, to `out` (`size` bytes). */
void topic_level(const char *text, char *out, size_t size);

#endif
