/* SPDX-License-Identifier: ISC */
/* test_geo.c: positions as in RFC 6225 (version 1) and RFC 3825 (version 0) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codecs/geo.h"
#include "tests/unit/support.h"

/* The 16 bytes by their fields. */
struct position {
	unsigned latitude_uncertainty;
	int64_t latitude; /* times 2^25 */
	unsigned longitude_uncertainty;
	int64_t longitude;
	unsigned type;
	unsigned altitude_uncertainty;
	int64_t altitude; /* times 2^8 */
	unsigned version;
	unsigned datum;
};

#define DEGREES(d) ((int64_t)((d)*33554432.0))

static void
put_bits(uint8_t *bytes, unsigned *at, unsigned bits, uint64_t u)
{
	while (bits-- > 0) {
		bytes[*at / 8] |= (uint8_t)((u >> bits & 1) << (7 - *at % 8));
		(*at)++;
	}
}

/* What the position becomes as JSON. */
static json_t *
decode(struct reading *r, const struct position *p)
{
	uint8_t bytes[16] = {0};
	char hex[64] = "0500 0014 0505 0010 ";
	unsigned at = 0;
	json_t *record, *geo;

	put_bits(bytes, &at, 6, p->latitude_uncertainty);
	put_bits(bytes, &at, 34, (uint64_t)p->latitude);
	put_bits(bytes, &at, 6, p->longitude_uncertainty);
	put_bits(bytes, &at, 34, (uint64_t)p->longitude);
	put_bits(bytes, &at, 4, p->type);
	put_bits(bytes, &at, 6, p->altitude_uncertainty);
	put_bits(bytes, &at, 30, (uint64_t)p->altitude);
	put_bits(bytes, &at, 2, p->version);
	put_bits(bytes, &at, 3, 0);
	put_bits(bytes, &at, 3, p->datum);
	assert_int_equal(at, 128);
	for (unsigned i = 0; i < 16; i++)
		snprintf(hex + strlen(hex), 3, "%02x", bytes[i]);
	reading_body(r, 28, hex);
	record = reading_next(r);
	geo = json_incref(json_object_get(record, "geo"));
	json_decref(record);
	return geo;
}

/* RFC 6225 appendix A.1 (the Empire State Building) in the terms of version 1. */
static void
test_version_1(void **state)
{
	const struct position p = {18, DEGREES(40.75), 18, DEGREES(-73.984375), 1, 15, 8688, 1, 1};

	support_assert_json(
		decode(*state, &p),
		"{'latitude':40.75,'longitude':-73.984375,'latitude_uncertainty_deg':0.0009765625,"
		"'longitude_uncertainty_deg':0.0009765625,'altitude':33.9375,'altitude_unit':'m',"
		"'altitude_uncertainty_m':64,'datum':'WGS84'}");
}

static void
test_version_0_has_resolutions(void **state)
{
	const struct position p = {
		34, DEGREES(-33.859375), 33, DEGREES(151.2109375), 2, 30, -768, 0, 2};

	support_assert_json(
		decode(*state, &p),
		"{'latitude':-33.859375,'longitude':151.2109375,'latitude_resolution_bits':34,"
		"'longitude_resolution_bits':33,'altitude':-3,'altitude_unit':'floors',"
		"'altitude_resolution_bits':30,'datum':'NAD83/NAVD88'}");
}

static void
test_a_code_of_0_is_no_uncertainty(void **state)
{
	const struct position p = {0, DEGREES(1), 0, DEGREES(2), 1, 0, 256, 1, 3};

	support_assert_json(decode(*state, &p),
			    "{'latitude':1,'longitude':2,'altitude':1,'altitude_unit':'m',"
			    "'datum':'NAD83/MLLW'}");
}

static void
test_floors_have_no_uncertainty_in_metres(void **state)
{
	const struct position p = {8, 0, 9, 0, 2, 20, 640, 1, 0};

	support_assert_json(
		decode(*state, &p),
		"{'latitude':0,'longitude':0,'latitude_uncertainty_deg':1,"
		"'longitude_uncertainty_deg':0.5,'altitude':2.5,'altitude_unit':'floors'}");
}

