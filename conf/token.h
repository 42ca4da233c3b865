/* SPDX-License-Identifier: ISC */
/* token.h: the words and signs of a configuration text */
#ifndef NMSP_CONF_TOKEN_H
#define NMSP_CONF_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/report.h"

enum token_type {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_APPEND, /* += */
	TOKEN_OPEN = '{',
	TOKEN_CLOSE = '}',
	TOKEN_LEFT = '(',
	TOKEN_RIGHT = ')',
	TOKEN_EQUAL = '=',
	TOKEN_COMMA = ',',
};

/* A piece of the text; of a word what is inside its quotes, escapes and variables as they are. */
struct token {
	enum token_type type;
	char quote; /* that the word stands in, or 0 */
	int line;
	const char *text;
	size_t length;
};

/* Cuts `text`, of the file `path`, into tokens as libconfuse's lexer does; comments are left out.
 * Reports variables that are not set, and what no value can have. Returns an array ended by
 * TOKEN_END, to be freed, its tokens pointing into `text`; NULL after an error that leaves no
 * sense in the rest. */
struct token *token_read(char *text, const char *path, const struct report *report);

/* Whether a token is the word `word`. */
bool token_is(const struct token *token, const char *word);

#endif
