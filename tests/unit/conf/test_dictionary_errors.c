/* SPDX-License-Identifier: ISC */
/* test_dictionary_errors.c: broken dictionaries are told with their line and what was expected */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/dictionary.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct errors {
	unsigned n;
	int line; /* of the first */
	char message[1024];
};

static void
collect(void *context, const char *file, int line, const char *message)
{
	struct errors *errors = context;

	assert_non_null(file);
	if (errors->n++)
		return;
	errors->line = line;
	snprintf(errors->message, sizeof errors->message, "%s", message);
}

#define FRAME "frame { header = 8  id { offset = 0 width = 2 }  length { offset = 4 width = 4 } }\n"

/* The least that loads. */
static const char minimal[] =
	"enumeration 'status' { values = { '0=success', '1=partial' } }\n"
	"enumeration 'entity' { values = { '1=client' } }\n"
	"enumeration 'scope' { values = { '0=all' } }\n"
	"enumeration 'detail' { values = { '1=full' } }\n"
	"enumeration 'location_type' { values = { '0=any' } }\n"
	"element 'status' { type = 1  is = 'u8'  values = 'status' }\n"
	"element 'entity' { type = 2  is = 'u8'  values = 'entity' }\n"
	"element 'scope' { type = 3  is = 'u8'  values = 'scope' }\n"
	"element 'detail' { type = 4  is = 'u8'  values = 'detail' }\n"
	"element 'location_type' { type = 5  is = 'u8'  values = 'location_type' }\n"
	"element 'mac' { type = 6  is = 'mac' }\n"
	"element 'subservice_mask' { type = 7  is = 'u64' }\n"
	"element 'device' { type = 8  is = 'group'  element 'name' { type = 1  is = 'str' } }\n"
	"element 'service' { type = 9  is = 'struct'  field 'service' { is = 'u16' } }\n"
	"message 'echo_request' { id = 1  from = 'client' }\n"
	"message 'echo_response' { id = 2  from = 'controller' }\n"
	"message 'capability_notification' { id = 7  from = 'both' }\n"
	"message 'service_subscribe_request' { id = 30  from = 'client' }\n"
	"message 'service_subscribe_response' { id = 31  from = 'controller' }\n"
	"message 'service_unsubscribe_request' { id = 32  from = 'client' }\n"
	"message 'service_unsubscribe_response' { id = 33  from = 'controller' }\n";

