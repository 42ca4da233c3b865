/* SPDX-License-Identifier: ISC */
/* form.c: fills in the objects of a message by the names of their fields */
#include "gateway/sim/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct field *
find(const struct form *form, const char *name)
{
	return form->slots ? shape_field(form->shape, name) : NULL;
}

static void
set(struct form *form, const struct field *field, struct value value)
{
	value.present = true;
	form->slots[field->slot] = value;
}

struct form
form_new(struct arena *arena, const struct field *field)
{
	struct form form = {arena, field ? field->shape : NULL, NULL};

	if (form.shape)
		form.slots = object_new(arena, form.shape);
	return form;
}

void
form_number(struct form *form, const char *name, int64_t number)
{
	const struct field *field = find(form, name);

	if (field)
		set(form, field, (struct value){.i = number, .count = 1});
}

void
form_enum(struct form *form, const char *name, const char *value)
{
	const struct field *field = find(form, name);
	const struct enumeration_value *entry;

	if (!field || !field->values)
		return;
	entry = enumeration_named(field->values, value);
	if (entry)
		set(form, field, (struct value){.u = entry->number, .count = 1});
}

void
form_numbers(struct form *form, const char *name, const int8_t *numbers, uint32_t count)
{
	const struct field *field = find(form, name);

	for (uint32_t i = 0; field && i < count && i < field->times; i++)
		form->slots[field->slot + i] =
			(struct value){.i = numbers[i], .count = 1, .present = true};
}

void
form_bit(struct form *form, const char *name, const char *bit)
{
	const struct field *field = find(form, name);

	for (unsigned i = 0; field && i < field->n_bits; i++)
		if (strcmp(field->bits[i].json, bit) == 0)
			form_number(form, name,
				    form->slots[field->slot].i | INT64_C(1)
									 << field->bits[i].number);
}

void
form_text(struct form *form, const char *name, const char *format, ...)
{
	char text[128];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length >= 0)
		form_bytes(form, name, text,
			   (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

void
form_bytes(struct form *form, const char *name, const void *bytes, size_t length)
{
	const struct field *field = find(form, name);
	struct value value = {.count = (uint32_t)length, .present = true};
	struct value *only;

	if (!field)
		return;
	value.bytes = (const uint8_t *)arena_strndup(form->arena, bytes, length);
	only = field->repeat ? arena_calloc(form->arena, 1, sizeof *only) : NULL;
	if (!value.bytes || (field->repeat && !only))
		return;
	if (only) {
		*only = value;
		value = (struct value){.items = only, .count = 1};
	}
	set(form, field, value);
}

void
form_ip(struct form *form, const char *name, uint32_t address)
{
	uint8_t bytes[4] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
			    (uint8_t)(address >> 8), (uint8_t)address};

	form_bytes(form, name, bytes, sizeof bytes);
}

struct form
form_list(struct form *form, const char *name, uint32_t count)
{
	const struct field *field = find(form, name);
	struct form list = {form->arena, field ? field->shape : NULL, NULL};

	if (!list.shape)
		return list;
	list.slots = object_list(form->arena, list.shape, count ? count : 1);
	if (!list.slots)
		return list;
	set(form, field, (struct value){.items = list.slots, .count = count});
	if (field->count_of)
		form_number(form, field->count_of, count);
	return list;
}

void
form_next(struct form *form)
{
	if (form->slots)
		form->slots += form->shape->n_slots;
}

void
form_encode(const struct form *form, const struct field *field, struct encoder *encoder)
{
	struct value whole = {.items = form->slots, .count = 1, .present = true};

	if (form->slots)
		encode_element(encoder, field, field->repeat ? form->slots : &whole);
}

void
form_encode_enum(struct encoder *encoder, const char *name, const char *value)
{
	const struct field *field = shape_field(&encoder->dict->elements, name);
	const struct enumeration_value *entry =
		field && field->values ? enumeration_named(field->values, value) : NULL;

	if (entry)
		encode_uint(encoder, name, entry->number);
}
