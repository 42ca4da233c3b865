/* SPDX-License-Identifier: ISC */
/* test_config_errors.c: broken configurations are told with their line and what was expected */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/conf/config_support.h"

#define HQ(inside)    GATEWAY OUTPUT "controller hq { host = a\n" inside "\n}\n"
#define TLS(inside)   HQ("tls {\n" inside "\n}")
#define MQTT(inside)  GATEWAY CONTROLLER "mqtt main {\n" inside "\n}\n"
#define FILE_(inside) GATEWAY CONTROLLER "file feed {\n" inside "\n}\n"
#define LOG(inside)   LEAST "log {\n" inside "\n}\n"

/* ^ stands on the line of the one error that the text has. */
static const struct broken {
	const char *text;
	const char *words;
} broken[] = {
	/* form */
	{LEAST "^file x {\n path = 'a'\n", "{ without its end, expected }"},
	{LEAST "\n^}\n", "} without its beginning"},
	{LEAST "\n^/* a\n\n", "a comment without its end"},
	{LEAST "\n^file \"x {\n}\n", "\" without its end"},
	{LEAST "mqtt main {\n^ qos 1\n protocol = 5 }\n", "expected qos = value"},
	{LEAST "mqtt main {\n qos = \n^ = 1 }\n", "unexpected =, expected a value"},
	{LEAST "mqtt main {\n^ qos = { 1 } }\n", "expected qos = value"},
	{LEAST "mqtt main {\n^ qos += 1 }\n", "expected qos = value"},
	{LEAST "mqtt main {\n^ qos { } }\n", "expected qos = value"},
	{LEAST "mqtt main {\n^ tls = 1 }\n", "expected tls { ... }"},
	{LEAST "\n^mqtt { }\n", "expected mqtt \"name\" { ... }"},
	{"^gateway x { name = gw1 }\n" GATEWAY CONTROLLER OUTPUT, "expected gateway { ... }"},
	{HQ("tags = { 'a=1'\n^ 'b=2' }"), "expected a value, a comma or }"},
	{LEAST "mqtt main {\n^ qos = +1 }\n", "a + by itself"},
	{LEAST "\n^include = x\n", "expected include(\"...\")"},
	{LEAST "\n^include(x, y)\n", "unexpected ,, expected )"},
	{LEAST "\n^= 1\n", "unexpected =, expected an option or a section"},
	{MQTT("^username = \"a\\0b\""), "a NUL in a value"},
	{MQTT("^username = \"a\\x00b\""), "a NUL in a value"},
	{MQTT("^username = \"\\x1b[m\""), "without control characters"},
	{MQTT("^username = \"\\xff\""), "expected text in UTF-8"},
	{MQTT("^username = '\x01'"), "a control character, expected text"},
	{MQTT("^username = '\xc3'"), "a byte that is not UTF-8"},
	{MQTT("# \xed\xa0\x80^"), "a byte that is not UTF-8"},
	{MQTT("^username = \"\\999\""), "bad escape sequence"},
	/* unknown, and given twice */
	{GATEWAY CONTROLLER OUTPUT "^kontroller hq { host = a }\n", "did you mean \"controller\"?"},
	{MQTT("^keep_alive = 5"), "unknown option \"keep_alive\", did you mean \"keepalive\"?"},
	{TLS("^wrong = 5"), "expected one of verify, fingerprint, ca_file"},
	{LEAST "^bogus other { a = 1  b { } }\n", "unknown option \"bogus\""},
	{MQTT("qos = 1\n^qos = 1"), "qos is given twice"},
	{HQ("tls { }\n^tls { }"), "tls is given twice"},
	{LEAST "^gateway {\n name = gw2 }\n", "gateway is given twice"},
	{LEAST "^controller 'hq' {\n host = b }\n", "controller \"hq\" is given twice"},
	{LEAST "\n^file \"f\\x65ed\" { }\n", "duplicate title 'feed'"},
	{LEAST "^file feed { path = x }\n", "file \"feed\" is given twice"},
	{LEAST "mqtt a { }\n^mqtt a { }\n", "mqtt \"a\" is given twice"},
	/* names */
	{"gateway {\n^name = 'gw 1' }\n" CONTROLLER OUTPUT, "letters, digits, - _ and ."},
	{"gateway {\n^name = '' }\n" CONTROLLER OUTPUT, "letters, digits, - _ and ."},
	{GATEWAY OUTPUT "^controller 'h/q' { host = a }\n", "letters, digits, - _ and ."},
	{GATEWAY OUTPUT "^controller '' { host = a }\n", "letters, digits, - _ and ."},
	{GATEWAY CONTROLLER "^mqtt '+' { }\n", "letters, digits, - _ and ."},
	{GATEWAY CONTROLLER "^file '#' { }\n", "letters, digits, - _ and ."},
	{GATEWAY OUTPUT "^controller state { host = a }\n", "a topic of the gateway's"},
	{GATEWAY OUTPUT "^controller info { host = a }\n", "a topic of the gateway's"},
	{GATEWAY OUTPUT "^controller health { host = a }\n", "a topic of the gateway's"},
	{GATEWAY OUTPUT "^controller command { host = a }\n", "a topic of the gateway's"},
	{GATEWAY OUTPUT "^controller response { host = a }\n", "a topic of the gateway's"},
	/* missing */
	{"^gateway { }\n" CONTROLLER OUTPUT, "name is missing"},
	{GATEWAY OUTPUT "\n^controller hq {\n port = 1 }\n", "host is missing"},
	/* types and ranges */
	{"gateway { name = a\n^health_interval = 0 }\n" CONTROLLER OUTPUT, "from 1 to 3600 s"},
	{LOG("^level = loud"), "one of error, warning, info, debug"},
	{LOG("^format = xml"), "one of text, json"},
	{LOG("^target = journal"), "one of stderr, file, syslog"},
	{LOG("^target = file"), "path is missing"},
	{LOG("^path = 'daemon.log'"), "path is not looked at"},
	{LOG("target = file\n^path = '/'"), "a directory, expected a file"},
	{LOG("target = file\n^path = '/nonexistent/log'"), "no directory /nonexistent"},
	{LOG("target = file\n^path = x") "file other { path = x }\n",
	 "file \"other\" has the same"},
	{LOG("^facility = local8"), "one of daemon, local0, local1"},
	{LOG("levels = { 'mqtt=debug',\n^'mqtt' }"), "expected \"subsystem=level\""},
	{LOG("levels = { 'mqtt=debug',\n^'tls=loud' }"), "expected \"subsystem=level\""},
	{LOG("levels = { 'mqtt=debug',\n^'=info' }"), "no such subsystem"},
	{LOG("levels = { 'mqtt=debug',\n^'sesion hq=info' }"), "did you mean \"session\"?"},
	{LOG("levels = { 'mqtt=debug',\n^'mqtt=info' }"), "a second one for \"mqtt\""},
	{LOG("trace = { hq,\n^hg }"), "no controller \"hg\", did you mean \"hq\"?"},
	{"gateway { name = a\n^state_dir = '' }\n" CONTROLLER OUTPUT, "a text that is not empty"},
	{"gateway { name = a\nidentity {\n^mac = 'x' } }\n" CONTROLLER OUTPUT, "12 hexadecimal"},
	{"gateway { name = a\nidentity {\n^mac = '00:11:22:33:44' } }\n" CONTROLLER OUTPUT,
	 "12 hexadecimal"},
	{"gateway { name = a\nunknown {\n^publish = maybe } }\n" CONTROLLER OUTPUT,
	 "true or false"},
	{"gateway { name = a\nunknown {\n^rate = 0 } }\n" CONTROLLER OUTPUT, "1 to 100000"},
	{HQ("^port = 70000"), "port = \"70000\": expected a whole number from 1 to 65535"},
	{HQ("^port = many"), "a whole number"},
	{HQ("^port = 12x"), "a whole number"},
	{HQ("^port = 99999999999999999999"), "a whole number"},
	{HQ("^echo_interval = 301\necho_timeout = 900"), "from 1 to 300 s"},
	{HQ("^echo_timeout = 14"), "at least echo_interval, 15 s"},
	{HQ("^stall_timeout = -1"), "from 0 to 86400 s"},
	{HQ("^backoff_min = 0.05"), "from 0.1 to 3600"},
	{HQ("^backoff_min = 1e1"), "a number of seconds"},
	{HQ("backoff_min = 5\n^backoff_max = 4"), "at least backoff_min, 5 s"},
	{MQTT("^protocol = 4"), "one of 3, 5"},
	{MQTT("^qos = 3"), "from 0 to 2"},
	{MQTT("^keepalive = 4"), "from 5 to 65535 s"},
	{MQTT("^publish = sometimes"), "one of record, batch"},
	{MQTT("^queue_size = lots"), "a size in bytes from 64k to 64G"},
	{MQTT("^queue_size = 65G"), "a size in bytes"},
	{MQTT("^queue_size = 1"), "a size in bytes"},
	{MQTT("^window = 0"), "from 1 to 65535 messages"},
	{MQTT("^host = ''"), "expected a name or an address"},
	{MQTT("^host = 'b:0'"), "a port behind a colon"},
	{MQTT("host = { a,\n^ 'b c' }"), "expected a name or an address"},
	{MQTT("full {\n^ rssi = drop }"), "one of conflate, drop_oldest, drop_newest"},
	{MQTT("spool {\n^ sync = often }"), "one of none, batch"},
	{MQTT("spool {\n^ max_size = 1k }"), "max_size"},
	{MQTT("protocol = 3\n^expiry = 1"), "expected protocol = 5 with it"},
	{FILE_("^publish = 1"), "one of record, batch"},
	/* lists of controllers: at the line of the element */
	{GATEWAY OUTPUT "controller hq { host = { a,\n^'' } }\n", "a name or an address"},
	{GATEWAY OUTPUT "controller hq { host = { a,\n^'b c' } }\n", "a name or an address"},
	{GATEWAY OUTPUT "^controller hq { host = { } }\n", "host: expected at least one"},
	{GATEWAY OUTPUT "^controller hq { host = a services = { } }\n",
	 "services: expected at least one"},
	{HQ("services = { 'rssi:client',\n^'rssi' }"), "expected \"service:subservice\""},
	{HQ("services = { 'rssi:client',\n^'rssi:' }"), "expected \"service:subservice\""},
	{HQ("services = { 'rssi:client',\n^'a:b:c' }"), "expected \"service:subservice\""},
	{HQ("services = { 'rssi:client',\n^'rssi:client' }"), "is given twice"},
	{HQ("intervals = {\n^'rssi:client' }"), "service:subservice=seconds"},
	{HQ("intervals = {\n^'rssi:client=0' }"), "1 to 180 s"},
	{HQ("intervals = {\n^'rssi:client=181' }"), "1 to 180 s"},
	{HQ("intervals = {\n^'rssi:client=soon' }"), "1 to 180 s"},
	{HQ("intervals = {\n^'rssi:client=5s' }"), "1 to 180 s"},
	{HQ("services = 'rssi:tag'\nintervals = {\n^'rssi:client=2' }"), "subscribed to"},
	{HQ("intervals = { 'rssi:client=2',\n^'rssi:client=3' }"), "a second one"},
	{HQ("tags = { 'a=1',\n^'b' }"), "expected \"name=value\""},
	{HQ("tags = { 'a=1',\n^'b=' }"), "expected \"name=value\""},
	{HQ("tags = { 'a=1',\n^'=b' }"), "expected \"name=value\""},
	{HQ("tags = { 'a=1',\n^'b c=d' }"), "expected \"name=value\""},
	{HQ("tags = { 'a=1',\n^'a=2' }"), "a second \"a\""},
	/* tls */
	{TLS("^verify = maybe"), "one of tofu, fingerprint, ca, none"},
	{TLS("^verify = fingerprint"), "fingerprint is missing"},
	{TLS("verify = fingerprint\n^fingerprint = ''"), "fingerprint is empty"},
	{TLS("verify = fingerprint\n^fingerprint = 'ab:cd'"), "64 hexadecimal digits"},
	{TLS("^verify = ca"), "ca_file is missing"},
	{TLS("verify = ca\n^ca_file = '/nonexistent/ca.pem'"), "cannot read /nonexistent/ca.pem"},
	{TLS("verify = ca\n^ca_file = '/'"), "a directory, expected a file"},
	{TLS("^ca_file = '/dev/null'"), "ca_file is not looked at"},
	{TLS("^min_version = 1.4"), "one of 1.0, 1.1, 1.2, 1.3"},
	{MQTT("tls {\n^ca_file = '/nonexistent/ca.pem' }"), "cannot read"},
	{MQTT("tls {\n^certificate = '/dev/null' }"), "certificate without key"},
	{MQTT("tls {\n^key = '/dev/null' }"), "key without certificate"},
	/* topics */
	{MQTT("^topic = '{prefix}/{bogus}'"), "unknown placeholder {bogus}"},
	{MQTT("^topic = '{prefix}/{kimd}'"), "did you mean \"kind\"?"},
	{MQTT("^topic = 'a/{kind'"), "a brace without its other half"},
	{MQTT("^topic = 'a/kind}'"), "a brace without its other half"},
	{MQTT("^topic = 'a/#'"), "+ and # are wildcards"},
	{MQTT("^topic = 'a/+'"), "+ and # are wildcards"},
	{MQTT("^topic = '/a'"), "a level is empty"},
	{MQTT("^topic = 'a//b'"), "a level is empty"},
	{MQTT("^topic = '$SYS/a'"), "belong to the broker"},
	{MQTT("^topic = '{tag.a b}'"), "unknown placeholder"},
	{MQTT("^prefix = 'a/'"), "a level is empty"},
	{MQTT("^prefix = '{kind}'"), "expected no placeholders"},
	{MQTT("publish = batch\n^topic = '{kind}/{mac}'"), "differs between the records"},
	{MQTT("publish = batch\n^topic = '{kind}/{entity}'"), "differs between the records"},
	{MQTT("publish = batch\n^topic = '{kind}/{ap|none}'"), "differs between the records"},
	/* outputs beside each other */
	{LEAST "mqtt a { client_id = c }\nmqtt b {\n^client_id = c }\n", "mqtt \"a\" has the same"},
	{LEAST "file b {\n^path = '-' }\n", "file \"feed\" has the same"},
	{FILE_("^path = '/'"), "a directory, expected a file"},
	{FILE_("^path = '/nonexistent/x'"), "no directory /nonexistent"},
	/* environment */
	{MQTT("^username = \"${NMSP_TEST_NONE}\""), "NMSP_TEST_NONE is not set"},
	{MQTT("^username = ${NMSP_TEST_NONE}"), "NMSP_TEST_NONE is not set"},
	{MQTT("^username = \"${NMSP TEST}\""), "expected ${NAME}"},
	{MQTT("^username = \"${NMSP_TEST\""), "expected ${NAME}"},
	{MQTT("^username = \"${}\""), "expected ${NAME}"},
};

