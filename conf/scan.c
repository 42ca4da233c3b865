/* SPDX-License-Identifier: ISC */
/* scan.c: what libconfuse gets to read, and where each line of it comes from */
#include "conf/scan.h"

#include <confuse.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/array.h"
#include "conf/suggest.h"
#include "conf/text.h"
#include "conf/token.h"

#define INCLUDES_MAX 10
#define DEPTH_MAX    32

/* A file that was read; its text and name are pointed to until the end. */
struct file {
	struct file *next;
	char *path;
	char *text;
	struct token *tokens;
};

/* An option or section that a block has. */
struct seen {
	const cfg_opt_t *option;
	const struct token *title; /* of a section that has one */
	struct report_place place;
};

struct scan {
	const struct report *report;
	struct file *files;
	FILE *out;
	char *text;
	size_t length;
	struct report_place *places; /* of the lines of `text` */
	size_t n_places;
	struct seen *seen; /* in the blocks that are open */
	size_t n_seen;
	unsigned includes; /* that are open */
	unsigned muted;	   /* above 0 nothing is written */
	bool broken;	   /* there is no sense in reading on */
};

/* A file that is being scanned. */
struct walk {
	struct scan *scan;
	const char *path;
	const struct token *token; /* the next */
};

/* The inside of a section, or of all files. */
struct block {
	const cfg_opt_t *options; /* NULL: of an unknown section, nothing is reported */
	size_t seen;		  /* where its part of scan->seen begins */
};

/* How a statement is written. */
enum form {
	FORM_VALUE,
	FORM_LIST,
	FORM_CALL,
	FORM_SECTION,
	FORM_TITLED,
};

struct statement {
	const struct token *name;
	const struct token *title;
	struct report_place place;
	enum form form;
	bool append;
};

static bool
out_of_memory(struct scan *scan)
{
	report_error(scan->report, scan->places[0], "out of memory");
	scan->broken = true;
	return false;
}

static void
add_place(struct scan *scan, struct report_place place)
{
	struct report_place *places = array_grow(scan->places, scan->n_places, sizeof *places);

	if (!places) {
		scan->broken = true;
		return;
	}
	scan->places = places;
	places[scan->n_places++] = place;
}

struct scan *
scan_new(const char *path, const struct report *report)
{
	struct scan *scan = calloc(1, sizeof *scan);

	if (!scan)
		return NULL;
	scan->report = report;
	scan->out = open_memstream(&scan->text, &scan->length);
	add_place(scan, (struct report_place){path, 0});
	if (scan->out && scan->n_places > 0)
		return scan;
	scan_free(scan);
	return NULL;
}

void
scan_free(struct scan *scan)
{
	if (!scan)
		return;
	while (scan->files) {
		struct file *file = scan->files;
		scan->files = file->next;
		free(file->path);
		free(file->text);
		free(file->tokens);
		free(file);
	}
	if (scan->out)
		fclose(scan->out);
	free(scan->text);
	free(scan->places);
	free(scan->seen);
	free(scan);
}

struct report_place
scan_place(const struct scan *scan, int line)
{
	return scan->places[line > 0 && (size_t)line < scan->n_places ? line : 0];
}

/* Writes a token on a line of its own, which comes from `place`. */
static void
write_token(struct scan *scan, const struct token *token, struct report_place place)
{
	/* what stands without quotes gets some, but for variables */
	bool raw = token->type != TOKEN_WORD || token->quote || *token->text == '$';
	char quote = raw ? token->quote : '\'';

	if (scan->muted > 0)
		return;
	if (quote)
		fputc(quote, scan->out);
	for (size_t i = 0; i < token->length; i++) {
		if (token->text[i] == '\n')
			add_place(scan, place);
		if (token->text[i] == '\\' && !raw)
			fputc('\\', scan->out);
		fputc(token->text[i], scan->out);
	}
	if (quote)
		fputc(quote, scan->out);
	fputc('\n', scan->out);
	add_place(scan, place);
}

static struct report_place
place_of(const struct walk *walk, const struct token *token)
{
	return (struct report_place){walk->path, token->line};
}

static const char *
describe_token(const struct token *token, char text[static 64])
{
	if (token->type == TOKEN_END)
		return "the end of the file";
	snprintf(text, 64, "%.*s", token->length < 60 ? (int)token->length : 60, token->text);
	return text;
}

