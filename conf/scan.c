/* SPDX-License-Identifier: ISC */
/* scan.c: a first look at a configuration file, for what libconfuse does not tell
 *
 * The tokens are those of libconfuse's lexer. Where the text does not add up (a brace missing, a
 * string without end) the scan stops and leaves the word to libconfuse.
 */
#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/options.h"
#include "conf/scan.h"
#include "conf/suggest.h"

#define OPTIONS_MAX   64
#define FILE_SIZE_MAX (16L << 20)

struct section {
	struct section *next;
	char *name;
	char *title;
	struct scan_place place;
};

struct file_name {
	struct file_name *next;
	char name[];
};

struct scan {
	const struct report *report;
	struct section *sections;
	struct file_name *files;
};

/* A file that is being scanned. */
struct walk {
	struct scan *scan;
	const char *file;
	char *text;
	size_t length;
	size_t at;
	int line;
	int depth;
	bool broken;
};

enum token_type {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_OPEN = '{',
	TOKEN_CLOSE = '}',
	TOKEN_LEFT = '(',
	TOKEN_RIGHT = ')',
	TOKEN_EQUAL = '=',
	TOKEN_APPEND = '+',
	TOKEN_COMMA = ',',
};

struct token {
	enum token_type type;
	size_t from;
	int line;
	char word[128]; /* of TOKEN_WORD: the text without quotes, escapes as they are, cut */
};

/* How a statement is written. */
enum use {
	USE_VALUE,
	USE_LIST,
	USE_CALL,
	USE_SECTION,
	USE_TITLED,
};

struct statement {
	struct token name;
	struct token title; /* of USE_TITLED */
	enum use use;
	bool append;
};

struct scan *
scan_new(const struct report *report)
{
	struct scan *scan = calloc(1, sizeof *scan);

	if (scan)
		scan->report = report;
	return scan;
}

void
scan_free(struct scan *scan)
{
	if (!scan)
		return;
	while (scan->sections) {
		struct section *section = scan->sections;
		scan->sections = section->next;
		free(section->name);
		free(section->title);
		free(section);
	}
	while (scan->files) {
		struct file_name *file = scan->files;
		scan->files = file->next;
		free(file);
	}
	free(scan);
}

static const struct section *
find_section(const struct scan *scan, const char *name, const char *title)
{
	const struct section *section = scan->sections;

	while (section && (strcmp(section->name, name) != 0 || strcmp(section->title, title) != 0))
		section = section->next;
	return section;
}

struct scan_place
scan_section(const struct scan *scan, const char *name, const char *title)
{
	const struct section *section = find_section(scan, name, title);

	return section ? section->place : (struct scan_place){.file = ""};
}

static void
blank(struct walk *walk, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (walk->text[i] != '\n')
			walk->text[i] = ' ';
}

static void
step(struct walk *walk)
{
	if (walk->text[walk->at] == '\n')
		walk->line++;
	walk->at++;
}

static bool
starts(const struct walk *walk, const char *with)
{
	return strncmp(walk->text + walk->at, with, strlen(with)) == 0;
}

static void
skip_comment(struct walk *walk)
{
	size_t from = walk->at;
	bool block = starts(walk, "/*");

	walk->at += block ? 2 : 1;
	while (walk->at < walk->length && !starts(walk, block ? "*/" : "\n"))
		step(walk);
	if (block && walk->at < walk->length)
		walk->at += 2;
	blank(walk, from, walk->at);
}

static void
skip_space(struct walk *walk)
{
	while (walk->at < walk->length) {
		if (isspace((unsigned char)walk->text[walk->at]))
			step(walk);
		else if (starts(walk, "#") || starts(walk, "//") || starts(walk, "/*"))
			skip_comment(walk);
		else
			return;
	}
}

