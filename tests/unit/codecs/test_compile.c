/* SPDX-License-Identifier: ISC */
/* test_compile.c: what a dictionary is compiled to, and what cannot be compiled */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/support.h"

/* A small dictionary by hand: one record that is a struct of three fields, and one message. */
struct small {
	struct dict dict;
	struct field fields[4];
	struct shape shape;
	struct field elements[2];
	struct message_part parts[2];
	struct message_def messages[2];
	struct enumeration enumeration;
	struct enumeration_value values[3];
	struct service service;
	char error[200];
};

static struct field
integer(const char *name, uint8_t width)
{
	return (struct field){.name = name,
			      .json = name,
			      .wire = WIRE_UINT,
			      .width = width,
			      .times = 1,
			      .scale = 1,
			      .kind = KIND_NONE};
}

static void
make_elements(struct small *s)
{
	s->fields[0] = integer("count", 1);
	s->fields[1] = integer("rssi_dbm", 1);
	s->fields[1].wire = WIRE_INT;
	s->fields[2] = integer("status", 2);
	s->fields[2].values = &s->enumeration;
	s->shape = (struct shape){.name = "sample", .fields = s->fields, .n_fields = 3};
	s->elements[0] = (struct field){.name = "sample",
					.json = "sample",
					.type = 0x100,
					.wire = WIRE_STRUCT,
					.times = 1,
					.scale = 1,
					.kind = KIND_RSSI,
					.shape = &s->shape};
	s->elements[1] = integer("status", 1);
	s->elements[1].type = 1;
	s->values[0] = (struct enumeration_value){.number = 2000, .name = "two"};
	s->values[1] = (struct enumeration_value){.number = 1, .name = "one", .unit = "m"};
	s->enumeration = (struct enumeration){.name = "e", .values = s->values, .n_values = 2};
}

static struct small *
small_new(void)
{
	struct small *s = calloc(1, sizeof *s);

	assert_non_null(s);
	arena_init(&s->dict.memory, 1024 * 1024);
	make_elements(s);
	s->parts[0] = (struct message_part){.name = "status"};
	s->parts[1] = (struct message_part){.name = "sample", .repeat = true};
	s->messages[0] = (struct message_def){
		.name = "answer", .id = 2, .answers = "question", .parts = s->parts, .n_parts = 2};
	s->messages[1] = (struct message_def){.name = "question", .id = 1};
	s->service = (struct service){.name = "rssi", .number = 1, .request = "question"};
	s->dict.frame = (struct frame_layout){
		.header = 10, .flags = {1, 1}, .id = {2, 2}, .length = {4, 4}, .max_length = 1000};
	s->dict.element = (struct element_layout){2, 2, false, 1};
	s->dict.elements = (struct shape){.name = "elements", .fields = s->elements, .n_fields = 2};
	s->dict.messages = s->messages;
	s->dict.n_messages = 2;
	s->dict.enumerations = &s->enumeration;
	s->dict.n_enumerations = 1;
	s->dict.services = &s->service;
	s->dict.n_services = 1;
	return s;
}

static void
small_free(struct small *s)
{
	arena_fini(&s->dict.memory);
	free(s);
}

static int
compile(struct small *s)
{
	return dict_compile(&s->dict, s->error, sizeof s->error);
}

static void
assert_text(const struct text *text, const char *expected)
{
	assert_int_equal(text->length, strlen(expected));
	assert_memory_equal(text->s, expected, text->length);
	for (unsigned i = 0; i < TEXT_SLACK; i++)
		assert_int_equal(text->s[text->length + i], 0);
}

static void
test_slots_sizes_and_keys(void **state)
{
	struct small *s = small_new();

	(void)state;
	if (compile(s))
		fail_msg("%s", s->error);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(s->fields[i].slot, i);
	assert_int_equal(s->shape.n_slots, 3);
	assert_true(s->shape.fixed);
	assert_int_equal(s->shape.n_prefix, 3);
	assert_int_equal(s->shape.prefix, 4);
	assert_false(s->shape.group);
	assert_int_equal(s->elements[0].stride, 3);
	assert_int_equal(s->fields[0].render, RENDER_UINT);
	assert_int_equal(s->fields[1].render, RENDER_INT);
	assert_int_equal(s->fields[2].render, RENDER_ENUM);
	assert_text(&s->fields[1].key, ",\"rssi_dbm\":");
	small_free(s);
}

