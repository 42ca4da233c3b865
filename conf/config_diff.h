/* SPDX-License-Identifier: ISC */
/* config_diff.h: what one configuration has that another has not, and what a change of it touches
 */
#ifndef NMSP_CONF_CONFIG_DIFF_H
#define NMSP_CONF_CONFIG_DIFF_H

#include <stddef.h>

#include "conf/config.h"

/* What has to be done anew for a change to have its effect; flags. */
enum config_effect {
	EFFECT_GATEWAY = 1 << 0,    /* something of the gateway alone */
	EFFECT_NAME = 1 << 1,	    /* the gateway's name: in every topic and every record */
	EFFECT_IDENTITY = 1 << 2,   /* every session, if the identity is another one now */
	EFFECT_DICTIONARY = 1 << 3, /* the sessions whose dictionary is another one now */
	EFFECT_SESSION = 1 << 4,    /* the session of the controller */
	EFFECT_RECORDS = 1 << 5,    /* what is made of a record, from the next one on */
	EFFECT_QUEUE = 1 << 6,	    /* what the queue of the output does, from now on */
	EFFECT_OUTPUT = 1 << 7,	    /* the output, but for its queue */
	EFFECT_START = 1 << 8,	    /* the process: only its next start has it */
};

/* Names of the options that differ, "port, tls.verify"; cut to its size. */
struct config_names {
	char text[256];
};

/* Holds two structs of the section `name` against each other (NULL: of the section that is not
 * there, nothing is said of it). Returns the effects of all that differs, 0 when nothing does, and
 * the names of the options. A file that an option names counts as another one when it was changed.
 */
unsigned config_diff(const char *name, const void *before, const void *after,
		     struct config_names *names);

#endif
