/* SPDX-License-Identifier: ISC */
/* encode.c: from values to frames, the inverse of message.c */
#include "codecs/encode.h"

#include <string.h>

#define MAC_BYTES 6

void
encode_init(struct encoder *e, const struct dict *dict, void *data, size_t size)
{
	*e = (struct encoder){.dict = dict, .data = data, .size = size};
}

/* Room for `length` more bytes, or NULL and a failure that sticks. */
static uint8_t *
room(struct encoder *e, size_t length)
{
	uint8_t *p = e->data + e->length;

	if (e->failed || length > e->size - e->length) {
		e->failed = true;
		return NULL;
	}
	e->length += length;
	return p;
}

static void
store(struct encoder *e, uint8_t *p, unsigned width, uint64_t u)
{
	for (unsigned i = 0; i < width; i++)
		p[e->dict->little_endian ? i : width - 1 - i] = (uint8_t)(u >> 8 * i);
}

static bool
fits(uint64_t u, unsigned width)
{
	return width >= sizeof u || u >> 8 * width == 0;
}

static void
put_uint(struct encoder *e, unsigned width, uint64_t u)
{
	uint8_t *p = room(e, width);

	if (p && fits(u, width))
		store(e, p, width, u);
	else
		e->failed = true;
}

static void
put_bytes(struct encoder *e, const void *bytes, size_t length)
{
	uint8_t *p = room(e, length);

	if (p && length)
		memcpy(p, bytes, length);
}

static void
put_header(struct encoder *e, struct header_field field, uint64_t u)
{
	if (!field.width)
		return;
	if (fits(u, field.width))
		store(e, e->data + field.offset, field.width, u);
	else
		e->failed = true;
}

void
encode_header(struct encoder *e, const struct message_def *def, uint32_t transaction, bool more)
{
	const struct frame_layout *layout = &e->dict->frame;
	uint8_t *p = room(e, layout->header);

	if (!p || !def) {
		e->failed = true;
		return;
	}
	memset(p, 0, layout->header);
	put_header(e, layout->version, layout->version_value);
	put_header(e, layout->flags, more ? UINT64_C(1) << layout->more_bit : 0);
	put_header(e, layout->id, def->id);
	put_header(e, layout->transaction, transaction);
}

size_t
encode_end(struct encoder *e)
{
	const struct frame_layout *layout = &e->dict->frame;
	size_t length = e->length;

	if (length < layout->header || length > layout->max_length)
		e->failed = true;
	if (!e->failed)
		put_header(e, layout->length,
			   layout->length_is_body ? length - layout->header : length);
	return e->failed ? 0 : length;
}

static void
put_integer(struct encoder *e, const struct field *f, const struct value *v)
{
	int64_t i = v->present ? v->i : f->has_none ? f->none : 0;
	int64_t half = f->width < 8 ? INT64_C(1) << (8 * f->width - 1) : 0;
	uint8_t *p;

	if (f->wire == WIRE_UINT && (v->present || !f->has_none)) {
		put_uint(e, f->width, (uint64_t)i);
		return;
	}
	if (half && f->wire == WIRE_INT && (i < -half || i >= half))
		e->failed = true;
	p = room(e, f->width);
	if (p)
		store(e, p, f->width, (uint64_t)i);
}

static void
put_mac(struct encoder *e, const struct value *v)
{
	uint8_t *p = room(e, MAC_BYTES);

	for (unsigned i = 0; p && i < MAC_BYTES; i++)
		p[i] = (uint8_t)(v->u >> 8 * (MAC_BYTES - 1 - i));
}

static void put_object(struct encoder *e, const struct shape *shape, const struct value *slots);

static void
put_value(struct encoder *e, const struct field *f, const struct value *v)
{
	switch (f->wire) {
	case WIRE_UINT:
	case WIRE_INT:
		for (unsigned i = 0; i < f->times; i++)
			put_integer(e, f, v + i);
		return;
	case WIRE_MAC:
		put_mac(e, v);
		return;
	case WIRE_IP:
	case WIRE_STR:
	case WIRE_BYTES:
	case WIRE_CIVIC:
	case WIRE_GEO:
		put_bytes(e, v->bytes, v->count);
		return;
	case WIRE_STRUCT:
		for (uint32_t i = 0; i < v->count; i++)
			put_object(e, f->shape, v->items + (size_t)i * f->stride);
		return;
	case WIRE_GROUP:
		put_object(e, f->shape, v->items);
		return;
	}
}

