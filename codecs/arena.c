/* SPDX-License-Identifier: ISC */
/* arena.c: a region of memory that lives and leaves as one */
#include "codecs/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT  ((size_t)16)
#define BLOCK_SIZE ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	_Alignas(16) unsigned char data[];
};

void
arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){.limit = limit};
}

static void
free_blocks(struct arena_block *block, const struct arena_block *until)
{
	while (block != until) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
}

void
arena_fini(struct arena *arena)
{
	free_blocks(arena->head, NULL);
	arena->head = NULL;
	arena->used = 0;
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *first = arena->head;

	while (first && first->next)
		first = first->next;
	free_blocks(arena->head, first);
	arena->head = first;
	if (first)
		first->used = 0;
	arena->used = 0;
}

struct arena_mark
arena_mark(const struct arena *arena)
{
	return (struct arena_mark){
		.block = arena->head,
		.block_used = arena->head ? arena->head->used : 0,
		.used = arena->used,
	};
}

void
arena_release(struct arena *arena, struct arena_mark mark)
{
	if (!mark.block) {
		arena_reset(arena);
		return;
	}
	free_blocks(arena->head, mark.block);
	arena->head = mark.block;
	arena->head->used = mark.block_used;
	arena->used = mark.used;
}

static struct arena_block *
add_block(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size < BLOCK_SIZE)
		size = BLOCK_SIZE;
	block = malloc(sizeof *block + size);
	if (!block)
		return NULL;
	block->next = arena->head;
	block->size = size;
	block->used = 0;
	arena->head = block;
	return block;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->head;
	void *data;

	if (size > arena->limit - arena->used)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (size > arena->limit - arena->used)
		return NULL;
	if (!block || size > block->size - block->used) {
		block = add_block(arena, size);
		if (!block)
			return NULL;
	}
	data = block->data + block->used;
	block->used += size;
	arena->used += size;
	return data;
}

void *
arena_calloc(struct arena *arena, size_t count, size_t size)
{
	void *data;

	if (size && count > SIZE_MAX / size)
		return NULL;
	data = arena_alloc(arena, count * size);
	if (data)
		memset(data, 0, count * size);
	return data;
}

char *
arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}
