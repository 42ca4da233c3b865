/* SPDX-License-Identifier: ISC */
/* arena.h: a region of memory that lives and leaves as one */
#ifndef NMSP_CODECS_ARENA_H
#define NMSP_CODECS_ARENA_H

#include <stddef.h>

struct arena_block;

/* Memory of one message (or one dictionary); everything in it goes with arena_reset or arena_fini.
 */
struct arena {
	struct arena_block *head;
	size_t used;  /* bytes handed out since the last reset */
	size_t limit; /* the most that may be handed out between two resets */
};

/* A place in an arena, to go back to. */
struct arena_mark {
	struct arena_block *block;
	size_t block_used;
	size_t used;
};

/* Prepares an empty arena that hands out at most `limit` bytes; takes no memory yet. */
void arena_init(struct arena *arena, size_t limit);

/* Gives back all memory. The arena may be used again after arena_init. */
void arena_fini(struct arena *arena);

/* Forgets everything handed out and keeps one block for the next round. */
void arena_reset(struct arena *arena);

/* Remembers the present fill, for arena_release. */
struct arena_mark arena_mark(const struct arena *arena);

/* Forgets what was handed out since `mark`, which must stem from this arena and this round. */
void arena_release(struct arena *arena, struct arena_mark mark);

/* Hands out `size` bytes aligned to 16, not cleared; NULL when the limit or the machine's memory is
 * reached. */
void *arena_alloc(struct arena *arena, size_t size);

/* Like arena_alloc for `count` objects of `size` bytes, cleared; NULL also when the product
 * overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* A copy of `length` bytes with a NUL behind them; NULL as arena_alloc. */
char *arena_strndup(struct arena *arena, const char *text, size_t length);

#endif
