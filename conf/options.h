/* SPDX-License-Identifier: ISC */
/* options.h: every option of the configuration file, a row each
 *
 * To add an option: a member in config.h, a row in options.c, a paragraph in nmsp2mqtt.conf(5);
 * checks that look at more than one option go to config_check.c.
 */
#ifndef NMSP_CONF_OPTIONS_H
#define NMSP_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/config.h"

/* How the text of an option becomes a member of its struct. */
enum option_type {
	OPTION_TEXT,	    /* char * */
	OPTION_NAME,	    /* char *: a level of topics */
	OPTION_WORD,	    /* char *: one of some words */
	OPTION_PATH,	    /* char *: against the directory of the file; "-" and "" stay */
	OPTION_FILE,	    /* the same, of a file that is only read */
	OPTION_DICTIONARY,  /* char *: a path when it contains a slash, else a name */
	OPTION_MAC,	    /* char * */
	OPTION_FINGERPRINT, /* char *: lower case, without separators */
	OPTION_UINT,	    /* unsigned */
	OPTION_INT,	    /* int */
	OPTION_PORT,	    /* uint16_t */
	OPTION_SECONDS,	    /* unsigned, in ms; min and max too */
	OPTION_SIZE,	    /* size_t, in bytes; k, M and G are powers of 1024 */
	OPTION_BOOL,	    /* bool */
	OPTION_CHOICE,	    /* an enum: place among the words, counted from `min` */
	OPTION_DIGIT,	    /* int: one of some words, which are numbers */
	OPTION_HOSTS,	    /* lists, of struct config_controller */
	OPTION_SERVICES,
	OPTION_INTERVALS,
	OPTION_TAGS,
	OPTION_BROKERS, /* of struct config_mqtt */
	OPTION_RULES,	/* struct config_rules */
	OPTION_BITS,	/* unsigned: a bit for each of some words */
	OPTION_LEVELS,	/* of struct config_log */
	OPTION_TRACE,
};

struct option {
	const char *sub; /* section in the section, or NULL */
	const char *name;
	enum option_type type;
	size_t offset; /* in the struct of the section */
	long long min;
	long long max;
	const char *initial; /* as it would be written, a list with blanks between; NULL: must be
				given */
	const char *unit; /* of a number; the words, with blanks between, where it is one of some */
};

/* A section of the top level. */
struct option_section {
	const char *name;
	bool titled;
	size_t size;		      /* of its struct */
	size_t title;		      /* offset of the name that it has as title */
	size_t texts;		      /* offset of the values as texts, see config_diff.c */
	const struct option *options; /* those of one `sub` together; the last has no name */
};

/* One value as it stands in the file. */
struct option_value {
	const char *text;
	struct report_place place;
};

/* What was wrong with a value: what was expected instead. */
struct option_expected {
	char text[200];
};

/* All sections; the last has no name. */
const struct option_section *option_sections(void);

/* The section of this name, which there must be. */
const struct option_section *option_section_named(const char *name);

/* How many options it has. */
size_t option_count(const struct option_section *section);

/* Whether the member of an option is a string on the heap. */
bool option_is_text(const struct option *option);

/* Whether an option takes several values. */
bool option_is_list(const struct option *option);

/* Writes a value to its member in `target`, the struct of its section. Returns false and what was
 * expected when it is wrong. Not for lists. */
bool option_set(const struct option *option, void *target, const struct option_value *value,
		struct option_expected *expected);

/* The place of `text` among words that are separated by blanks, -1 when it is none of them. */
int option_find_word(const char *words, const char *text);

/* The first words of the subjects of the log, with blanks between. */
extern const char option_subsystems[];

/* Whether `subject` is one of them, alone or with more behind a blank. */
bool option_is_subject(const char *subject);

/* Says what was expected. Returns false. */
bool option_expect(struct option_expected *expected, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Says that one of an option's words was expected, and which. Returns false. */
bool option_expect_word(const struct option *option, struct option_expected *expected);

/* Whether `text` may be a level of topics: [-_.A-Za-z0-9]+. */
bool option_is_name(const char *text);

#endif
