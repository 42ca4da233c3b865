/* SPDX-License-Identifier: ISC */
/* test_session_ask.c: requests by an operator's wish: what is sent, when not, and what comes of it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/session_ask.h"
#include "tests/unit/gateway/life.h"

#define MAC_A UINT64_C(0xa483e7123456)
#define MAC_B UINT64_C(0xa483e7123457)
#define RSSI  "0100 [a483e7123456 01 01 00]"

static const struct config_service wants[] = {{"handover", "handover", 0}};
static const uint64_t macs[] = {MAC_A, MAC_B};

/* A subscribed session that waits for nothing: its service has no request. */
static struct life *
subscribed_life(void)
{
	struct life *life = life_new(wants, COUNT(wants));

	life_subscribe(life);
	life_assert_nothing_sent(life);
	return life;
}

static uint32_t
ask(struct life *life, const struct session_ask *what)
{
	char error[256];
	uint32_t transaction = session_ask(&life->session, life->now, what, error, sizeof error);

	if (!transaction)
		fail_msg("%s", error);
	return transaction;
}

static void
assert_refused(struct life *life, const struct session_ask *what, const char *why)
{
	char error[512] = "";

	assert_int_equal(session_ask(&life->session, life->now, what, error, sizeof error), 0);
	if (!strstr(error, why))
		fail_msg("\"%s\" lacks \"%s\"", error, why);
	life_assert_nothing_sent(life);
}

static void
assert_body(struct life *life, const char *name, const char *hex)
{
	const struct life_sent *sent = life_assert_sent(life, name);

	support_assert_hex(sent->bytes + 14, sent->size - 14, hex);
}

static void
test_what_is_sent(void **state)
{
	static const struct {
		struct session_ask ask;
		const char *request, *body;
	} cases[] = {
		{{.service = "rssi"}, "measurement_request", "0002 [01] 0003 [00]"},
		{{.service = "statistics", .entity = "tag", .macs = macs, .n_macs = 1},
		 "statistics_request",
		 "0002 [02] 0003 [01] 0004 [a483e7123456]"},
		{{.service = "information", .detail = "basic", .macs = macs, .n_macs = 2},
		 "information_request",
		 "0002 [01] 0003 [01] 0006 [00] 0004 [a483e7123456] 0004 [a483e7123457]"},
		{{.service = "location", .location_type = "geo"},
		 "location_request",
		 "0003 [00] 0007 [03]"},
		{{.service = "ap_info", .macs = macs, .n_macs = 1},
		 "ap_info_request",
		 "0003 [01] 0004 [a483e7123456]"},
	};
	struct life *life = subscribed_life();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t transaction = ask(life, &cases[i].ask);

		assert_body(life, cases[i].request, cases[i].body);
		assert_int_equal(life->sent[life->n_seen - 1].transaction, transaction);
	}
	life_free(life);
}

/* The size that was seen of a request for one station. */
static void
test_a_request_for_one_station_has_39_bytes(void **state)
{
	const struct session_ask what = {.service = "information", .macs = macs, .n_macs = 1};
	struct life *life = subscribed_life();

	(void)state;
	ask(life, &what);
	assert_int_equal(life_assert_sent(life, "information_request")->size, 39);
	life_free(life);
}

static void
test_the_most_that_may_be_listed_fits(void **state)
{
	uint64_t many[SESSION_ASK_MACS] = {MAC_A};
	const struct session_ask what = {
		.service = "information", .macs = many, .n_macs = SESSION_ASK_MACS};
	struct life *life = subscribed_life();

	(void)state;
	ask(life, &what);
	assert_int_equal(life_assert_sent(life, "information_request")->size,
			 29 + 10 * SESSION_ASK_MACS);
	life_free(life);
}

static void
test_an_answer_of_several_messages(void **state)
{
	const struct session_ask what = {.service = "rssi"};
	struct life *life = subscribed_life();
	uint32_t transaction = ask(life, &what);
	struct life_header header = {"measurement_response", transaction, true};

	(void)state;
	life_assert_sent(life, "measurement_request");
	life_receive_frame(life, header, "0001 [01]" RSSI RSSI);
	assert_int_equal(life->answers, 0);
	header.more = false;
	life_receive_frame(life, header, "0001 [00]" RSSI);
	assert_int_equal(life->answers, 1);
	assert_string_equal(life->answer_error, "");
	assert_int_equal(life->answered.transaction, transaction);
	assert_int_equal(life->answered.messages, 2);
	assert_int_equal(life->answered.records, 3);
	assert_string_equal(life->answered.status, "success");
	life_receive_frame(life, header, "0001 [00]" RSSI);
	assert_int_equal(life->answers, 1);
	life_free(life);
}

