/* SPDX-License-Identifier: ISC */
/* test_session.c: the life of a session: subscribing, asking, echoes, stalls, the end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/gateway/life.h"

static const struct config_service few[] = {{"rssi", "client", 0}, {"rssi", "tag", 5}};
static const struct config_service one[] = {{"handover", "handover", 0}};

static void
test_a_normal_start(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	life_assert_state(life, SESSION_DISABLED, "");
	assert_true(session_deadline(&life->session) == UINT64_MAX);
	session_start(&life->session, life->now);
	assert_int_equal(life->dials, 1);
	life_assert_state(life, SESSION_CONNECTING, "dialling");
	assert_true(session_deadline(&life->session) == UINT64_MAX);
	session_authenticating(&life->session, life->now, "TLS handshake");
	life_assert_state(life, SESSION_AUTHENTICATING, "TLS handshake");
	session_connected(&life->session, life->now);
	life_assert_state(life, SESSION_SUBSCRIBING, "capabilities");
	life_assert_sent(life, "capability_notification");
	life_assert_nothing_sent(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_state(life, SESSION_SUBSCRIBING, "waiting for the answer");
	support_assert_hex(life_assert_sent(life, "service_subscribe_request")->bytes, 29,
			   "0100001e 0000001d 00000001 0000 0020 000b 0001 02 0001 0000 0002 0005");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_state(life, SESSION_SUBSCRIBED, "receives rssi:client, rssi:tag");
	assert_int_equal(life->session.since, life->now);
	assert_true(life->capabilities >= 2);
	assert_int_equal(life->hang_ups, 0);
	life_free(life);
}

/* Who we are, and all that is wanted, not only what is offered. */
static void
test_the_own_capability(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	session_connected(&life->session, life->now);
	support_assert_hex(life->sent[0].bytes, life->sent[0].size,
			   "01000007 00000048 00000000 0000 0010 [0011 [677731] 0012"
			   "[6e6d7370326d717474] 0013 [302e312e30] 0014 [020000000001]]"
			   "0020 [0001 02 0001 0000 0002 0005]");
	life_free(life);
}

static void
test_capabilities_that_come_late(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	for (unsigned i = 0; i < 20; i++) {
		life_pass(life, 15 * SECONDS);
		life_assert_sent(life, "echo_request");
		life_receive(life, "echo_response", "");
	}
	life_assert_state(life, SESSION_SUBSCRIBING, "capabilities");
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_pass(life, 100);
	life_assert_state(life, SESSION_SUBSCRIBED, "receives ");
	life_free(life);
}

static void
test_capabilities_that_grow(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", "0021 [0000000000000001]");
	support_assert_hex(life_assert_sent(life, "service_subscribe_request")->bytes + 14, 11,
			   "0020 [0001 01 0001 0000]");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_state(life, SESSION_SUBSCRIBED, "receives rssi:client; not offered: rssi:tag");
	life_answer(life, "measurement_response", SUCCESS);
	life_assert_sent(life, "measurement_request");
	life_answer(life, "measurement_response", SUCCESS);
	life_receive(life, "capability_notification", "0021 [0000000000000001]");
	life_assert_nothing_sent(life);
	life_receive(life, "capability_notification", "0020 [0001 02 0001 0000 0002 0000]");
	support_assert_hex(life_assert_sent(life, "service_subscribe_request")->bytes + 14, 11,
			   "0020 [0001 01 0002 0005]");
	life_assert_state(life, SESSION_SUBSCRIBED, "receives rssi:client; not offered: rssi:tag");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_state(life, SESSION_SUBSCRIBED, "receives rssi:client, rssi:tag");
	assert_null(strstr(life->session.reason, "not "));
	support_assert_hex(life_assert_sent(life, "measurement_request")->bytes + 14, 10,
			   "0002 [02] 0003 [00]");
	life_free(life);
}

