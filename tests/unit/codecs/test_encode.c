/* SPDX-License-Identifier: ISC */
/* test_encode.c: requests byte for byte, objects, and what cannot be encoded */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codecs/encode.h"
#include "gateway/subscription.h"
#include "tests/unit/support.h"

#define ROOM 70000

/* An encoder with memory of its own, for the dictionary of the reading. */
struct draft {
	struct encoder encoder;
	uint8_t data[ROOM];
};

static const struct message_def *
message(const struct reading *r, const char *name)
{
	const struct message_def *def = dict_message_named(r->dict, name);

	assert_non_null(def);
	return def;
}

static struct draft *
draft_begin(struct reading *r, const char *name, uint32_t transaction)
{
	static struct draft draft;

	encode_init(&draft.encoder, r->dict, draft.data, sizeof draft.data);
	encode_header(&draft.encoder, message(r, name), transaction, false);
	return &draft;
}

static void
assert_sends(struct draft *draft, size_t length, const char *hex)
{
	assert_int_equal(encode_end(&draft->encoder), length);
	support_assert_hex(draft->data, length, hex);
}

/* The sizes that were seen on a real client's status page. */
static void
test_the_subscription_that_was_seen_has_77_bytes(void **state)
{
	static const struct config_service wants[] = {
		{"rssi", "client", 0},		 {"rssi", "tag", 0},
		{"attachment", "station", 0},	 {"information", "client", 0},
		{"location", "subscription", 0}, {"statistics", "client", 0},
		{"statistics", "tag", 0},
	};
	struct reading *r = *state;
	struct draft *draft = draft_begin(r, "service_subscribe_request", 7);
	struct subscription subscription;
	size_t wrong;

	assert_int_equal(subscription_init(&subscription, r->dict, wants, COUNT(wants), &wrong), 0);
	assert_int_equal(subscription_request(&subscription, &draft->encoder, &r->arena, true), 7);
	assert_sends(
		draft, 77,
		"0100001e0000004d0000000700000020000b00010200010000000200000020000700050100010000"
		"002000070003010001000000200007000601000100000020000b0004020001000000020000");
	subscription_fini(&subscription);
}

static void
test_the_statistics_request_has_24_bytes(void **state)
{
	struct draft *draft = draft_begin(*state, "statistics_request", 8);

	encode_uint(&draft->encoder, "entity", 1);
	encode_uint(&draft->encoder, "scope", 0);
	assert_sends(draft, 24, "010000140000001800000008000000020001010003000100");
}

static void
test_the_information_request_for_one_station_has_39_bytes(void **state)
{
	struct draft *draft = draft_begin(*state, "information_request", 9);

	encode_uint(&draft->encoder, "entity", 1);
	encode_uint(&draft->encoder, "scope", 1);
	encode_uint(&draft->encoder, "detail", 0);
	encode_uint(&draft->encoder, "mac", 0x001122334455);
	assert_sends(
		draft, 39,
		"010000100000002700000009000000020001010003000101000600010000040006001122334455");
}

static void
test_responses_of_the_sizes_that_were_seen(void **state)
{
	struct draft *draft = draft_begin(*state, "service_subscribe_response", 7);

	encode_uint(&draft->encoder, "status", 0);
	assert_sends(draft, 19, "0100001f000000130000000700000001000100");
	draft = draft_begin(*state, "location_response", 10);
	encode_uint(&draft->encoder, "status", 5);
	encode_uint(&draft->encoder, "entity", 6);
	encode_uint(&draft->encoder, "location_type", 1);
	assert_sends(draft, 29, "0100001b0000001d0000000a0000000100010500020001060007000101");
}

static void
test_echoes(void **state)
{
	assert_sends(draft_begin(*state, "echo_request", 11), 14, "010000010000000e0000000b0000");
	assert_sends(draft_begin(*state, "echo_response", 11), 14, "010000020000000e0000000b0000");
}

