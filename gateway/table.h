/* SPDX-License-Identifier: ISC */
/* table.h: text in aligned columns, for people */
#ifndef NMSP_GATEWAY_TABLE_H
#define NMSP_GATEWAY_TABLE_H

#include <stdbool.h>
#include <stdio.h>

enum table_colour {
	TABLE_PLAIN,
	TABLE_GOOD,
	TABLE_WARNING,
	TABLE_BAD,
	TABLE_DIM,
};

struct table_column {
	const char *head;
	bool is_number; /* stands right */
};

struct table;

/* Begins a table; `columns` end with one without a head, and must outlive it. NULL without memory.
 */
struct table *table_new(const struct table_column *columns);

/* Frees a table; takes NULL. */
void table_free(struct table *table);

/* Appends the next cell, row by row. Control characters become '?'. Takes NULL. */
void table_cell(struct table *table, enum table_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether it has no rows. */
bool table_is_empty(const struct table *table);

/* Prints heads and rows, `indent` blanks before each. */
void table_print(const struct table *table, FILE *out, unsigned indent, bool colours);

/* Puts `text` between the codes of a colour, when there are to be colours. */
void table_paint(FILE *out, enum table_colour colour, bool colours, const char *text);

/* Copies text from elsewhere without what would command a terminal; returns `copy`. */
char *table_clean(char *copy, size_t size, const char *text);

#endif