static void
test_a_status_without_a_name(void **state)
{
	const struct session_ask what = {.service = "rssi"};
	struct life *life = subscribed_life();
	struct life_header header = {"measurement_response", ask(life, &what), false};

	(void)state;
	life_receive_frame(life, header, "0001 [63]");
	assert_string_equal(life->answered.status, "99");
	assert_int_equal(life->answered.records, 0);
	life_free(life);
}

static void
test_other_messages_are_no_answer(void **state)
{
	const struct session_ask what = {.service = "rssi"};
	struct life *life = subscribed_life();
	uint32_t transaction = ask(life, &what);

	(void)state;
	life_receive(life, "measurement_notification", RSSI);
	life_receive_frame(life, (struct life_header){"measurement_response", 77, false}, SUCCESS);
	life_receive_frame(life, (struct life_header){"statistics_response", transaction, false},
			   SUCCESS);
	assert_int_equal(life->answers, 0);
	life_free(life);
}

/* Time goes by; echoes are answered. */
static void
pass(struct life *life, uint64_t ms)
{
	for (; ms > 0; ms -= 1000) {
		life_pass(life, ms < 1000 ? ms : 1000);
		life_receive(life, "echo_response", "");
		life->n_seen = life->n_sent;
		if (ms < 1000)
			return;
	}
}

static void
test_no_answer(void **state)
{
	const struct session_ask what = {.service = "rssi"};
	struct life *life = subscribed_life();

	(void)state;
	ask(life, &what);
	pass(life, QUESTIONS_ANSWER_MS - 1);
	assert_int_equal(life->answers, 0);
	pass(life, 1);
	assert_int_equal(life->answers, 1);
	assert_string_equal(life->answer_error, "no answer in time");
	life_assert_state(life, SESSION_SUBSCRIBED, "");
	life_free(life);
}

/* Each message gives time for the next one, up to a limit. */
static void
test_an_answer_without_end(void **state)
{
	const struct session_ask what = {.service = "rssi"};
	struct life *life = subscribed_life();
	struct life_header header = {"measurement_response", ask(life, &what), true};

	(void)state;
	for (uint64_t ms = 0; ms < QUESTIONS_WHOLE_MS - 5000; ms += 5000) {
		pass(life, 5000);
		life_receive_frame(life, header, SUCCESS);
		assert_int_equal(life->answers, 0);
	}
	pass(life, 5000);
	assert_string_equal(life->answer_error, "the rest of the answer did not come in time");
	life_free(life);
}

static void
test_a_lost_connection_ends_questions(void **state)
{
	const struct session_ask one = {.service = "rssi"}, two = {.service = "statistics"};
	struct life *life = subscribed_life();

	(void)state;
	ask(life, &one);
	ask(life, &two);
	session_lost(&life->session, life->now, LOSS_CLOSED, "the wire was cut");
	assert_int_equal(life->answers, 2);
	assert_string_equal(life->answer_error, "the wire was cut");
	life_free(life);
}

static void
test_names_are_those_of_the_dictionary(void **state)
{
	struct life *life = subscribed_life();

	(void)state;
	assert_refused(life, &(struct session_ask){.service = "rssi", .entity = "clint"},
		       "dictionary baseline has no entity \"clint\", expected one of client, tag, "
		       "rogue_ap, rogue_client, interferer, wired, ap");
	assert_refused(life, &(struct session_ask){.service = "information", .detail = "most"},
		       "no detail \"most\", expected one of basic, full");
	assert_refused(life, &(struct session_ask){.service = "location", .location_type = "x"},
		       "no location_type \"x\", expected one of any, civic, elin, geo, custom");
	assert_refused(life, &(struct session_ask){.service = "location", .entity = "client"},
		       "location_request of dictionary baseline has no entity");
	assert_refused(life, &(struct session_ask){.service = "handover"},
		       "dictionary baseline has no request of service handover");
	assert_refused(life,
		       &(struct session_ask){.service = "attachment", .macs = macs, .n_macs = 1},
		       "attachment_request of dictionary baseline takes no MAC");
	life_free(life);
}

