/* SPDX-License-Identifier: ISC */
/* pages.h: a long text in pieces, written like a file
 *
 * In one piece it would have to be moved while it grows, and copied at the end, which takes
 * milliseconds. For the gateway's loop.
 */
#ifndef NMSP_GATEWAY_PAGES_H
#define NMSP_GATEWAY_PAGES_H

#include <stdio.h>

#include "outputs/buffer.h"

enum {
	PAGES_SIZE = 65536, /* of a piece; the last is shorter */
};

struct pages {
	unsigned references;
	size_t length; /* of all */
	size_t n;
	struct buffer **pieces;
	char *piece; /* the one that is being written */
};

/* Begins a text, with one reference, and opens it for writing. Memory that is lacking later makes
 * fclose(), which is to come before the last pages_unref(), fail. NULL without memory. */
struct pages *pages_new(FILE **out);

/* One more reference; returns `pages`. */
struct pages *pages_ref(struct pages *pages);

/* One reference less; frees at the last. Takes NULL. */
void pages_unref(struct pages *pages);

/* All of it in one buffer between two other texts; NULL without memory. */
struct buffer *pages_join(const char *before, const struct pages *pages, const char *after);

#endif