/* `text` follows the minimal dictionary; @ stands on the line of the first error (line 0: no @). */
static const struct broken {
	const char *frame; /* NULL: FRAME */
	const char *text;
	const char *word;
} broken[] = {
	/* form */
	{NULL, "\n@nonsense = 1\n", "unknown option \"nonsense\", expected one of name"},
	{NULL, "element 'x' {\n  type = 100\n@  colour = 1\n}\n", "expected one of is, json"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ vallues = 'scope' }\n",
	 "unknown option \"vallues\", did you mean \"values\"?"},
	{NULL, "element 'x' {\n@  type = many\n is = 'u8' }\n", "expected a whole number"},
	{NULL, "element 'x' {\n  type = 100\n@  type = 101  is = 'u8' }\n",
	 "type is given twice, expected once"},
	{NULL, "# one\n/* two\n three */\n@byte_order = 'middle'\n", "expected big or little"},
	{NULL, "\n@name = 'x\n\n", "without its end"},
	{NULL, "\n@element 'x' {\n type = 100\n is = 'u8'\nname = 'x'\n",
	 "{ without its end, expected }"},
	{NULL, "tlv { align = 4 }\n@tlv {\n }\n", "tlv is given twice"},
	/* frame and elements */
	{"frame {\n header = 8\n id { width = 2 }\n@ length { offset = 1 width = 4 } }\n", "",
	 "overlaps id"},
	{"frame {\n header = 8\n id { width = 2 }\n@ length { offset = 6 width = 4 } }\n", "",
	 "ends at byte 10, expected at most the header's 8"},
	{"@frame { header = 8  length { offset = 0 width = 2 } }\n", "", "id is missing"},
	{"frame { header = 8  length { offset = 4 width = 4\n@ max = 7 }\n id { width = 2 } }\n",
	 "", "expected at least the header's 8"},
	{"frame { header = 8\n length { offset = 4\n@ width = 9 }\n id { width = 2 } }\n", "",
	 "width is 9, expected 0 to 8"},
	{"frame { header = 8  length { offset = 4 width = 4\n@ counts = 'all' }\n id {} }\n", "",
	 "expected message or body"},
	{"frame { header = 8  length { offset = 4 width = 4 }\n id { width = 2 }\n"
	 "version { offset = 2 width = 1\n@ value = 256 } }\n",
	 "", "fits in 1 bytes"},
	{"frame { header = 8  length { offset = 4 width = 4 }\n id { width = 2 }\n"
	 "flags { offset = 2 width = 1\n@ more = 8 } }\n",
	 "", "one of the 8 bits"},
	{NULL, "tlv {\n@  align = 3\n}\n", "expected 1, 2, 4, 8 or 16"},
	{NULL, "tlv {\n@  type = 5\n}\n", "expected 1 to 4"},
	/* enumerations */
	{NULL, "enumeration 'x' { values = { '1=a',\n@ 'b' } }\n", "expected \"number=text\""},
	{NULL, "enumeration 'x' { values = { '1=a',\n\n@ '1=b',\n '3=c' } }\n", "repeats \"1=a\""},
	{NULL, "enumeration 'x' { values = { '1=a',\n@ '2=a' } }\n", "repeats \"1=a\""},
	{NULL, "enumeration 'x' { values = { '1=a' }\n@ units = { '2=m' } }\n", "unit of 2"},
	{NULL, "@enumeration 'x' { }\n", "values are missing"},
	{NULL, "\n@enumeration 'entity' { }\n", "enumeration \"entity\" is given twice"},
	/* elements */
	{NULL, "element 'x' {\n is = 'u8'\n@ type = 9 }\n", "that of \"service\""},
	{NULL, "element 'x' {\n is = 'u8'\n@ type = 65536 }\n", "expected 0 to 65535"},
	{NULL, "\n@element 'x' {\n is = 'u8' }\n", "type is missing"},
	{NULL, "\n@element 'x' {\n type = 100 }\n", "is is missing"},
	{NULL, "element 'x' { type = 100\n@ is = 'u7' }\n", "expected u8 to u64"},
	{NULL, "\n@element 'x y' { type = 100 is = 'u8' }\n", "expected letters, digits and _"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ json = 'a-b' }\n", "expected letters"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ values = 'y' }\n", "no enumeration \"y\""},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ none = 256 }\n", "expected 0 to 255"},
	{NULL, "element 'x' { type = 100 is = 'i8'\n@ none = -129 }\n", "expected -128 to 127"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ scale = 30 }\n", "expected 1, 10, 100"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ times = 17 }\n", "expected 1 to 16"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ format = 'hex' }\n",
	 "number, string, time_s"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ bits = { '8=a' } }\n", "expected 0 to 7"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ bits = { '1=' } }\n", "number=text"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n bits = { '1=a',\n@ '1=b' } }\n",
	 "bit 1 again"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ role = 'time' }\n", "expected format time_s"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ strongest = 'y' }\n",
	 "expected times above 1"},
	{NULL, "@element 'x' { type = 100 is = 'u8' scale = 10\n values = 'scope' }\n",
	 "shown in 2 ways"},
	{NULL, "element 'x' { type = 100 is = 'str'\n@ none = 0 }\n", "expected an integer"},
	{NULL, "element 'x' { type = 100 is = 'u64'\n@ mac_type = true }\n", "expected a mac"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ repeat = true }\n", "expected it in a group"},
	{NULL, "element 'x' { type = 100 is = 'u8'\n@ kind = 'rssi' }\n",
	 "expected a struct or a group"},
	{NULL,
	 "element 'x' { type = 100\n@ kind = 'rss'  is = 'group'\n"
	 " element 'y' { type = 1 is = 'u8' } }\n",
	 "expected rssi, info"},
	/* groups */
	{NULL, "@element 'x' {\n type = 100 is = 'group' }\n", "has no elements"},
	{NULL,
	 "element 'x' { type = 100 is = 'group'\n@ field 'y' { is = 'u8' }\n"
	 " element 'y' { type = 1 is = 'u8' } }\n",
	 "expected is = \"struct\""},
	{NULL, "element 'x' { type = 100 is = 'group'\n@ element 'y' { use = 'z' } }\n",
	 "no element \"z\", expected a top-level one above"},
	{NULL, "element 'x' { type = 100 is = 'group'\n@ element 'y' { use = 'x' } }\n",
	 "expected a top-level one above"},
	{NULL,
	 "element 'x' { type = 100 is = 'group'\n element 'y' { type = 1 is = 'u8' }\n"
	 "@ element 'y' { type = 2 is = 'u8' } }\n",
	 "element \"y\" is given twice"},
	{NULL,
	 "element 'x' { type = 100 is = 'group'\n element 'y' { type = 1 is = 'u8' }\n"
	 " element 'z' { is = 'u8'\n@ type = 1 } }\n",
	 "that of \"y\""},
	/* structs */
	{NULL, "@element 'x' {\n type = 100 is = 'struct' }\n", "has no fields"},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'a' {\n@ is = 'str' }\n"
	 " field 'b' { is = 'u8' } }\n",
	 "expected length, or the last place"},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'a' { is = 'u8' }\n"
	 " field 'b' { is = 'str'\n@ length = 'c' } }\n",
	 "length is \"c\""},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'b' { is = 'str'\n@ length = 'a' }\n"
	 " field 'a' { is = 'u8' } }\n",
	 "before it"},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'n' { is = 'i8' }\n"
	 " field 'b' { is = 'struct'\n@ count = 'n'  field 'c' { is = 'u8' } } }\n",
	 "unsigned integer before it"},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'n' { is = 'u8' }\n"
	 " field 'b' { is = 'struct' count = 'n'\n@ field 'c' { is = 'str' } } }\n",
	 "known length in a counted struct"},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'n' { is = 'u8' }\n"
	 " field 'b' { is = 'struct' count = 'n'\n@ sort = 'd' field 'c' { is = 'u8' } } }\n",
	 "sort is \"d\""},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'b' { is = 'struct'\n@ sort = 'c'\n"
	 " field 'c' { is = 'u8' } } }\n",
	 "expected a counted struct"},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 't' { is = 'u8' }\n"
	 " field 'v' { is = 'i8'\n@ unit_of = 't' } }\n",
	 "expected a field with values"},
	{NULL, "element 'x' { type = 100 is = 'struct'\n@ field 'g' { is = 'group' } }\n",
	 "has no elements"},
	{NULL,
	 "element 'x' { type = 100 is = 'group'\n element 'm' { type = 1 is = 'struct'\n"
	 "@ map = true\n"
	 " field 'a' { is = 'u8' } } }\n",
	 "expected a list of structs"},
	/* keys */
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'a' { is = 'u8' }\n"
	 "@ field 'b' { is = 'u8' json = 'a' } }\n",
	 "key \"a\" is there already"},
	{NULL,
	 "element 'x' { type = 100 is = 'struct'\n field 'mac' { is = 'mac' mac_type = true }\n"
	 "@ field 'mac_type' { is = 'u8' } }\n",
	 "key \"mac_type\""},
	{NULL,
	 "element 'x' { type = 100 is = 'struct' kind = 'rssi'\n@ field 'seq' { is = 'u8' } }\n",
	 "key \"seq\""},
	{NULL,
	 "element 'i' { type = 100 is = 'struct' field 'a' { is = 'u8' } }\n"
	 "element 'x' { type = 101 is = 'group'\n element 'a' { type = 1 is = 'u8' }\n"
	 "@ element 'i' { use = 'i' inline = true } }\n",
	 "key \"a\""},
	{NULL,
	 "element 'x' { type = 100 is = 'group'\n element 'a' { type = 1 is = 'u8' under = 'o' }\n"
	 " element 'b' { type = 2 is = 'u8' }\n"
	 "@ element 'c' { type = 3 is = 'u8' under = 'o' } }\n",
	 "key \"o\""},
	/* messages */
	{NULL, "message 'x' { from = 'client'\n@ id = 30 }\n",
	 "that of \"service_subscribe_request\""},
	{NULL, "message 'x' { from = 'client'\n@ id = 65536 }\n", "expected 0 to 65535"},
	{NULL, "\n@message 'x' {\n id = 99 }\n",
	 "from is missing, expected client, controller or both"},
	{NULL, "message 'x' { id = 99\n@ from = 'us' }\n", "expected client, controller or both"},
	{NULL, "message 'x' { id = 99 from = 'client'\n@ mark = 'sure' }\n",
	 "expected assumed, inferred"},
	{NULL, "message 'x' { id = 99 from = 'client'\n@ answers = 'y' }\n", "no message \"y\""},
	{NULL, "message 'x' { id = 99 from = 'client' body = { 'status',\n@ 'y*' } }\n",
	 "no element \"y\""},
	{NULL, "message 'x' { id = 99 from = 'client' body = { 'status',\n@ 'status*' } }\n",
	 "again"},
	{NULL, "message 'x' { id = 99 from = 'client'\n@ body = { 'status**' } }\n",
	 "expected an element's name"},
	/* services */
	{NULL, "service 'x' {\n number = 1\n@ request = 'y'\n subservice 'a' { number = 1 } }\n",
	 "no message \"y\""},
	{NULL, "\n@service 'x' { number = 1 }\n", "has no subservices"},
	{NULL,
	 "service 'x' { number = 1 subservice 'a' { number = 1 } }\n"
	 "service 'y' { subservice 'a' { number = 1 }\n@ number = 1 }\n",
	 "that of \"x\""},
	{NULL,
	 "service 'x' { number = 1 subservice 'a' { number = 1 }\n"
	 " subservice 'b' {\n@ number = 1 } }\n",
	 "that of \"a\""},
	{NULL,
	 "service 'x' { number = 1 subservice 'a' { number = 1 bit = 3 } }\n"
	 "service 'y' { number = 2 subservice 'a' { number = 1\n@ bit = 3 } }\n",
	 "that of \"x:a\""},
	{NULL, "service 'x' { number = 1 subservice 'a' { number = 1\n@ bit = 64 } }\n",
	 "expected 0 to 63"},
	{NULL, "service 'x' { number = 1 subservice 'a' { number = 1\n@ entities = { 'dog' } } }\n",
	 "no entity \"dog\""},
	{NULL,
	 "service 'x' { number = 1 request = 'echo_request' subservice 'a' { number = 1\n"
	 "@ entities = { 'client' } } }\n",
	 "expected a request with the element entity"},
};

