/* SPDX-License-Identifier: ISC */
/* test_roundtrip.c: objects of every record, encoded and decoded by two dictionaries, are the same
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codecs/encode.h"
#include "tests/unit/support.h"

#define ROUNDS 200
#define ROOM   65000

/* What objects are made with. */
struct maker {
	struct arena arena;
	uint64_t random;
};

static uint64_t
draw(struct maker *m, uint64_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random % below;
}

static uint8_t *
draw_bytes(struct maker *m, size_t length)
{
	uint8_t *bytes = arena_alloc(&m->arena, length + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)draw(m, 256);
	return bytes;
}

/* An integer, often at a border of what its width holds. */
static struct value
draw_integer(struct maker *m, const struct field *f)
{
	unsigned bits = 8U * f->width - (f->wire == WIRE_INT);
	uint64_t most = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
	uint64_t u = draw(m, 4) == 0 ? most : draw(m, 4) == 0 ? 0 : draw(m, UINT64_MAX) & most;
	bool negative = f->wire == WIRE_INT && draw(m, 2);
	struct value value = {.u = negative ? ~u : u, .count = 1, .present = true};

	if (f->has_none && value.i == f->none)
		value.present = false;
	return value;
}

static void make_object(struct maker *m, const struct shape *shape, struct value *slots);

static struct value *
make_list(struct maker *m, const struct field *f, uint32_t count)
{
	struct value *list = object_list(&m->arena, f->shape, count);

	assert_non_null(list);
	for (uint32_t i = 0; i < count; i++)
		make_object(m, f->shape, list + (size_t)i * f->stride);
	return list;
}

/* Lists that are sorted when they are read have their greatest first from the start. */
static void
order_list(const struct field *f, struct value *list, uint32_t count)
{
	for (uint32_t i = 0; f->sort_field && i < count; i++)
		for (unsigned k = 0; k < f->sort_field->times; k++)
			list[(size_t)i * f->stride + f->sort_field->slot + k] =
				(struct value){.i = 10 - i, .count = 1, .present = true};
}

static struct value
make_value(struct maker *m, const struct field *f)
{
	struct value value = {.count = 1, .present = true};

	switch (f->wire) {
	case WIRE_UINT:
	case WIRE_INT:
		return draw_integer(m, f);
	case WIRE_MAC:
		value.u = draw(m, UINT64_C(1) << 48);
		return value;
	case WIRE_IP:
		value.count = draw(m, 2) ? 4 : 16;
		value.bytes = draw_bytes(m, value.count);
		return value;
	case WIRE_STR:
	case WIRE_BYTES:
		value.count = (uint32_t)draw(m, 40);
		value.bytes = draw_bytes(m, value.count);
		return value;
	case WIRE_STRUCT:
	case WIRE_GROUP:
		value.count = f->count_of ? (uint32_t)draw(m, 6) : 1;
		value.items = make_list(m, f, value.count);
		order_list(f, value.items, value.count);
		return value;
	case WIRE_CIVIC:
	case WIRE_GEO:
		break;
	}
	return (struct value){.present = false};
}

/* A value that may repeat: a list of them. */
static struct value
make_repeated(struct maker *m, const struct field *f)
{
	struct value list = {.count = 1 + (uint32_t)draw(m, 4), .present = true};

	list.items = arena_calloc(&m->arena, list.count, f->stride * sizeof(struct value));
	assert_non_null(list.items);
	for (uint32_t i = 0; i < list.count; i++) {
		struct value *one = list.items + (size_t)i * f->stride;

		if (f->shape)
			make_object(m, f->shape, one);
		else
			*one = make_value(m, f);
	}
	return list;
}

/* Sets a field, and the earlier one that counts it. */
static void
set_field(struct maker *m, const struct field *f, struct value *slots)
{
	slots[f->slot] = f->repeat ? make_repeated(m, f) : make_value(m, f);
	for (unsigned i = 1; i < f->times; i++)
		slots[f->slot + i] = make_value(m, f);
	if (f->count_slot != NO_SLOT)
		slots[f->count_slot].u = slots[f->slot].count;
	if (f->length_slot != NO_SLOT)
		slots[f->length_slot].u = slots[f->slot].count;
}

static void
make_object(struct maker *m, const struct shape *shape, struct value *slots)
{
	for (uint32_t i = 0; i < shape->n_fields; i++) {
		const struct field *f = &shape->fields[i];

		if (!shape->group || f->required || draw(m, 4))
			set_field(m, f, slots);
	}
}

static void assert_same(const struct field *f, const struct value *a, const struct value *b);

static void
assert_same_object(const struct shape *shape, const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < shape->n_fields; i++)
		for (unsigned k = 0; k < shape->fields[i].times; k++)
			assert_same(&shape->fields[i], &a[shape->fields[i].slot + k],
				    &b[shape->fields[i].slot + k]);
}

