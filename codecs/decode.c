/* SPDX-License-Identifier: ISC */
/* decode.c: from the bytes of one field to its value, as the dictionary describes it
 *
 * A struct is read in two parts: its leading fields of fixed size behind one check of bounds, the
 * rest one by one.
 */
#include "codecs/decode.h"

#include <stdlib.h>

#include "codecs/civic.h"
#include "codecs/geo.h"

#define MAC_BYTES 6
#define FEW	  24 /* members up to which insertion sort is the fastest */

bool
decode_fail(struct decoder *d, enum fault_why why, const char *what, const uint8_t *at)
{
	d->fault = (struct fault){FAULT_RECORD, why, what, (uint32_t)(at - d->frame)};
	return false;
}

bool
element_next(const struct dict *dict, const uint8_t *start, struct cursor *rest,
	     struct element *element)
{
	const struct element_layout *layout = &dict->element;
	size_t header = (size_t)layout->type_width + layout->length_width;
	size_t length, over;

	element->type = (uint32_t)cursor_uint(rest, layout->type_width);
	length = (size_t)cursor_uint(rest, layout->length_width);
	if (layout->length_is_element) {
		rest->failed |= length < header;
		length -= header;
	}
	element->value = cursor_window(rest, length);
	over = layout->align > 1 ? (size_t)(rest->at - start) % layout->align : 0;
	if (over)
		cursor_bytes(rest, layout->align - over);
	return !rest->failed;
}

static inline int64_t
sign_extend(uint64_t u, unsigned width)
{
	unsigned shift = (64 - 8 * width) & 63;

	return (int64_t)(u << shift) >> shift;
}

static inline void
load_integer(const struct field *f, const uint8_t *p, bool little, struct value *slot)
{
	uint64_t u = cursor_load(p, f->width, little);

	if (f->wire == WIRE_INT)
		u = (uint64_t)sign_extend(u, f->width);
	slot->u = u;
	slot->count = 1;
	slot->present = !(f->has_none && u == (uint64_t)f->none);
}

/* Reads a field of fixed size whose bytes are known to be there; returns where it ends. */
static inline const uint8_t *
load_field(const struct field *f, const uint8_t *p, bool little, struct value *slot)
{
	if (f->wire == WIRE_MAC) {
		*slot = (struct value){
			.u = cursor_load(p, MAC_BYTES, false), .count = 1, .present = true};
		return p + MAC_BYTES;
	}
	for (unsigned i = 0; i < f->times; i++, p += f->width)
		load_integer(f, p, little, slot + i);
	return p;
}

static inline uint64_t
load_step(const struct load_step *step, const uint8_t *p)
{
	switch ((enum load_op)step->load) {
	case LOAD_U8:
		return *p;
	case LOAD_I8:
		return (uint64_t)(int64_t)(int8_t)*p;
	case LOAD_U16_BE:
		return cursor_load(p, 2, false);
	case LOAD_U16_LE:
		return cursor_load(p, 2, true);
	case LOAD_U32_BE:
		return cursor_load(p, 4, false);
	case LOAD_U32_LE:
		return cursor_load(p, 4, true);
	case LOAD_MAC:
		return cursor_load(p, 4, false) << 16 | cursor_load(p + 4, 2, false);
	case LOAD_UINT_BE:
		return cursor_load(p, step->width, false);
	case LOAD_UINT_LE:
		return cursor_load(p, step->width, true);
	case LOAD_INT_BE:
		return (uint64_t)sign_extend(cursor_load(p, step->width, false), step->width);
	case LOAD_INT_LE:
		return (uint64_t)sign_extend(cursor_load(p, step->width, true), step->width);
	}
	return 0;
}

/* Reads the leading fields of fixed size of a struct, whose bytes are known to be there. */
static void
load_fields(const struct shape *shape, const uint8_t *p, struct value *slots)
{
	const struct load_step *end = shape->steps + shape->n_steps;

	for (const struct load_step *step = shape->steps; step < end; step++) {
		uint64_t u = load_step(step, p + step->offset);

		slots[step->slot] = (struct value){
			.u = u, .count = 1, .present = !step->has_none || u != step->none};
	}
}

