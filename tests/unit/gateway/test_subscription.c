/* SPDX-License-Identifier: ISC */
/* test_subscription.c: what is wanted, offered, asked for and granted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/subscription.h"
#include "tests/unit/support.h"

static const struct config_service wants[] = {
	{"rssi", "client", 2},
	{"information", "client", 0},
	{"rssi", "tag", 65535},
	{"location", "subscription", 0},
};

static void
begin(struct reading *r, struct subscription *s)
{
	size_t wrong;

	assert_int_equal(subscription_init(s, r->dict, wants, COUNT(wants), &wrong), 0);
}

/* Which items have a flag, as binary digits. */
#define FLAGS(s, flag)                                                                 \
	((s).items[0].flag * 1000 + (s).items[1].flag * 100 + (s).items[2].flag * 10 + \
	 (s).items[3].flag)

static size_t
offer(struct reading *r, struct subscription *s, const char *hex)
{
	reading_body(r, 7, hex);
	return subscription_offer(s, &r->message);
}

static size_t
grant(struct reading *r, struct subscription *s, const char *hex)
{
	reading_body(r, 31, hex);
	return subscription_grant(s, &r->message);
}

/* Asks for what is fresh; the elements must be those of the hex text. */
static size_t
request(struct reading *r, struct subscription *s, const char *hex)
{
	struct encoder e;
	uint8_t bytes[512];
	size_t count, length;

	encode_init(&e, r->dict, bytes, sizeof bytes);
	encode_header(&e, dict_message_named(r->dict, "service_subscribe_request"), 1, false);
	count = subscription_request(s, &e, &r->arena, false);
	length = encode_end(&e);
	assert_true(length >= 14);
	support_assert_hex(bytes + 14, length - 14, hex);
	return count;
}

static void
test_names_that_are_not_there(void **state)
{
	static const struct config_service bad[] = {
		{"rssi", "client", 0}, {"rssi", "air_quality", 0}, {"nothing", "client", 0}};
	struct reading *r = *state;
	struct subscription s;
	size_t wrong = 99;

	assert_int_equal(subscription_init(&s, r->dict, bad, 3, &wrong), -1);
	assert_int_equal(wrong, 1);
	assert_int_equal(subscription_init(&s, r->dict, bad + 2, 1, &wrong), -1);
	assert_int_equal(wrong, 0);
	assert_int_equal(subscription_init(&s, r->dict, NULL, 0, &wrong), 0);
	assert_int_equal(offer(r, &s, "0021 [00000000007fffff]"), 0);
	subscription_fini(&s);
	subscription_fini(&s);
}

static void
test_elements_by_service_in_the_order_of_the_configuration(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	assert_int_equal(offer(r, &s, "0021 [00000000007fffff]"), 4);
	assert_int_equal(request(r, &s,
				 "0020 [0001 02 0001 0002 0002 ffff] 0020 [0003 01 0001 0000]"
				 "0020 [0006 01 0001 0000]"),
			 4);
	assert_int_equal(FLAGS(s, requested), 1111);
	assert_int_equal(request(r, &s, ""), 0);
	subscription_fini(&s);
}

static void
test_services_go_before_the_mask(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	assert_int_equal(offer(r, &s, "0020 [0001 01 0002 0000] 0021 [00000000007fffff]"), 1);
	assert_int_equal(FLAGS(s, offered), 10);
	assert_int_equal(offer(r, &s, "0021 [0000000000020001]"), 2);
	assert_int_equal(FLAGS(s, offered), 1001);
	assert_int_equal(offer(r, &s, ""), 0);
	assert_int_equal(FLAGS(s, offered), 0);
	subscription_fini(&s);
}

static void
test_narrowed_to_the_first_that_is_offered(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	reading_body(r, 7, "0021 [0000000000000004]");
	assert_false(subscription_narrow(&s, &r->message));
	assert_int_equal(s.n_items, COUNT(wants));
	reading_body(r, 7, "0021 [0000000000020002]");
	assert_true(subscription_narrow(&s, &r->message));
	assert_int_equal(s.n_items, 1);
	assert_int_equal(offer(r, &s, "0021 [00000000007fffff]"), 1);
	assert_int_equal(request(r, &s, "0020 [0001 01 0002 ffff]"), 1);
	assert_int_equal(offer(r, &s, "0021 [00000000007fffff]"), 0);
	subscription_fini(&s);
}