static void
test_capabilities_that_grow_before_the_answer(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", "0021 [0000000000000001]");
	life_assert_sent(life, "service_subscribe_request");
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_nothing_sent(life);
	life_receive(life, "service_subscribe_response", "0001 [00] 0020 [0001 01 0001 0000]");
	support_assert_hex(life_assert_sent(life, "service_subscribe_request")->bytes + 14, 11,
			   "0020 [0001 01 0002 0005]");
	life_assert_nothing_sent(life);
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_state(life, SESSION_SUBSCRIBED, "receives rssi:client, rssi:tag");
	life_assert_sent(life, "measurement_request");
	life_free(life);
}

static void
test_a_grant_in_part(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", "0001 [01] 0020 [0001 01 0002 001e]");
	life_assert_state(life, SESSION_SUBSCRIBED, "receives rssi:tag; not granted: rssi:client");
	assert_int_equal(life->session.subscription.items[1].granted_interval_s, 30);
	life_assert_sent(life, "measurement_request");
	life_answer(life, "measurement_response", SUCCESS);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_nothing_sent(life);
	life_free(life);
}

static void
test_a_grant_that_is_refused(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", "0001 [04]");
	life_assert_state(life, SESSION_SUBSCRIBING,
			  "nothing is granted; not granted: rssi:client, rssi:tag");
	life_assert_nothing_sent(life);
	life_free(life);
}

static void
test_nothing_that_is_wanted_is_offered(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", "0021 [0000000000000000]");
	life_assert_nothing_sent(life);
	life_assert_state(life, SESSION_SUBSCRIBING, "not offered: rssi:client, rssi:tag");
	life_free(life);
}

static void
test_a_subscription_without_answer(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_pass(life, 10 * SECONDS - 1);
	assert_int_equal(life->hang_ups, 0);
	session_tick(&life->session, life->now + 1);
	assert_int_equal(life->hang_ups, 1);
	life_assert_state(life, SESSION_BACKOFF, "no answer to the subscription within 10 s");
	life_free(life);
}

static void
test_an_answer_that_nobody_asked_for(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "service_subscribe_response", SUCCESS);
	life_assert_state(life, SESSION_SUBSCRIBING, "capabilities");
	life_receive(life, "echo_response", "");
	life_assert_nothing_sent(life);
	life_free(life);
}

static void
test_messages_without_a_connection_are_nothing(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_nothing_sent(life);
	life_assert_state(life, SESSION_CONNECTING, "");
	life_free(life);
}

static void
test_echoes_at_their_interval(void **state)
{
	struct life *life = life_new(one, COUNT(one));

	(void)state;
	life_subscribe(life);
	for (unsigned i = 0; i < 5; i++) {
		life_pass(life, 15 * SECONDS - 1);
		life_assert_nothing_sent(life);
		life_pass(life, 1);
		assert_int_equal(life_assert_sent(life, "echo_request")->size, 14);
		life->now += 70;
		life_answer(life, "echo_response", "");
		assert_int_equal(life->session.echo_round_trip_ms, 70);
		life->now -= 70;
		life_receive(life, "measurement_notification", "");
	}
	life_assert_state(life, SESSION_SUBSCRIBED, "");
	life_free(life);
}

static void
test_dead_without_answers_to_echoes(void **state)
{
	struct life *life = life_new(one, COUNT(one));

	(void)state;
	life_subscribe(life);
	life_pass(life, 45 * SECONDS - 1);
	life_assert_state(life, SESSION_SUBSCRIBED, "");
	assert_int_equal(life->hang_ups, 0);
	life_assert_sent(life, "echo_request");
	life_assert_sent(life, "echo_request");
	session_tick(&life->session, life->now + 1);
	assert_int_equal(life->hang_ups, 1);
	life_assert_state(life, SESSION_BACKOFF, "no answer to echo requests for 30 s");
	life_free(life);
}