/* Looks at one ${NAME} or ${NAME:-default} at `at`; returns its length, 0 when it has no end. */
static size_t
check_variable(struct walk *walk, size_t at)
{
	const char *name = walk->text + at + 2;
	const char *end = strchr(name, '}');
	char copy[128];

	if (!end)
		return 0;
	size_t length =
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	snprintf(copy, sizeof copy, "%.*s", (int)length, name);
	if (length == 0 || (name + length != end && strncmp(name + length, ":-", 2) != 0))
		report_error(walk->scan->report, walk->file, walk->line,
			     "expected ${NAME} or ${NAME:-default}, NAME of letters, digits and _");
	else if (name + length == end && !getenv(copy))
		report_error(walk->scan->report, walk->file, walk->line,
			     "%s is not set in the environment; set it, or write ${%s:-default}",
			     copy, copy);
	return (size_t)(end + 1 - walk->text) - at;
}

/* An escape that stands for a NUL, which would cut the value off. */
static bool
is_nul_escape(const char *text)
{
	if (text[1] == 'x')
		return text[2] == '0' && (text[3] == '0' || !isxdigit((unsigned char)text[3]));
	size_t zeros = strspn(text + 1, "0");
	return zeros >= 3 || (zeros > 0 && (text[1 + zeros] < '0' || text[1 + zeros] > '7'));
}

static void
skip_string(struct walk *walk, char quote)
{
	walk->at++;
	while (walk->at < walk->length && walk->text[walk->at] != quote) {
		size_t n = 1;
		if (starts(walk, "\\")) {
			if (quote == '"' && is_nul_escape(walk->text + walk->at))
				report_error(walk->scan->report, walk->file, walk->line,
					     "a NUL in a value, expected text");
			n = 2;
		} else if (quote == '"' && starts(walk, "${")) {
			n = check_variable(walk, walk->at);
			n = n ? n : 1;
		}
		while (n-- > 0 && walk->at < walk->length)
			step(walk);
	}
	walk->broken |= walk->at == walk->length;
}

static void
read_word(struct walk *walk, struct token *token)
{
	size_t from = walk->at, to;
	char first = walk->text[from];

	if (first == '"' || first == '\'') {
		skip_string(walk, first);
		from++;
		to = walk->at;
		walk->at += !walk->broken;
	} else if (starts(walk, "${") && check_variable(walk, from)) {
		walk->at = (size_t)(strchr(walk->text + from, '}') + 1 - walk->text);
		to = walk->at;
	} else {
		walk->at += strcspn(walk->text + from, " #\"'\t\n\r={}()+,*");
		to = walk->at;
	}
	token->type = TOKEN_WORD;
	snprintf(token->word, sizeof token->word, "%.*s", (int)(to - from), walk->text + from);
}

static void
next_token(struct walk *walk, struct token *token)
{
	skip_space(walk);
	*token = (struct token){.from = walk->at, .line = walk->line};
	if (walk->at >= walk->length)
		return;
	char c = walk->text[walk->at];
	if (strchr("{}()=,", c)) {
		token->type = (enum token_type)c;
		walk->at++;
	} else if (starts(walk, "+=")) {
		token->type = TOKEN_APPEND;
		walk->at += 2;
	} else if (c == '+' || c == '*') {
		walk->at++; /* libconfuse's lexer drops these */
		next_token(walk, token);
	} else {
		read_word(walk, token);
	}
}

static void
skip_until(struct walk *walk, enum token_type end)
{
	struct token token;

	do {
		next_token(walk, &token);
		if (token.type != end && token.type != TOKEN_WORD && token.type != TOKEN_COMMA)
			walk->broken = true;
	} while (token.type != end && !walk->broken);
}

/* Reads on behind a `=`; returns whether the value is a list. */
static bool
skip_value(struct walk *walk)
{
	struct token token;

	next_token(walk, &token);
	if (token.type == TOKEN_OPEN) {
		skip_until(walk, TOKEN_CLOSE);
		return true;
	}
	walk->broken |= token.type != TOKEN_WORD;
	return false;
}