/* Writes the text without its @; returns the line that that stood on, or 0. */
static int
write_marked(const char *path, const char *frame, const char *text)
{
	FILE *stream = fopen(path, "w");
	const char *parts[] = {frame, minimal, text};
	int line = 1, marked = 0;

	assert_non_null(stream);
	for (size_t i = 0; i < COUNT(parts); i++) {
		for (const char *c = parts[i]; *c; c++) {
			if (*c == '@')
				marked = line;
			else
				fputc(*c, stream);
			line += *c == '\n';
		}
	}
	fclose(stream);
	return marked;
}

static struct dict *
load_text(const char *frame, const char *text, struct errors *errors, int *line)
{
	char path[] = "/tmp/nmsp2mqtt-dictionary-XXXXXX";
	const struct report report = {collect, errors};
	int file = mkstemp(path);
	struct dict *dict;

	assert_true(file >= 0);
	close(file);
	*line = write_marked(path, frame ? frame : FRAME, text);
	dict = dictionary_load(path, &report);
	unlink(path);
	return dict;
}

static void
test_minimal(void **state)
{
	struct errors errors = {.n = 0};
	int line;
	struct dict *dict = load_text(NULL, "", &errors, &line);

	(void)state;
	if (!dict)
		fail_msg("line %d: %s", errors.line, errors.message);
	dictionary_free(dict);
}

