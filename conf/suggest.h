/* SPDX-License-Identifier: ISC */
/* suggest.h: "did you mean", for words that people mistype */
#ifndef NMSP_CONF_SUGGEST_H
#define NMSP_CONF_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* Begins a search for the known word closest to `word`, which must live as long as the search. */
struct suggest {
	const char *word;
	const char *best;  /* NULL while none is close enough */
	unsigned distance; /* of `best` */
};

/* A search for `word`. */
struct suggest suggest_for(const char *word);

/* Offers one known word. */
void suggest_offer(struct suggest *suggest, const char *known);

/* Writes `, did you mean "BEST"?`, or nothing when no word came close, to `text` (`size` bytes);
 * returns `text`. */
char *suggest_text(const struct suggest *suggest, char *text, size_t size);

#endif
