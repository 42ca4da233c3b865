/* SPDX-License-Identifier: ISC */
/* test_table.c: text in aligned columns */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/table.h"

static const struct table_column columns[] = {{"NAME", false},
					      {"N", true},
					      {"END", false},
					      {NULL, false}};
static char text[1024];

static const char *
printed(const struct table *table, unsigned indent, bool colours)
{
	FILE *out = fmemopen(text, sizeof text, "w");

	assert_non_null(out);
	table_print(table, out, indent, colours);
	fclose(out);
	return text;
}

static void
test_columns(void **state)
{
	struct table *table = table_new(columns);

	(void)state;
	assert_true(table_is_empty(table));
	table_cell(table, TABLE_PLAIN, "a");
	table_cell(table, TABLE_PLAIN, "%d", 1234);
	table_cell(table, TABLE_PLAIN, "x");
	table_cell(table, TABLE_GOOD, "longer");
	table_cell(table, TABLE_PLAIN, "5");
	table_cell(table, TABLE_PLAIN, "much longer");
	assert_false(table_is_empty(table));
	assert_string_equal(printed(table, 2, false), "  NAME       N  END\n"
						      "  a       1234  x\n"
						      "  longer     5  much longer\n");
	assert_string_equal(printed(table, 0, true),
			    "\033[2mNAME\033[0m       \033[2mN\033[0m  \033[2mEND\033[0m\n"
			    "a       1234  x\n"
			    "\033[32mlonger\033[0m     5  much longer\n");
	table_free(table);
}

static void
test_characters_are_not_bytes(void **state)
{
	struct table *table = table_new(columns);

	(void)state;
	table_cell(table, TABLE_PLAIN, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa9\xc3\xa8");
	table_cell(table, TABLE_PLAIN, "1");
	table_cell(table, TABLE_PLAIN, "x");
	assert_string_equal(printed(table, 0, false),
			    "NAME   N  END\n\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa9\xc3\xa8  1  x\n");
	table_free(table);
}

/* A controller's name must not command the terminal. */
static void
test_controls_are_taken_out(void **state)
{
	char copy[32];

	(void)state;
	assert_string_equal(table_clean(copy, sizeof copy,
					"a\033[2Jb\tc\x7f"
					"d"),
			    "a?[2Jb?c?d");
	assert_string_equal(table_clean(copy, sizeof copy,
					"\xc2\x9b"
					"2J\xc2\xa7"),
			    "?2J\xc2\xa7");
	assert_string_equal(table_clean(copy, 4, "abcdef"), "abc");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_characters_are_not_bytes),
		cmocka_unit_test(test_controls_are_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