/* Takes the next token, which must be of a type; says what was expected when it is not. */
static const struct token *
take(struct walk *walk, enum token_type type, const char *expected)
{
	char text[64];

	if (walk->token->type == type)
		return walk->token++;
	report_error(walk->scan->report, place_of(walk, walk->token), "unexpected %s, expected %s",
		     describe_token(walk->token, text), expected);
	walk->scan->broken = true;
	return NULL;
}

static void
pass(struct walk *walk, struct report_place place)
{
	write_token(walk->scan, walk->token++, place);
}

static const cfg_opt_t *
find_option(const cfg_opt_t *options, const struct token *name)
{
	for (; options && options->name; options++)
		if (token_is(name, options->name))
			return options;
	return NULL;
}

static enum form
form_of(const cfg_opt_t *option)
{
	if (option->type == CFGT_SEC)
		return option->flags & CFGF_TITLE ? FORM_TITLED : FORM_SECTION;
	if (option->type == CFGT_FUNC)
		return FORM_CALL;
	return option->flags & CFGF_LIST ? FORM_LIST : FORM_VALUE;
}

static void
report_form(struct scan *scan, const cfg_opt_t *option, struct report_place place)
{
	static const char *const forms[] = {
		[FORM_VALUE] = " = value",	     [FORM_LIST] = " = { value, ... }",
		[FORM_CALL] = "(\"...\")",	     [FORM_SECTION] = " { ... }",
		[FORM_TITLED] = " \"name\" { ... }",
	};

	report_error(scan->report, place, "expected %s%s", option->name, forms[form_of(option)]);
}

static void
report_unknown(struct scan *scan, const cfg_opt_t *options, const struct statement *statement)
{
	char word[64], hint[64], known[512] = "";
	size_t n = 0;

	describe_token(statement->name, word);
	struct suggest suggest = suggest_for(word);
	for (; options->name; options++) {
		const char *separator = n > 0 ? ", " : ", expected one of ";
		suggest_offer(&suggest, options->name);
		if (n < sizeof known)
			n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", separator,
					      options->name);
	}
	suggest_text(&suggest, hint, sizeof hint);
	report_error(scan->report, statement->place, "unknown option \"%s\"%s", word,
		     *hint ? hint : known);
}

static bool
same_title(const struct token *a, const struct token *b)
{
	return a == b ||
	       (a && b && a->length == b->length && memcmp(a->text, b->text, a->length) == 0);
}

/* What the block has already of what is to come once; an option may stand again in another file. */
static const struct seen *
find_seen(const struct scan *scan, const struct block *block, const cfg_opt_t *option,
	  const struct statement *statement)
{
	for (size_t i = block->seen; i < scan->n_seen; i++) {
		const struct seen *seen = &scan->seen[i];
		bool again = option->type == CFGT_SEC || seen->place.file == statement->place.file;
		if (seen->option == option && again && same_title(seen->title, statement->title))
			return seen;
	}
	return NULL;
}

static bool
note(struct scan *scan, const cfg_opt_t *option, const struct statement *statement)
{
	struct seen *seen = array_grow(scan->seen, scan->n_seen, sizeof *seen);

	if (!seen)
		return out_of_memory(scan);
	scan->seen = seen;
	seen[scan->n_seen++] = (struct seen){option, statement->title, statement->place};
	return true;
}

static bool
is_second(struct scan *scan, const struct block *block, const cfg_opt_t *option,
	  const struct statement *statement)
{
	const struct seen *first = find_seen(scan, block, option, statement);
	const struct token *title = statement->title;

	if (first)
		report_error(scan->report, statement->place,
			     "%s%s%.*s%s is given twice, expected once; the first is at %s:%d",
			     option->name, title ? " \"" : "", title ? (int)title->length : 0,
			     title ? title->text : "", title ? "\"" : "", first->place.file,
			     first->place.line);
	return first != NULL;
}