static void
test_an_answer_in_time_keeps_it_alive(void **state)
{
	struct life *life = life_new(one, COUNT(one));

	(void)state;
	life_subscribe(life);
	for (unsigned i = 0; i < 10; i++) {
		life_pass(life, 29 * SECONDS);
		life_receive(life, "echo_response", "");
		life_receive(life, "measurement_notification", "");
	}
	assert_int_equal(life->hang_ups, 0);
	life_free(life);
}

/* Answers every echo while time goes by. */
static void
pass_quietly(struct life *life, uint64_t seconds)
{
	for (uint64_t i = 0; i < seconds; i++) {
		life_pass(life, SECONDS);
		life->n_sent = life->n_seen = 0;
		life_receive(life, "echo_response", "");
	}
}

static void
test_a_stall_and_its_end(void **state)
{
	struct life *life = life_new(one, COUNT(one));

	(void)state;
	life_subscribe(life);
	pass_quietly(life, 119);
	life_assert_state(life, SESSION_SUBSCRIBED, "");
	pass_quietly(life, 1);
	life_assert_state(life, SESSION_STALLED, "nothing came for 120 s");
	pass_quietly(life, 300);
	life_assert_state(life, SESSION_STALLED, "");
	life_receive(life, "measurement_notification", "");
	life_assert_state(life, SESSION_SUBSCRIBED, "receives handover:handover");
	assert_int_equal(life->hang_ups, 0);
	pass_quietly(life, 120);
	life_assert_state(life, SESSION_STALLED, "");
	life_free(life);
}

static void
test_a_stall_timeout_of_0_is_none(void **state)
{
	struct life *life = life_new(one, COUNT(one));

	(void)state;
	life->session.settings.stall_timeout_ms = 0;
	life_subscribe(life);
	pass_quietly(life, 1000);
	life_assert_state(life, SESSION_SUBSCRIBED, "");
	life_free(life);
}

static void
test_silence_counts_from_the_subscription(void **state)
{
	struct life *life = life_new(one, COUNT(one));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	pass_quietly(life, 500);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", SUCCESS);
	pass_quietly(life, 119);
	life_assert_state(life, SESSION_SUBSCRIBED, "receives ");
	pass_quietly(life, 1);
	life_assert_state(life, SESSION_STALLED, "");
	life_free(life);
}

static void
test_a_stop_gives_back_what_is_granted(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	life_subscribe(life);
	life_assert_sent(life, "measurement_request");
	assert_true(session_stop(&life->session, life->now));
	support_assert_hex(life_assert_sent(life, "service_unsubscribe_request")->bytes + 14, 15,
			   "0020 [0001 02 0001 0000 0002 0005]");
	assert_false(session_stopped(&life->session));
	assert_true(session_deadline(&life->session) == UINT64_MAX);
	life_receive(life, "measurement_notification", "");
	assert_false(session_stopped(&life->session));
	life_receive(life, "service_unsubscribe_response", SUCCESS);
	assert_true(session_stopped(&life->session));
	life_assert_nothing_sent(life);
	life_free(life);
}

static void
test_a_stop_when_there_is_nothing_to_give_back(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	assert_false(session_stop(&life->session, life->now));
	assert_true(session_stopped(&life->session));
	session_lost(&life->session, life->now, LOSS_CLOSED, "over");
	life_pass(life, 3600 * SECONDS);
	session_tick(&life->session, life->now);
	assert_int_equal(life->dials, 1);
	session_start(&life->session, life->now);
	assert_int_equal(life->dials, 1);
	life_free(life);
}

static void
test_a_stop_asks_and_subscribes_no_more(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", "0021 [0000000000000001]");
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_sent(life, "measurement_request");
	session_stop(&life->session, life->now);
	life_assert_sent(life, "service_unsubscribe_request");
	life_receive(life, "capability_notification", OFFER_ALL);
	life_receive(life, "measurement_notification", "");
	life_assert_nothing_sent(life);
	life_free(life);
}

