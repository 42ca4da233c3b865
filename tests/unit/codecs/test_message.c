/* SPDX-License-Identifier: ISC */
/* test_message.c: control elements and records of a message, and how far each fault reaches */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/support.h"

#define ROOM 4096

#define RSSI "0100 [001122334455 01 01 00]"
#define RSSI_JSON                                                                                \
	"{'mac':'00:11:22:33:44:55','mac_type':'universal','entity':'client','associated':true," \
	"'readings':[]}"

static const struct value *
control(struct reading *r, const char *name)
{
	return message_value(&r->message, name);
}

static void
test_control_elements_are_no_records(void **state)
{
	struct reading *r = *state;

	reading_body(r, 27, "0001 [01] 0002 [06] 0007 [03]");
	assert_int_equal(control(r, "status")->u, 1);
	assert_int_equal(control(r, "entity")->u, 6);
	assert_int_equal(control(r, "location_type")->u, 3);
	assert_null(control(r, "scope"));
	assert_null(control(r, "nonsense"));
	assert_true(r->message.solicited);
	assert_null(reading_next(r));
	assert_null(reading_next(r));
}

static void
test_only_answers_are_solicited(void **state)
{
	struct reading *r = *state;

	reading_body(r, 14, "0001 [00]" RSSI);
	assert_true(r->message.solicited);
	reading_body(r, 15, RSSI);
	assert_false(r->message.solicited);
}

static void
test_choices_of_control_elements(void **state)
{
	struct reading *r = *state;

	reading_body(r, 14, "0001 [05]");
	assert_string_equal(message_choice(&r->message, "status"), "not_found");
	assert_null(message_choice(&r->message, "entity"));
	reading_body(r, 14, "0001 [63]");
	assert_null(message_choice(&r->message, "status"));
	reading_body(r, 99, "0001 [00]");
	assert_null(message_choice(&r->message, "status"));
}

static void
test_records_are_counted_without_being_read(void **state)
{
	struct reading *r = *state;

	reading_body(r, 14, "0001 [00]" RSSI "0800 [00] 0b00 [dead]" RSSI);
	assert_int_equal(message_count(&r->message), 3);
	while (message_next(&r->message, &r->record))
		;
	assert_int_equal(message_count(&r->message), 3);
	reading_body(r, 14, "0001 [00]");
	assert_int_equal(message_count(&r->message), 0);
	reading_body(r, 99, RSSI);
	assert_int_equal(message_count(&r->message), 0);
}

static void
test_lists_of_control_elements(void **state)
{
	struct reading *r = *state;
	const struct field *element, *list;
	const struct value *services;

	reading_body(r, 31, "0020 [0001 02 0001 0002 0002 0000] 0001 [00] 0020 [0006 00]");
	services = control(r, "service");
	element = shape_field(&r->message.def->body, "service");
	list = shape_field(element->shape, "subservices");
	assert_int_equal(services->count, 2);
	assert_int_equal(services->items[0].u, 1);
	assert_int_equal(services->items[list->slot].count, 2);
	assert_int_equal(services->items[list->slot].items[list->stride].u, 2);
	assert_int_equal(services->items[element->stride].u, 6);
	assert_int_equal(services->items[element->stride + list->slot].count, 0);
}

static void
test_the_first_of_two_control_elements_counts(void **state)
{
	struct reading *r = *state;

	reading_body(r, 14, "0001 [02] 0001 [00]");
	assert_int_equal(control(r, "status")->u, 2);
	assert_null(reading_next(r));
}

static void
test_any_message_may_carry_the_time(void **state)
{
	struct reading *r = *state;

	reading_body(r, 15, RSSI "0005 [000001a204334a80]");
	assert_true(r->message.has_time);
	assert_int_equal(r->message.time_ms, UINT64_C(0x1a204334a80));
	support_assert_json(reading_next(r), RSSI_JSON);
	assert_null(reading_next(r));
	reading_body(r, 15, RSSI);
	assert_false(r->message.has_time);
}