/* Whether libconfuse may see a statement. */
static bool
accept(struct scan *scan, const struct block *block, const cfg_opt_t *option,
       const struct statement *statement)
{
	enum form form = statement->form;

	if (!option) {
		if (block->options)
			report_unknown(scan, block->options, statement);
		return false;
	}
	if (form != form_of(option) && !(form == FORM_VALUE && form_of(option) == FORM_LIST)) {
		report_form(scan, option, statement->place);
		return false;
	}
	if (form == FORM_CALL || statement->append)
		return true;
	return !is_second(scan, block, option, statement) && note(scan, option, statement);
}

/* Looks at a statement up to what tells its form; `option` is NULL when it is unknown. */
static bool
read_statement(struct walk *walk, const cfg_opt_t *option, struct statement *statement)
{
	const struct token *next = walk->token + 1;
	const struct token *titled = next->type == TOKEN_WORD ? next + 1 : next;

	*statement = (struct statement){.name = walk->token, .place = place_of(walk, walk->token)};
	if (next->type == TOKEN_EQUAL || next->type == TOKEN_APPEND) {
		statement->append = next->type == TOKEN_APPEND;
		statement->form = statement->append || next[1].type == TOKEN_OPEN ? FORM_LIST
										  : FORM_VALUE;
	} else if (next->type == TOKEN_LEFT) {
		statement->form = FORM_CALL;
	} else if (titled->type == TOKEN_OPEN) {
		statement->form = titled == next ? FORM_SECTION : FORM_TITLED;
		statement->title = titled == next ? NULL : next;
	} else if (option) {
		report_form(walk->scan, option, statement->place);
		return false;
	} else {
		walk->token++;
		take(walk, TOKEN_EQUAL, "= or { behind a name");
		return false;
	}
	return true;
}

/* From behind the name to the end of the value; each value has a place of its own. */
static void
scan_value(struct walk *walk, bool list)
{
	const struct token *token;

	pass(walk, place_of(walk, walk->token));
	if (!list || walk->token->type != TOKEN_OPEN) {
		token = take(walk, TOKEN_WORD, "a value");
		if (token)
			write_token(walk->scan, token, place_of(walk, token));
		return;
	}
	pass(walk, place_of(walk, walk->token));
	while (walk->token->type == TOKEN_WORD) {
		pass(walk, place_of(walk, walk->token));
		if (walk->token->type == TOKEN_COMMA)
			pass(walk, place_of(walk, walk->token));
		else
			break;
	}
	token = take(walk, TOKEN_CLOSE, "a value, a comma or }");
	if (token)
		write_token(walk->scan, token, place_of(walk, token));
}

static void scan_block(struct walk *walk, const struct block *block);

static void
scan_section(struct walk *walk, const cfg_opt_t *option, const struct statement *statement)
{
	struct scan *scan = walk->scan;
	struct block block = {option ? option->subopts : NULL, scan->n_seen};
	const struct token *close;

	if (statement->title)
		pass(walk, statement->place);
	pass(walk, statement->place);
	scan_block(walk, &block);
	scan->n_seen = block.seen;
	close = scan->broken ? NULL : take(walk, TOKEN_CLOSE, "an option or }");
	if (close)
		write_token(scan, close, statement->place);
}

static void scan_file(struct scan *scan, char *path, const struct block *block,
		      struct report_place from);

__attribute__((format(printf, 2, 0))) static void
ignore_error(cfg_t *cfg, const char *format, va_list arguments)
{
	(void)cfg;
	(void)format;
	(void)arguments;
}

/* What a word of the file stands for, to be freed; NULL when it makes no sense. */
static char *
decode_word(const struct token *word)
{
	char quote = word->quote ? word->quote : ' ';
	cfg_opt_t options[] = {CFG_STR("word", NULL, CFGF_NONE), CFG_END()};
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	char text[2 * PATH_MAX];
	char *result = NULL;

	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, ignore_error);
	snprintf(text, sizeof text, "word = %c%.*s%c", quote, (int)word->length, word->text, quote);
	if (cfg_parse_buf(cfg, text) == CFG_SUCCESS && cfg_getstr(cfg, "word"))
		result = strdup(cfg_getstr(cfg, "word"));
	cfg_free(cfg);
	return result;
}

