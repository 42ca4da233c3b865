/* SPDX-License-Identifier: ISC */
/* buffer.c: text that several outputs share and the last one frees */
#include "outputs/buffer.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LENGTH (256U << 20)

struct buffer *
buffer_new(const void *data, size_t length)
{
	struct buffer *buffer;

	if (length > MAX_LENGTH)
		return NULL;
	buffer = malloc(sizeof(*buffer) + length + 1);
	if (!buffer)
		return NULL;
	atomic_init(&buffer->references, 1);
	buffer->length = (uint32_t)length;
	if (data)
		memcpy(buffer->data, data, length);
	else
		memset(buffer->data, 0, length);
	buffer->data[length] = '\0';
	return buffer;
}

struct buffer *
buffer_ref(struct buffer *buffer)
{
	atomic_fetch_add_explicit(&buffer->references, 1, memory_order_relaxed);
	return buffer;
}

void
buffer_unref(struct buffer *buffer)
{
	if (!buffer)
		return;
	if (atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) == 1)
		free(buffer);
}
