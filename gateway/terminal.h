/* SPDX-License-Identifier: ISC */
/* terminal.h: what the commands may use when they print for people */
#ifndef NMSP_GATEWAY_TERMINAL_H
#define NMSP_GATEWAY_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

struct terminal {
	bool colours;
	bool unicode;
};

/* What the other end of `file` shows: colours only a terminal that is not dumb, and only without
 * NO_COLOR. Sets the locale of characters. */
struct terminal terminal_of(FILE *file);

#endif
