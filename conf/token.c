/* SPDX-License-Identifier: ISC */
/* token.c: the words and signs of a configuration text */
#include "conf/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/array.h"

#define WORD_ENDS    " #\"'\t\n\r={}()+,*"
#define VARIABLE_SET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"
#define VARIABLE_MAX 128

/* A text on its way to tokens. */
struct lexer {
	const struct report *report;
	struct report_place place;
	char *at;
	struct token *tokens;
	size_t n;
};

static bool
starts(const struct lexer *lexer, const char *with)
{
	return strncmp(lexer->at, with, strlen(with)) == 0;
}

/* Goes on by `n` bytes, counting lines. */
static void
skip(struct lexer *lexer, size_t n)
{
	for (; n > 0; n--)
		lexer->place.line += *lexer->at++ == '\n';
}

static bool
skip_comment(struct lexer *lexer)
{
	const char *end;

	if (!starts(lexer, "/*")) {
		skip(lexer, strcspn(lexer->at, "\n"));
		return true;
	}
	end = strstr(lexer->at + 2, "*/");
	if (end)
		skip(lexer, (size_t)(end + 2 - lexer->at));
	else
		report_error(lexer->report, lexer->place, "a comment without its end, expected */");
	return end != NULL;
}

/* Goes on to the next token; false when a comment has no end. */
static bool
skip_space(struct lexer *lexer)
{
	for (;;) {
		skip(lexer, strspn(lexer->at, " \t\r\n"));
		if (!starts(lexer, "#") && !starts(lexer, "//") && !starts(lexer, "/*"))
			return true;
		if (!skip_comment(lexer))
			return false;
	}
}

/* Checks the ${NAME} or ${NAME:-default} that begins here and returns its length; 0 when it is
 * neither. */
static size_t
variable_length(struct lexer *lexer)
{
	const char *name = lexer->at + 2;
	size_t length = strspn(name, VARIABLE_SET);
	bool bare = name[length] == '}';
	size_t end = length + strcspn(name + length, "}\n");
	char copy[VARIABLE_MAX];

	if (length == 0 || length >= sizeof copy || name[end] != '}' ||
	    (!bare && strncmp(name + length, ":-", 2) != 0)) {
		report_error(lexer->report, lexer->place,
			     "expected ${NAME} or ${NAME:-default}, NAME of letters, digits and _");
		*lexer->at = '?'; /* libconfuse would look for its end elsewhere */
		return 0;
	}
	snprintf(copy, sizeof copy, "%.*s", (int)length, name);
	if (bare && !getenv(copy))
		report_error(lexer->report, lexer->place,
			     "%s is not set in the environment; set it, or write ${%s:-default}",
			     copy, copy);
	return end + 3;
}

/* An escape that stands for a NUL, which would cut the value off. */
static bool
is_nul_escape(const char *text)
{
	size_t digits = strspn(text + 1, "01234567");
	size_t zeros = strspn(text + 1, "0");

	if (text[1] == 'x')
		return text[2] == '0' &&
		       (text[3] == '0' || !strchr("123456789abcdefABCDEF", text[3]));
	return zeros > 0 && (zeros == digits || zeros >= 3);
}

/* Reads on behind the opening quote of a word, up to the closing one. */
static bool
read_quoted(struct lexer *lexer, struct token *token)
{
	while (*lexer->at && *lexer->at != token->quote) {
		bool escape = *lexer->at == '\\' && lexer->at[1];
		bool variable = token->quote == '"' && starts(lexer, "${");
		size_t n = variable ? variable_length(lexer) : 0;

		if (escape && token->quote == '"' && is_nul_escape(lexer->at))
			report_error(lexer->report, lexer->place,
				     "a NUL in a value, expected text");
		skip(lexer, n > 0 ? n : escape ? 2 : 1);
	}
	token->length = (size_t)(lexer->at - token->text);
	if (*lexer->at) {
		skip(lexer, 1);
		return true;
	}
	lexer->place.line = token->line;
	report_error(lexer->report, lexer->place, "%c without its end, expected %c", token->quote,
		     token->quote);
	return false;
}

static bool
read_word(struct lexer *lexer, struct token *token)
{
	size_t n = starts(lexer, "${") ? variable_length(lexer) : 0;

	token->type = TOKEN_WORD;
	if (n == 0 && (*lexer->at == '"' || *lexer->at == '\'')) {
		token->quote = *lexer->at++;
		token->text = lexer->at;
		return read_quoted(lexer, token);
	}
	token->length = n > 0 ? n : strcspn(lexer->at, WORD_ENDS);
	skip(lexer, token->length);
	return true;
}

static bool
read_token(struct lexer *lexer, struct token *token)
{
	*token = (struct token){.line = lexer->place.line, .text = lexer->at, .length = 1};
	if (!*lexer->at) {
		token->type = TOKEN_END;
	} else if (strchr("{}()=,", *lexer->at)) {
		token->type = (enum token_type)lexer->at[0];
		lexer->at++;
	} else if (starts(lexer, "+=")) {
		token->type = TOKEN_APPEND;
		token->length = 2;
		lexer->at += 2;
	} else if (*lexer->at == '+' || *lexer->at == '*') {
		report_error(lexer->report, lexer->place, "a %c by itself, expected it in quotes",
			     *lexer->at);
		return false;
	} else {
		return read_word(lexer, token);
	}
	return true;
}

static struct token *
new_token(struct lexer *lexer)
{
	struct token *tokens = array_grow(lexer->tokens, lexer->n, sizeof *tokens);

	if (!tokens) {
		report_error(lexer->report, lexer->place, "out of memory");
		return NULL;
	}
	lexer->tokens = tokens;
	return &tokens[lexer->n++];
}

struct token *
token_read(char *text, const char *path, const struct report *report)
{
	struct lexer lexer = {.report = report, .place = {path, 1}, .at = text};
	struct token *token = NULL;

	do {
		token = skip_space(&lexer) ? new_token(&lexer) : NULL;
		if (!token || !read_token(&lexer, token)) {
			free(lexer.tokens);
			return NULL;
		}
	} while (token->type != TOKEN_END);
	return lexer.tokens;
}

bool
token_is(const struct token *token, const char *word)
{
	return token->type == TOKEN_WORD && token->length == strlen(word) &&
	       memcmp(token->text, word, token->length) == 0;
}