static void
test_what_is_offered_no_longer_is_asked_for_anew(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	offer(r, &s, "0021 [0000000000000003]");
	request(r, &s, "0020 [0001 02 0001 0002 0002 ffff]");
	assert_int_equal(grant(r, &s, "0001 [00]"), 2);
	assert_int_equal(offer(r, &s, "0021 [0000000000000001]"), 0);
	assert_int_equal(FLAGS(s, granted), 1000);
	assert_int_equal(offer(r, &s, "0021 [0000000000000003]"), 1);
	assert_int_equal(request(r, &s, "0020 [0001 01 0002 ffff]"), 1);
	subscription_fini(&s);
}

static void
test_success_without_services_grants_all_that_was_asked_for(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	offer(r, &s, "0021 [0000000000000003]");
	request(r, &s, "0020 [0001 02 0001 0002 0002 ffff]");
	assert_int_equal(grant(r, &s, "0001 [00]"), 2);
	assert_int_equal(FLAGS(s, granted), 1010);
	assert_int_equal(FLAGS(s, refused), 0);
	subscription_fini(&s);
}

static void
test_any_other_status_without_services_grants_nothing(void **state)
{
	static const char *const bodies[] = {"0001 [01]", "0001 [02]", "0001 [05]",
					     "0001 [c8]", "",	       "0001 [0000]"};
	struct reading *r = *state;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct subscription s;

		begin(r, &s);
		offer(r, &s, "0021 [0000000000000001]");
		request(r, &s, "0020 [0001 01 0001 0002]");
		assert_int_equal(grant(r, &s, bodies[i]), 0);
		assert_int_equal(FLAGS(s, refused), 1000);
		subscription_fini(&s);
	}
}

static void
test_services_that_are_named_are_granted_with_their_intervals(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	offer(r, &s, "0021 [0000000000020203]");
	request(r, &s,
		"0020 [0001 02 0001 0002 0002 ffff] 0020 [0003 01 0001 0000]"
		"0020 [0006 01 0001 0000]");
	assert_int_equal(
		grant(r, &s, "0001 [01] 0020 [0003 01 0001 0008] 0020 [0001 01 0001 0005]"), 2);
	assert_int_equal(FLAGS(s, granted), 1100);
	assert_int_equal(FLAGS(s, refused), 11);
	assert_int_equal(s.items[0].granted_interval_s, 5);
	assert_int_equal(s.items[1].granted_interval_s, 8);
	subscription_fini(&s);
}

static void
test_what_was_not_asked_for_is_not_granted(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	offer(r, &s, "0021 [0000000000000001]");
	request(r, &s, "0020 [0001 01 0001 0002]");
	assert_int_equal(grant(r, &s,
			       "0001 [00] 0020 [0001 02 0001 0000 0002 0000]"
			       "0020 [7777 01 0001 0000]"),
			 1);
	assert_int_equal(FLAGS(s, granted), 1000);
	subscription_fini(&s);
}

static void
test_release_names_what_is_granted(void **state)
{
	struct reading *r = *state;
	struct subscription s;
	struct encoder e;
	uint8_t bytes[128];

	begin(r, &s);
	offer(r, &s, "0021 [0000000000000003]");
	request(r, &s, "0020 [0001 02 0001 0002 0002 ffff]");
	encode_init(&e, r->dict, bytes, sizeof bytes);
	assert_int_equal(subscription_release(&s, &e, &r->arena), 0);
	assert_int_equal(e.length, 0);
	grant(r, &s, "0001 [01] 0020 [0001 01 0002 0000]");
	assert_int_equal(subscription_release(&s, &e, &r->arena), 1);
	support_assert_hex(bytes, e.length, "0020 [0001 01 0002 ffff]");
	subscription_fini(&s);
}

static void
test_a_reset_forgets_all_but_what_is_wanted(void **state)
{
	struct reading *r = *state;
	struct subscription s;

	begin(r, &s);
	offer(r, &s, "0021 [00000000007fffff]");
	subscription_reset(&s);
	assert_int_equal(FLAGS(s, offered), 0);
	assert_int_equal(s.items[0].interval_s, 2);
	assert_string_equal(s.items[3].service->name, "location");
	subscription_fini(&s);
}