/* Reads a statement up to its value, or to the opening brace of a section. */
static void
read_statement(struct walk *walk, struct statement *statement)
{
	struct token token;

	next_token(walk, &token);
	if (token.type == TOKEN_EQUAL || token.type == TOKEN_APPEND) {
		bool list = skip_value(walk);
		statement->append = token.type == TOKEN_APPEND;
		statement->use = list || statement->append ? USE_LIST : USE_VALUE;
	} else if (token.type == TOKEN_LEFT) {
		statement->use = USE_CALL;
		skip_until(walk, TOKEN_RIGHT);
	} else if (token.type == TOKEN_OPEN) {
		statement->use = USE_SECTION;
	} else if (token.type == TOKEN_WORD) {
		statement->use = USE_TITLED;
		statement->title = token;
		next_token(walk, &token);
		walk->broken |= token.type != TOKEN_OPEN;
	} else {
		walk->broken = true;
	}
}

static enum use
use_of(const cfg_opt_t *option)
{
	if (option->type == CFGT_SEC)
		return option->flags & CFGF_TITLE ? USE_TITLED : USE_SECTION;
	if (option->type == CFGT_FUNC)
		return USE_CALL;
	return option->flags & CFGF_LIST ? USE_LIST : USE_VALUE;
}

static bool
check_use(struct walk *walk, const cfg_opt_t *option, const struct statement *statement)
{
	static const char *const shapes[] = {
		[USE_VALUE] = " = value",	    [USE_LIST] = " = { value, ... }",
		[USE_CALL] = "(\"...\")",	    [USE_SECTION] = " { ... }",
		[USE_TITLED] = " \"name\" { ... }",
	};
	enum use use = use_of(option);

	if (statement->use == use || (use == USE_LIST && statement->use == USE_VALUE))
		return true;
	report_error(walk->scan->report, walk->file, statement->name.line, "expected %s%s",
		     option->name, shapes[use]);
	return false;
}

static const cfg_opt_t *
find_option(const cfg_opt_t *options, const char *name)
{
	for (; options->name; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

static void
report_unknown(struct walk *walk, const cfg_opt_t *options, const struct token *name)
{
	struct suggest suggest = suggest_for(name->word);
	char hint[64];

	for (; options->name; options++)
		suggest_offer(&suggest, options->name);
	report_error(walk->scan->report, walk->file, name->line, "unknown option \"%s\"%s",
		     name->word, suggest_text(&suggest, hint, sizeof hint));
}

/* Notes a section of the top level; false when there was one of that name before. */
static bool
note_section(struct walk *walk, const struct statement *statement)
{
	struct scan *scan = walk->scan;
	const char *name = statement->name.word, *title = statement->title.word;
	const struct section *other = find_section(scan, name, title);
	struct section *section;

	if (other) {
		report_error(scan->report, walk->file, statement->name.line,
			     "a second section %s%s%s%s, the first is at %s:%d", name,
			     *title ? " \"" : "", title, *title ? "\"" : "", other->place.file,
			     other->place.line);
		return false;
	}
	section = calloc(1, sizeof *section);
	if (!section)
		return true;
	section->name = strdup(name);
	section->title = strdup(title);
	section->place = (struct scan_place){walk->file, statement->name.line};
	section->next = scan->sections;
	scan->sections = section;
	if (!section->name || !section->title)
		walk->broken = true;
	return true;
}

/* A section's name becomes a level of topics. */
static void
check_title(struct walk *walk, const struct statement *statement)
{
	const char *title = statement->title.word;
	size_t length = strlen(title);

	if (!option_is_name(title))
		report_error(walk->scan->report, walk->file, statement->title.line,
			     "%s \"%s\": expected a name of letters, digits, - _ and .",
			     statement->name.word, title);
	else if (length == sizeof statement->title.word - 1)
		report_error(walk->scan->report, walk->file, statement->title.line,
			     "the name of a section is too long, expected at most %zu characters",
			     length - 1);
}

static bool
is_second(struct walk *walk, const struct statement *statement, int *first)
{
	const struct token *name = &statement->name;

	if (statement->use == USE_CALL || statement->append)
		return false;
	if (walk->depth == 0 && statement->use != USE_VALUE && statement->use != USE_LIST)
		return !note_section(walk, statement);
	if (*first == 0) {
		*first = name->line;
		return false;
	}
	report_error(walk->scan->report, walk->file, name->line,
		     "%s is given twice, first in line %d", name->word, *first);
	return true;
}

/* Whether libconfuse may see the statement. `first` are the lines where options were given first.
 */
static bool
accept(struct walk *walk, const cfg_opt_t *options, const struct statement *statement, int *first)
{
	const cfg_opt_t *option = find_option(options, statement->name.word);

	if (!option) {
		report_unknown(walk, options, &statement->name);
		return false;
	}
	if (!check_use(walk, option, statement))
		return false;
	if (statement->use == USE_TITLED)
		check_title(walk, statement);
	return !is_second(walk, statement, &first[option - options]);
}

/* Scans statements up to a closing brace or the end, and past that. `options` NULL: of an unknown
 * section, nothing is reported. */
static void
scan_block(struct walk *walk, const cfg_opt_t *options)
{
	int first[OPTIONS_MAX] = {0};
	struct statement statement = {0};

	for (;;) {
		const cfg_opt_t *option;
		bool accepted;

		memset(&statement, 0, sizeof statement);
		next_token(walk, &statement.name);
		if (statement.name.type != TOKEN_WORD || walk->broken)
			break;
		read_statement(walk, &statement);
		if (walk->broken)
			break;
		accepted = !options || accept(walk, options, &statement, first);
		option = options ? find_option(options, statement.name.word) : NULL;
		if (statement.use == USE_SECTION || statement.use == USE_TITLED) {
			walk->depth++;
			scan_block(walk, option ? option->subopts : NULL);
			walk->depth--;
		}
		if (!accepted)
			blank(walk, statement.name.from, walk->at);
	}
	if (statement.name.type != (walk->depth > 0 ? TOKEN_CLOSE : TOKEN_END))
		walk->broken = true;
}

/* Length of the UTF-8 sequence at `text`, 0 when it is none. */
static size_t
utf8_length(const unsigned char *text, size_t left)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = text[0] < 0x80   ? 1
		   : text[0] < 0xc0 ? 0
		   : text[0] < 0xe0 ? 2
		   : text[0] < 0xf0 ? 3
				    : 4;
	unsigned u = text[0] & (0x7fU >> n);

	if (n < 2 || n > left)
		return n > left ? 0 : n;
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		u = u << 6 | (text[i] & 0x3f);
	}
	return u < least[n] || u > 0x10ffff || (u >= 0xd800 && u < 0xe000) ? 0 : n;
}