static void
test_only_subscribed_controllers_are_asked(void **state)
{
	const struct session_ask what = {.service = "rssi"};
	struct life *life = life_new(wants, COUNT(wants));

	(void)state;
	assert_refused(life, &what, "not subscribed: its state is disabled");
	life_subscribe(life);
	life->refuse_to_send = true;
	assert_refused(life, &what, "measurement_request could not be sent");
	life->refuse_to_send = false;
	session_stop(&life->session, life->now);
	life_assert_sent(life, "service_unsubscribe_request");
	assert_refused(life, &what, "not subscribed");
	life_free(life);
}

static void
test_one_of_a_kind_at_a_time(void **state)
{
	const struct session_ask what = {.service = "rssi", .macs = macs, .n_macs = 1};
	struct life *life = subscribed_life();
	struct life_header header = {"measurement_response", ask(life, &what), false};

	(void)state;
	life_assert_sent(life, "measurement_request");
	life_pass(life, 250);
	assert_refused(life, &what, "the measurement_request of 250 ms ago is not answered yet");
	life_receive_frame(life, header, SUCCESS);
	assert_refused(life, &what,
		       "the last measurement_request was 250 ms ago, expected at "
		       "least 1000 ms between two");
	ask(life, &(struct session_ask){.service = "statistics", .macs = macs, .n_macs = 1});
	life_assert_sent(life, "statistics_request");
	life_pass(life, QUESTIONS_PAUSE_MS - 250);
	ask(life, &what);
	life_free(life);
}

static void
test_all_stations_only_now_and_then(void **state)
{
	const struct session_ask all = {.service = "rssi"};
	const struct session_ask one = {.service = "rssi", .macs = macs, .n_macs = 1};
	struct life *life = subscribed_life();

	(void)state;
	for (unsigned i = 0; i < QUESTIONS_ALL; i++) {
		ask(life, &all);
		life_assert_sent(life, "measurement_request");
		life_answer(life, "measurement_response", SUCCESS);
		pass(life, 2000);
	}
	assert_refused(life, &all, "was asked about all stations 10 times within 60 s");
	ask(life, &one);
	life_assert_sent(life, "measurement_request");
	life_answer(life, "measurement_response", SUCCESS);
	pass(life, QUESTIONS_ALL_MS - QUESTIONS_ALL * 2000);
	ask(life, &all);
	life_free(life);
}

static void
test_not_beside_the_same_request_after_subscribing(void **state)
{
	static const struct config_service rssi[] = {{"rssi", "client", 0}};
	const struct session_ask what = {.service = "rssi"};
	struct life *life = life_new(rssi, COUNT(rssi));

	(void)state;
	life_subscribe(life);
	life_assert_sent(life, "measurement_request");
	assert_refused(life, &what, "the measurement_request after subscribing is not answered");
	ask(life, &(struct session_ask){.service = "statistics"});
	life_assert_sent(life, "statistics_request");
	life_receive_frame(life,
			   (struct life_header){"measurement_response",
						life->sent[life->n_seen - 2].transaction, false},
			   SUCCESS);
	ask(life, &what);
	life_free(life);
}

static void
test_disabling_ends_a_stop(void **state)
{
	struct life *life = subscribed_life();

	(void)state;
	session_stop(&life->session, life->now);
	session_disable(&life->session, life->now, "by command");
	session_start(&life->session, life->now);
	life_assert_state(life, SESSION_CONNECTING, "");
	life_free(life);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_a_request_for_one_station_has_39_bytes),
		cmocka_unit_test(test_the_most_that_may_be_listed_fits),
		cmocka_unit_test(test_an_answer_of_several_messages),
		cmocka_unit_test(test_a_status_without_a_name),
		cmocka_unit_test(test_other_messages_are_no_answer),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_an_answer_without_end),
		cmocka_unit_test(test_a_lost_connection_ends_questions),
		cmocka_unit_test(test_names_are_those_of_the_dictionary),
		cmocka_unit_test(test_only_subscribed_controllers_are_asked),
		cmocka_unit_test(test_one_of_a_kind_at_a_time),
		cmocka_unit_test(test_all_stations_only_now_and_then),
		cmocka_unit_test(test_not_beside_the_same_request_after_subscribing),
		cmocka_unit_test(test_disabling_ends_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
