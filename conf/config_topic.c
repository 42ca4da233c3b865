/* SPDX-License-Identifier: ISC */
/* config_topic.c: the topic templates of the configuration */
#include <stdio.h>
#include <string.h>

#include "conf/config_read.h"
#include "conf/suggest.h"

#define LENGTH_MAX 1000 /* the protocol would allow 65,535 */

static const struct {
	const char *name;
	bool per_record; /* differs between the records of one batch */
} placeholders[] = {
	{"prefix", false}, {"gateway", false}, {"controller", false}, {"kind", false},
	{"entity", true},  {"mac", true},      {"ap", true},
};

#define PLACEHOLDERS (sizeof placeholders / sizeof placeholders[0])

/* A template that is being checked. */
struct template
{
	struct reading *reading;
	const void *member; /* where it stands */
	bool batch;
};

static void
report_unknown(const struct template *template, const char *name)
{
	struct suggest suggest = suggest_for(name);
	char hint[64];

	for (size_t i = 0; i < PLACEHOLDERS; i++)
		suggest_offer(&suggest, placeholders[i].name);
	reading_error(
		template->reading, template->member,
		"topic: unknown placeholder {%s}%s; expected {prefix}, {gateway}, {controller}, "
		"{kind}, {entity}, {mac}, {ap} or {tag.NAME}",
		name, suggest_text(&suggest, hint, sizeof hint));
}

static void
check_placeholder(const struct template *template, const char *name)
{
	if (strncmp(name, "tag.", 4) == 0 && option_is_name(name + 4))
		return;
	for (size_t i = 0; i < PLACEHOLDERS; i++) {
		if (strcmp(name, placeholders[i].name) != 0)
			continue;
		if (template->batch && placeholders[i].per_record)
			reading_error(template->reading, template->member,
				      "topic: {%s} differs between the records of a batch, "
				      "expected publish = \"record\" with it",
				      name);
		return;
	}
	report_unknown(template, name);
}

/* Checks the placeholder behind the brace at `at`; returns what follows it. */
static const char *
check_braces(const struct template *template, const char *at)
{
	size_t length = strcspn(at + 1, "{}");
	const char *end = at + 1 + length;
	char name[64];

	if (*at == '}' || *end != '}') {
		reading_error(template->reading, template->member,
			      "topic: a brace without its other half in \"%s\", expected {name}",
			      at);
		return end + (*end != '\0');
	}
	snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "|}"), at + 1);
	check_placeholder(template, name);
	return end + 1;
}

static void
check_levels(const struct template *template, const char *option, const char *text)
{
	if (strpbrk(text, "+#"))
		reading_error(template->reading, template->member,
			      "%s = \"%s\": + and # are wildcards, expected none of them", option,
			      text);
	if (text[0] == '$')
		reading_error(template->reading, template->member,
			      "%s = \"%s\": topics that begin with $ belong to the broker", option,
			      text);
	if (text[0] == '/' || text[strlen(text) - 1] == '/' || strstr(text, "//"))
		reading_error(template->reading, template->member,
			      "%s = \"%s\": a level is empty, expected something between slashes",
			      option, text);
	if (strlen(text) > LENGTH_MAX)
		reading_error(template->reading, template->member,
			      "%s is too long, expected at most %d characters", option, LENGTH_MAX);
}

void
config_topic_check(struct reading *reading, const struct config_mqtt *mqtt)
{
	struct template template = {.reading = reading, .batch = mqtt->publish == PUBLISH_BATCH};

	if (mqtt->prefix && *mqtt->prefix) {
		template.member = &mqtt->prefix;
		check_levels(&template, "prefix", mqtt->prefix);
		if (strpbrk(mqtt->prefix, "{}"))
			reading_error(reading, &mqtt->prefix,
				      "prefix = \"%s\": expected no placeholders", mqtt->prefix);
	}
	if (!mqtt->topic || !*mqtt->topic)
		return;
	template.member = &mqtt->topic;
	check_levels(&template, "topic", mqtt->topic);
	for (const char *at = strpbrk(mqtt->topic, "{}"); at; at = strpbrk(at, "{}"))
		at = check_braces(&template, at);
}