static void
test_enumerations_are_sorted_and_quoted(void **state)
{
	struct small *s = small_new();

	(void)state;
	assert_int_equal(compile(s), 0);
	assert_int_equal(s->values[0].number, 1);
	assert_text(&s->values[0].json, "\"one\"");
	assert_text(&s->values[0].unit_json, "\"m\"");
	assert_string_equal(enumeration_find(&s->enumeration, 2000)->name, "two");
	assert_null(enumeration_find(&s->enumeration, 2));
	small_free(s);
}

static void
test_bodies_are_the_control_elements(void **state)
{
	struct small *s = small_new();

	(void)state;
	assert_int_equal(compile(s), 0);
	assert_int_equal(s->messages[0].body.n_fields, 1);
	assert_string_equal(s->messages[0].body.fields[0].name, "status");
	assert_ptr_equal(s->parts[1].field, &s->elements[0]);
	assert_int_equal(s->messages[1].body.n_fields, 0);
	assert_ptr_equal(s->service.request_def, &s->messages[1]);
	small_free(s);
}

static void
test_several_integers_in_a_row_take_as_many_slots(void **state)
{
	struct small *s = small_new();

	(void)state;
	s->fields[0].times = 3;
	assert_int_equal(compile(s), 0);
	assert_int_equal(s->fields[0].render, RENDER_ARRAY);
	assert_int_equal(s->fields[1].slot, 3);
	assert_int_equal(s->shape.n_slots, 5);
	assert_int_equal(s->shape.prefix, 6);
	small_free(s);
}

static void
test_what_follows_a_field_of_any_size_is_no_prefix(void **state)
{
	struct small *s = small_new();

	(void)state;
	s->fields[1].wire = WIRE_STR;
	s->fields[1].length_of = "count";
	assert_int_equal(compile(s), 0);
	assert_false(s->shape.fixed);
	assert_int_equal(s->shape.n_prefix, 1);
	assert_int_equal(s->shape.prefix, 1);
	assert_int_equal(s->fields[1].length_slot, 0);
	assert_false(s->fields[1].fixed_text);
	small_free(s);
}

/* Changes that cannot be compiled, and what is said of them. */
static void
width_of_9(struct small *s)
{
	s->fields[0].width = 9;
}

static void
width_of_0(struct small *s)
{
	s->fields[0].width = 0;
}

static void
times_of_17(struct small *s)
{
	s->fields[0].times = 17;
}

static void
times_of_0(struct small *s)
{
	s->fields[0].times = 0;
}

static void
count_by_nothing(struct small *s)
{
	s->fields[1].length_of = "nothing";
}

static void
count_by_what_comes_later(struct small *s)
{
	s->fields[0].length_of = "status";
}

static void
count_by_text(struct small *s)
{
	s->fields[0].wire = WIRE_MAC;
	s->fields[1].length_of = "count";
}

static void
sort_of_what_is_not_counted(struct small *s)
{
	s->elements[0].sort = "rssi_dbm";
}

static void
same_element_number(struct small *s)
{
	s->elements[1].type = 0x100;
}

static void
elements_far_apart(struct small *s)
{
	s->elements[1].type = 0x10100;
}

static void
same_value_number(struct small *s)
{
	s->values[0].number = 1;
}

static void
shape_in_itself(struct small *s)
{
	s->fields[2] = s->elements[0];
}

static void
unknown_part(struct small *s)
{
	s->parts[0].name = "nothing";
}

static void
unknown_question(struct small *s)
{
	s->messages[0].answers = "nothing";
}

static void
same_message_id(struct small *s)
{
	s->messages[0].id = 1;
}

static void
unknown_request(struct small *s)
{
	s->service.request = "nothing";
}

