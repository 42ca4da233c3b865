/* SPDX-License-Identifier: ISC */
/* pages.c: a long text in pieces, written like a file */
#define _GNU_SOURCE
#include "gateway/pages.h"

#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

/* What the stream gives out: as much as its own buffer holds, so that this is a piece. */
static ssize_t
append(void *context, const char *data, size_t size)
{
	struct pages *pages = context;
	struct buffer **pieces = reallocarray(pages->pieces, pages->n + 1, sizeof *pieces);
	struct buffer *piece = pieces ? buffer_new(data, size) : NULL;

	if (pieces)
		pages->pieces = pieces;
	if (!piece)
		return 0;
	pieces[pages->n++] = piece;
	pages->length += size;
	return (ssize_t)size;
}

struct pages *
pages_new(FILE **out)
{
	struct pages *pages = calloc(1, sizeof *pages);

	if (!pages)
		return NULL;
	pages->references = 1;
	pages->piece = malloc(PAGES_SIZE);
	*out = pages->piece ? fopencookie(pages, "w", (cookie_io_functions_t){.write = append})
			    : NULL;
	if (!*out) {
		pages_unref(pages);
		return NULL;
	}
	setvbuf(*out, pages->piece, _IOFBF, PAGES_SIZE);
	__fsetlocking(*out, FSETLOCKING_BYCALLER);
	return pages;
}

struct pages *
pages_ref(struct pages *pages)
{
	pages->references++;
	return pages;
}

void
pages_unref(struct pages *pages)
{
	if (!pages || --pages->references > 0)
		return;
	for (size_t i = 0; i < pages->n; i++)
		buffer_unref(pages->pieces[i]);
	free(pages->pieces);
	free(pages->piece);
	free(pages);
}

struct buffer *
pages_join(const char *before, const struct pages *pages, const char *after)
{
	size_t first = strlen(before), last = strlen(after);
	struct buffer *buffer = buffer_new(NULL, first + pages->length + last);
	char *at = buffer ? buffer->data : NULL;

	if (!buffer)
		return NULL;
	at = mempcpy(at, before, first);
	for (size_t i = 0; i < pages->n; i++)
		at = mempcpy(at, pages->pieces[i]->data, pages->pieces[i]->length);
	memcpy(at, after, last);
	return buffer;
}