/* What a member is sorted by, in the upper half, and its place, in the lower: greater comes first,
 * and of equal keys the earlier place. A member without a value comes last. */
static uint64_t
rank_of(const struct field *f, const uint8_t *member, uint32_t place)
{
	int64_t best = INT32_MIN;

	for (unsigned i = 0; i < f->sort_field->times; i++) {
		const struct load_step *step = &f->sort_steps[i];
		uint64_t u = load_step(step, member + step->offset);

		if ((int64_t)u > best && !(step->has_none && u == step->none))
			best = (int64_t)u;
	}
	return (uint64_t)(best - INT32_MIN) << 32 | (UINT32_MAX - place);
}

static uint32_t
ranked_place(uint64_t rank)
{
	return UINT32_MAX - (uint32_t)rank;
}

static int
compare_ranks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

static void
sort_ranks(uint64_t *ranks, uint32_t count)
{
	if (count > FEW) {
		qsort(ranks, count, sizeof *ranks, compare_ranks);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		uint64_t one = ranks[i];
		uint32_t k = i;

		for (; k > 0 && ranks[k - 1] < one; k--)
			ranks[k] = ranks[k - 1];
		ranks[k] = one;
	}
}

/* Members of one fixed size, read in the order that the dictionary wants. */
static bool
load_sorted(struct decoder *d, const struct field *f, const uint8_t *p, struct value *slot)
{
	size_t size = f->shape->prefix;
	uint32_t count = slot->count;
	uint64_t *ranks = arena_alloc(d->arena, count * sizeof *ranks);

	if (!ranks)
		return decode_fail(d, FAULT_MEMORY, f->name, p);
	for (uint32_t i = 0; i < count; i++)
		ranks[i] = rank_of(f, p + i * size, i);
	sort_ranks(ranks, count);
	for (uint32_t i = 0; i < count; i++)
		load_fields(f->shape, p + ranked_place(ranks[i]) * size,
			    slot->items + (size_t)i * f->stride);
	return true;
}

static bool decode_struct(struct decoder *d, const struct shape *shape, struct cursor *c,
			  struct value *slots);

static bool
load_members(struct decoder *d, const struct field *f, struct cursor *c, struct value *slot)
{
	for (uint32_t i = 0; i < slot->count; i++)
		if (!decode_struct(d, f->shape, c, slot->items + (size_t)i * f->stride))
			return false;
	return true;
}

static bool
decode_counted(struct decoder *d, const struct field *f, struct cursor *c, struct value *slots)
{
	struct value *slot = &slots[f->slot];
	uint64_t count = slots[f->count_slot].u;
	uint64_t least = f->shape->prefix ? f->shape->prefix : 1;

	if (count > cursor_left(c) / least)
		return decode_fail(d, FAULT_COUNT, f->name, c->at);
	*slot = (struct value){.count = (uint32_t)count, .present = true};
	slot->items = arena_alloc(d->arena, count * f->stride * sizeof(struct value));
	if (!slot->items)
		return decode_fail(d, FAULT_MEMORY, f->name, c->at);
	if (!f->sort_field)
		return load_members(d, f, c, slot);
	return load_sorted(d, f, cursor_bytes(c, count * f->shape->prefix), slot);
}

static bool
decode_object(struct decoder *d, const struct field *f, struct cursor *c, struct value *slot)
{
	slot->items = arena_alloc(d->arena, f->stride * sizeof(struct value));
	if (!slot->items)
		return decode_fail(d, FAULT_MEMORY, f->name, c->at);
	slot->count = 1;
	slot->present = true;
	return decode_struct(d, f->shape, c, slot->items);
}