static void
record_that_is_an_integer(struct small *s)
{
	s->elements[1].kind = KIND_INFO;
}

static void
header_overlap(struct small *s)
{
	s->dict.frame.length.offset = 3;
}

static void
header_field_outside(struct small *s)
{
	s->dict.frame.transaction = (struct header_field){7, 4};
}

static void
header_without_id(struct small *s)
{
	s->dict.frame.id.width = 0;
}

static void
limit_below_the_header(struct small *s)
{
	s->dict.frame.max_length = 9;
}

static void
no_alignment(struct small *s)
{
	s->dict.element.align = 0;
}

static void
no_memory(struct small *s)
{
	s->dict.memory.limit = 64;
}

static void
test_what_cannot_be_compiled_is_told(void **state)
{
	static const struct {
		void (*change)(struct small *s);
		const char *said;
	} cases[] = {
		{width_of_9, "sample.count: 9 bytes"},
		{width_of_0, "sample.count: 0 bytes"},
		{times_of_17, "sample.count: 17 times"},
		{times_of_0, "sample.count: 0 times"},
		{count_by_nothing, "no integer \"nothing\" before it"},
		{count_by_what_comes_later, "no integer \"status\" before it"},
		{count_by_text, "no integer \"count\" before it"},
		{sort_of_what_is_not_counted, "sample: only a counted struct"},
		{same_element_number, "status has the number of sample"},
		{elements_far_apart, "element numbers more than"},
		{same_value_number, "has the number of"},
		{shape_in_itself, "contains itself"},
		{unknown_part, "message answer: no element \"nothing\""},
		{unknown_question, "message answer: no message \"nothing\""},
		{same_message_id, "has the id of"},
		{unknown_request, "service rssi: no message \"nothing\""},
		{record_that_is_an_integer, "status: a record must be a struct or a group"},
		{header_overlap, "frame.length: overlaps id at byte 3"},
		{header_field_outside, "frame.transaction: lies beyond"},
		{header_without_id, "id and length are needed"},
		{limit_below_the_header, "max is less than the header"},
		{no_alignment, "at least 1"},
		{no_memory, "out of memory"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct small *s = small_new();

		cases[i].change(s);
		if (compile(s) != -1)
			fail_msg("compiled, expected \"%s\"", cases[i].said);
		if (!strstr(s->error, cases[i].said))
			fail_msg("\"%s\", expected \"%s\"", s->error, cases[i].said);
		small_free(s);
	}
}

/* Every record, filled with the longest values, stays within the room that was worked out. */
static void
test_the_baseline_knows_the_size_of_its_text(void **state)
{
	struct reading *r = reading_new(BASELINE);

	(void)state;
	for (uint32_t i = 0; i < r->dict->elements.n_fields; i++) {
		const struct field *f = &r->dict->elements.fields[i];
		struct value *slots =
			f->shape ? arena_calloc(&r->arena, f->shape->n_slots, sizeof *slots) : NULL;
		struct record record = {.kind = f->kind, .element = f, .slots = slots};
		struct jsonw json;

		if (f->kind == KIND_NONE)
			continue;
		for (uint32_t k = 0; k < f->shape->n_fields; k++)
			for (unsigned n = 0; n < f->shape->fields[k].times; n++)
				slots[f->shape->fields[k].slot + n] = (struct value){
					.i = -1, .present = f->shape->fields[k].fixed_text};
		jsonw_init(&json);
		record_json_members(&json, &r->message, &record);
		assert_true(json.length <= f->shape->max_text);
		jsonw_fini(&json);
	}
	reading_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots_sizes_and_keys),
		cmocka_unit_test(test_enumerations_are_sorted_and_quoted),
		cmocka_unit_test(test_bodies_are_the_control_elements),
		cmocka_unit_test(test_several_integers_in_a_row_take_as_many_slots),
		cmocka_unit_test(test_what_follows_a_field_of_any_size_is_no_prefix),
		cmocka_unit_test(test_what_cannot_be_compiled_is_told),
		cmocka_unit_test(test_the_baseline_knows_the_size_of_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
