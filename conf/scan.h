/* SPDX-License-Identifier: ISC */
/* scan.h: a first look at a configuration file, for what libconfuse does not tell
 *
 * libconfuse stops at the first unknown option, lets the last of two equal options or sections win
 * in silence, reads a variable of the environment that is not set as "", cuts a value at a NUL, and
 * counts lines wrongly after comments. The scan reports all of these and hands libconfuse a text
 * without comments and without what it would stop at, so that the other errors come out too.
 */
#ifndef NMSP_CONF_SCAN_H
#define NMSP_CONF_SCAN_H

#include "conf/report.h"

struct cfg_opt_t;
struct scan;

/* A place in a file; `file` lives as long as the scan. */
struct scan_place {
	const char *file;
	int line;
};

/* What the files of one configuration have in common. `report` must outlive it. NULL without
 * memory. */
struct scan *scan_new(const struct report *report);

/* Frees a scan and its places; takes NULL. */
void scan_free(struct scan *scan);

/* Reads the file `path`, whose options are `options` (libconfuse's, ended by one without a name),
 * and reports what is wrong with its form. Returns the text for libconfuse, line for line that of
 * the file, to be freed; NULL with `errno` when the file cannot be read. */
char *scan_read(struct scan *scan, const char *path, const struct cfg_opt_t *options);

/* Where the section `name` with the title `title` ("" when it has none) of the top level begins;
 * line 0 when there is none. */
struct scan_place scan_section(const struct scan *scan, const char *name, const char *title);

#endif