static void
test_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct errors errors = {.n = 0};
		int line;

		assert_null(load_text(broken[i].frame, broken[i].text, &errors, &line));
		if (errors.line != line || !strstr(errors.message, broken[i].word))
			fail_msg("case %zu (%s), line %d: got line %d: %s", i, broken[i].word, line,
				 errors.line, errors.message);
	}
}

/* What is unknown does not stop the reading. */
static void
test_unknown_and_more(void **state)
{
	struct errors errors = {.n = 0};
	int line;

	(void)state;
	assert_null(load_text(NULL,
			      "@mesage \"x\" { id = 99 }\n"
			      "element \"y\" { type = 100 is = \"u8\" scael = 10 times = 17 }\n"
			      "message \"z\" { id = 1 from = \"client\" }\n",
			      &errors, &line));
	assert_int_equal(errors.n, 3);
	assert_int_equal(errors.line, line);
	assert_non_null(strstr(errors.message, "did you mean \"message\"?"));
	errors = (struct errors){.n = 0};
	assert_null(load_text(NULL, "message \"z\" { id = 1 from = \"client\"\n@ nonsense = 1 }\n",
			      &errors, &line));
	assert_int_equal(errors.n, 2);
	assert_int_equal(errors.line, line);
}

/* All that is wrong is told, not only the first. */
static void
test_several(void **state)
{
	struct errors errors = {.n = 0};
	int line;

	(void)state;
	assert_null(load_text(
		NULL,
		"@message \"x\" { id = 1 from = \"client\" }\n"
		"message \"y\" { id = 2 from = \"client\" body = { \"z\" } }\n"
		"service \"s\" { number = 1 request = \"z\" subservice \"a\" { number = 1 } }\n",
		&errors, &line));
	assert_int_equal(errors.n, 4);
	assert_int_equal(errors.line, line);
}

static void
test_no_file(void **state)
{
	struct errors errors = {.n = 0};
	const struct report report = {collect, &errors};

	(void)state;
	assert_null(dictionary_load("./no-such.conf", &report));
	assert_null(dictionary_load("no-such", &report));
	assert_null(dictionary_load("/", &report));
	assert_int_equal(errors.n, 3);
	assert_int_equal(errors.line, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minimal),		 cmocka_unit_test(test_broken),
		cmocka_unit_test(test_unknown_and_more), cmocka_unit_test(test_several),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