static bool
decode_length(struct decoder *d, const struct field *f, struct cursor *c, struct value *slots)
{
	size_t length = cursor_left(c);
	const uint8_t *at = c->at;

	if (f->length_slot != NO_SLOT)
		length = slots[f->length_slot].u < SIZE_MAX ? (size_t)slots[f->length_slot].u
							    : SIZE_MAX;
	if (length > cursor_left(c))
		return decode_fail(d, FAULT_SHORT, f->name, at);
	return decode_field(d, f, cursor_window(c, length), &slots[f->slot]);
}

/* A field behind the leading ones of fixed size. */
static bool
decode_late(struct decoder *d, const struct field *f, struct cursor *c, struct value *slots)
{
	size_t size = f->wire == WIRE_MAC ? MAC_BYTES : (size_t)f->width * f->times;
	const uint8_t *p;

	switch (f->wire) {
	case WIRE_UINT:
	case WIRE_INT:
	case WIRE_MAC:
		p = cursor_bytes(c, size);
		if (!p)
			return decode_fail(d, FAULT_SHORT, f->name, c->at);
		load_field(f, p, d->dict->little_endian, &slots[f->slot]);
		return true;
	case WIRE_STRUCT:
		return f->count_of ? decode_counted(d, f, c, slots)
				   : decode_object(d, f, c, &slots[f->slot]);
	case WIRE_IP:
	case WIRE_STR:
	case WIRE_BYTES:
	case WIRE_GROUP:
	case WIRE_CIVIC:
	case WIRE_GEO:
		return decode_length(d, f, c, slots);
	}
	return false;
}

/* Reads one struct from the cursor; `slots` need not be cleared. */
static bool
decode_struct(struct decoder *d, const struct shape *shape, struct cursor *c, struct value *slots)
{
	const uint8_t *at = c->at;
	const uint8_t *p = cursor_bytes(c, shape->prefix);

	if (!p)
		return decode_fail(d, FAULT_SHORT, shape->name, at);
	load_fields(shape, p, slots);
	for (uint32_t i = shape->n_prefix; i < shape->n_fields; i++)
		if (!decode_late(d, &shape->fields[i], c, slots))
			return false;
	return true;
}

static bool
keep_unrecognized(struct decoder *d, const struct element *element)
{
	struct unrecognized *kept = arena_alloc(d->arena, sizeof *kept);

	if (!kept)
		return decode_fail(d, FAULT_MEMORY, "unrecognized", element->value.at);
	*kept = (struct unrecognized){
		.type = element->type,
		.bytes = element->value.at,
		.length = (uint32_t)cursor_left(&element->value),
	};
	*(d->last ? &d->last->next : &d->unrecognized) = kept;
	d->last = kept;
	return true;
}

/* How many elements of this number there are in `rest`. */
static size_t
count_elements(const struct dict *dict, const uint8_t *start, struct cursor rest, uint32_t type)
{
	struct element element;
	size_t count = 0;

	while (cursor_left(&rest) && element_next(dict, start, &rest, &element))
		count += element.type == type;
	return count;
}

static bool
begin_list(struct decoder *d, const struct field *child, const struct element *element,
	   const struct group_place *group)
{
	size_t count = 1 + count_elements(d->dict, group->start, group->rest, element->type);
	struct value *list = &group->slots[child->slot];

	*list = (struct value){.present = true};
	list->items = arena_calloc(d->arena, count * child->stride, sizeof *list->items);
	return list->items || decode_fail(d, FAULT_MEMORY, child->name, element->value.at);
}

static bool decode_group(struct decoder *d, const struct field *f, struct cursor window,
			 struct value *slots);

bool
decode_child(struct decoder *d, const struct field *child, const struct element *element,
	     const struct group_place *group)
{
	struct value *slot = &group->slots[child->slot];
	struct cursor window = element->value;

	if (!child->repeat)
		return decode_field(d, child, window, slot);
	if (!slot->present && !begin_list(d, child, element, group))
		return false;
	slot = &slot->items[(size_t)slot->count++ * child->stride];
	if (child->wire == WIRE_GROUP)
		return decode_group(d, child, window, slot);
	if (child->wire != WIRE_STRUCT)
		return decode_field(d, child, window, slot);
	if (!decode_struct(d, child->shape, &window, slot))
		return false;
	return cursor_done(&window) || decode_fail(d, FAULT_LEFT_OVER, child->name, window.at);
}

