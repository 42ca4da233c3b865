/* SPDX-License-Identifier: ISC */
/* log_settings.c: settings of the log that are owned, and what they let through */
#include "gateway/log_settings.h"

#include <stdlib.h>
#include <string.h>

/* The subsystems that know of one controller. */
static const char *const of_controllers[] = {"session", "tls"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

void
log_settings_fini(struct log_settings *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		free(s->rules[i].subject);
	for (size_t i = 0; i < s->n_traced; i++)
		free(s->traced[i]);
	free(s->rules);
	free(s->traced);
	free(s->path);
}

bool
log_settings_copy(struct log_settings *copy, const struct log_settings *from)
{
	bool whole;

	*copy = *from;
	copy->path = strdup(from->path ? from->path : "");
	copy->rules = calloc(from->n_rules + 1, sizeof *copy->rules);
	copy->traced = calloc(from->n_traced + 1, sizeof *copy->traced);
	whole = copy->path && copy->rules && copy->traced;
	if (!whole)
		copy->n_rules = copy->n_traced = 0;
	for (size_t i = 0; i < copy->n_rules; i++) {
		copy->rules[i] =
			(struct log_rule){strdup(from->rules[i].subject), from->rules[i].level};
		whole &= copy->rules[i].subject != NULL;
	}
	for (size_t i = 0; i < copy->n_traced; i++) {
		copy->traced[i] = strdup(from->traced[i]);
		whole &= copy->traced[i] != NULL;
	}
	return whole;
}

static int
add_rule(struct log_settings *s, const char *subject, enum log_level level)
{
	struct log_rule *rules;
	char *copy;

	if (s->n_rules >= LOG_MOST_RULES)
		return LOG_TOO_MANY_RULES;
	rules = reallocarray(s->rules, s->n_rules + 1, sizeof *rules);
	if (rules)
		s->rules = rules;
	copy = rules ? strdup(subject) : NULL;
	if (!copy)
		return LOG_NO_MEMORY;
	rules[s->n_rules++] = (struct log_rule){copy, level};
	return 0;
}

int
log_settings_set_level(struct log_settings *s, const char *subject, enum log_level level)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (strcmp(s->rules[i].subject, subject) == 0) {
			s->rules[i].level = level;
			return 0;
		}
	return add_rule(s, subject, level);
}

static int
add_trace(struct log_settings *s, const char *controller)
{
	char **traced = reallocarray(s->traced, s->n_traced + 1, sizeof *traced);

	if (traced)
		s->traced = traced;
	if (!traced || !(traced[s->n_traced] = strdup(controller)))
		return LOG_NO_MEMORY;
	s->n_traced++;
	return 0;
}

int
log_settings_set_trace(struct log_settings *s, const char *controller, bool on)
{
	size_t place = 0;

	while (place < s->n_traced && strcmp(s->traced[place], controller) != 0)
		place++;
	if (on)
		return place < s->n_traced ? 0 : add_trace(s, controller);
	if (place < s->n_traced) {
		free(s->traced[place]);
		s->traced[place] = s->traced[--s->n_traced];
	}
	return 0;
}

/* The length of `words` when the subject begins with them, else 0. */
static size_t
match(const char *subject, const char *words)
{
	size_t length = strlen(words);

	if (strncmp(subject, words, length) != 0 || (subject[length] && subject[length] != ' '))
		return 0;
	return length;
}

static bool
is_traced(const struct log_settings *s, const char *subject)
{
	const char *name = strchr(subject, ' ');

	if (!name || !s->n_traced)
		return false;
	for (size_t i = 0; i < COUNT(of_controllers); i++)
		for (size_t k = 0; match(subject, of_controllers[i]) && k < s->n_traced; k++)
			if (strcmp(name + 1, s->traced[k]) == 0)
				return true;
	return false;
}

bool
log_settings_want(const struct log_settings *s, const char *subject, enum log_level level)
{
	enum log_level bound = s->level;
	size_t longest = 0;

	for (size_t i = 0; i < s->n_rules; i++) {
		size_t length = match(subject, s->rules[i].subject);

		if (length > longest) {
			longest = length;
			bound = s->rules[i].level;
		}
	}
	return level <= bound || is_traced(s, subject);
}

enum log_level
log_settings_most(const struct log_settings *s)
{
	enum log_level level = s->level;

	for (size_t i = 0; i < s->n_rules; i++)
		level = s->rules[i].level > level ? s->rules[i].level : level;
	return s->n_traced ? LOG_LEVEL_DEBUG : level;
}
