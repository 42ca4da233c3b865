/* SPDX-License-Identifier: ISC */
/* test_probe_walk.c: findings as they are made, and in which order they are told */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/probe_walk.h"
#include "tests/unit/gateway/probe_bench.h"
#include "tests/unit/support.h"

/* A walk, and the names of the steps that were told. */
struct way {
	struct probe_walk walk;
	struct probe_report report;
	struct probe_watcher watcher;
	char told[256];
	struct reading *reading;
};

static void
hear(void *context, const struct probe_report *report, enum probe_step step)
{
	struct way *way = context;
	size_t used = strlen(way->told);

	assert_int_not_equal(report->steps[step].verdict, PROBE_OPEN);
	snprintf(way->told + used, sizeof way->told - used, "%s ", probe_step_name(step));
}

static struct way *
begin(struct reading *reading, bool one_host)
{
	static struct way way;

	settings.dict = reading->dict;
	memset(&way, 0, sizeof way);
	way.reading = reading;
	way.watcher = (struct probe_watcher){hear, &way};
	way.walk = (struct probe_walk){.settings = &settings,
				       .watcher = &way.watcher,
				       .report = &way.report,
				       .settled = one_host};
	return &way;
}

/* To a connection that TLS is there with. */
static void
connect_to(struct way *way, const char *address)
{
	const struct tls_shown shown = shown_of("CN=WLC-HQ");
	char where[64];

	snprintf(where, sizeof where, "%s port 16113", address);
	probe_walk_host(&way->walk, host);
	probe_walk_address(&way->walk, where);
	probe_walk_reached(&way->walk, where);
	probe_walk_shown(&way->walk, &shown, true);
	probe_walk_settle(&way->walk);
}

static const char *
text_of(const struct way *way, enum probe_step step)
{
	return way->report.steps[step].text;
}

static void
lose(struct way *way, enum link_failure failure, int alert, const struct tls_shown *shown)
{
	struct link_end end;

	link_end_set(&end, failure, "it ended");
	end.alert = alert;
	probe_walk_lost(&way->walk, &end, shown);
	probe_walk_end(&way->walk);
}

/* With a capability notification and a subscription to rssi:client. */
static void
subscribe_to(struct way *way, struct subscription *subscription)
{
	static const struct config_service want = {"rssi", "client", 0};
	struct offer offer = {.services = NULL};
	size_t wrong;

	probe_walk_admitted(&way->walk);
	probe_walk_capability(&way->walk, &offer);
	assert_int_equal(subscription_init(subscription, settings.dict, &want, 1, &wrong), 0);
}

static void
test_all_is_well(void **state)
{
	struct way *way = begin(*state, true);
	struct subscription subscription;

	connect_to(way, "10.0.0.5");
	assert_string_equal(way->told, "name tcp tls certificate ");
	assert_string_equal(text_of(way, PROBE_NAME), "wlc.example.org is 10.0.0.5");
	assert_says(text_of(way, PROBE_TCP), "10.0.0.5 port 16113, ");
	subscribe_to(way, &subscription);
	probe_walk_admitted(&way->walk);
	assert_false(probe_walk_grant(&way->walk, subscription.items));
	assert_true(probe_walk_open(&way->walk, PROBE_SUBSCRIPTION));
	subscription.items[0].granted = true;
	assert_false(probe_walk_grant(&way->walk, subscription.items));
	assert_string_equal(text_of(way, PROBE_SUBSCRIPTION), "rssi:client granted");
	reading_body(way->reading, 15, "");
	assert_false(probe_walk_records(&way->walk, &way->reading->message));
	reading_body(way->reading, 15,
		     "0005 [0000000000000000] 0100 [020000000001 01 00 00]"
		     "0100 [020000000002 01 00 00]");
	probe_walk_time(&way->walk, &way->reading->message);
	assert_int_equal(way->report.steps[PROBE_CLOCKS].verdict, PROBE_WARNING);
	assert_true(probe_walk_records(&way->walk, &way->reading->message));
	assert_says(text_of(way, PROBE_NOTIFICATION), "rssi, 2 records, after ");
	assert_string_equal(way->told, "name tcp tls certificate authorisation capability "
				       "subscription clocks notification ");
	subscription_fini(&subscription);
}

static void
test_one_host_after_the_other(void **state)
{
	struct way *way = begin(*state, false);

	probe_walk_host(&way->walk, "first.example.org");
	probe_walk_address(&way->walk, "10.0.0.4 port 16113");
	assert_string_equal(way->told, "");
	connect_to(way, "10.0.0.5");
	assert_string_equal(way->told, "name tcp tls certificate ");
	assert_string_equal(text_of(way, PROBE_NAME), "wlc.example.org is 10.0.0.5");
}

static void
test_an_address_is_told_as_such(void **state)
{
	struct way *way = begin(*state, true);

	probe_walk_host(&way->walk, "2001:db8::5");
	probe_walk_address(&way->walk, "2001:db8::5 port 16113");
	assert_string_equal(text_of(way, PROBE_NAME), "2001:db8::5 is an address");
}

/* The first address is the name's, another may be the one that answers. */
static void
test_a_second_address(void **state)
{
	struct way *way = begin(*state, true);

	probe_walk_host(&way->walk, host);
	probe_walk_address(&way->walk, "2001:db8::5 port 16113");
	probe_walk_address(&way->walk, "10.0.0.5 port 16113");
	probe_walk_reached(&way->walk, "10.0.0.5 port 16113");
	assert_string_equal(way->told, "name tcp ");
	assert_says(text_of(way, PROBE_TCP), "10.0.0.5 ");
}

