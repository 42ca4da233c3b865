/* SPDX-License-Identifier: ISC */
/* reload_outputs.h: what the files of a reload share, and its part for outputs */
#ifndef NMSP_GATEWAY_RELOAD_OUTPUTS_H
#define NMSP_GATEWAY_RELOAD_OUTPUTS_H

#include <stdbool.h>

#include "gateway/gateway.h"

struct json_t;

/* A reload under way. */
struct reload {
	struct gateway *g;
	const struct config *before, *after;
	struct json_t *changes; /* that were made */
	unsigned global;	/* effects of what changed in the section gateway */
	bool identity;		/* it is another one now */
};

/* One change, to be told. */
struct reload_note {
	const char *what;    /* "controller" */
	const char *name;    /* NULL: of the only one */
	const char *options; /* that differ; NULL: does not matter */
	const char *done;    /* about it */
};

/* Tells of a change, in the log and in the result. */
void reload_note(struct reload *reload, const struct reload_note *note);

/* Begins, replaces, changes and ends outputs, and leads the records of all controllers to those
 * that there are now. 0, or -1 without memory. */
int reload_outputs(struct reload *reload);

#endif
