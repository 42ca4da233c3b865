/* SPDX-License-Identifier: ISC */
/* test_config_options.c: every option is in the manual and in the example, which survives mischief
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/options.h"
#include "tests/unit/conf/config_support.h"

#define MANUAL	  "docs/man/nmsp2mqtt.conf.5"
#define TEXT_SIZE 65536

/* The whole file, in static memory. */
static char *
read_text(const char *path)
{
	static char text[TEXT_SIZE];
	FILE *stream = fopen(path, "r");
	size_t n;

	assert_non_null(stream);
	n = fread(text, 1, sizeof text - 1, stream);
	assert_in_range(n, 1, sizeof text - 2);
	text[n] = '\0';
	fclose(stream);
	return text;
}

/* Whether the part of the manual on a section has an entry for an option. */
static bool
has_entry(const char *manual, const char *section, const struct option *option)
{
	char heading[128], entry[128];
	const char *from, *to, *found;

	snprintf(heading, sizeof heading, "\n.Ss %s%s%s\n", section, option->sub ? ": " : "",
		 option->sub ? option->sub : "");
	snprintf(entry, sizeof entry, "\n.It Ic %s No = ", option->name);
	from = strstr(manual, heading);
	to = from ? strstr(from + 1, "\n.S") : NULL;
	found = from ? strstr(from, entry) : NULL;
	return to && found && found < to;
}

static void
test_manual(void **state)
{
	const char *manual = read_text(MANUAL);

	(void)state;
	for (const struct option_section *s = option_sections(); s->name; s++)
		for (const struct option *option = s->options; option->name; option++)
			if (!has_entry(manual, s->name, option))
				fail_msg("%s: nothing on %s %s%s%s", MANUAL, s->name,
					 option->sub ? option->sub : "", option->sub ? " " : "",
					 option->name);
}

static bool
same_member(const struct option *option, const void *a, const void *b)
{
	if (option_is_text(option))
		return strcmp(*(char *const *)a, *(char *const *)b) == 0;
	if (option->type == OPTION_BOOL)
		return *(const bool *)a == *(const bool *)b;
	if (option->type == OPTION_PORT)
		return *(const uint16_t *)a == *(const uint16_t *)b;
	if (option->type == OPTION_SIZE)
		return *(const size_t *)a == *(const size_t *)b;
	return option_is_list(option) || *(const unsigned *)a == *(const unsigned *)b;
}

/* Compares a section of the example with that of the example without its comment signs, which must
 * give every option. */
static void
compare(const struct config *whole, const char *section, const void *shown, const void *real)
{
	const struct option_section *s = option_sections();

	while (strcmp(s->name, section) != 0)
		s++;
	for (const struct option *option = s->options; option->name; option++) {
		const char *a = (const char *)shown + option->offset;
		const char *b = (const char *)real + option->offset;
		const struct origin *origin = origins_find(&whole->origins, a);

		if (!origin || !origin->given)
			fail_msg("%s: nothing on %s %s", EXAMPLE, section, option->name);
		if (!same_member(option, a, b))
			fail_msg("%s: another default of %s %s", EXAMPLE, section, option->name);
	}
}

/* What is commented out in the example shows the defaults. */
static void
test_example(void **state)
{
	struct errors errors = {.n = 0};
	const struct report report = {collect, &errors};
	struct config *example = config_load(EXAMPLE, &report), *whole;
	char *text = read_text(EXAMPLE);

	(void)state;
	for (char *c = text; (c = strstr(c, "\n#\t")); c += 2)
		c[1] = '\t';
	whole = load_good(text);
	assert_non_null(example);
	compare(whole, "gateway", &whole->gateway, &example->gateway);
	compare(whole, "log", &whole->log, &example->log);
	compare(whole, "http", &whole->http, &example->http);
	compare(whole, "controller", &whole->controllers[0], &example->controllers[0]);
	compare(whole, "mqtt", &whole->mqtts[0], &example->mqtts[0]);
	compare(whole, "file", &whole->files[0], &example->files[0]);
	config_free(whole);
	config_free(example);
}

static void
load_bytes(const char *bytes, size_t n)
{
	FILE *stream = fopen(test_path("test.conf"), "w");
	struct errors errors;
	struct config *config;

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, n, stream), n);
	assert_int_equal(fclose(stream), 0);
	config = load_file("test.conf", &errors);
	assert_true((config != NULL) == (errors.n == 0));
	config_free(config);
}

static void
test_cut(void **state)
{
	const char *text = read_text(EXAMPLE);

	(void)state;
	for (size_t n = 0; text[n]; n++)
		load_bytes(text, n);
	unlink(test_path("test.conf"));
}

static void
test_flipped(void **state)
{
	static const char others[] = "\0\n\"'{}=(),#\\$/\x80";
	char *text = read_text(EXAMPLE);
	size_t length = strlen(text);

	(void)state;
	for (size_t i = 0; i < length; i++) {
		char was = text[i];

		text[i] = (char)(was ^ 1 << i % 8);
		load_bytes(text, length);
		text[i] = others[i % (sizeof others - 1)];
		load_bytes(text, length);
		text[i] = was;
	}
	unlink(test_path("test.conf"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flipped),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
