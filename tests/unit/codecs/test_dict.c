/* SPDX-License-Identifier: ISC */
/* test_dict.c: look-ups in a compiled dictionary */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/support.h"

static void
test_kinds_by_name_and_back(void **state)
{
	(void)state;
	for (int kind = 0; kind < KIND_COUNT; kind++)
		assert_int_equal(kind_named(kind_name((enum kind)kind)), kind);
	assert_string_equal(kind_name(KIND_AIR_QUALITY), "air_quality");
	assert_string_equal(kind_name(KIND_NONE), "none");
	assert_int_equal(kind_named("none"), KIND_NONE);
	assert_int_equal(kind_named(""), KIND_NONE);
	assert_string_equal(mark_name(MARK_ASSUMED), "assumed");
	assert_string_equal(mark_name(MARK_SEEN), "seen");
}

static void
test_messages_by_number_and_name(void **state)
{
	const struct dict *dict = ((struct reading *)*state)->dict;

	for (uint32_t i = 0; i < dict->n_messages; i++) {
		const struct message_def *def = &dict->messages[i];

		assert_ptr_equal(dict_message(dict, def->id), def);
		assert_ptr_equal(dict_message_named(dict, def->name), def);
	}
	assert_null(dict_message(dict, 0));
	assert_null(dict_message(dict, UINT32_MAX));
	assert_null(dict_message_named(dict, "echo"));
}

static void
test_services_by_name(void **state)
{
	const struct dict *dict = ((struct reading *)*state)->dict;
	const struct service *rssi = dict_service_named(dict, "rssi");

	assert_int_equal(rssi->number, 1);
	assert_int_equal(dict_subservice_named(rssi, "tag")->bit, 1);
	assert_string_equal(rssi->request_def->name, "measurement_request");
	assert_null(dict_subservice_named(rssi, "rssi"));
	assert_null(dict_service_named(dict, "tag"));
	assert_null(dict_service_named(dict, "handover")->request_def);
}

static void
test_elements_by_number(void **state)
{
	const struct dict *dict = ((struct reading *)*state)->dict;
	const struct shape *shape = &dict->elements;
	unsigned found = 0;

	for (uint32_t type = 0; type < 0x10000; type++) {
		const struct field *field = shape_element(shape, type);

		found += field != NULL;
		if (field)
			assert_int_equal(field->type, type);
	}
	assert_int_equal(found, shape->n_fields);
	assert_null(shape_element(shape, UINT32_MAX));
	assert_null(shape_element(shape, 0x10001));
}

static void
test_values_of_enumerations(void **state)
{
	const struct dict *dict = ((struct reading *)*state)->dict;
	const struct shape *info = shape_field(&dict->elements, "information")->shape;
	const struct enumeration *status = shape_field(info, "status")->values;

	for (uint32_t i = 0; i < status->n_values; i++) {
		const struct enumeration_value *value = &status->values[i];

		assert_ptr_equal(enumeration_find(status, value->number), value);
		assert_ptr_equal(enumeration_named(status, value->name), value);
	}
	assert_string_equal(enumeration_find(status, 256)->name, "wait_authenticated");
	assert_null(enumeration_find(status, 9));
	assert_null(enumeration_find(status, 255));
	assert_null(enumeration_find(status, 258));
	assert_null(enumeration_find(status, UINT64_MAX));
	assert_null(enumeration_named(status, "excluded "));
}

static void
test_free_takes_null(void **state)
{
	(void)state;
	dictionary_free(NULL);
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
		cmocka_unit_test(test_kinds_by_name_and_back),
		cmocka_unit_test(test_messages_by_number_and_name),
		cmocka_unit_test(test_services_by_name),
		cmocka_unit_test(test_elements_by_number),
		cmocka_unit_test(test_values_of_enumerations),
		cmocka_unit_test(test_free_takes_null),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