static void
test_more_sets_its_bit(void **state)
{
	struct reading *r = *state;
	struct draft draft;

	encode_init(&draft.encoder, r->dict, draft.data, sizeof draft.data);
	encode_header(&draft.encoder, message(r, "echo_response"), UINT32_MAX, true);
	assert_sends(&draft, 14, "010100020000000effffffff0000");
}

static void
test_other_bytes_by_another_dictionary(void **state)
{
	struct reading *second = reading_new(SECOND);
	struct draft *draft = draft_begin(second, "information_request", 9);

	(void)state;
	encode_uint(&draft->encoder, "entity", 11);
	encode_uint(&draft->encoder, "mac", 0x001122334455);
	assert_sends(draft, 28,
		     "1804 02 00 10000000 09000000 0c 0400 0b 0e 0900 001122334455 000000");
	reading_free(second);
}

static struct value *
new_object(struct reading *r, const char *element, const struct shape **shape)
{
	struct value *object;

	*shape = shape_field(&r->dict->elements, element)->shape;
	object = object_new(&r->arena, *shape);
	assert_non_null(object);
	return object;
}

static void
test_objects_take_only_what_their_shape_has(void **state)
{
	struct reading *r = *state;
	const struct shape *info, *measurement, *location;
	struct value *object = new_object(r, "information", &info);

	assert_true(object_uint(object, info, "vlan", 7));
	assert_true(object_uint(object, info, "mac", 7));
	assert_true(object_text(object, info, "ssid", "corp"));
	assert_true(object_child(object, info, "ip", object, 1));
	assert_false(object_uint(object, info, "ssid", 7));
	assert_false(object_uint(object, info, "nothing", 7));
	assert_false(object_int(object, info, "vlan", 7));
	assert_false(object_text(object, info, "vlan", "7"));
	assert_false(object_bytes(object, info, "rogue", "7", 1));
	assert_false(object_child(object, info, "vlan", object, 1));
	assert_false(object_child(object, info, "rogue", NULL, 1));
	object = new_object(r, "measurement", &measurement);
	assert_true(object_child(object, measurement, "readings", object, 3));
	assert_int_equal(object[shape_field(measurement, "count")->slot].u, 3);
	object = new_object(r, "location", &location);
	location = shape_field(location, "custom")->shape;
	object = object_new(&r->arena, location);
	assert_true(object_text(object, location, "name", "desk"));
	assert_int_equal(object[shape_field(location, "name_length")->slot].u, 4);
}

static void
test_lists_of_objects_are_cleared(void **state)
{
	struct reading *r = *state;
	const struct shape *shape = shape_field(&r->dict->elements, "statistics")->shape;
	struct value *list;

	memset(arena_alloc(&r->arena, 10000), 0xff, 10000);
	arena_reset(&r->arena);
	list = object_list(&r->arena, shape, 3);
	for (uint32_t i = 0; i < 3 * shape->n_slots; i++)
		assert_false(list[i].present);
	assert_null(object_list(&r->arena, shape, UINT32_MAX));
}

static void
test_absent_values_are_their_none_or_0(void **state)
{
	struct reading *r = *state;
	struct draft *draft = draft_begin(r, "statistics_notification", 0);
	const struct field *field = shape_field(&r->dict->elements, "statistics");
	struct value value = {
		.items = object_new(&r->arena, field->shape), .count = 1, .present = true};

	encode_element(&draft->encoder, field, &value);
	assert_int_equal(encode_end(&draft->encoder), 14 + 4 + 54);
	support_assert_hex(draft->data + 18, 12, "000000000000 00 80 80 00 0000");
}

static void
test_want_of_room_fails_and_sticks(void **state)
{
	struct reading *r = *state;
	struct encoder e;
	uint8_t data[24];

	for (size_t size = 0; size < sizeof data; size++) {
		encode_init(&e, r->dict, data, size);
		encode_header(&e, message(r, "statistics_request"), 8, false);
		encode_uint(&e, "entity", 1);
		encode_uint(&e, "scope", 0);
		assert_int_equal(encode_end(&e), 0);
	}
	encode_init(&e, r->dict, data, 20);
	encode_header(&e, message(r, "statistics_request"), 8, false);
	encode_uint(&e, "mac", 1);
	encode_uint(&e, "scope", 0);
	assert_int_equal(encode_end(&e), 0);
}