static bool
has_required(struct decoder *d, const struct shape *shape, const struct value *slots,
	     const uint8_t *at)
{
	for (uint32_t i = 0; i < shape->n_fields; i++)
		if (shape->fields[i].required && !slots[shape->fields[i].slot].present)
			return decode_fail(d, FAULT_MISSING, shape->fields[i].name, at);
	return true;
}

/* Reads a group into cleared slots. An element that is unknown, or came before though it cannot be
 * a list, is kept as it is. */
static bool
decode_group(struct decoder *d, const struct field *f, struct cursor window, struct value *slots)
{
	struct group_place group = {.start = window.at, .rest = window, .slots = slots};
	struct element element;

	while (cursor_left(&group.rest)) {
		const uint8_t *at = group.rest.at;
		const struct field *child;
		bool ok;

		if (!element_next(d->dict, group.start, &group.rest, &element))
			return decode_fail(d, FAULT_LENGTH, f->name, at);
		child = shape_element(f->shape, element.type);
		if (child && (child->repeat || !slots[child->slot].present))
			ok = decode_child(d, child, &element, &group);
		else
			ok = keep_unrecognized(d, &element);
		if (!ok)
			return false;
	}
	return has_required(d, f->shape, slots, group.start);
}

static bool
decode_whole_group(struct decoder *d, const struct field *f, struct cursor window,
		   struct value *slot)
{
	slot->items = arena_calloc(d->arena, f->stride, sizeof *slot->items);
	if (!slot->items)
		return decode_fail(d, FAULT_MEMORY, f->name, window.at);
	slot->count = 1;
	slot->present = true;
	return decode_group(d, f, window, slot->items);
}

static bool
decode_whole_struct(struct decoder *d, const struct field *f, struct cursor window,
		    struct value *slot)
{
	if (!decode_object(d, f, &window, slot))
		return false;
	return cursor_done(&window) || decode_fail(d, FAULT_LEFT_OVER, f->name, window.at);
}

static bool
decode_codec(struct decoder *d, const struct field *f, struct cursor window, struct value *slot)
{
	const uint8_t *at = window.at;
	bool (*codec)(struct cursor *, struct arena *, struct value *) =
		f->wire == WIRE_CIVIC ? civic_decode : geo_decode;

	if (!codec(&window, d->arena, slot))
		return decode_fail(d, window.failed ? FAULT_SHORT : FAULT_MEMORY, f->name, at);
	return cursor_done(&window) || decode_fail(d, FAULT_LEFT_OVER, f->name, window.at);
}

bool
decode_field(struct decoder *d, const struct field *f, struct cursor window, struct value *slot)
{
	size_t left = cursor_left(&window);
	size_t size = f->wire == WIRE_MAC ? MAC_BYTES : (size_t)f->width * f->times;

	switch (f->wire) {
	case WIRE_UINT:
	case WIRE_INT:
	case WIRE_MAC:
		if (left != size)
			return decode_fail(d, left < size ? FAULT_SHORT : FAULT_LEFT_OVER, f->name,
					   window.at);
		load_field(f, window.at, d->dict->little_endian, slot);
		return true;
	case WIRE_IP:
		if (left != 4 && left != 16)
			return decode_fail(d, FAULT_SIZE, f->name, window.at);
		*slot = (struct value){
			.bytes = window.at, .count = (uint32_t)left, .present = true};
		return true;
	case WIRE_STR:
	case WIRE_BYTES:
		*slot = (struct value){
			.bytes = window.at, .count = (uint32_t)left, .present = true};
		return true;
	case WIRE_STRUCT:
		return decode_whole_struct(d, f, window, slot);
	case WIRE_GROUP:
		return decode_whole_group(d, f, window, slot);
	case WIRE_CIVIC:
	case WIRE_GEO:
		return decode_codec(d, f, window, slot);
	}
	return false;
}
