/* SPDX-License-Identifier: ISC */
/* test_session_retry.c: back-off, flaps and quarantine */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/gateway/life.h"

static const struct config_service few[] = {{"rssi", "client", 0}, {"rssi", "tag", 5}};

/* The pause before the next dial. */
static uint64_t
pause_of(const struct life *life)
{
	return life->session.retry_at - life->now;
}

static void
test_the_pause_grows_within_its_bounds(void **state)
{
	static const uint64_t most[] = {2, 4, 8, 16, 32, 60, 60, 60};

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct life *life = life_new(few, COUNT(few));

		life->session.settings.seed = seed * 7919;
		session_init(&life->session);
		session_start(&life->session, life->now);
		for (unsigned i = 0; i < COUNT(most); i++) {
			session_lost(&life->session, life->now, LOSS_UNREACHABLE, "no route");
			life_assert_state(life, SESSION_BACKOFF, "no route");
			assert_int_equal(life->session.attempt, i + 1);
			assert_in_range(pause_of(life), 1 * SECONDS, most[i] * SECONDS + SECONDS);
			assert_int_equal(session_deadline(&life->session), life->session.retry_at);
			life->now = life->session.retry_at;
			session_tick(&life->session, life->now);
			life_assert_state(life, SESSION_CONNECTING, "");
		}
		assert_int_equal(life->dials, COUNT(most) + 1);
		life_free(life);
	}
}

/* 200 sessions that lose the same network do not come back together. */
static void
test_jitter_spreads_over_the_whole_range(void **state)
{
	unsigned quarters[4] = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct life *life = life_new(few, COUNT(few));

		life->session.settings.seed = seed * UINT64_C(0x9e3779b97f4a7c15);
		session_init(&life->session);
		life->session.attempt = 10;
		session_start(&life->session, life->now);
		session_lost(&life->session, life->now, LOSS_UNREACHABLE, "no route");
		quarters[(pause_of(life) - SECONDS) * 4 / (59 * SECONDS + 1)]++;
		life_free(life);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(quarters[i], 25, 100);
}

static void
test_no_dial_before_its_time(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	session_lost(&life->session, life->now, LOSS_UNREACHABLE, "no route");
	session_tick(&life->session, life->session.retry_at - 1);
	assert_int_equal(life->dials, 1);
	session_tick(&life->session, life->session.retry_at);
	assert_int_equal(life->dials, 2);
	life_free(life);
}

static void
test_a_session_that_lasted_starts_over(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	life->session.attempt = 9;
	life_subscribe(life);
	life->now += 60 * SECONDS;
	session_lost(&life->session, life->now, LOSS_CLOSED, "closed");
	assert_int_equal(life->session.attempt, 0);
	assert_int_equal(life->session.flaps, 0);
	assert_in_range(pause_of(life), 1 * SECONDS, 2 * SECONDS);
	life_free(life);
}

