/* SPDX-License-Identifier: ISC */
/* script.h: frames written down in hex, to be sent as they are
 *
 * A line holds bytes in hex with any white space between them, or "wait MS"; what follows a # is a
 * comment. Each line is sent at one blow.
 */
#ifndef NMSP_SIM_SCRIPT_H
#define NMSP_SIM_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

struct script_step {
	uint32_t wait_ms; /* before the bytes */
	size_t offset;	  /* in `bytes` */
	size_t length;
};

struct script {
	uint8_t *bytes;
	struct script_step *steps;
	size_t n_steps;
};

/* Reads a script. Returns 0, or -1 with a sentence in `error` (`size` bytes) that names file and
 * line. */
int script_load(struct script *script, const char *path, char *error, size_t size);

/* Frees what a script owns. */
void script_fini(struct script *script);

#endif
