/* SPDX-License-Identifier: ISC */
/* table.c: text in aligned columns, for people */
#define _GNU_SOURCE
#include "gateway/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CELL_SIZE   256
#define COLUMNS_MAX 16

struct cell {
	enum table_colour colour;
	char text[CELL_SIZE];
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	size_t widths[COLUMNS_MAX];
	struct cell *cells;
	size_t n_cells;
};

/* Characters, not bytes. */
static size_t
width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void
widen(struct table *table, size_t column, const char *text)
{
	size_t width = width_of(text);

	if (width > table->widths[column])
		table->widths[column] = width;
}

struct table *
table_new(const struct table_column *columns)
{
	struct table *table = calloc(1, sizeof *table);

	if (!table)
		return NULL;
	table->columns = columns;
	for (; columns[table->n_columns].head; table->n_columns++)
		widen(table, table->n_columns, columns[table->n_columns].head);
	return table;
}

void
table_free(struct table *table)
{
	if (table)
		free(table->cells);
	free(table);
}

char *
table_clean(char *copy, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++, n++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
		/* C1, as UTF-8 has them, is a command to some terminals too. */
		bool c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;

		copy[n] = c < 0x20 || c == 0x7f || c1 ? '?' : (char)c;
		text += c1;
	}
	copy[n] = '\0';
	return copy;
}

void
table_cell(struct table *table, enum table_colour colour, const char *format, ...)
{
	struct cell *cells = table ? reallocarray(table->cells, table->n_cells + 1, sizeof *cells)
				   : NULL;
	char text[CELL_SIZE];
	va_list arguments;

	if (!cells)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	table->cells = cells;
	cells[table->n_cells].colour = colour;
	table_clean(cells[table->n_cells].text, CELL_SIZE, text);
	widen(table, table->n_cells % table->n_columns, cells[table->n_cells].text);
	table->n_cells++;
}

bool
table_is_empty(const struct table *table)
{
	return table->n_cells == 0;
}

void
table_paint(FILE *out, enum table_colour colour, bool colours, const char *text)
{
	static const char *const codes[] = {
		[TABLE_PLAIN] = "",	  [TABLE_GOOD] = "\033[32m", [TABLE_WARNING] = "\033[33m",
		[TABLE_BAD] = "\033[31m", [TABLE_DIM] = "\033[2m",
	};

	if (colours && colour != TABLE_PLAIN)
		fprintf(out, "%s%s\033[0m", codes[colour], text);
	else
		fputs(text, out);
}

static void
print_cell(const struct table *table, FILE *out, size_t column, const struct cell *cell,
	   bool colours)
{
	size_t pad = table->widths[column] - width_of(cell->text);
	bool last = column + 1 == table->n_columns;

	if (table->columns[column].is_number)
		fprintf(out, "%*s", (int)pad, "");
	table_paint(out, cell->colour, colours, cell->text);
	if (!table->columns[column].is_number && !last)
		fprintf(out, "%*s", (int)pad, "");
	fputs(last ? "\n" : "  ", out);
}

void
table_print(const struct table *table, FILE *out, unsigned indent, bool colours)
{
	assert(table->n_columns > 0);
	fprintf(out, "%*s", (int)indent, "");
	for (size_t column = 0; column < table->n_columns; column++) {
		struct cell head = {.colour = TABLE_DIM};

		table_clean(head.text, CELL_SIZE, table->columns[column].head);
		print_cell(table, out, column, &head, colours);
	}
	for (size_t i = 0; i < table->n_cells; i++) {
		if (i % table->n_columns == 0)
			fprintf(out, "%*s", (int)indent, "");
		print_cell(table, out, i % table->n_columns, &table->cells[i], colours);
	}
}
