/* SPDX-License-Identifier: ISC */
/* suggest.c: "did you mean", for words that people mistype */
#include <stdio.h>
#include <string.h>

#include "conf/suggest.h"

#define WORD_MAX 32 /* longer words are not compared */

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance; WORD_MAX and more when a word is too long. */
static unsigned
distance_between(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t m = strlen(a), n = strlen(b);

	if (m > WORD_MAX || n > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= m; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned above = row[j];
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			row[j] = least(above + 1, row[j - 1] + 1, change);
			diagonal = above;
		}
	}
	return row[n];
}

struct suggest
suggest_for(const char *word)
{
	return (struct suggest){.word = word};
}

void
suggest_offer(struct suggest *suggest, const char *known)
{
	unsigned distance = distance_between(suggest->word, known);
	size_t length = strlen(suggest->word);

	if (distance > 1 + length / 4 || distance >= length)
		return;
	if (!suggest->best || distance < suggest->distance) {
		suggest->best = known;
		suggest->distance = distance;
	}
}

char *
suggest_text(const struct suggest *suggest, char *text, size_t size)
{
	if (suggest->best)
		snprintf(text, size, ", did you mean \"%s\"?", suggest->best);
	else
		text[0] = '\0';
	return text;
}
