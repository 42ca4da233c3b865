/* SPDX-License-Identifier: ISC */
/* config_read.h: what the files that make up the reading of a configuration share; for
 * conf/config*.c only */
#ifndef NMSP_CONF_CONFIG_READ_H
#define NMSP_CONF_CONFIG_READ_H

#include <stddef.h>

#include "conf/config.h"
#include "conf/options.h"
#include "conf/scan.h"

struct cfg_t;

/* A configuration on its way from text to structs. */
struct reading {
	const struct report *caller;
	struct report report; /* counts, and hands on to the caller's */
	unsigned errors;
	struct scan *scan;
	struct cfg_t *cfg;
	struct config *config;
};

/* The values of an option, in the order of the file; or the default. */
struct option_values {
	struct option_value *values;
	size_t n;
	struct scan_place place; /* of the first, or of the section */
};

/* Reports an error at a place. */
void reading_error(struct reading *reading, struct scan_place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Where the option `name` of the `index`th section `section` stands (`sub`: the section in it, or
 * NULL); where the section begins when the option is not given. */
struct scan_place reading_place(const struct reading *reading, const char *section, size_t index,
				const char *sub, const char *name);

/* Whether the file gives that option. */
bool reading_given(const struct reading *reading, const char *section, size_t index,
		   const char *sub, const char *name);

/* Takes over the values of a list into its members of `controller`; those of `services` before
 * those of `intervals`. */
void config_list_set(struct reading *reading, const struct option *option,
		     struct config_controller *controller, const struct option_values *values);

/* Checks what one option alone does not show, and files; reads the password files. */
void config_check(struct reading *reading);

/* Checks topic and prefix of the `index`th mqtt section. */
void config_topic_check(struct reading *reading, size_t index);

#endif
