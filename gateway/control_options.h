/* SPDX-License-Identifier: ISC */
/* control_options.h: the options that all commands to a running gateway have, and others of them */
#ifndef NMSP_GATEWAY_CONTROL_OPTIONS_H
#define NMSP_GATEWAY_CONTROL_OPTIONS_H

#include <stdbool.h>

#include "gateway/control_client.h"

enum {
	CONTROL_OPTIONS_OWN = 8, /* that a command has at most */
};

/* An option of one command: with a value, or without. */
struct control_option {
	const char *name;
	char letter;	   /* its short form, or 0 */
	const char **text; /* becomes the value; or NULL, and */
	bool *given;	   /* becomes true */
};

/* Reads -c, --config, --socket and those in `own`, the last of which has no name (NULL: none).
 * `optind` is then the place of the first operand. False for wrong usage, which was told. */
bool control_options(int argc, char **argv, struct control_target *target,
		     const struct control_option *own);

#endif