static void
pad(struct encoder *e, size_t start)
{
	while ((e->length - start) % e->dict->element.align && !e->failed)
		put_uint(e, 1, 0);
}

/* Appends one element of the body or group that begins at `start`. */
static void
put_element(struct encoder *e, size_t start, const struct field *f, const struct value *v)
{
	const struct element_layout *layout = &e->dict->element;
	size_t header = (size_t)layout->type_width + layout->length_width;
	size_t at, length;

	put_uint(e, layout->type_width, f->type);
	at = e->length;
	put_uint(e, layout->length_width, 0);
	if (f->repeat && (f->wire == WIRE_STRUCT || f->wire == WIRE_GROUP))
		put_object(e, f->shape, v);
	else
		put_value(e, f, v);
	length = e->length - at - layout->length_width + (layout->length_is_element ? header : 0);
	if (e->failed || !fits(length, layout->length_width)) {
		e->failed = true;
		return;
	}
	store(e, e->data + at, layout->length_width, length);
	pad(e, start);
}

static void
put_group(struct encoder *e, const struct shape *shape, const struct value *slots)
{
	size_t start = e->length;

	for (uint32_t i = 0; i < shape->n_fields; i++) {
		const struct field *f = &shape->fields[i];
		const struct value *v = &slots[f->slot];

		if (!v->present)
			continue;
		for (uint32_t k = 0; f->repeat && k < v->count; k++)
			put_element(e, start, f, v->items + (size_t)k * f->stride);
		if (!f->repeat)
			put_element(e, start, f, v);
	}
}

static void
put_object(struct encoder *e, const struct shape *shape, const struct value *slots)
{
	if (shape->group) {
		put_group(e, shape, slots);
		return;
	}
	for (uint32_t i = 0; i < shape->n_fields; i++)
		put_value(e, &shape->fields[i], &slots[shape->fields[i].slot]);
}

void
encode_element(struct encoder *e, const struct field *f, const struct value *v)
{
	put_element(e, e->dict->frame.header, f, v);
}

void
encode_uint(struct encoder *e, const char *name, uint64_t u)
{
	const struct field *f = shape_field(&e->dict->elements, name);
	struct value value = {.u = u, .count = 1, .present = true};

	if (f && f->times == 1 && (f->wire == WIRE_UINT || f->wire == WIRE_MAC))
		encode_element(e, f, &value);
	else
		e->failed = true;
}

struct value *
object_new(struct arena *arena, const struct shape *shape)
{
	return object_list(arena, shape, 1);
}

struct value *
object_list(struct arena *arena, const struct shape *shape, uint32_t count)
{
	return arena_calloc(arena, count, shape->n_slots * sizeof(struct value));
}

static bool
object_set(struct value *object, const struct field *f, struct value value)
{
	value.present = true;
	object[f->slot] = value;
	return true;
}

bool
object_uint(struct value *object, const struct shape *shape, const char *name, uint64_t u)
{
	const struct field *f = shape_field(shape, name);

	if (!f || (f->wire != WIRE_UINT && f->wire != WIRE_MAC))
		return false;
	return object_set(object, f, (struct value){.u = u, .count = 1});
}

bool
object_int(struct value *object, const struct shape *shape, const char *name, int64_t i)
{
	const struct field *f = shape_field(shape, name);

	if (!f || f->wire != WIRE_INT)
		return false;
	return object_set(object, f, (struct value){.i = i, .count = 1});
}

bool
object_text(struct value *object, const struct shape *shape, const char *name, const char *text)
{
	return object_bytes(object, shape, name, text, strlen(text));
}

bool
object_bytes(struct value *object, const struct shape *shape, const char *name, const void *bytes,
	     size_t length)
{
	const struct field *f = shape_field(shape, name);

	if (!f || f->wire < WIRE_IP || f->wire == WIRE_STRUCT || f->wire == WIRE_GROUP)
		return false;
	if (f->length_slot != NO_SLOT)
		object[f->length_slot] = (struct value){.u = length, .count = 1, .present = true};
	return object_set(object, f, (struct value){.bytes = bytes, .count = (uint32_t)length});
}

bool
object_child(struct value *object, const struct shape *shape, const char *name, struct value *items,
	     uint32_t count)
{
	const struct field *f = shape_field(shape, name);

	if (!f || !items || (!f->shape && !f->repeat))
		return false;
	if (f->count_slot != NO_SLOT)
		object[f->count_slot] = (struct value){.u = count, .count = 1, .present = true};
	return object_set(object, f, (struct value){.items = items, .count = count});
}