/* Reports bytes that no text has and makes them `?`. */
static void
check_bytes(const struct walk *walk)
{
	int line = 1;

	for (size_t i = 0; i < walk->length;) {
		unsigned char *at = (unsigned char *)walk->text + i;
		size_t n = utf8_length(at, walk->length - i);
		if (n == 0 || *at == '\0') {
			report_error(walk->scan->report, walk->file, line,
				     "%s, expected text in UTF-8",
				     n == 0 ? "a byte that is not UTF-8" : "a NUL");
			*at = '?';
			n = 1;
		}
		line += *at == '\n';
		i += n;
	}
}

static char *
read_file(const char *path, size_t *length)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	char *text = NULL;

	if (!f)
		return NULL;
	errno = 0;
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (st.st_size > FILE_SIZE_MAX)
		errno = EFBIG;
	else
		text = calloc(1, FILE_SIZE_MAX + 1);
	if (text) {
		*length = fread(text, 1, FILE_SIZE_MAX, f);
		text[*length] = '\0';
	}
	fclose(f);
	return text;
}

static const char *
keep_name(struct scan *scan, const char *path)
{
	struct file_name *file = calloc(1, sizeof *file + strlen(path) + 1);

	if (!file)
		return "";
	strcpy(file->name, path);
	file->next = scan->files;
	scan->files = file;
	return file->name;
}

char *
scan_read(struct scan *scan, const char *path, const struct cfg_opt_t *options)
{
	struct walk walk = {.scan = scan, .line = 1};

	walk.text = read_file(path, &walk.length);
	if (!walk.text)
		return NULL;
	walk.file = keep_name(scan, path);
	check_bytes(&walk);
	scan_block(&walk, options);
	return walk.text;
}