static void
test_refused_before_tls_is_there(void **state)
{
	const struct tls_shown shown = shown_of("CN=WLC-HQ");
	struct way *way = begin(*state, true);

	probe_walk_host(&way->walk, host);
	probe_walk_address(&way->walk, "10.0.0.5 port 16113");
	probe_walk_reached(&way->walk, "10.0.0.5 port 16113");
	lose(way, LINK_IDENTITY_REFUSED, 46, &shown);
	assert_string_equal(way->told, "name tcp tls certificate clocks authorisation ");
	assert_int_equal(probe_exit(&way->report), 15);
}

static void
test_refused_for_the_dates(void **state)
{
	struct way *way = begin(*state, true);
	const struct tls_shown shown = shown_of("CN=WLC-HQ");

	connect_to(way, "10.0.0.5");
	lose(way, LINK_IDENTITY_REFUSED, 45, &shown);
	assert_string_equal(way->told, "name tcp tls certificate clocks ");
	assert_int_equal(probe_exit(&way->report), 14);
}

static void
test_a_certificate_that_is_not_trusted(void **state)
{
	struct way *way = begin(*state, true);
	const struct tls_shown shown = shown_of("CN=WLC-HQ");

	probe_walk_host(&way->walk, host);
	probe_walk_address(&way->walk, "10.0.0.5 port 16113");
	probe_walk_reached(&way->walk, "10.0.0.5 port 16113");
	lose(way, LINK_CONTROLLER_NOT_TRUSTED, LINK_NO_ALERT, &shown);
	assert_string_equal(way->told, "name tcp tls certificate ");
	assert_int_equal(way->report.steps[PROBE_TLS].verdict, PROBE_GOOD);
	assert_int_equal(probe_exit(&way->report), 13);
}

static void
test_what_took_too_long(void **state)
{
	struct way *way = begin(*state, true);
	struct subscription subscription = {.items = NULL};

	probe_walk_host(&way->walk, host);
	probe_walk_miss(&way->walk, &subscription);
	assert_says(text_of(way, PROBE_NAME), "no answer about host wlc.example.org within 10 s");
	assert_says(way->report.steps[PROBE_NAME].hint, "getent");

	way = begin(*state, true);
	connect_to(way, "10.0.0.5");
	way->walk.n_strange = 3;
	probe_walk_miss(&way->walk, &subscription);
	assert_int_equal(way->report.steps[PROBE_AUTHORISATION].verdict, PROBE_GOOD);
	assert_string_equal(text_of(way, PROBE_CAPABILITY),
			    "no capability notification within 10 s, but 3 messages that the "
			    "dictionary does not describe");

	way = begin(*state, true);
	connect_to(way, "10.0.0.5");
	subscribe_to(way, &subscription);
	probe_walk_miss(&way->walk, &subscription);
	assert_says(text_of(way, PROBE_SUBSCRIPTION), "none of what is wanted: rssi:client");
	subscription_fini(&subscription);
}

static void
test_a_subscription_that_is_not_granted(void **state)
{
	struct way *way = begin(*state, true);
	struct subscription subscription;

	connect_to(way, "10.0.0.5");
	subscribe_to(way, &subscription);
	subscription.items[0].refused = true;
	assert_true(probe_walk_grant(&way->walk, subscription.items));
	assert_string_equal(text_of(way, PROBE_SUBSCRIPTION), "rssi:client not granted");
	assert_int_equal(probe_exit(&way->report), 17);
	subscription_fini(&subscription);
}

/* To the wait for a notification. */
static struct way *
begin_wait(struct reading *reading, struct subscription *subscription)
{
	struct way *way = begin(reading, true);

	connect_to(way, "10.0.0.5");
	subscribe_to(way, subscription);
	subscription->items[0].granted = true;
	probe_walk_grant(&way->walk, subscription->items);
	return way;
}

static void
test_silence_is_a_warning(void **state)
{
	struct subscription subscription;
	struct way *way = begin_wait(*state, &subscription);

	probe_walk_miss(&way->walk, &subscription);
	assert_int_equal(way->report.steps[PROBE_NOTIFICATION].verdict, PROBE_WARNING);
	assert_string_equal(text_of(way, PROBE_NOTIFICATION), "nothing came within 2.5 s");
	assert_int_equal(probe_exit(&way->report), 18);
	subscription_fini(&subscription);
}

static void
test_strange_records_are_a_warning(void **state)
{
	struct subscription subscription;
	struct way *way = begin_wait(*state, &subscription);

	reading_body(way->reading, 15, "7fff [00]");
	assert_true(probe_walk_records(&way->walk, &way->reading->message));
	assert_says(text_of(way, PROBE_NOTIFICATION), "unknown, 1 record, 1 of them not under");
	assert_int_equal(way->report.steps[PROBE_NOTIFICATION].verdict, PROBE_WARNING);
	subscription_fini(&subscription);
}

static int
set_up(void **state)
{
	*state = reading_new(BASELINE);
	return make_settings(NULL);
}

static int
tear_down(void **state)
{
	reading_free(*state);
	return free_settings(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_well),
		cmocka_unit_test(test_one_host_after_the_other),
		cmocka_unit_test(test_an_address_is_told_as_such),
		cmocka_unit_test(test_a_second_address),
		cmocka_unit_test(test_refused_before_tls_is_there),
		cmocka_unit_test(test_refused_for_the_dates),
		cmocka_unit_test(test_a_certificate_that_is_not_trusted),
		cmocka_unit_test(test_what_took_too_long),
		cmocka_unit_test(test_a_subscription_that_is_not_granted),
		cmocka_unit_test(test_silence_is_a_warning),
		cmocka_unit_test(test_strange_records_are_a_warning),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
