/* SPDX-License-Identifier: ISC */
/* test_document.c: will, birth and goodbye */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <regex.h>

#include "outputs/document.h"

static const struct document_state online = {
	.state = "online",
	.session = "0123abcd",
	.version = "1.2.3",
};

static const char *
member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_t *
parse(struct buffer *text)
{
	json_t *object;

	assert_non_null(text);
	object = json_loadb(text->data, text->length, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	buffer_unref(text);
	return object;
}

static void
test_birth(void **state)
{
	json_t *birth = parse(document_state_new(&online));
	regex_t regex;

	(void)state;
	assert_string_equal(member(birth, "state"), "online");
	assert_string_equal(member(birth, "session"), "0123abcd");
	assert_string_equal(member(birth, "version"), "1.2.3");
	assert_int_equal(json_object_size(birth), 4);
	assert_int_equal(regcomp(&regex, "^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z$", REG_EXTENDED), 0);
	assert_int_equal(regexec(&regex, member(birth, "ts"), 0, NULL, 0), 0);
	regfree(&regex);
	json_decref(birth);
}

static void
test_goodbye(void **state)
{
	struct document_state offline = online;
	json_t *goodbye;

	(void)state;
	offline.state = "offline";
	offline.reason = "a \"reason\"\n";
	goodbye = parse(document_state_new(&offline));
	assert_string_equal(member(goodbye, "state"), "offline");
	assert_string_equal(member(goodbye, "reason"), "a \"reason\"\n");
	assert_non_null(member(goodbye, "ts"));
	json_decref(goodbye);
}

static void
test_will_has_no_time(void **state)
{
	struct document_state offline = online;
	struct buffer *will;

	(void)state;
	offline.state = "offline";
	offline.reason = "lost";
	will = document_will_new(&offline);
	assert_non_null(will);
	assert_string_equal(will->data, "{\"state\":\"offline\",\"reason\":\"lost\","
					"\"session\":\"0123abcd\",\"version\":\"1.2.3\"}");
	buffer_unref(will);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_birth),
		cmocka_unit_test(test_goodbye),
		cmocka_unit_test(test_will_has_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