static void
assert_same_one(const struct field *f, const struct value *a, const struct value *b)
{
	if (f->shape) {
		assert_same_object(f->shape, a, b);
	} else if (f->wire == WIRE_UINT || f->wire == WIRE_INT || f->wire == WIRE_MAC) {
		assert_true(a->u == b->u);
	} else {
		assert_int_equal(a->count, b->count);
		assert_memory_equal(a->bytes, b->bytes, a->count);
	}
}

static void
assert_same(const struct field *f, const struct value *a, const struct value *b)
{
	if (a->present != b->present)
		fail_msg("%s: %d became %d", f->name, a->present, b->present);
	if (!a->present)
		return;
	if (!f->repeat && !f->shape) {
		assert_same_one(f, a, b);
		return;
	}
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++)
		assert_same_one(f, a->items + (size_t)i * f->stride,
				b->items + (size_t)i * f->stride);
}

/* The notification that an element comes in. */
static const struct message_def *
carrier(const struct dict *dict, const struct field *element)
{
	for (uint32_t i = 0; i < dict->n_messages; i++)
		for (uint32_t k = 0; k < dict->messages[i].n_parts; k++)
			if (dict->messages[i].parts[k].field == element &&
			    !dict->messages[i].answers)
				return &dict->messages[i];
	fail_msg("%s is in no notification", element->name);
	return NULL;
}

/* Encodes an object twice in one message and reads both back. */
static void
go_round(struct reading *r, struct maker *m, const struct field *f)
{
	struct value value = {.count = 1, .present = true};
	struct encoder e;

	arena_reset(&m->arena);
	value.items = make_list(m, f, 1);
	encode_init(&e, r->dict, r->bytes, ROOM);
	encode_header(&e, carrier(r->dict, f), 0, false);
	encode_element(&e, f, &value);
	encode_element(&e, f, &value);
	r->length = encode_end(&e);
	assert_int_not_equal(r->length, 0);
	reading_open(r);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(message_next(&r->message, &r->record));
		assert_int_equal(r->record.kind, f->kind);
		assert_null(r->record.unrecognized);
		assert_same_object(f->shape, value.items, r->record.slots);
	}
	assert_false(message_next(&r->message, &r->record));
}

static void
go_round_all(const char *dictionary)
{
	struct reading *r = reading_new(dictionary);
	struct maker m = {.random = 88172645463325252U};
	unsigned records = 0;

	arena_init(&m.arena, 1024 * 1024);
	for (uint32_t i = 0; i < r->dict->elements.n_fields; i++) {
		const struct field *f = &r->dict->elements.fields[i];

		records += f->kind != KIND_NONE;
		for (unsigned round = 0; f->kind != KIND_NONE && round < ROUNDS; round++)
			go_round(r, &m, f);
	}
	assert_int_equal(records, 10);
	arena_fini(&m.arena);
	reading_free(r);
}

static void
test_every_record_through_the_baseline_dictionary(void **state)
{
	(void)state;
	go_round_all(BASELINE);
}

static void
test_every_record_through_another_dictionary(void **state)
{
	(void)state;
	go_round_all(SECOND);
}

/* Positions and addresses are encoded from raw bytes, so they are compared as JSON. */
static void
test_raw_bytes_of_positions_and_addresses(void **state)
{
	static const uint8_t civic[] = {2, 'U', 'S', 19, 3, '1', '7', '0'};
	static const uint8_t geo[16] = {0x48, 0x4b, [5] = 0x4b, 0x0c, [15] = 0x41};
	const char *dictionaries[] = {BASELINE, SECOND};

	(void)state;
	for (size_t i = 0; i < COUNT(dictionaries); i++) {
		struct reading *r = reading_new(dictionaries[i]);
		const struct field *f = shape_field(&r->dict->elements, "location");
		struct value value = {.count = 1, .present = true};
		struct encoder e;

		value.items = object_new(&r->arena, f->shape);
		assert_true(object_bytes(value.items, f->shape, "civic", civic, sizeof civic));
		assert_true(object_bytes(value.items, f->shape, "geo", geo, sizeof geo));
		encode_init(&e, r->dict, r->bytes, ROOM);
		encode_header(&e, carrier(r->dict, f), 0, false);
		encode_element(&e, f, &value);
		r->length = encode_end(&e);
		reading_open(r);
		support_assert_json(
			reading_next(r),
			"{'civic':{'source':'client','country':'US','HNO':'170'},"
			"'geo':{'latitude':37.5,'latitude_uncertainty_deg':0.0009765625,"
			"'longitude':-122,'longitude_uncertainty_deg':0.0009765625,"
			"'datum':'WGS84'}}");
		reading_free(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_record_through_the_baseline_dictionary),
		cmocka_unit_test(test_every_record_through_another_dictionary),
		cmocka_unit_test(test_raw_bytes_of_positions_and_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