static void
test_version_0_without_resolution_has_no_position(void **state)
{
	struct position p = {0, DEGREES(10), 34, DEGREES(20), 1, 30, 256, 0, 1};

	support_assert_json(
		decode(*state, &p),
		"{'altitude':1,'altitude_unit':'m','altitude_resolution_bits':30,'datum':'WGS84'}");
	p.latitude_uncertainty = 34;
	p.longitude_uncertainty = 0;
	p.altitude_uncertainty = 0;
	support_assert_json(decode(*state, &p), "{'datum':'WGS84'}");
}

static void
test_altitude_type_0_is_no_altitude(void **state)
{
	const struct position p = {0, DEGREES(1), 0, DEGREES(1), 0, 30, 12345, 1, 1};

	support_assert_json(decode(*state, &p), "{'latitude':1,'longitude':1,'datum':'WGS84'}");
}

static void
test_numbers_without_a_name(void **state)
{
	const struct position p = {0, 0, 0, 0, 9, 1, 0, 1, 7};

	support_assert_json(decode(*state, &p), "{'latitude':0,'longitude':0,'altitude':0,"
						"'altitude_unit':'9','datum':'7'}");
}

static void
test_seven_decimals_rounded_to_the_nearest(void **state)
{
	struct position p = {0, 1, 0, -1, 0, 0, 0, 1, 0};

	support_assert_json(decode(*state, &p), "{'latitude':0,'longitude':0}");
	p.latitude = 2; /* 0.0000000596 */
	p.longitude = -2;
	support_assert_json(decode(*state, &p), "{'latitude':0.0000001,'longitude':-0.0000001}");
	p.latitude = DEGREES(90);
	p.longitude = DEGREES(-180);
	support_assert_json(decode(*state, &p), "{'latitude':90,'longitude':-180}");
}

static void
test_numbers_at_their_borders(void **state)
{
	const struct position p = {
		1, (INT64_C(1) << 33) - 1, 63, -(INT64_C(1) << 33), 1, 63, -(INT64_C(1) << 29), 1,
		0};
	json_t *geo = decode(*state, &p);

	assert_true(json_number_value(json_object_get(geo, "latitude")) == 256);
	assert_true(json_number_value(json_object_get(geo, "longitude")) == -256);
	assert_true(json_number_value(json_object_get(geo, "altitude")) == -2097152);
	assert_true(json_number_value(json_object_get(geo, "latitude_uncertainty_deg")) == 128);
	assert_true(json_number_value(json_object_get(geo, "longitude_uncertainty_deg")) > 0);
	assert_true(json_number_value(json_object_get(geo, "altitude_uncertainty_m")) > 0);
	json_decref(geo);
}

static void
test_only_16_bytes_are_a_position(void **state)
{
	static const uint8_t bytes[17];
	struct value value;
	struct arena arena;

	(void)state;
	for (size_t length = 0; length < 16; length++) {
		struct cursor window = cursor_over(bytes, length, false);

		arena_init(&arena, 1000);
		assert_false(geo_decode(&window, &arena, &value));
		assert_true(window.failed);
		arena_fini(&arena);
	}
	struct cursor window = cursor_over(bytes, 17, false);
	arena_init(&arena, 1000);
	assert_true(geo_decode(&window, &arena, &value));
	assert_int_equal(cursor_left(&window), 1);
	window = cursor_over(bytes, 16, false);
	arena.limit = arena.used;
	assert_false(geo_decode(&window, &arena, &value));
	assert_false(window.failed);
	arena_fini(&arena);
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
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_version_0_has_resolutions),
		cmocka_unit_test(test_a_code_of_0_is_no_uncertainty),
		cmocka_unit_test(test_floors_have_no_uncertainty_in_metres),
		cmocka_unit_test(test_version_0_without_resolution_has_no_position),
		cmocka_unit_test(test_altitude_type_0_is_no_altitude),
		cmocka_unit_test(test_numbers_without_a_name),
		cmocka_unit_test(test_seven_decimals_rounded_to_the_nearest),
		cmocka_unit_test(test_numbers_at_their_borders),
		cmocka_unit_test(test_only_16_bytes_are_a_position),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
