/* SPDX-License-Identifier: ISC */
/* lines.h: libconfuse with a memory for where everything stood
 *
 * libconfuse forgets the lines of options and sections once it has read them. This records them
 * while it parses, so that checks made afterwards, on the whole file, can still say which line is
 * wrong. To be included in conf/ only.
 */
#ifndef NMSP_CONF_LINES_H
#define NMSP_CONF_LINES_H

#include "conf/report.h"

struct cfg_t;
struct lines;

/* A place in a file. The file's name belongs to struct lines. */
struct lines_place {
	const char *file;
	int line;
};

/* Parses the file `path` into `cfg` (fresh from cfg_init; its validate callbacks and error function
 * are taken over, do not set any). libconfuse's own errors, options given twice and a file that
 * cannot be read go to `report`. Returns the lines, to be freed with lines_free before or after
 * `cfg`; NULL after an error. */
struct lines *lines_parse(struct cfg_t *cfg, const char *path, const struct report *report);

/* Frees the lines and the names in their places; takes NULL. */
void lines_free(struct lines *lines);

/* Where value `index` (0 unless it is a list) of `option` stands in `section`; where the section
 * begins when the file does not give that option. For sections inside a section use lines_begin. */
struct lines_place lines_of(const struct lines *lines, struct cfg_t *section, const char *option,
			    unsigned index);

/* Where `section` begins; the file's first line for the root, line 0 for a section that the file
 * does not have. */
struct lines_place lines_begin(const struct lines *lines, struct cfg_t *section);

/* Formats an error at a place, hands it to the report given to lines_parse, and counts it. */
void lines_error(struct lines *lines, struct lines_place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many errors lines_error has handed over. */
unsigned lines_errors(const struct lines *lines);

#endif