static unsigned
print_failure(size_t i, int line, const struct errors *errors)
{
	print_error("case %zu (%s), line %d: got\n%s", i, broken[i].words, line, errors->all);
	return 1;
}

static void
test_broken(void **state)
{
	unsigned failed = 0;

	(void)state;
	unsetenv("NMSP_TEST_NONE");
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct errors errors;
		int line;

		assert_null(load_text(broken[i].text, &errors, &line));
		if (errors.n != 1 || errors.line != line ||
		    !strstr(errors.message, broken[i].words))
			failed += print_failure(i, line, &errors);
	}
	assert_int_equal(failed, 0);
}

/* What stands nowhere has no line. */
static void
test_lacking(void **state)
{
	static const struct broken lacking[] = {
		{CONTROLLER OUTPUT, "expected a section gateway"},
		{GATEWAY OUTPUT, "expected at least one controller"},
		{GATEWAY CONTROLLER, "expected at least one output"},
	};
	struct errors errors;
	int line;

	(void)state;
	for (size_t i = 0; i < COUNT(lacking); i++) {
		assert_null(load_text(lacking[i].text, &errors, &line));
		assert_int_equal(errors.n, 1);
		assert_int_equal(errors.line, 0);
		assert_non_null(strstr(errors.message, lacking[i].words));
	}
	assert_null(load_text("", &errors, &line));
	assert_int_equal(errors.n, 3);
}

