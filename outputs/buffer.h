/* SPDX-License-Identifier: ISC */
/* buffer.h: text that several outputs share and the last one frees */
#ifndef NMSP_OUTPUTS_BUFFER_H
#define NMSP_OUTPUTS_BUFFER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	atomic_uint references;
	uint32_t length;
	struct buffer *next; /* among the spares */
	unsigned size_class;
	char data[]; /* `length` bytes and a NUL */
};

/* A copy of `length` bytes (zeros when `data` is NULL), with one reference; NULL without memory or
 * beyond 256 MiB. */
struct buffer *buffer_new(const void *data, size_t length);

/* One more reference; returns `buffer`. Any thread. */
struct buffer *buffer_ref(struct buffer *buffer);

/* One reference less; frees at the last. Takes NULL. Any thread. */
void buffer_unref(struct buffer *buffer);

#endif
