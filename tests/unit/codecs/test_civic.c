/* SPDX-License-Identifier: ISC */
/* test_civic.c: civic addresses as in RFC 4776, with the names of RFC 5139 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codecs/civic.h"
#include "tests/unit/support.h"

#define FIELD "0500 %04x 0503 %04x %s"

/* The civic object of a location made of these bytes, or the unknown record. */
static json_t *
decode(struct reading *r, const char *hex)
{
	char text[2048];
	size_t length = support_hex(hex, r->bytes, sizeof r->bytes);
	json_t *record, *civic;

	snprintf(text, sizeof text, FIELD, (unsigned)length + 4, (unsigned)length, hex);
	reading_body(r, 28, text);
	record = reading_next(r);
	civic = json_object_get(record, "civic");
	if (!civic)
		return record;
	json_incref(civic);
	json_decref(record);
	return civic;
}

static void
test_who_says_so_and_where(void **state)
{
	struct reading *r = *state;

	support_assert_json(decode(r, "00 4445"), "{'source':'dhcp_server','country':'DE'}");
	support_assert_json(decode(r, "01 4445"), "{'source':'network_element','country':'DE'}");
	support_assert_json(decode(r, "02 4445"), "{'source':'client','country':'DE'}");
	support_assert_json(decode(r, "03 4445"), "{'source':'3','country':'DE'}");
	support_assert_json(decode(r, "ff 4445"), "{'source':'255','country':'DE'}");
}

/* RFC 5139 section 3 beside the registry of RFC 4776 section 3.4. */
static void
test_every_type_that_has_a_name(void **state)
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = {
		{1, "A1"},	{2, "A2"},     {3, "A3"},	{4, "A4"},    {5, "A5"},
		{6, "A6"},	{16, "PRD"},   {17, "POD"},	{18, "STS"},  {19, "HNO"},
		{20, "HNS"},	{21, "LMK"},   {22, "LOC"},	{23, "NAM"},  {24, "PC"},
		{25, "BLD"},	{26, "UNIT"},  {27, "FLR"},	{28, "ROOM"}, {29, "PLC"},
		{30, "PCN"},	{31, "POBOX"}, {32, "ADDCODE"}, {33, "SEAT"}, {34, "RD"},
		{35, "RDSEC"},	{36, "RDBR"},  {37, "RDSUBBR"}, {38, "PRM"},  {39, "POM"},
		{0, "ca0"},	{7, "ca7"},    {15, "ca15"},	{40, "ca40"}, {128, "ca128"},
		{255, "ca255"},
	};
	struct reading *r = *state;
	char hex[64], json[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(hex, sizeof hex, "02 5553 %02x 02 7879", names[i].type);
		snprintf(json, sizeof json, "{'source':'client','country':'US','%s':'xy'}",
			 names[i].name);
		support_assert_json(decode(r, hex), json);
	}
}

static void
test_an_element_of_no_length_is_left_out(void **state)
{
	support_assert_json(decode(*state, "02 5553 03 00 13 01 37 01 00"),
			    "{'source':'client','country':'US','HNO':'7'}");
}

static void
test_a_type_that_comes_twice_is_kept(void **state)
{
	json_t *civic = decode(*state, "02 5553 22 01 61 22 01 62");

	assert_string_equal(json_string_value(json_object_get(civic, "RD")), "a");
	assert_int_equal(json_object_size(civic), 4);
	json_decref(civic);
}

static void
test_every_cut_is_a_fault(void **state)
{
	static const char *const cut[] = {"",
					  "02",
					  "02 55",
					  "02 5553 03",
					  "02 5553 03 01",
					  "02 5553 03 02 61",
					  "02 5553 03 01 61 04",
					  "02 5553 03 ff 61"};
	struct reading *r = *state;

	for (size_t i = 0; i < COUNT(cut); i++) {
		json_t *record = decode(r, cut[i]);

		assert_int_equal(r->record.kind, KIND_UNKNOWN);
		assert_int_equal(r->record.reason, UNKNOWN_MALFORMED);
		assert_int_equal(r->record.fault.why, FAULT_SHORT);
		assert_string_equal(r->record.fault.what, "civic");
		json_decref(record);
	}
}

static void
test_without_memory_the_window_has_not_failed(void **state)
{
	static const uint8_t bytes[] = {2, 'U', 'S', 200, 1, 'x'};
	struct cursor window = cursor_over(bytes, sizeof bytes, false);
	struct value value = {.present = false};
	struct arena arena;

	(void)state;
	arena_init(&arena, 16);
	assert_false(civic_decode(&window, &arena, &value));
	assert_false(window.failed);
	assert_false(value.present);
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
		cmocka_unit_test(test_who_says_so_and_where),
		cmocka_unit_test(test_every_type_that_has_a_name),
		cmocka_unit_test(test_an_element_of_no_length_is_left_out),
		cmocka_unit_test(test_a_type_that_comes_twice_is_kept),
		cmocka_unit_test(test_every_cut_is_a_fault),
		cmocka_unit_test(test_without_memory_the_window_has_not_failed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
