/* SPDX-License-Identifier: ISC */
/* config_read.h: what the files that make up the reading of a configuration share; for
 * conf/config*.c only */
#ifndef NMSP_CONF_CONFIG_READ_H
#define NMSP_CONF_CONFIG_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/config.h"
#include "conf/options.h"
#include "conf/source.h"

/* A configuration on its way from text to structs. Members may be NULL where their option was
 * faulty. */
struct reading {
	struct source source;
	struct config *config;
};

/* Reports an error where the option of a member of the configuration stands. */
void reading_error(struct reading *reading, const void *member, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Notes where a member comes from. */
void reading_note(struct reading *reading, const void *member, struct report_place place,
		  bool given);

/* Whether the file gives the option of a member. */
bool reading_given(const struct reading *reading, const void *member);

/* Makes room for `n` values of a list in `target`, the struct of its section; false without
 * memory. */
bool config_list_reserve(const struct option *option, void *target, size_t n);

/* Takes over the next value of a list, at most as many as there is room for; those of `services`
 * before those of `intervals`. */
void config_list_add(struct reading *reading, const struct option *option, void *target,
		     const struct option_value *value);

/* Checks what one option alone does not show, and files; reads the password files. */
void config_check(struct reading *reading);

/* Reads a rule of `allow` or `deny`, or reports what is wrong with it. */
void config_rule_add(struct reading *reading, const struct option *option,
		     struct config_rules *rules, const struct option_value *value);

/* Checks a filter whose options are each right. */
void config_filter_check(struct reading *reading, const struct config_filter *filter);

/* Puts state_dir before the paths of the identity. */
void config_gateway_check(struct reading *reading);

/* Checks topic and prefix of an output. */
void config_topic_check(struct reading *reading, const struct config_mqtt *mqtt);

#endif
