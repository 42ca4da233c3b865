/* SPDX-License-Identifier: ISC */
/* test_config.c: good configurations, member by member */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/conf/config_support.h"

static void
test_gateway_defaults(void **state)
{
	struct config *config = load_good(LEAST);
	const struct config_gateway *gateway = &config->gateway;

	(void)state;
	assert_string_equal(config->path, test_path("test.conf"));
	assert_string_equal(gateway->name, "gw1");
	assert_string_equal(gateway->dictionary, "baseline");
	assert_string_equal(gateway->state_dir, "/var/lib/nmsp2mqtt");
	assert_string_equal(gateway->mac, "");
	assert_string_equal(gateway->certificate, "/var/lib/nmsp2mqtt/identity.crt");
	assert_string_equal(gateway->key, "/var/lib/nmsp2mqtt/identity.key");
	assert_int_equal(gateway->health_interval_s, 60);
	assert_true(gateway->publish_unknown);
	assert_int_equal(gateway->unknown_rate, 10);
	config_free(config);
}

/* All that no file says is as in one that says as little as possible. */
static void
test_without_a_file(void **state)
{
	struct errors errors = {0};
	const struct report report = {collect, &errors};
	struct config *file = load_good(LEAST);
	struct config *config = config_of_host("2001:db8::5", "/state", &report);
	const struct config_controller *one = &config->controllers[0], *hq = &file->controllers[0];

	(void)state;
	assert_non_null(config);
	assert_int_equal(errors.n, 0);
	assert_string_equal(config->gateway.certificate, "/state/identity.crt");
	assert_string_equal(config->gateway.key, "/state/identity.key");
	assert_string_equal(config->gateway.state_dir, "/state");
	assert_string_equal(config->gateway.dictionary, file->gateway.dictionary);
	assert_string_equal(config->gateway.mac, "");
	assert_int_equal(config->n_controllers, 1);
	assert_string_equal(one->name, "2001:db8::5");
	assert_int_equal(one->n_hosts, 1);
	assert_string_equal(one->hosts[0], "2001:db8::5");
	assert_int_equal(one->port, hq->port);
	assert_int_equal(one->n_services, hq->n_services);
	assert_string_equal(one->services[0].subservice, hq->services[0].subservice);
	assert_int_equal(one->verify, hq->verify);
	assert_int_equal(one->min_version, hq->min_version);
	assert_string_equal(one->ciphers, "");
	assert_int_equal(one->handshake_timeout_s, hq->handshake_timeout_s);
	assert_int_equal(config->n_mqtts + config->n_files, 0);
	config_free(config);
	config_free(file);
}

static void
test_gateway(void **state)
{
	struct config *config = load_good("gateway {\n"
					  " name = 'g-w_1.x'  dictionary = 'other'\n"
					  " state_dir = \"state\"  health_interval = 3600\n"
					  " identity { mac = '00:11:22:33:44:55'\n"
					  "  certificate = '/c.pem'  key = 'k.pem' }\n"
					  " unknown { publish = no  rate = 100000 }\n"
					  "}\n" CONTROLLER OUTPUT);
	const struct config_gateway *gateway = &config->gateway;

	(void)state;
	assert_string_equal(gateway->name, "g-w_1.x");
	assert_string_equal(gateway->dictionary, "other");
	assert_string_equal(gateway->state_dir, test_path("state"));
	assert_string_equal(gateway->mac, "00:11:22:33:44:55");
	assert_string_equal(gateway->certificate, "/c.pem");
	assert_string_equal(gateway->key, test_path("state/k.pem"));
	assert_int_equal(gateway->health_interval_s, 3600);
	assert_false(gateway->publish_unknown);
	assert_int_equal(gateway->unknown_rate, 100000);
	config_free(config);
}

static void
test_log_defaults(void **state)
{
	struct config *config = load_good(LEAST);
	const struct log_settings *log = &config->log.settings;

	(void)state;
	assert_int_equal(log->level, LOG_LEVEL_INFO);
	assert_int_equal(log->n_rules, 0);
	assert_int_equal(log->n_traced, 0);
	assert_int_equal(log->format, LOG_TEXT);
	assert_int_equal(log->target, LOG_TO_STDERR);
	assert_string_equal(log->path, "");
	assert_int_equal(log->facility, LOG_FACILITY_DAEMON);
	config_free(config);
}