static void
test_disabled_and_begun_anew(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	life_subscribe(life);
	session_disable(&life->session, life->now, "by command");
	life_assert_state(life, SESSION_DISABLED, "by command");
	assert_int_equal(life->hang_ups, 1);
	assert_false(life->session.subscription.items[0].granted);
	session_lost(&life->session, life->now, LOSS_CLOSED, "late news");
	life_assert_state(life, SESSION_DISABLED, "by command");
	life_pass(life, 3600 * SECONDS);
	assert_int_equal(life->dials, 1);
	session_reconnect(&life->session, life->now, "by command");
	life_assert_state(life, SESSION_CONNECTING, "");
	assert_int_equal(life->dials, 2);
	assert_int_equal(life->session.attempt, 1);
	life_free(life);
}

static void
test_transactions_are_never_0(void **state)
{
	struct life *life = life_new(one, COUNT(one));
	uint32_t before = 0;

	(void)state;
	life->session.transaction = UINT32_MAX - 3;
	life_subscribe(life);
	for (unsigned i = 0; i < 8; i++) {
		life_pass(life, 15 * SECONDS);
		assert_int_not_equal(life_assert_sent(life, "echo_request")->transaction, 0);
		assert_int_not_equal(life->sent[life->n_seen - 1].transaction, before);
		before = life->sent[life->n_seen - 1].transaction;
		life_answer(life, "echo_response", "");
	}
	assert_true(life->session.transaction < 100);
	life_free(life);
}

static void
test_a_link_that_takes_nothing(void **state)
{
	struct life *life = life_new(few, COUNT(few));

	(void)state;
	life->refuse_to_send = true;
	session_start(&life->session, life->now);
	session_connected(&life->session, life->now);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_pass(life, 100 * SECONDS);
	assert_int_equal(life->n_sent, 0);
	life_free(life);
}

static void
test_names_of_states(void **state)
{
	static const char *const names[] = {"disabled",	   "connecting", "authenticating",
					    "subscribing", "subscribed", "stalled",
					    "backoff",	   "quarantined"};

	(void)state;
	for (unsigned i = 0; i < COUNT(names); i++)
		assert_string_equal(session_state_name((enum session_state)i), names[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_normal_start),
		cmocka_unit_test(test_the_own_capability),
		cmocka_unit_test(test_capabilities_that_come_late),
		cmocka_unit_test(test_capabilities_that_grow),
		cmocka_unit_test(test_capabilities_that_grow_before_the_answer),
		cmocka_unit_test(test_a_grant_in_part),
		cmocka_unit_test(test_a_grant_that_is_refused),
		cmocka_unit_test(test_nothing_that_is_wanted_is_offered),
		cmocka_unit_test(test_a_subscription_without_answer),
		cmocka_unit_test(test_an_answer_that_nobody_asked_for),
		cmocka_unit_test(test_messages_without_a_connection_are_nothing),
		cmocka_unit_test(test_echoes_at_their_interval),
		cmocka_unit_test(test_dead_without_answers_to_echoes),
		cmocka_unit_test(test_an_answer_in_time_keeps_it_alive),
		cmocka_unit_test(test_a_stall_and_its_end),
		cmocka_unit_test(test_a_stall_timeout_of_0_is_none),
		cmocka_unit_test(test_silence_counts_from_the_subscription),
		cmocka_unit_test(test_a_stop_gives_back_what_is_granted),
		cmocka_unit_test(test_a_stop_when_there_is_nothing_to_give_back),
		cmocka_unit_test(test_a_stop_asks_and_subscribes_no_more),
		cmocka_unit_test(test_disabled_and_begun_anew),
		cmocka_unit_test(test_transactions_are_never_0),
		cmocka_unit_test(test_a_link_that_takes_nothing),
		cmocka_unit_test(test_names_of_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
