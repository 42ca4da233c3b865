/* SPDX-License-Identifier: ISC */
/* test_places.c: where the values of a record are found that are looked at on its way */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codecs/places.h"
#include "tests/unit/support.h"

#define READINGS                                     \
	"02 0a0000000001 00 01 01 c4 80 80 00000001" \
	"   0a0000000002 07 01 01 80 c5 80 00000001"

/* Reads the first record of a message; its places. */
static const struct record_places *
next(struct reading *r, unsigned id, const char *hex)
{
	reading_body(r, id, hex);
	assert_true(message_next(&r->message, &r->record));
	assert_non_null(r->record.element->places);
	return r->record.element->places;
}

static struct value *
nth_reading(struct reading *r, uint32_t n)
{
	const struct place *place = &r->record.element->places->readings;
	struct value *list = place_value(place, r->record.slots);

	assert_non_null(list);
	assert_true(n < list->count);
	return list->items + (size_t)n * place->field->stride;
}

static void
assert_readings(struct reading *r, const struct record_places *at)
{
	assert_int_equal(place_mac(&at->mac, r->record.slots), UINT64_C(0x001122334455));
	assert_int_equal(place_value(&at->entity, r->record.slots)->u, 2);
	assert_int_equal(place_mac(&at->reading_ap, nth_reading(r, 0)), UINT64_C(0x0a0000000002));
	assert_int_equal(places_dbm(at, nth_reading(r, 0)), -59);
	assert_int_equal(places_dbm(at, nth_reading(r, 1)), -60);
	assert_null(place_value(&at->ap, r->record.slots));
	assert_int_equal(place_value(&at->associated, r->record.slots)->u & at->associated_mask, 1);
	assert_null(at->ssid.field);
}

static void
test_of_a_struct(void **state)
{
	struct reading *r = *state;

	assert_readings(r, next(r, 15, "0100 [001122334455 02 01" READINGS "]"));
}

static void
test_among_those_of_an_object_inside(void **state)
{
	struct reading *r = *state;
	const struct record_places *at =
		next(r, 15, "0101 [0100 [001122334455 02 01" READINGS "] 0115 [03]]");

	assert_readings(r, at);
	assert_int_equal(at->mac.depth, 1);
	assert_int_equal(place_value(&at->event, r->record.slots)->u, 3);
}

static void
test_of_no_readings(void **state)
{
	struct reading *r = *state;
	const struct record_places *at = next(r, 15, "0100 [001122334455 02 01 00]");

	assert_int_equal(place_value(&at->readings, r->record.slots)->count, 0);
	at = next(r, 15, "0100 [001122334455 02 01 01 0a0000000001 00 01 01 80 80 80 00000001]");
	assert_int_equal(places_dbm(at, nth_reading(r, 0)), PLACES_NO_DBM);
}

static void
test_of_what_is_sparse(void **state)
{
	struct reading *r = *state;
	const struct record_places *at = next(
		r, 18, "0200 [0201 [021122334455] 0206 [6162] 0209 [0a010203] 0209 [0a010204]]");
	const struct value *ssid = place_value(&at->ssid, r->record.slots);

	assert_int_equal(ssid->count, 2);
	assert_memory_equal(ssid->bytes, "ab", 2);
	assert_int_equal(place_value(&at->ip, r->record.slots)->count, 2);
	assert_true(at->ip.field->repeat);
	assert_non_null(at->username.field);
	assert_null(place_value(&at->username, r->record.slots));
	assert_null(at->readings.field);
	assert_int_equal(place_mac(&at->ap, r->record.slots), 0);
}

static void
test_of_an_access_point(void **state)
{
	struct reading *r = *state;
	const struct record_places *at =
		next(r, 67, "0600 [0601 [2c574158eee0] 0602 [6170] 0609 [6871]]");

	assert_int_equal(place_mac(&at->mac, r->record.slots), UINT64_C(0x2c574158eee0));
	assert_memory_equal(place_value(&at->name, r->record.slots)->bytes, "ap", 2);
	assert_memory_equal(place_value(&at->group, r->record.slots)->bytes, "hq", 2);
}

/* A value of another type than its key says, or a list of them, is not taken for it. */
static void
test_of_values_of_another_type(void **state)
{
	struct reading *r = *state;
	const struct record_places *at = shape_field(&r->dict->elements, "location")->places;

	assert_null(at->name.field);
	assert_non_null(at->mac.field);
	assert_null(at->event.field);
	at = shape_field(&r->dict->elements, "attachment")->places;
	assert_non_null(at->event.field);
	assert_null(shape_field(&r->dict->elements, "device")->places);
}

static int
set_up(void **state)
{
	*state = reading_new(BASELINE);
	return 0;
}

static int
tear_down(void **state)
{
	reading_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_a_struct),
		cmocka_unit_test(test_among_those_of_an_object_inside),
		cmocka_unit_test(test_of_no_readings),
		cmocka_unit_test(test_of_what_is_sparse),
		cmocka_unit_test(test_of_an_access_point),
		cmocka_unit_test(test_of_values_of_another_type),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