static void
test_nothing_of_the_last_session_is_left(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	life_subscribe(life);
	life_assert_sent(life, "measurement_request");
	life_pass(life, 15 * SECONDS);
	session_lost(&life->session, life->now, LOSS_CLOSED, "closed");
	for (unsigned i = 0; i < COUNT(few); i++) {
		assert_false(life->session.subscription.items[i].offered);
		assert_false(life->session.subscription.items[i].granted);
	}
	life_pass(life, pause_of(life));
	life->n_seen = life->n_sent;
	life_connect(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_pass(life, 9 * SECONDS);
	assert_int_equal(life->hang_ups, 0);
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_sent(life, "measurement_request");
	life_free(life);
}

/* One connection that breaks after so many seconds. */
static void
flap(struct life *life, uint64_t seconds)
{
	life_connect(life);
	life->now += seconds * SECONDS;
	session_lost(&life->session, life->now, LOSS_CLOSED, "reset by peer");
	life->n_seen = life->n_sent;
}

static void
go_on(struct life *life)
{
	life->now = life->session.retry_at;
	session_tick(&life->session, life->now);
	life_assert_state(life, SESSION_CONNECTING, "");
}

static void
test_flaps_lead_to_quarantine(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	flap(life, 59);
	life_assert_state(life, SESSION_BACKOFF, "reset by peer");
	go_on(life);
	flap(life, 1);
	life_assert_state(life, SESSION_BACKOFF, "reset by peer");
	go_on(life);
	flap(life, 30);
	life_assert_state(
		life, SESSION_QUARANTINED,
		"3 connections in a row broke within 60 s, the last because: reset by peer");
	assert_in_range(pause_of(life), 600 * SECONDS, 660 * SECONDS);
	go_on(life);
	flap(life, 5);
	life_assert_state(life, SESSION_BACKOFF, "");
	life_free(life);
}

static void
test_only_flaps_in_a_row_count(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	for (unsigned i = 0; i < 5; i++) {
		flap(life, 5);
		go_on(life);
		flap(life, 5);
		life_assert_state(life, SESSION_BACKOFF, "");
		go_on(life);
		flap(life, 61);
		life_assert_state(life, SESSION_BACKOFF, "");
		go_on(life);
	}
	life_free(life);
}

static void
test_what_never_got_through_is_no_flap(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	for (unsigned i = 0; i < 20; i++) {
		session_authenticating(&life->session, life->now, "TLS handshake");
		session_lost(&life->session, life->now, LOSS_UNREACHABLE, "timed out");
		life_assert_state(life, SESSION_BACKOFF, "timed out");
		go_on(life);
	}
	life_free(life);
}

static void
test_refused_is_quarantined_at_once(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	session_authenticating(&life->session, life->now, "TLS handshake");
	session_lost(&life->session, life->now, LOSS_REFUSED, "not in the controller's list");
	life_assert_state(life, SESSION_QUARANTINED, "not in the controller's list");
	assert_in_range(pause_of(life), 600 * SECONDS, 660 * SECONDS);
	session_tick(&life->session, life->session.retry_at - 1);
	assert_int_equal(life->dials, 1);
	life->now = session_deadline(&life->session);
	session_tick(&life->session, life->now);
	assert_int_equal(life->dials, 2);
	life_free(life);
}

static void
test_a_wish_lifts_a_quarantine(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	session_lost(&life->session, life->now, LOSS_REFUSED, "refused");
	session_reconnect(&life->session, life->now, "by command");
	life_assert_state(life, SESSION_CONNECTING, "");
	assert_int_equal(life->dials, 2);
	life_free(life);
}

static void
test_a_long_reason_is_cut(void **state)
{
	struct life *life = life_new(few, COUNT(few));
	char reason[2000];

	(void)state;
	memset(reason, 'x', sizeof reason - 1);
	reason[sizeof reason - 1] = '\0';
	life->session.settings.max_flaps = 1;
	session_start(&life->session, life->now);
	session_lost(&life->session, life->now, LOSS_UNREACHABLE, reason);
	assert_int_equal(strlen(life->session.reason), SESSION_REASON_SIZE - 1);
	go_on(life);
	life_connect(life);
	session_lost(&life->session, life->now, LOSS_CLOSED, reason);
	life_assert_state(life, SESSION_QUARANTINED, "1 connections in a row");
	life_free(life);
}

static void
test_the_owner_hears_of_a_state_once(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	assert_int_equal(life->states, 1);
	session_authenticating(&life->session, life->now, "TLS handshake");
	session_authenticating(&life->session, life->now + 5, "TLS handshake");
	assert_int_equal(life->states, 2);
	session_authenticating(&life->session, life->now + 5, "waits for the list");
	assert_int_equal(life->states, 3);
	assert_int_equal(life->session.since, life->now);
	life_free(life);
}

static void
test_random_numbers_differ(void **state)
{
	struct life *life = life_new(few, COUNT(few));
	uint32_t before = session_random(&life->session);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		uint32_t next = session_random(&life->session);

		assert_int_not_equal(next, before);
		before = next;
	}
	life_free(life);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_pause_grows_within_its_bounds),
		cmocka_unit_test(test_jitter_spreads_over_the_whole_range),
		cmocka_unit_test(test_no_dial_before_its_time),
		cmocka_unit_test(test_a_session_that_lasted_starts_over),
		cmocka_unit_test(test_nothing_of_the_last_session_is_left),
		cmocka_unit_test(test_flaps_lead_to_quarantine),
		cmocka_unit_test(test_only_flaps_in_a_row_count),
		cmocka_unit_test(test_what_never_got_through_is_no_flap),
		cmocka_unit_test(test_refused_is_quarantined_at_once),
		cmocka_unit_test(test_a_wish_lifts_a_quarantine),
		cmocka_unit_test(test_a_long_reason_is_cut),
		cmocka_unit_test(test_the_owner_hears_of_a_state_once),
		cmocka_unit_test(test_random_numbers_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
