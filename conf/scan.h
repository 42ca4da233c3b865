/* SPDX-License-Identifier: ISC */
/* scan.h: what libconfuse gets to read, and where each line of it comes from
 *
 * libconfuse stops at the first unknown option, lets the last of two equal options win in silence,
 * and forgets where anything stood. So the scan looks at the form of a file first, reports all that
 * is wrong with it, and writes the rest out anew, with included files in their places and every
 * word and sign on a line of its own. Then a line number that libconfuse gives says where in the
 * files a value stands; that of a closing brace, where its section begins.
 */
#ifndef NMSP_CONF_SCAN_H
#define NMSP_CONF_SCAN_H

#include <stddef.h>

#include "conf/report.h"

struct cfg_opt_t;
struct scan;

/* A scan of the file `path`; errors go to `report`, which must outlive it. NULL without memory. */
struct scan *scan_new(const char *path, const struct report *report);

/* Frees a scan, its text and the names in its places; takes NULL. */
void scan_free(struct scan *scan);

/* Scans the file, whose options are `options`, ended by one without a name; a function among them
 * is include(FILE). Returns the text for libconfuse, which belongs to the scan; NULL when it
 * does not add up. */
const char *scan_read(struct scan *scan, const struct cfg_opt_t *options);

/* Where line `line` of the text comes from; nowhere for line 0. */
struct report_place scan_place(const struct scan *scan, int line);

#endif