/* All that is wrong is told, not only the first. */
static void
test_several(void **state)
{
	struct errors errors;
	int line;

	(void)state;
	assert_null(load_text("gateway { name = gw1\n colour = red }\n"
			      "controller hq { host = a\n port = 0\n services = { 'x' } }\n"
			      "mqtt main { qos = 9\n topic = '#' }\n",
			      &errors, &line));
	assert_int_equal(errors.n, 5);
	assert_non_null(strstr(errors.all, "test.conf:2: unknown option"));
	assert_non_null(strstr(errors.all, "test.conf:4: port"));
	assert_non_null(strstr(errors.all, "test.conf:5: services"));
	assert_non_null(strstr(errors.all, "test.conf:6: qos"));
	assert_non_null(strstr(errors.all, "test.conf:7: topic"));
}

static void
test_missing_files(void **state)
{
	struct errors errors;
	int line;

	(void)state;
	assert_null(load_file("nonexistent.conf", &errors));
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.line, 0);
	assert_non_null(strstr(errors.message, "No such file"));
	assert_null(load_file(".", &errors));
	assert_int_equal(errors.n, 1);
	assert_non_null(strstr(errors.message, "Is a directory"));
	assert_null(load_text(LEAST "\n^include('nonexistent.conf')\n", &errors, &line));
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.line, line);
	assert_non_null(strstr(errors.message, "No such file"));
}

