/* SPDX-License-Identifier: ISC */
/* store.h: small text files of our own that must never be seen half-written */
#ifndef NMSP_GATEWAY_STORE_H
#define NMSP_GATEWAY_STORE_H

#include <stddef.h>
#include <sys/types.h>

/* Puts `text` into the file `path` (mode `mode` from the start) in place of what was there, and
 * makes missing directories. When root does it, the file is given to the owner of its directory.
 * Returns 0, or -1 with a sentence in `error`. */
int store_text(const char *path, mode_t mode, const char *text, char *error, size_t size);

#endif
