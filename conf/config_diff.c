/* SPDX-License-Identifier: ISC */
/* config_diff.c: what one configuration has that another has not, and what a change of it touches
 */
#include "conf/config_diff.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"

/* An option's effect is that of the last row that is about it. */
static const struct effect {
	const char *section;
	const char *option; /* or a section in the section; NULL: all of it */
	enum config_effect effect;
} effects[] = {
	{"gateway", NULL, EFFECT_GATEWAY},
	{"gateway", "name", EFFECT_NAME},
	{"gateway", "dictionary", EFFECT_DICTIONARY},
	{"gateway", "state_dir", EFFECT_IDENTITY},
	{"gateway", "identity", EFFECT_IDENTITY},
	{"gateway", "unknown", EFFECT_RECORDS},
	{"gateway", "user", EFFECT_START},
	{"gateway", "confine", EFFECT_START},
	{"gateway", "core_dumps", EFFECT_START},
	{"log", NULL, EFFECT_GATEWAY},
	{"http", NULL, EFFECT_GATEWAY},
	{"controller", NULL, EFFECT_SESSION},
	{"controller", "dictionary", EFFECT_DICTIONARY},
	{"controller", "tags", EFFECT_RECORDS},
	{"controller", "filter", EFFECT_RECORDS},
	{"controller", "enrich", EFFECT_RECORDS},
	{"mqtt", NULL, EFFECT_OUTPUT},
	{"mqtt", "publish", EFFECT_RECORDS},
	{"mqtt", "filter", EFFECT_RECORDS},
	{"mqtt", "enrich", EFFECT_RECORDS},
	{"mqtt", "topic", EFFECT_RECORDS},
	{"mqtt", "queue_size", EFFECT_QUEUE},
	{"mqtt", "full", EFFECT_QUEUE},
	{"file", NULL, EFFECT_OUTPUT},
	{"file", "publish", EFFECT_RECORDS},
	{"file", "filter", EFFECT_RECORDS},
	{"file", "enrich", EFFECT_RECORDS},
	{"file", "queue_size", EFFECT_QUEUE},
	{"file", "full", EFFECT_QUEUE},
};

static bool
is_about(const struct effect *effect, const char *section, const struct option *option)
{
	if (strcmp(effect->section, section) != 0)
		return false;
	return !effect->option ||
	       strcmp(effect->option, option->sub ? option->sub : option->name) == 0;
}

static unsigned
effect_of(const char *section, const struct option *option)
{
	unsigned found = 0;

	for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++)
		if (is_about(&effects[i], section, option))
			found = effects[i].effect;
	return found;
}

static void
add_name(struct config_names *names, const char *sub, const char *name)
{
	size_t used = strlen(names->text);

	snprintf(names->text + used, sizeof names->text - used, "%s%s%s%s", used ? ", " : "",
		 sub ? sub : "", sub ? "." : "", name);
}

/* An empty section tls has no option that differs, and yet it turns TLS on. */
static unsigned
diff_tls(const struct config_mqtt *before, const struct config_mqtt *after,
	 struct config_names *names)
{
	if (before->tls == after->tls)
		return 0;
	add_name(names, NULL, "tls");
	return EFFECT_OUTPUT;
}

unsigned
config_diff(const char *name, const void *before, const void *after, struct config_names *names)
{
	const struct option_section *section = option_section_named(name);
	char *const *old, *const *new;
	unsigned found = 0;

	names->text[0] = '\0';
	if (!before || !after)
		return 0;
	old = *(char **const *)(const void *)((const char *)before + section->texts);
	new = *(char **const *)(const void *)((const char *)after + section->texts);
	for (size_t i = 0; section->options[i].name; i++) {
		const struct option *option = &section->options[i];

		if (strcmp(old[i], new[i]) == 0)
			continue;
		add_name(names, option->sub, option->name);
		found |= effect_of(name, option);
	}
	if (strcmp(name, "mqtt") == 0)
		found |= diff_tls(before, after, names);
	return found;
}
