/* SPDX-License-Identifier: ISC */
/* source.h: files that people write, read with libconfuse, and where everything in them stands
 *
 * Both loaders read through this. All values are taken as text, so that a wrong one does not stop
 * the reading; what they mean is the loaders' business. To be included in conf/ only.
 */
#ifndef NMSP_CONF_SOURCE_H
#define NMSP_CONF_SOURCE_H

#include <stdbool.h>

#include "conf/report.h"

struct cfg_t;
struct cfg_opt_t;
struct scan;

/* Options for libconfuse's tables, for those that include <confuse.h>; `initial` is the value of
 * one that is not given, or NULL. */
#define SOURCE_VALUE(name, initial) CFG_PTR_CB(name, initial, CFGF_NONE, source_take, free)
#define SOURCE_LIST(name)	    CFG_PTR_CB(name, NULL, CFGF_LIST, source_take, free)

struct source {
	struct report report; /* counts errors, and hands them on */
	unsigned errors;
	struct cfg_t *root;
	struct scan *scan;
	const struct report *caller;
};

/* Prepares a source that reads nothing but takes errors; source_open does it too. */
void source_init(struct source *source, const struct report *report);

/* Reads the file `path` with the options `options`, which need not live on. Every error of form
 * goes to `report`, which must outlive the source, as must `path`. Returns false when what came out
 * makes no sense; the source is to be closed in any case. */
bool source_open(struct source *source, const char *path, struct cfg_opt_t *options,
		 const struct report *report);

/* Frees what a source owns; places that it gave are void then. */
void source_close(struct source *source);

/* Value `index` (0 unless it is a list) of an option, else its initial value, else NULL. */
const char *source_text(struct cfg_t *section, const char *option, unsigned index);

/* Whether the file gives an option; false too where no such option may stand. */
bool source_given(struct cfg_t *section, const char *option);

/* The number of values or sections `option`; 0 too where none may stand. */
unsigned source_count(struct cfg_t *section, const char *option);

/* Where value `index` of an option stands; where the section begins when the file does not give it,
 * or with NULL. */
struct report_place source_place(const struct source *source, struct cfg_t *section,
				 const char *option, unsigned index);

/* For the macros above: takes the text of one value. */
int source_take(struct cfg_t *section, struct cfg_opt_t *option, const char *text, void *result);

#endif