static void
test_what_does_not_fit_its_field_fails(void **state)
{
	static const struct {
		const char *name;
		uint64_t u;
		bool fits;
	} cases[] = {{"scope", 255, true},	   {"scope", 256, false},
		     {"scope", UINT64_MAX, false}, {"controller_time", UINT64_MAX, true},
		     {"device", 1, false},	   {"nothing", 1, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct draft *draft = draft_begin(*state, "statistics_request", 1);

		encode_uint(&draft->encoder, cases[i].name, cases[i].u);
		assert_int_equal(encode_end(&draft->encoder) != 0, cases[i].fits);
	}
}

static void
test_signed_borders(void **state)
{
	struct reading *r = *state;
	const struct field *field = shape_field(&r->dict->elements, "statistics");

	for (int64_t i = -130; i < 130; i++) {
		struct draft *draft = draft_begin(r, "statistics_notification", 0);
		struct value value = {
			.items = object_new(&r->arena, field->shape), .count = 1, .present = true};

		object_int(value.items, field->shape, "snr_db", i);
		encode_element(&draft->encoder, field, &value);
		assert_int_equal(encode_end(&draft->encoder) != 0, i >= -128 && i <= 127);
		if (i >= -128 && i <= 127)
			assert_int_equal(draft->data[26], (uint8_t)i);
		arena_reset(&r->arena);
	}
}

static void
test_an_element_longer_than_its_length_can_say_fails(void **state)
{
	static const char text[65536];
	struct reading *r = *state;
	const struct field *field = shape_field(&r->dict->elements, "information");

	for (size_t length = 65530; length < 65536; length++) {
		struct draft *draft = draft_begin(r, "information_notification", 0);
		struct value value = {
			.items = object_new(&r->arena, field->shape), .count = 1, .present = true};

		object_bytes(value.items, field->shape, "ssid", text, length);
		encode_element(&draft->encoder, field, &value);
		assert_int_equal(encode_end(&draft->encoder) != 0, length + 4 <= 65535);
	}
}

static void
test_a_message_without_definition_or_over_the_limit_fails(void **state)
{
	static uint8_t data[300000];
	struct reading *r = *state;
	struct encoder e;

	encode_init(&e, r->dict, data, sizeof data);
	encode_header(&e, NULL, 1, false);
	assert_int_equal(encode_end(&e), 0);
	encode_init(&e, r->dict, data, sizeof data);
	assert_int_equal(encode_end(&e), 0);
	encode_init(&e, r->dict, data, sizeof data);
	encode_header(&e, message(r, "on_demand_request"), 1, false);
	while (e.length + 10 <= 262144)
		encode_uint(&e, "mac", 1);
	assert_int_not_equal(encode_end(&e), 0);
	encode_uint(&e, "mac", 1);
	assert_int_equal(encode_end(&e), 0);
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
		cmocka_unit_test(test_the_subscription_that_was_seen_has_77_bytes),
		cmocka_unit_test(test_the_statistics_request_has_24_bytes),
		cmocka_unit_test(test_the_information_request_for_one_station_has_39_bytes),
		cmocka_unit_test(test_responses_of_the_sizes_that_were_seen),
		cmocka_unit_test(test_echoes),
		cmocka_unit_test(test_more_sets_its_bit),
		cmocka_unit_test(test_other_bytes_by_another_dictionary),
		cmocka_unit_test(test_objects_take_only_what_their_shape_has),
		cmocka_unit_test(test_lists_of_objects_are_cleared),
		cmocka_unit_test(test_absent_values_are_their_none_or_0),
		cmocka_unit_test(test_want_of_room_fails_and_sticks),
		cmocka_unit_test(test_what_does_not_fit_its_field_fails),
		cmocka_unit_test(test_signed_borders),
		cmocka_unit_test(test_an_element_longer_than_its_length_can_say_fails),
		cmocka_unit_test(test_a_message_without_definition_or_over_the_limit_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