static void
test_log(void **state)
{
	struct config *config = load_good(LEAST "log {\n level = warning\n"
						" levels = { 'mqtt=debug', \"session hq=error\" }\n"
						" trace = hq  format = json  target = file\n"
						" path = daemon.log  facility = local7\n}\n");
	const struct log_settings *log = &config->log.settings;

	(void)state;
	assert_int_equal(log->level, LOG_LEVEL_WARNING);
	assert_int_equal(log->n_rules, 2);
	assert_string_equal(log->rules[0].subject, "mqtt");
	assert_int_equal(log->rules[0].level, LOG_LEVEL_DEBUG);
	assert_string_equal(log->rules[1].subject, "session hq");
	assert_int_equal(log->rules[1].level, LOG_LEVEL_ERROR);
	assert_int_equal(log->n_traced, 1);
	assert_string_equal(log->traced[0], "hq");
	assert_int_equal(log->format, LOG_JSON);
	assert_int_equal(log->target, LOG_TO_FILE);
	assert_string_equal(log->path, test_path("daemon.log"));
	assert_int_equal(log->facility, LOG_FACILITY_LOCAL7);
	config_free(config);
}

static void
test_controller_defaults(void **state)
{
	static const char *const services[][2] = {
		{"rssi", "client"},	  {"rssi", "tag"},	     {"information", "client"},
		{"statistics", "client"}, {"attachment", "station"}, {"location", "subscription"},
		{"ap_info", "ap"},
	};
	struct config *config = load_good(LEAST);
	const struct config_controller *hq = &config->controllers[0];

	(void)state;
	assert_int_equal(config->n_controllers, 1);
	assert_string_equal(hq->name, "hq");
	assert_int_equal(hq->n_hosts, 1);
	assert_string_equal(hq->hosts[0], "10.0.0.5");
	assert_int_equal(hq->port, 16113);
	assert_int_equal(hq->n_services, COUNT(services));
	for (size_t i = 0; i < COUNT(services); i++) {
		assert_string_equal(hq->services[i].service, services[i][0]);
		assert_string_equal(hq->services[i].subservice, services[i][1]);
		assert_int_equal(hq->services[i].interval_s, 0);
	}
	assert_int_equal(hq->n_tags, 0);
	assert_string_equal(hq->dictionary, "");
	assert_int_equal(hq->verify, VERIFY_TOFU);
	assert_string_equal(hq->fingerprint, "");
	assert_string_equal(hq->ca_file, "");
	assert_int_equal(hq->min_version, TLS_1_2);
	assert_string_equal(hq->ciphers, "");
	assert_int_equal(hq->echo_interval_s, 15);
	assert_int_equal(hq->echo_timeout_s, 30);
	assert_int_equal(hq->stall_timeout_s, 600);
	assert_int_equal(hq->backoff_min_ms, 1000);
	assert_int_equal(hq->backoff_max_ms, 60000);
	assert_int_equal(hq->quarantine_s, 600);
	assert_int_equal(hq->handshake_timeout_s, 15);
	config_free(config);
}

static const char controller_text[] =
	"controller \"b1\" {\n"
	" host = { \"wlc.example.net\", '2001:db8::5' }  port = 1\n"
	" services = { \"rssi:tag\", \"rssi:client\" }\n"
	" intervals = { \"rssi:client=180\" }\n"
	" tags = { \"site=a=b\", \"floor=2. Stock\" }\n"
	" dictionary = './d.conf'\n"
	" echo_interval = 1  echo_timeout = 1  stall_timeout = 0  backoff_min = 0.25\n"
	" backoff_max = 2.5  quarantine = 1  handshake_timeout = 300\n"
	" tls { verify = fingerprint  min_version = 1.0  ciphers = 'ALL:@SECLEVEL=0'\n"
	"  fingerprint = 'AB:CD:ef0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789'\n"
	" }\n"
	"}\n";

static void
test_controller(void **state)
{
	static const char text[] = GATEWAY OUTPUT CONTROLLER;
	char all[4096];
	struct config *config;
	const struct config_controller *b1;

	(void)state;
	snprintf(all, sizeof all, "%s%s", text, controller_text);
	config = load_good(all);
	assert_int_equal(config->n_controllers, 2);
	assert_string_equal(config->controllers[0].name, "hq");
	b1 = &config->controllers[1];
	assert_string_equal(b1->name, "b1");
	assert_int_equal(b1->n_hosts, 2);
	assert_string_equal(b1->hosts[0], "wlc.example.net");
	assert_string_equal(b1->hosts[1], "2001:db8::5");
	assert_int_equal(b1->port, 1);
	assert_int_equal(b1->n_services, 2);
	assert_string_equal(b1->services[0].subservice, "tag");
	assert_int_equal(b1->services[0].interval_s, 0);
	assert_string_equal(b1->services[1].subservice, "client");
	assert_int_equal(b1->services[1].interval_s, 180);
	assert_int_equal(b1->n_tags, 2);
	assert_string_equal(b1->tags[0].name, "site");
	assert_string_equal(b1->tags[0].value, "a=b");
	assert_string_equal(b1->tags[1].value, "2. Stock");
	assert_string_equal(b1->dictionary, test_path("./d.conf"));
	config_free(config);
}

