/* SPDX-License-Identifier: ISC */
/* test_account.c: where every record went, and what a broker's refusal counts as */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "outputs/account.h"
#include "outputs/mqtt_reason.h"

static void
test_queued_is_what_is_left(void **state)
{
	struct account account = {0};
	struct account_view view;

	(void)state;
	account_add(&account.received, 1000);
	account_add(&account.published, 100);
	account_add(&account.filtered, 20);
	account_add(&account.conflated, 3);
	for (int reason = 0; reason < DROP_COUNT; reason++)
		account_add(&account.dropped[reason], (uint64_t)reason + 1);
	account_view(&account, &view);
	assert_int_equal(view.received, 1000);
	assert_int_equal(view.published, 100);
	assert_int_equal(view.filtered, 20);
	assert_int_equal(view.conflated, 3);
	assert_int_equal(view.dropped[DROP_SHUTDOWN], DROP_SHUTDOWN + 1);
	assert_int_equal(view.queued, 1000 - 123 - DROP_COUNT * (DROP_COUNT + 1) / 2);
}

static void
test_more_than_32_bits(void **state)
{
	struct account account = {0};
	struct account_view view;

	(void)state;
	account_add(&account.received, UINT64_C(1) << 40);
	account_add(&account.published, (UINT64_C(1) << 40) - 1);
	account_view(&account, &view);
	assert_int_equal(view.queued, 1);
}

static void
test_reasons_have_names_of_their_own(void **state)
{
	(void)state;
	assert_string_equal(drop_reason_name(DROP_QUEUE_FULL), "queue_full");
	assert_string_equal(drop_reason_name(DROP_SHUTDOWN), "shutdown");
	for (int a = 0; a < DROP_COUNT; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(drop_reason_name((enum drop_reason)a),
						drop_reason_name((enum drop_reason)b));
}

static void
test_refusals_of_a_broker(void **state)
{
	(void)state;
	assert_string_equal(mqtt_reason_refusal(4), "bad user name or password");
	assert_string_equal(mqtt_reason_refusal(5), "not authorised");
	assert_string_equal(mqtt_reason_refusal(0x87), "not authorised");
	assert_string_equal(mqtt_reason_refusal(0x9f), "connection rate exceeded");
	assert_string_equal(mqtt_reason_refusal(0), "unknown reason");
	assert_string_equal(mqtt_reason_refusal(0x92), "unknown reason");
	assert_string_equal(mqtt_reason_refusal(-1), "unknown reason");
}

/* 1 to 5 are codes of a CONNACK of MQTT 3.1.1 only. */
static void
test_reason_codes(void **state)
{
	(void)state;
	assert_string_equal(mqtt_reason_text(0x97), "quota exceeded");
	assert_string_equal(mqtt_reason_text(MQTT_REASON_TOO_LARGE), "packet too large");
	assert_string_equal(mqtt_reason_text(4), "unknown reason");
	assert_int_equal(mqtt_reason_drop(0x87), DROP_NOT_AUTHORIZED);
	assert_int_equal(mqtt_reason_drop(MQTT_REASON_TOO_LARGE), DROP_TOO_LARGE);
	assert_int_equal(mqtt_reason_drop(0x97), DROP_REFUSED);
	assert_int_equal(mqtt_reason_drop(0x80), DROP_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queued_is_what_is_left),
		cmocka_unit_test(test_more_than_32_bits),
		cmocka_unit_test(test_reasons_have_names_of_their_own),
		cmocka_unit_test(test_refusals_of_a_broker),
		cmocka_unit_test(test_reason_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