/* Loads a text that includes more.conf, which has one error. */
static void
expect_included(const char *text, const char *more, const char *words)
{
	struct errors errors;
	int line = write_file("more.conf", more), unused;

	assert_null(load_text(text, &errors, &unused));
	if (errors.n != 1 || errors.line != line || !strstr(errors.message, words) ||
	    strcmp(errors.file, test_path("more.conf")) != 0)
		fail_msg("%s, line %d: got\n%s", words, line, errors.all);
	unlink(test_path("more.conf"));
}

static void
test_included(void **state)
{
	struct errors errors;
	int line;

	(void)state;
	expect_included(LEAST "include(\"more.conf\")\n", "\nmqtt main {\n^ qos = 3\n}\n", "qos");
	expect_included(LEAST "include(\"more.conf\")\n", "\n^mqqt main { }\n", "\"mqtt\"?");
	expect_included(LEAST "include(\"more.conf\")\n", "\n^mqtt main {\n", "without its end");
	expect_included(LEAST "include(\"more.conf\")\n", "^file feed { }\n",
			"file \"feed\" is given twice");
	expect_included(LEAST "mqtt m {\n include(\"more.conf\") }\n", "qos = 1\n^qos = 1\n",
			"qos is given twice");
	expect_included(LEAST "mqtt m {\n include(\"more.conf\") }\n", "^qos = 1 }\n",
			"} without its beginning");
	write_file("more.conf", "include(more.conf)\n");
	assert_null(load_text(LEAST "include(\"more.conf\")\n", &errors, &line));
	assert_int_equal(errors.n, 1);
	assert_non_null(strstr(errors.message, "nested too deep, expected at most 10 levels"));
	unlink(test_path("more.conf"));
}