static void
test_controller_times_and_tls(void **state)
{
	char all[4096];
	struct config *config;
	const struct config_controller *b1;

	(void)state;
	snprintf(all, sizeof all, "%s%s", GATEWAY OUTPUT, controller_text);
	config = load_good(all);
	b1 = &config->controllers[0];
	assert_int_equal(b1->echo_interval_s, 1);
	assert_int_equal(b1->echo_timeout_s, 1);
	assert_int_equal(b1->stall_timeout_s, 0);
	assert_int_equal(b1->backoff_min_ms, 250);
	assert_int_equal(b1->backoff_max_ms, 2500);
	assert_int_equal(b1->quarantine_s, 1);
	assert_int_equal(b1->handshake_timeout_s, 300);
	assert_int_equal(b1->verify, VERIFY_FINGERPRINT);
	assert_int_equal(b1->min_version, TLS_1_0);
	assert_string_equal(b1->ciphers, "ALL:@SECLEVEL=0");
	assert_string_equal(b1->fingerprint,
			    "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789");
	config_free(config);
}

static void
test_lists_of_brokers(void **state)
{
	struct config *config = load_good(
		GATEWAY CONTROLLER "mqtt main { port = 1884  host = { 'a', 'b:1', '[::1]:2', "
				   "'::1' }\n full { others = drop_newest }\n"
				   " spool { path = s.db  sync = none } }\n");
	const struct config_mqtt *mqtt = &config->mqtts[0];
	static const char *const hosts[] = {"a", "b", "::1", "::1"};
	static const uint16_t ports[] = {1884, 1, 2, 1884};

	(void)state;
	assert_int_equal(mqtt->n_brokers, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(mqtt->brokers[i].host, hosts[i]);
		assert_int_equal(mqtt->brokers[i].port, ports[i]);
	}
	assert_int_equal(mqtt->full.others, FULL_DROP_NEWEST);
	assert_int_equal(mqtt->spool_sync, SYNC_NONE);
	assert_non_null(strstr(mqtt->spool_path, "/s.db"));
	config_free(config);
}

static void
test_output_defaults(void **state)
{
	struct config *config = load_good(GATEWAY CONTROLLER "mqtt main { }\nfile feed { }\n");
	const struct config_mqtt *mqtt = &config->mqtts[0];
	const struct config_file *file = &config->files[0];

	(void)state;
	assert_int_equal(config->n_mqtts, 1);
	assert_string_equal(mqtt->name, "main");
	assert_string_equal(mqtt->brokers[0].host, "127.0.0.1");
	assert_int_equal(mqtt->n_brokers, 1);
	assert_int_equal(mqtt->brokers[0].port, 1883);
	assert_int_equal(mqtt->full.rssi, FULL_CONFLATE);
	assert_int_equal(mqtt->full.statistics, FULL_DROP_OLDEST);
	assert_int_equal(mqtt->full.others, FULL_DROP_OLDEST);
	assert_string_equal(mqtt->spool_path, "");
	assert_int_equal(mqtt->spool_max_size, 1 << 30);
	assert_int_equal(mqtt->spool_sync, SYNC_BATCH);
	assert_int_equal(mqtt->port, 1883);
	assert_int_equal(mqtt->protocol, 5);
	assert_string_equal(mqtt->client_id, "");
	assert_string_equal(mqtt->username, "");
	assert_string_equal(mqtt->password, "");
	assert_string_equal(mqtt->password_file, "");
	assert_int_equal(mqtt->keepalive_s, 30);
	assert_int_equal(mqtt->qos, 1);
	assert_int_equal(mqtt->publish, PUBLISH_RECORD);
	assert_string_equal(mqtt->topic, "{prefix}/{gateway}/{controller}/{kind}");
	assert_string_equal(mqtt->prefix, "nmsp");
	assert_int_equal(mqtt->expiry_s, 0);
	assert_int_equal(mqtt->queue_size, 64 << 20);
	assert_int_equal(mqtt->window, 100);
	assert_int_equal(mqtt->progress_timeout_s, 30);
	assert_false(mqtt->commands);
	assert_false(mqtt->tls);
	assert_true(mqtt->tls_verify);
	assert_int_equal(config->n_files, 1);
	assert_string_equal(file->name, "feed");
	assert_string_equal(file->path, "-");
	assert_int_equal(file->publish, PUBLISH_RECORD);
	assert_int_equal(file->queue_size, 64 << 20);
	config_free(config);
}