static void
scan_include(struct walk *walk, const struct block *block, const struct statement *statement)
{
	struct scan *scan = walk->scan;
	const struct token *word;
	char *name, *path;

	walk->token++;
	word = take(walk, TOKEN_WORD, "a file's name");
	if (!word || !take(walk, TOKEN_RIGHT, ")") || scan->muted > 0)
		return;
	if (scan->includes == INCLUDES_MAX) {
		report_error(scan->report, statement->place,
			     "include: nested too deep, expected at most %d levels", INCLUDES_MAX);
		scan->broken = true;
		return;
	}
	name = decode_word(word);
	path = text_path(walk->path, name ? name : "");
	free(name);
	scan->includes++;
	if (path)
		scan_file(scan, path, block, statement->place);
	else
		out_of_memory(scan);
	scan->includes--;
}

static void
scan_statement(struct walk *walk, const struct block *block)
{
	struct scan *scan = walk->scan;
	const cfg_opt_t *option = find_option(block->options, walk->token);
	struct statement statement;
	unsigned muted = scan->muted;

	if (!read_statement(walk, option, &statement)) {
		scan->broken = true;
		return;
	}
	scan->muted += !accept(scan, block, option, &statement);
	if (statement.form == FORM_CALL)
		walk->token++;
	else
		pass(walk, statement.place);
	if (statement.form == FORM_CALL)
		scan_include(walk, block, &statement);
	else if (statement.form == FORM_VALUE || statement.form == FORM_LIST)
		scan_value(walk, statement.form == FORM_LIST);
	else
		scan_section(walk, option, &statement);
	scan->muted = muted;
}

static void
scan_block(struct walk *walk, const struct block *block)
{
	while (!walk->scan->broken && walk->token->type == TOKEN_WORD)
		scan_statement(walk, block);
}

/* Whether braces come in pairs; where they do not, all that follows would be misread. */
static bool
check_braces(struct scan *scan, const char *path, const struct token *token)
{
	const struct token *open[DEPTH_MAX];
	size_t depth = 0;

	for (; token->type != TOKEN_END; token++) {
		struct report_place place = {path, token->line};
		if (token->type == TOKEN_OPEN && depth == DEPTH_MAX) {
			report_error(scan->report, place, "a brace too deep, expected at most %d",
				     DEPTH_MAX);
			return false;
		}
		if (token->type == TOKEN_OPEN)
			open[depth++] = token;
		if (token->type == TOKEN_CLOSE && depth-- == 0) {
			report_error(scan->report, place, "} without its beginning, expected {");
			return false;
		}
	}
	if (depth > 0)
		report_error(scan->report, (struct report_place){path, open[depth - 1]->line},
			     "{ without its end, expected }");
	return depth == 0;
}

/* Adds a file, whose path it takes over; NULL when it is not there or does not add up. */
static const struct file *
add_file(struct scan *scan, char *path, struct report_place from)
{
	struct file *file = calloc(1, sizeof *file);

	if (!file) {
		free(path);
		out_of_memory(scan);
		return NULL;
	}
	*file = (struct file){.next = scan->files, .path = path};
	scan->files = file;
	file->text = text_read(path, scan->report);
	if (!file->text) {
		if (scan->includes == 0)
			report_error(scan->report, from, "cannot be read: %s", strerror(errno));
		else
			report_error(scan->report, from, "cannot read %s: %s", path,
				     strerror(errno));
		scan->broken |= scan->includes == 0;
		return NULL;
	}
	file->tokens = token_read(file->text, path, scan->report);
	if (file->tokens && check_braces(scan, path, file->tokens))
		return file;
	scan->broken = true;
	return NULL;
}

/* Scans a file in a block; one that cannot be read is reported at `from`. */
static void
scan_file(struct scan *scan, char *path, const struct block *block, struct report_place from)
{
	const struct file *file = add_file(scan, path, from);

	if (!file)
		return;
	struct walk walk = {scan, file->path, file->tokens};
	scan_block(&walk, block);
	if (!scan->broken)
		take(&walk, TOKEN_END, "an option or a section");
}

const char *
scan_read(struct scan *scan, const cfg_opt_t *options)
{
	struct block block = {options, 0};
	char *path = strdup(scan->places[0].file);

	if (path)
		scan_file(scan, path, &block, scan->places[0]);
	else
		out_of_memory(scan);
	if (fflush(scan->out) || ferror(scan->out))
		out_of_memory(scan);
	return scan->broken ? NULL : scan->text;
}