/* An error behind an included file is told with the file that it is in. */
static void
test_behind_included(void **state)
{
	struct errors errors;
	int line;

	(void)state;
	write_file("more.conf", "\n\n\n\nfile other { path = 'x' }\n");
	assert_null(load_text(LEAST "include(\"more.conf\")\nmqtt main {\n^ qos = 3\n}\n", &errors,
			      &line));
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.line, line);
	assert_string_equal(errors.file, test_path("test.conf"));
	unlink(test_path("more.conf"));
}

static void
expect_password(const char *content, mode_t mode, const char *words)
{
	struct errors errors;
	int line;

	write_file("secret", content);
	assert_int_equal(chmod(test_path("secret"), mode), 0);
	assert_null(load_text(MQTT("username = u\n^password_file = secret"), &errors, &line));
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.line, line);
	if (!strstr(errors.message, words) || strstr(errors.message, "hunter2"))
		fail_msg("%s: got %s", words, errors.message);
	unlink(test_path("secret"));
}

static void
test_password(void **state)
{
	struct errors errors;
	int line;

	(void)state;
	expect_password("hunter2\n", 0644, "mode 0644");
	expect_password("hunter2\n", 0602, "mode 0602");
	expect_password("", 0600, "no password");
	expect_password("\n", 0600, "no password");
	assert_null(load_text(MQTT("username = u\n^password_file = '/nonexistent/secret'"), &errors,
			      &line));
	assert_int_equal(errors.line, line);
	assert_non_null(strstr(errors.message, "cannot read /nonexistent/secret"));
	write_file("secret", "hunter2\n");
	assert_int_equal(chmod(test_path("secret"), 0600), 0);
	assert_null(load_text(MQTT("^password_file = secret"), &errors, &line));
	assert_int_equal(errors.line, line);
	assert_non_null(strstr(errors.message, "password_file without username"));
	unlink(test_path("secret"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken),	 cmocka_unit_test(test_lacking),
		cmocka_unit_test(test_several),	 cmocka_unit_test(test_missing_files),
		cmocka_unit_test(test_included), cmocka_unit_test(test_behind_included),
		cmocka_unit_test(test_password),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