static void
test_outputs(void **state)
{
	struct config *config;
	const struct config_mqtt *mqtt;

	(void)state;
	write_file("secret", "pass word\r\n");
	assert_int_equal(chmod(test_path("secret"), 0640), 0);
	config = load_good(GATEWAY CONTROLLER
			   "mqtt main { host = 'b.example.net'  protocol = 3  client_id = 'c'\n"
			   " username = 'u'  password_file = 'secret'  keepalive = 5  qos = 2\n"
			   " publish = batch  topic = 'a/{kind}/{tag.site|none}'  prefix = 'x/y'\n"
			   " queue_size = 64k\n"
			   " window = 65535  progress_timeout = 3600\n"
			   " commands = true\n"
			   " tls { ca_file = 'secret'  certificate = 'secret'  key = 'secret'\n"
			   "  verify = off }\n"
			   "}\n"
			   "mqtt other { expiry = 4294967295  topic = '{mac}/{entity}/{ap}' }\n"
			   "file feed { path = 'out.jsonl'  publish = batch  queue_size = 1G }\n");
	mqtt = &config->mqtts[0];
	assert_int_equal(config->n_mqtts, 2);
	assert_string_equal(mqtt->brokers[0].host, "b.example.net");
	assert_int_equal(mqtt->port, 8883);
	assert_int_equal(mqtt->protocol, 3);
	assert_string_equal(mqtt->client_id, "c");
	assert_string_equal(mqtt->username, "u");
	assert_string_equal(mqtt->password, "pass word");
	assert_string_equal(mqtt->password_file, test_path("secret"));
	assert_int_equal(mqtt->keepalive_s, 5);
	assert_int_equal(mqtt->qos, 2);
	assert_int_equal(mqtt->publish, PUBLISH_BATCH);
	assert_string_equal(mqtt->topic, "a/{kind}/{tag.site|none}");
	assert_string_equal(mqtt->prefix, "x/y");
	assert_int_equal(mqtt->queue_size, 64 << 10);
	assert_int_equal(mqtt->window, 65535);
	assert_int_equal(mqtt->progress_timeout_s, 3600);
	assert_true(mqtt->commands);
	assert_true(mqtt->tls);
	assert_false(mqtt->tls_verify);
	assert_string_equal(mqtt->tls_ca_file, test_path("secret"));
	assert_string_equal(mqtt->tls_certificate, test_path("secret"));
	assert_string_equal(mqtt->tls_key, test_path("secret"));
	assert_int_equal(config->mqtts[1].expiry_s, UINT32_MAX);
	assert_string_equal(config->files[0].path, test_path("out.jsonl"));
	assert_int_equal(config->files[0].publish, PUBLISH_BATCH);
	assert_int_equal(config->files[0].queue_size, 1 << 30);
	config_free(config);
	unlink(test_path("secret"));
}

/* A tls section with a port keeps that, and lists may be appended to. */
static void
test_combined(void **state)
{
	struct config *config = load_good(
		GATEWAY "controller hq { host = a  host += b\n tags = { }\n tags += { 'x=1', }\n"
			" services = 'rssi:client' }\n"
			"mqtt main { port = 1883  tls { } }\n");

	(void)state;
	assert_int_equal(config->mqtts[0].port, 1883);
	assert_true(config->mqtts[0].tls);
	assert_int_equal(config->controllers[0].n_hosts, 2);
	assert_string_equal(config->controllers[0].hosts[1], "b");
	assert_int_equal(config->controllers[0].n_tags, 1);
	assert_int_equal(config->controllers[0].n_services, 1);
	config_free(config);
}

static void
test_text(void **state)
{
	struct config *config = load_good(
		"# a comment { with signs = \"\n// another }\n/* and\n a { third */\n"
		"gateway { name = gw1 # behind a value\n }\n" CONTROLLER
		"mqtt 'm' { username = \"\\x41\\102 \\\"c\\\" \\\\\"  client_id = 'a\\\\b\\'c\\d'\n"
		" host = ab prefix = \"\xc3\xa4\\\n/b\" }\n");

	(void)state;
	assert_string_equal(config->mqtts[0].username, "AB \"c\" \\");
	assert_string_equal(config->mqtts[0].client_id, "a\\b'c\\d");
	assert_string_equal(config->mqtts[0].brokers[0].host, "ab");
	assert_string_equal(config->mqtts[0].prefix, "\xc3\xa4/b");
	config_free(config);
}

