/* SPDX-License-Identifier: ISC */
/* buffer.c: text that several outputs share and the last one frees
 *
 * Records are made on one thread and freed on another, which malloc is slow at. So buffers of the
 * usual sizes are kept as spares: who frees one pushes it on a stack, who makes one takes the whole
 * stack when it has no more of its own.
 */
#include "outputs/buffer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LENGTH	 (256U << 20)
#define FIRST_CLASS_SIZE 512U /* bytes of text and their NUL; each class has twice as many */
#define CLASSES		 4U
#define MAX_SPARES	 1024 /* of a class */

struct spares {
	_Atomic(struct buffer *) returned; /* a stack; taken as a whole only */
	atomic_int count;
	struct buffer *available; /* for who holds `making` */
};

static struct spares spares[CLASSES];
static atomic_flag making = ATOMIC_FLAG_INIT;

static unsigned
class_of(size_t size)
{
	unsigned size_class = 0;

	while (size_class < CLASSES && size > FIRST_CLASS_SIZE << size_class)
		size_class++;
	return size_class;
}

/* A spare of the class, or NULL; never waits for another thread that makes one. */
static struct buffer *
take_spare(unsigned size_class)
{
	struct spares *of_class = &spares[size_class];
	struct buffer *buffer;

	if (atomic_flag_test_and_set_explicit(&making, memory_order_acquire))
		return NULL;
	if (!of_class->available)
		of_class->available =
			atomic_exchange_explicit(&of_class->returned, NULL, memory_order_acquire);
	buffer = of_class->available;
	if (buffer) {
		of_class->available = buffer->next;
		atomic_fetch_sub_explicit(&of_class->count, 1, memory_order_relaxed);
	}
	atomic_flag_clear_explicit(&making, memory_order_release);
	return buffer;
}

/* Keeps a buffer as a spare; false when there are enough. */
static bool
keep_spare(struct buffer *buffer)
{
	struct spares *of_class = &spares[buffer->size_class];

	if (atomic_load_explicit(&of_class->count, memory_order_relaxed) >= MAX_SPARES)
		return false;
	atomic_fetch_add_explicit(&of_class->count, 1, memory_order_relaxed);
	buffer->next = atomic_load_explicit(&of_class->returned, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&of_class->returned, &buffer->next, buffer,
						      memory_order_release, memory_order_relaxed))
		continue;
	return true;
}

static struct buffer *
make(size_t length)
{
	unsigned size_class = class_of(length + 1);
	struct buffer *buffer = size_class < CLASSES ? take_spare(size_class) : NULL;
	size_t size = size_class < CLASSES ? FIRST_CLASS_SIZE << size_class : length + 1;

	if (!buffer)
		buffer = malloc(sizeof(*buffer) + size);
	if (buffer)
		buffer->size_class = size_class;
	return buffer;
}

struct buffer *
buffer_new(const void *data, size_t length)
{
	struct buffer *buffer = length <= MAX_LENGTH ? make(length) : NULL;

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
	if (atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) != 1)
		return;
	if (buffer->size_class >= CLASSES || !keep_spare(buffer))
		free(buffer);
}
