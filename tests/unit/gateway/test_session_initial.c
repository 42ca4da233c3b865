/* SPDX-License-Identifier: ISC */
/* test_session_initial.c: after subscribing, the requests for the current state, one by one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/gateway/life.h"

static const struct config_service many[] = {
	{"rssi", "client", 0},
	{"rssi", "rogue", 0},
	{"rssi", "client_associated_only", 0},
	{"handover", "handover", 0},
	{"information", "client", 0},
	{"attachment", "station", 0},
	{"location", "subscription", 0},
	{"ap_info", "ap", 0},
	{"wips", "wips", 0},
};
static const struct config_service two[] = {{"rssi", "client", 0}, {"rssi", "tag", 0}};

/* Each with its answer's name. */
static const struct {
	const char *request, *response, *body;
} order[] = {
	{"measurement_request", "measurement_response", "0002 [01] 0003 [00]"},
	{"measurement_request", "measurement_response", "0002 [03] 0003 [00]"},
	{"measurement_request", "measurement_response", "0002 [04] 0003 [00]"},
	{"information_request", "information_response", "0002 [01] 0003 [00] 0006 [01]"},
	{"attachment_request", "attachment_response", "0002 [06] 0003 [00]"},
	{"attachment_request", "attachment_response", "0002 [01] 0003 [00]"},
	{"location_request", "location_response", "0003 [00] 0007 [00]"},
	{"ap_info_request", "ap_info_response", "0003 [00]"},
	{"ids_request", "ids_response", "0003 [00]"},
};

static void
test_each_service_and_entity_is_asked_once_and_in_order(void **state)
{
	struct life *life = life_new(many, COUNT(many));

	(void)state;
	life_subscribe(life);
	for (size_t i = 0; i < COUNT(order); i++) {
		const struct life_sent *sent = life_assert_sent(life, order[i].request);

		support_assert_hex(sent->bytes + 14, sent->size - 14, order[i].body);
		life_assert_nothing_sent(life);
		life_answer(life, order[i].response, SUCCESS);
	}
	life_assert_nothing_sent(life);
	assert_int_equal(life->session.answer_by, UINT64_MAX);
	life_free(life);
}

static void
test_none_where_none_is_wanted(void **state)
{
	struct life *life = life_new(many, COUNT(many));

	(void)state;
	life->session.settings.no_initial = true;
	life_subscribe(life);
	life_assert_nothing_sent(life);
	assert_int_equal(life->session.answer_by, UINT64_MAX);
	life_free(life);
}

/* Answers the request under way; `more` follow. */
static void
answer(struct life *life, bool more)
{
	const struct life_header header = {"measurement_response",
					   life->sent[life->n_seen - 1].transaction, more};

	life_receive_frame(life, header, SUCCESS);
}

static void
test_an_answer_of_several_messages(void **state)
{
	struct life *life = life_new(two, COUNT(two));

	(void)state;
	life_subscribe(life);
	life_assert_sent(life, "measurement_request");
	for (unsigned i = 0; i < 10; i++) {
		life_pass(life, 9 * SECONDS);
		life->n_sent = life->n_seen; /* echoes */
		life_receive(life, "echo_response", "");
		answer(life, true);
		life_assert_nothing_sent(life);
	}
	answer(life, false);
	life_assert_sent(life, "measurement_request");
	life_free(life);
}

static void
test_other_messages_are_no_answer(void **state)
{
	struct life *life = life_new(two, COUNT(two));

	(void)state;
	life_subscribe(life);
	life_assert_sent(life, "measurement_request");
	life_receive(life, "measurement_notification", "");
	life_receive_frame(life, (struct life_header){"measurement_response", 77, false}, SUCCESS);
	life_assert_nothing_sent(life);
	answer(life, false);
	life_assert_sent(life, "measurement_request");
	life_free(life);
}

static void
test_a_request_without_answer_is_given_up(void **state)
{
	struct life *life = life_new(two, COUNT(two));

	(void)state;
	life_subscribe(life);
	support_assert_hex(life_assert_sent(life, "measurement_request")->bytes + 14, 10,
			   "0002 [01] 0003 [00]");
	life_pass(life, 10 * SECONDS - 1);
	life_assert_nothing_sent(life);
	life_pass(life, 1);
	support_assert_hex(life_assert_sent(life, "measurement_request")->bytes + 14, 10,
			   "0002 [02] 0003 [00]");
	life_assert_state(life, SESSION_SUBSCRIBED, "");
	assert_int_equal(life->hang_ups, 0);
	answer(life, false);
	life_assert_nothing_sent(life);
	life_free(life);
}

static void
test_a_late_answer_is_no_answer_to_the_next(void **state)
{
	struct life *life = life_new(two, COUNT(two));
	uint32_t late;

	(void)state;
	life_subscribe(life);
	late = life_assert_sent(life, "measurement_request")->transaction;
	life_pass(life, 10 * SECONDS);
	life_assert_sent(life, "measurement_request");
	life_receive_frame(life, (struct life_header){"measurement_response", late, false},
			   SUCCESS);
	assert_int_not_equal(life->session.initial_transaction, 0);
	life_free(life);
}

static void
test_a_second_subscription_does_not_stop_the_requests(void **state)
{
	struct life *life = life_new(many, 6);

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", "0021 [0000000000000005]");
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_sent(life, "measurement_request");
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_nothing_sent(life);
	life_pass(life, 10 * SECONDS); /* the answer to the first request never comes */
	support_assert_hex(life_assert_sent(life, "measurement_request")->bytes + 14, 10,
			   "0002 [03] 0003 [00]");
	life_free(life);
}

static void
test_only_what_is_granted_is_asked_for(void **state)
{
	struct life *life = life_new(two, COUNT(two));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", "0001 [01] 0020 [0001 01 0002 0000]");
	support_assert_hex(life_assert_sent(life, "measurement_request")->bytes + 14, 10,
			   "0002 [02] 0003 [00]");
	answer(life, false);
	life_assert_nothing_sent(life);
	life_free(life);
}

static void
test_what_cannot_be_sent_is_passed_over(void **state)
{
	struct life *life = life_new(two, COUNT(two));

	(void)state;
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life->refuse_to_send = true;
	life_answer(life, "service_subscribe_response", SUCCESS);
	assert_int_equal(life->session.initial_transaction, 0);
	assert_int_equal(life->session.answer_by, UINT64_MAX);
	life_free(life);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_service_and_entity_is_asked_once_and_in_order),
		cmocka_unit_test(test_none_where_none_is_wanted),
		cmocka_unit_test(test_an_answer_of_several_messages),
		cmocka_unit_test(test_other_messages_are_no_answer),
		cmocka_unit_test(test_a_request_without_answer_is_given_up),
		cmocka_unit_test(test_a_late_answer_is_no_answer_to_the_next),
		cmocka_unit_test(test_a_second_subscription_does_not_stop_the_requests),
		cmocka_unit_test(test_only_what_is_granted_is_asked_for),
		cmocka_unit_test(test_what_cannot_be_sent_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