static void
test_environment(void **state)
{
	struct config *config;

	(void)state;
	setenv("NMSP_TEST_NAME", "gw7", 1);
	unsetenv("NMSP_TEST_NONE");
	config = load_good(
		"gateway { name = ${NMSP_TEST_NAME} }\n" CONTROLLER
		"mqtt main {\n username = \"u-${NMSP_TEST_NAME}-${NMSP_TEST_NONE:-x y}\"\n"
		" client_id = '${NMSP_TEST_NONE}' # ${NMSP_TEST_NONE}\n"
		" prefix = ${NMSP_TEST_NONE:-p/q}\n}\n");
	assert_string_equal(config->gateway.name, "gw7");
	assert_string_equal(config->mqtts[0].username, "u-gw7-x y");
	assert_string_equal(config->mqtts[0].client_id, "${NMSP_TEST_NONE}");
	assert_string_equal(config->mqtts[0].prefix, "p/q");
	config_free(config);
}

/* Paths, of files included too, are relative to the file that they stand in. */
static void
test_include(void **state)
{
	struct config *config;

	(void)state;
	assert_int_equal(mkdir(test_path("sub"), 0700), 0);
	write_file("sub/gateway.conf", "name = gw2\nstate_dir = st\ninclude(deep.conf)\n");
	write_file("sub/deep.conf", "unknown { rate = 5 }\n");
	write_file("sub/more.conf", "file other {\n path = feed.jsonl\n}\n");
	setenv("NMSP_TEST_NAME", "sub", 1);
	config = load_good("include(\"${NMSP_TEST_NAME}/more.conf\")\n"
			   "gateway {\n name = gw1\n include('sub/gateway.conf')\n}\n" CONTROLLER);
	assert_string_equal(config->gateway.name, "gw2");
	assert_string_equal(config->gateway.state_dir, test_path("sub/st"));
	assert_int_equal(config->gateway.unknown_rate, 5);
	assert_int_equal(config->n_files, 1);
	assert_string_equal(config->files[0].path, test_path("sub/feed.jsonl"));
	config_free(config);
	unlink(test_path("sub/gateway.conf"));
	unlink(test_path("sub/deep.conf"));
	unlink(test_path("sub/more.conf"));
	rmdir(test_path("sub"));
}

static void
expect_place(const struct config *config, const void *member, int line)
{
	struct report_place place = config_place(config, member);

	assert_string_equal(place.file, test_path("test.conf"));
	assert_int_equal(place.line, line);
}

static void
test_places(void **state)
{
	struct config *config = load_good("gateway {\n\n name = gw1\n dictionary =\n  other\n}\n"
					  "controller hq { host = {\n a,\n b }\n"
					  " services = { 'rssi:client',\n\n 'rssi:tag' }\n"
					  " tls {\n  ciphers = 'A\\\nB' } }\n" OUTPUT);
	const struct config_controller *hq = &config->controllers[0];

	(void)state;
	expect_place(config, &config->gateway.name, 3);
	expect_place(config, &config->gateway.dictionary, 5);
	expect_place(config, &config->gateway.certificate, 1);
	expect_place(config, &hq->name, 7);
	expect_place(config, &hq->hosts, 8);
	expect_place(config, &hq->services[0], 10);
	expect_place(config, &hq->services[1], 12);
	expect_place(config, &hq->ciphers, 14);
	expect_place(config, &hq->ca_file, 13);
	expect_place(config, &hq->dictionary, 7);
	expect_place(config, &config->files[0].path, 16);
	expect_place(config, NULL, 0);
	config_free(config);
}

static void
test_example(void **state)
{
	struct errors errors = {.n = 0};
	const struct report report = {collect, &errors};
	struct config *config = config_load(EXAMPLE, &report);

	(void)state;
	if (!config)
		fail_msg("%s", errors.all);
	assert_int_equal(config->n_controllers, 2);
	assert_int_equal(config->controllers[0].n_services, 7);
	assert_int_equal(config->controllers[1].min_version, TLS_1_0);
	assert_int_equal(config->n_mqtts, 1);
	assert_int_equal(config->n_files, 1);
	config_free(config);
}

static void
test_free_nothing(void **state)
{
	(void)state;
	config_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateway_defaults),
		cmocka_unit_test(test_without_a_file),
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_log_defaults),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_controller_defaults),
		cmocka_unit_test(test_controller),
		cmocka_unit_test(test_controller_times_and_tls),
		cmocka_unit_test(test_output_defaults),
		cmocka_unit_test(test_lists_of_brokers),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_combined),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
