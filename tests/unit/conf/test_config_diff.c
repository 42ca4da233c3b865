/* SPDX-License-Identifier: ISC */
/* test_config_diff.c: what differs between two configurations, and what a change of it touches */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/config_diff.h"
#include "tests/unit/conf/config_support.h"

#define MQTT(options)	    GATEWAY CONTROLLER "mqtt main { " options " }\n"
#define HQ(options)	    GATEWAY "controller hq { host = 10.0.0.5 " options " }\n" OUTPUT
#define GATEWAY_OF(options) "gateway { name = gw1 " options " }\n" CONTROLLER OUTPUT

/* The effects of the difference of the first section `name` of two texts, and its options. */
static unsigned
diff(const char *name, const char *before, const char *after, struct config_names *names)
{
	struct config *a = load_good(before), *b = load_good(after);
	unsigned effects;

	if (strcmp(name, "gateway") == 0)
		effects = config_diff(name, &a->gateway, &b->gateway, names);
	else if (strcmp(name, "controller") == 0)
		effects = config_diff(name, a->controllers, b->controllers, names);
	else
		effects = config_diff(name, a->mqtts, b->mqtts, names);
	config_free(a);
	config_free(b);
	return effects;
}

static void
alike(void **state)
{
	struct config_names names;

	(void)state;
	assert_int_equal(diff("controller", HQ(""), HQ(""), &names), 0);
	assert_string_equal(names.text, "");
	assert_int_equal(diff("controller", HQ("port = 16113"), HQ(""), &names), 0);
	assert_int_equal(diff("mqtt", MQTT("qos = \"1\""), MQTT("qos=1"), &names), 0);
}

static void
effects_are_told(void **state)
{
	static const struct {
		const char *section, *before, *after, *names;
		unsigned effects;
	} cases[] = {
		{"controller", HQ(""), HQ("port = 1"), "port", EFFECT_SESSION},
		{"controller", HQ(""), HQ("tags = { \"a=b\" }"), "tags", EFFECT_RECORDS},
		{"controller", HQ("tags = { \"a=b\", \"c=d\" }"), HQ("tags = { \"c=d\", \"a=b\" }"),
		 "tags", EFFECT_RECORDS},
		{"controller", HQ(""), HQ("tls { verify = none } tags = { \"a=b\" }"),
		 "tags, tls.verify", EFFECT_SESSION | EFFECT_RECORDS},
		{"mqtt", MQTT(""), MQTT("tls { }"), "tls", EFFECT_OUTPUT},
		{"mqtt", MQTT(""), MQTT("full { others = drop_newest }"), "full.others",
		 EFFECT_QUEUE},
		{"mqtt", MQTT(""), MQTT("publish = batch"), "publish", EFFECT_RECORDS},
		{"gateway", GATEWAY_OF(""), GATEWAY_OF("health_interval = 5"), "health_interval",
		 EFFECT_GATEWAY},
		{"gateway", GATEWAY_OF(""), GATEWAY_OF("unknown { rate = 5 }"), "unknown.rate",
		 EFFECT_RECORDS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config_names names;
		unsigned effects = diff(cases[i].section, cases[i].before, cases[i].after, &names);

		assert_int_equal(effects, cases[i].effects);
		assert_string_equal(names.text, cases[i].names);
	}
}

static void
a_file_that_was_written_again_differs(void **state)
{
	struct config_names names;
	struct config *a, *b;
	char text[512];

	(void)state;
	snprintf(text, sizeof text, HQ("tls { verify = ca ca_file = \"%s\" }"), test_path("ca"));
	write_file("ca", "one");
	a = load_good(text);
	write_file("new", "another");
	assert_int_equal(rename(test_path("new"), test_path("ca")), 0);
	b = load_good(text);
	assert_int_equal(config_diff("controller", a->controllers, b->controllers, &names),
			 EFFECT_SESSION);
	assert_string_equal(names.text, "tls.ca_file");
	config_free(a);
	config_free(b);
	unlink(test_path("ca"));
}

static void
nothing_is_said_of_what_is_not_there(void **state)
{
	struct config_names names;
	struct config *a = load_good(LEAST);

	(void)state;
	assert_int_equal(config_diff("controller", NULL, a->controllers, &names), 0);
	assert_string_equal(names.text, "");
	config_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike),
		cmocka_unit_test(effects_are_told),
		cmocka_unit_test(a_file_that_was_written_again_differs),
		cmocka_unit_test(nothing_is_said_of_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
