/* SPDX-License-Identifier: ISC */
/* test_topic.c: topic templates */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "outputs/topic.h"

struct tag {
	const char *name;
	const char *value;
};

static const struct tag tags[] = {{"site", "Berlin 3"}, {"floor", ""}, {NULL, NULL}};

static const char *
find_tag(const void *context, const char *name)
{
	for (const struct tag *tag = context; tag->name; tag++)
		if (strcmp(tag->name, name) == 0)
			return tag->value;
	return NULL;
}

static const struct topic_values full = {
	.controller = "hq",
	.kind = "rssi",
	.entity = "client",
	.mac = "0203040506aa",
	.ap = "00112233ff00",
	.tag = find_tag,
	.tags = tags,
};

static struct topic *
compile(const char *template)
{
	char error[256] = "";
	struct topic *topic = topic_new(template, "nmsp/eu", "gw 1", error, sizeof error);

	if (!topic)
		fail_msg("%s: %s", template, error);
	return topic;
}

static void
assert_rendered(const char *template, const struct topic_values *values, const char *expected)
{
	struct topic *topic = compile(template);
	struct buffer *text = topic_render(topic, values);

	assert_non_null(text);
	assert_string_equal(text->data, expected);
	assert_int_equal(text->length, strlen(expected));
	buffer_unref(text);
	topic_free(topic);
}

static void
assert_refused(const char *template, const char *prefix, const char *expected)
{
	char error[256] = "";
	struct topic *topic = topic_new(template, prefix, "gw", error, sizeof error);

	assert_null(topic);
	assert_string_equal(error, expected);
}

static void
test_every_placeholder(void **state)
{
	(void)state;
	assert_rendered("{prefix}/{gateway}/{controller}/{kind}", &full, "nmsp/eu/gw_1/hq/rssi");
	assert_rendered("{entity}/{mac}/{ap}", &full, "client/0203040506aa/00112233ff00");
	assert_rendered("{tag.site}/x", &full, "Berlin_3/x");
	assert_rendered("a{kind}b{kind}c", &full, "arssibrssic");
	assert_rendered("fixed/text", &full, "fixed/text");
}

static void
test_defaults(void **state)
{
	const struct topic_values none = {.kind = ""};

	(void)state;
	assert_rendered("{controller}/{kind}/{mac|none}/{ap|a b/c}", &none, "_/_/none/a_b_c");
	assert_rendered("{tag.site}/{tag.site|x}", &none, "_/x");
	assert_rendered("{tag.floor}/{tag.floor|0}/{tag.wing|-}", &full, "_/0/-");
	assert_rendered("{kind|other}", &full, "rssi");
	assert_rendered("{gateway|other}/{prefix|other}", &none, "gw_1/nmsp/eu");
	assert_rendered("{ap|}", &none, "_");
	assert_rendered("{ap|a|b}", &none, "a_b");
}

/* What comes from data is one level, without wildcards: a `_` for each other character. */
static void
test_reduction(void **state)
{
	struct topic_values values = full;

	(void)state;
	values.controller = "Az09-_.";
	assert_rendered("{controller}", &values, "Az09-_.");
	values.controller = "a/b+c#d$e f\tg";
	assert_rendered("{controller}/x", &values, "a_b_c_d_e_f_g/x");
	values.controller = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80!";
	assert_rendered("{controller}", &values, "caf______");
}

static void
test_level(void **state)
{
	char out[8];

	(void)state;
	topic_level("a/\xc3\xa9z", out, sizeof out);
	assert_string_equal(out, "a__z");
	topic_level("0123456789", out, sizeof out);
	assert_string_equal(out, "0123456");
	topic_level("", out, sizeof out);
	assert_string_equal(out, "");
	topic_level("abc", out, 1);
	assert_string_equal(out, "");
}

static void
test_fixed_text_stays(void **state)
{
	(void)state;
	assert_rendered("Geb\xc3\xa4ude 3/{kind}", &full, "Geb\xc3\xa4ude 3/rssi");
}

static void
test_bad_templates(void **state)
{
	const char *there_are = "; there are {prefix} {gateway} {controller} {kind} {entity} {mac} "
				"{ap} {tag.NAME}";
	char expected[256];

	(void)state;
	snprintf(expected, sizeof expected, "no such placeholder: {knid}%s", there_are);
	assert_refused("{prefix}/{knid|x}/{mac}", "p", expected);
	snprintf(expected, sizeof expected, "no such placeholder: {}%s", there_are);
	assert_refused("a/{}", "p", expected);
	snprintf(expected, sizeof expected, "no such placeholder: {tag.}%s", there_are);
	assert_refused("{tag.}", "p", expected);
	snprintf(expected, sizeof expected, "no such placeholder: {mac{ap}%s", there_are);
	assert_refused("{mac{ap}}", "p", expected);
	assert_refused("a/{kind}/{mac", "p", "\"{mac\" lacks its }");
	assert_refused("a/{kind}/mac}", "p", "\"/mac}\" must not have any of + # { }");
	assert_refused("a/#", "p", "\"a/#\" must not have any of + # { }");
	assert_refused("{kind}/+/b", "p", "\"/+/b\" must not have any of + # { }");
	assert_refused("{prefix}/a", "p/+", "\"p/+\" must not have any of + # { }");
	assert_refused("a\tb", "p", "\"a\tb\" must not have any of + # { }");
	assert_refused("", "p", "the topic \"\" is empty");
	assert_refused("{prefix}", "", "the topic \"{prefix}\" is empty");
}

static void
test_too_many_parts(void **state)
{
	char template[65 * 4 + 1] = "";

	(void)state;
	for (int i = 0; i < 64; i++)
		strcat(template, "{ap}");
	topic_free(compile(template));
	strcat(template, "x");
	assert_refused(template, "p", "more than 64 parts");
}

static void
test_short_error_buffer(void **state)
{
	char error[8] = "";

	(void)state;
	assert_null(topic_new("a/{mac", "p", "g", error, sizeof error));
	assert_string_equal(error, "\"{mac\" ");
}

static void
test_varies(void **state)
{
	const char *constant[] = {"x", "{prefix}/{gateway}/{controller}/{kind}/{tag.site}"};
	const char *varying[] = {"{entity}", "a/{mac|x}", "{prefix}/{ap}/b"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct topic *topic = compile(constant[i]);

		assert_false(topic_varies(topic));
		topic_free(topic);
	}
	for (size_t i = 0; i < 3; i++) {
		struct topic *topic = compile(varying[i]);

		assert_true(topic_varies(topic));
		topic_free(topic);
	}
	topic_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_placeholder),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_reduction),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_fixed_text_stays),
		cmocka_unit_test(test_bad_templates),
		cmocka_unit_test(test_too_many_parts),
		cmocka_unit_test(test_short_error_buffer),
		cmocka_unit_test(test_varies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