static void
test_records_in_the_order_of_the_frame(void **state)
{
	struct reading *r = *state;

	reading_body(r, 15, RSSI "0200 [] 0800 [00] 0b00 [dead] 0101 [" RSSI "]");
	support_assert_json(reading_next(r), RSSI_JSON);
	assert_int_equal(r->record.kind, KIND_RSSI);
	support_assert_json(reading_next(r), "{}");
	assert_int_equal(r->record.kind, KIND_INFO);
	json_decref(reading_next(r));
	assert_int_equal(r->record.reason, UNKNOWN_MALFORMED);
	support_assert_json(reading_next(r), "{'message_id':15,'transaction':0,'element':2816,"
					     "'reason':'unknown_element','bytes':'dead'}");
	support_assert_json(reading_next(r), RSSI_JSON);
	assert_null(reading_next(r));
}

static void
test_an_unknown_message_is_one_record(void **state)
{
	struct reading *r = *state;

	reading_assert_record(r, 99, "0b00 [01]",
			      "{'message_id':99,'transaction':0,'reason':'unknown_message',"
			      "'bytes':'0b00000101'}");
	assert_null(r->message.def);
	reading_assert_record(r, 65535, "",
			      "{'message_id':65535,'transaction':0,'reason':'unknown_message'}");
	reading_assert_record(r, 99, "ff",
			      "{'message_id':99,'transaction':0,'reason':'unknown_message',"
			      "'bytes':'ff'}");
}

static void
test_a_message_that_does_not_add_up_is_one_record(void **state)
{
	static const char *const bodies[] = {"01", "0100 00", "0100 0001", RSSI "0100 ffff 00",
					     RSSI "00"};
	struct reading *r = *state;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		reading_body(r, 15, bodies[i]);
		assert_int_equal(r->message.fault.level, FAULT_MESSAGE);
		assert_int_equal(r->message.fault.why, FAULT_LENGTH);
		assert_int_equal(r->message.fault.offset, i < 3 ? 14 : 27);
		assert_string_equal(r->message.fault.what, "measurement_notification");
		assert_null(control(r, "status"));
		json_decref(reading_next(r));
		assert_int_equal(r->record.reason, UNKNOWN_MALFORMED);
		assert_false(r->record.has_type);
		assert_int_equal(r->record.length, r->length - 14);
		assert_null(reading_next(r));
	}
}

static void
test_an_empty_message_has_no_records(void **state)
{
	reading_body(*state, 15, "");
	assert_null(reading_next(*state));
}

/* Fails unless the first record is a malformed element of this number at this byte. */
static void
assert_malformed(struct reading *r, unsigned type, unsigned offset)
{
	json_decref(reading_next(r));
	assert_int_equal(r->record.kind, KIND_UNKNOWN);
	assert_int_equal(r->record.reason, UNKNOWN_MALFORMED);
	assert_true(r->record.has_type);
	assert_int_equal(r->record.type, type);
	assert_int_equal(r->record.fault.level, FAULT_RECORD);
	assert_int_equal(r->record.fault.offset, offset);
}

static void
test_a_malformed_control_element_is_told_and_the_rest_stays(void **state)
{
	struct reading *r = *state;

	reading_body(r, 14, "0001 [0000]" RSSI);
	assert_null(control(r, "status"));
	assert_malformed(r, 1, 18);
	support_assert_json(reading_next(r), RSSI_JSON);
	assert_null(reading_next(r));
	reading_body(r, 15, RSSI "0005 [00]");
	assert_false(r->message.has_time);
	support_assert_json(reading_next(r), RSSI_JSON);
	assert_malformed(r, 5, 31);
	assert_null(reading_next(r));
}

static void
test_a_malformed_control_element_has_no_value(void **state)
{
	struct reading *r = *state;
	const struct value *services;

	reading_body(r, 7, "0010 [0011 [6171] 0014 [00]]");
	assert_null(control(r, "device"));
	assert_malformed(r, 0x10, 28);
	assert_null(reading_next(r));
	reading_body(r, 7, "0020 [0001 01 0001 0000] 0020 [0002 02 0001 0000] 0020 [0003 00]");
	services = control(r, "service");
	assert_int_equal(services->count, 2);
	assert_int_equal(services->items[0].u, 1);
	assert_int_equal(services->items[shape_field(&r->message.def->body, "service")->stride].u,
			 3);
	assert_malformed(r, 0x20, 32);
	assert_null(reading_next(r));
	reading_body(r, 7, "0020 [0001 01]");
	assert_null(control(r, "service"));
}

static void
test_elements_of_other_messages_are_passed_over(void **state)
{
	struct reading *r = *state;

	reading_body(r, 15, "0001 [000000] 0010 [ff]" RSSI);
	support_assert_json(reading_next(r), RSSI_JSON);
	assert_null(reading_next(r));
}