static void
test_initial_requests_until_there_are_none(void **state)
{
	struct reading *r = *state;
	struct subscription_initial initial;
	struct subscription s;

	begin(r, &s);
	assert_false(subscription_next_initial(&s, &initial));
	offer(r, &s, "0021 [0000000000020203]");
	request(r, &s,
		"0020 [0001 02 0001 0002 0002 ffff] 0020 [0003 01 0001 0000]"
		"0020 [0006 01 0001 0000]");
	grant(r, &s, "0001 [00]");
	for (unsigned i = 0; i < 4; i++) {
		static const char *const names[] = {"measurement_request", "information_request",
						    "measurement_request", "location_request"};
		static const uint32_t entities[] = {1, 1, 2, 0};

		assert_true(subscription_next_initial(&s, &initial));
		assert_string_equal(initial.request->name, names[i]);
		assert_int_equal(initial.has_entity, i < 3);
		assert_int_equal(initial.entity, entities[i]);
	}
	assert_false(subscription_next_initial(&s, &initial));
	grant(r, &s, "0001 [00]");
	assert_false(subscription_next_initial(&s, &initial));
	subscription_fini(&s);
}

static bool
all(const struct subscription_item *item)
{
	return item != NULL;
}

static bool
with_interval(const struct subscription_item *item)
{
	return item->interval_s != 0;
}

static void
test_lists_are_cut_but_counted(void **state)
{
	struct subscription s;
	char text[100], small[23];

	begin(*state, &s);
	assert_int_equal(subscription_list(&s, with_interval, text, sizeof text), 2);
	assert_string_equal(text, "rssi:client, rssi:tag");
	assert_int_equal(subscription_list(&s, all, small, sizeof small), 4);
	assert_string_equal(small, "rssi:client and 3 more");
	assert_int_equal(subscription_list(&s, all, small, sizeof small - 1), 4);
	assert_string_equal(small, "");
	assert_int_equal(subscription_list(&s, all, small, 1), 4);
	assert_string_equal(small, "");
	assert_int_equal(subscription_list(&s, all, NULL, 0), 4);
	subscription_fini(&s);
}

/* At whatever size: whole names, and none is left unsaid. */
static void
test_lists_are_cut_between_names(void **state)
{
	struct subscription s;
	char whole[200], text[200];

	begin(*state, &s);
	assert_int_equal(subscription_list(&s, all, whole, sizeof whole), 4);
	assert_null(strstr(whole, "more"));
	for (size_t size = strlen("rssi:client and 3 more") + 1; size <= strlen(whole); size++) {
		size_t names = 1, more, length;
		const char *and;

		subscription_list(&s, all, text, size);
		and = strstr(text, " and ");
		assert_non_null(and);
		assert_true(strlen(text) < size);
		assert_int_equal(sscanf(and, " and %zu more", &more), 1);
		length = (size_t)(and-text);
		assert_memory_equal(text, whole, length);
		assert_memory_equal(whole + length, ", ", 2);
		for (const char *at = text; (at = strstr(at, ", ")); at++)
			names++;
		assert_int_equal(names + more, 4);
	}
	assert_int_equal(subscription_list(&s, all, text, strlen(whole) + 1), 4);
	assert_string_equal(text, whole);
	subscription_fini(&s);
}

static int
setup(void **state)
{
	*state = reading_new(BASELINE);
	return 0;
}

static int
teardown(void **state)
{
	reading_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_are_not_there),
		cmocka_unit_test(test_elements_by_service_in_the_order_of_the_configuration),
		cmocka_unit_test(test_services_go_before_the_mask),
		cmocka_unit_test(test_narrowed_to_the_first_that_is_offered),
		cmocka_unit_test(test_what_is_offered_no_longer_is_asked_for_anew),
		cmocka_unit_test(test_success_without_services_grants_all_that_was_asked_for),
		cmocka_unit_test(test_any_other_status_without_services_grants_nothing),
		cmocka_unit_test(test_services_that_are_named_are_granted_with_their_intervals),
		cmocka_unit_test(test_what_was_not_asked_for_is_not_granted),
		cmocka_unit_test(test_release_names_what_is_granted),
		cmocka_unit_test(test_a_reset_forgets_all_but_what_is_wanted),
		cmocka_unit_test(test_initial_requests_until_there_are_none),
		cmocka_unit_test(test_lists_are_cut_but_counted),
		cmocka_unit_test(test_lists_are_cut_between_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