static void
test_a_record_is_gone_with_the_next(void **state)
{
	struct reading *r = *state;
	char hex[ROOM] = "";
	size_t used;

	for (unsigned i = 0; i < 40; i++)
		strcat(hex, RSSI);
	reading_body(r, 15, hex);
	json_decref(reading_next(r));
	used = r->arena.used;
	for (unsigned i = 1; i < 40; i++) {
		support_assert_json(reading_next(r), RSSI_JSON);
		assert_int_equal(r->arena.used, used);
	}
	assert_null(reading_next(r));
}

/* Whatever the limit, a frame gives the same records or says that memory was short. */
static void
test_any_limit_of_memory_is_survived(void **state)
{
	struct reading *r = *state;
	unsigned whole = 0;

	for (size_t limit = 0; limit < 4000; limit += 16) {
		unsigned n = 0, spoilt = 0;

		r->arena.limit = limit;
		reading_body(
			r, 14,
			"0001 [00] 0101 [" RSSI "0112 [001122334455 00000001] 0999 [01]]"
			"0100 [001122334455 01 01 01 2c574158eee0 00 01 01 c4 c5 0a 00000001]"
			"0500 [0503 [02 5553 c8 01 61] 0505 [00000000000000000000000000000000]]");
		for (json_t *record; (record = reading_next(r)); n++) {
			spoilt += r->record.kind == KIND_UNKNOWN;
			if (r->record.kind == KIND_UNKNOWN)
				assert_int_equal(r->record.fault.why, FAULT_MEMORY);
			json_decref(record);
		}
		assert_true(n == 3 || (n == 1 && spoilt == 1));
		whole += n == 3 && spoilt == 0;
	}
	assert_true(whole > 0);
	r->arena.limit = (size_t)16 * 1024 * 1024;
}

static void
test_control_lists_survive_any_limit_of_memory(void **state)
{
	struct reading *r = *state;

	for (size_t limit = 0; limit < 2000; limit += 16) {
		const struct value *services;

		r->arena.limit = limit;
		reading_body(r, 7, "0020 [0001 02 0001 0000 0002 0000] 0020 [0002 01 0001 0000]");
		services = control(r, "service");
		for (uint32_t i = 0; services && i < services->count; i++) {
			const struct field *list =
				shape_field(shape_field(&r->message.def->body, "service")->shape,
					    "subservices");
			const struct value *v = &services->items[i * 3 + list->slot];

			assert_true(!v->present || v->items);
		}
	}
	r->arena.limit = (size_t)16 * 1024 * 1024;
}

static void
test_names_of_reasons(void **state)
{
	(void)state;
	assert_string_equal(unknown_reason_name(UNKNOWN_MESSAGE), "unknown_message");
	assert_string_equal(unknown_reason_name(UNKNOWN_ELEMENT), "unknown_element");
	assert_string_equal(unknown_reason_name(UNKNOWN_MALFORMED), "malformed");
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
		cmocka_unit_test(test_control_elements_are_no_records),
		cmocka_unit_test(test_only_answers_are_solicited),
		cmocka_unit_test(test_choices_of_control_elements),
		cmocka_unit_test(test_records_are_counted_without_being_read),
		cmocka_unit_test(test_lists_of_control_elements),
		cmocka_unit_test(test_the_first_of_two_control_elements_counts),
		cmocka_unit_test(test_any_message_may_carry_the_time),
		cmocka_unit_test(test_records_in_the_order_of_the_frame),
		cmocka_unit_test(test_an_unknown_message_is_one_record),
		cmocka_unit_test(test_a_message_that_does_not_add_up_is_one_record),
		cmocka_unit_test(test_an_empty_message_has_no_records),
		cmocka_unit_test(test_a_malformed_control_element_is_told_and_the_rest_stays),
		cmocka_unit_test(test_a_malformed_control_element_has_no_value),
		cmocka_unit_test(test_elements_of_other_messages_are_passed_over),
		cmocka_unit_test(test_a_record_is_gone_with_the_next),
		cmocka_unit_test(test_any_limit_of_memory_is_survived),
		cmocka_unit_test(test_control_lists_survive_any_limit_of_memory),
		cmocka_unit_test(test_names_of_reasons),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
