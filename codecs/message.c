/* SPDX-License-Identifier: ISC */
/* message.c: from a frame to its control elements and, one after the other, its records */
#include "codecs/message.h"

#include "codecs/decode.h"

const char *
unknown_reason_name(enum unknown_reason reason)
{
	switch (reason) {
	case UNKNOWN_MESSAGE:
		return "unknown_message";
	case UNKNOWN_ELEMENT:
		return "unknown_element";
	case UNKNOWN_MALFORMED:
		return "malformed";
	}
	return "?";
}

static struct cursor
body_cursor(const struct message *m)
{
	return cursor_over(m->frame.body, m->frame.body_length, m->dict->little_endian);
}

static void
spoil(struct message *m, enum fault_why why, const uint8_t *at)
{
	m->fault =
		(struct fault){FAULT_MESSAGE, why, m->def->name, (uint32_t)(at - m->frame.bytes)};
}

static bool
adds_up(struct message *m)
{
	struct cursor rest = body_cursor(m);
	struct element element;

	while (cursor_left(&rest)) {
		const uint8_t *at = rest.at;

		if (!element_next(m->dict, m->frame.body, &rest, &element)) {
			spoil(m, FAULT_LENGTH, at);
			return false;
		}
	}
	return true;
}

static uint64_t
milliseconds(const struct field *f, uint64_t time)
{
	return f->format == FORMAT_TIME_MS ? time : time * 1000;
}

static struct decoder
decoder_for(const struct message *m)
{
	return (struct decoder){.dict = m->dict, .arena = m->arena, .frame = m->frame.bytes};
}

static void
read_time(struct message *m, const struct field *f, struct cursor window)
{
	struct decoder d = decoder_for(m);
	struct value time[MAX_TIMES];

	if (!decode_field(&d, f, window, time)) {
		m->bad_control = true;
		return;
	}
	m->has_time = time->present;
	m->time_ms = milliseconds(f, time->u);
}

/* A control element that cannot be read has no value; those before it in a list stay. */
static void
drop_control(struct message *m, const struct field *part)
{
	struct value *slot = &m->body[part->slot];

	m->bad_control = true;
	if (slot->count)
		slot->count--;
	slot->present = part->repeat && slot->count;
}

/* Reads what is part of this message's body, and the controller's time, which any message may have.
 */
static void
read_control(struct message *m)
{
	struct group_place group = {
		.start = m->frame.body, .rest = body_cursor(m), .slots = m->body};
	struct decoder d = decoder_for(m);
	struct element element;

	while (cursor_left(&group.rest) &&
	       element_next(m->dict, group.start, &group.rest, &element)) {
		const struct field *part = shape_element(&m->def->body, element.type);
		const struct field *common = shape_element(&m->dict->elements, element.type);

		if (common && common->role == ROLE_TIME)
			read_time(m, common, element.value);
		if (part && (part->repeat || !m->body[part->slot].present) &&
		    !decode_child(&d, part, &element, &group))
			drop_control(m, part);
	}
}

void
message_open(struct message *m, const struct dict *dict, const struct frame *frame,
	     struct arena *arena)
{
	*m = (struct message){.dict = dict, .frame = *frame, .arena = arena};
	m->def = dict_message(dict, frame->id);
	m->rest = body_cursor(m);
	m->mark = arena_mark(arena);
	m->solicited = m->def && m->def->answers;
	if (!m->def || !adds_up(m))
		return;
	m->body = arena_calloc(arena, m->def->body.n_slots + 1, sizeof *m->body);
	if (!m->body) {
		spoil(m, FAULT_MEMORY, frame->body);
		return;
	}
	read_control(m);
	m->mark = arena_mark(arena);
}

const struct value *
message_value(const struct message *m, const char *name)
{
	const struct field *f = m->body ? shape_field(&m->def->body, name) : NULL;

	return f && m->body[f->slot].present ? &m->body[f->slot] : NULL;
}

const char *
message_choice(const struct message *m, const char *name)
{
	const struct value *value = message_value(m, name);
	const struct field *f = value ? shape_field(&m->def->body, name) : NULL;
	const struct enumeration_value *known =
		f && f->values ? enumeration_find(f->values, value->u) : NULL;

	return known ? known->name : NULL;
}

uint32_t
message_count(const struct message *m)
{
	struct cursor rest = body_cursor(m);
	struct element element;
	uint32_t count = 0;

	if (!m->def || m->fault.level != FAULT_NONE)
		return 0;
	while (cursor_left(&rest) && element_next(m->dict, m->frame.body, &rest, &element)) {
		const struct field *f = shape_element(&m->dict->elements, element.type);

		count += f && f->kind != KIND_NONE;
	}
	return count;
}

static void
make_unknown(const struct message *m, struct record *record, enum unknown_reason reason)
{
	*record = (struct record){
		.kind = KIND_UNKNOWN,
		.reason = reason,
		.bytes = m->frame.body,
		.length = m->frame.body_length,
		.fault = m->fault,
	};
}

static bool
element_unknown(const struct message *m, struct record *record, const struct element *element,
		enum unknown_reason reason)
{
	make_unknown(m, record, reason);
	record->has_type = true;
	record->type = element->type;
	record->bytes = element->value.at;
	record->length = (uint32_t)cursor_left(&element->value);
	return true;
}

static bool
decode_record(const struct message *m, const struct field *f, const struct element *element,
	      struct record *record)
{
	struct decoder d = decoder_for(m);
	struct value object;

	if (!decode_field(&d, f, element->value, &object)) {
		element_unknown(m, record, element, UNKNOWN_MALFORMED);
		record->fault = d.fault;
		return true;
	}
	record->kind = f->kind;
	record->element = f;
	record->slots = object.items;
	record->unrecognized = d.unrecognized;
	return true;
}

/* A control element that read_control could not read; it is tried again so that the fault is told
 * in its place. */
static bool
decode_bad_control(const struct message *m, const struct field *f, const struct element *element,
		   struct record *record)
{
	struct decoder d = decoder_for(m);
	struct value value[MAX_TIMES];

	if (!shape_element(&m->def->body, element->type) && f->role != ROLE_TIME)
		return false;
	if (decode_field(&d, f, element->value, value))
		return false;
	element_unknown(m, record, element, UNKNOWN_MALFORMED);
	record->fault = d.fault;
	return true;
}

bool
message_next(struct message *m, struct record *record)
{
	struct element element;

	arena_release(m->arena, m->mark);
	if (m->spent)
		return false;
	if (!m->def || m->fault.level != FAULT_NONE) {
		m->spent = true;
		make_unknown(m, record, m->def ? UNKNOWN_MALFORMED : UNKNOWN_MESSAGE);
		return true;
	}
	while (cursor_left(&m->rest) && element_next(m->dict, m->frame.body, &m->rest, &element)) {
		const struct field *f = shape_element(&m->dict->elements, element.type);

		if (!f)
			return element_unknown(m, record, &element, UNKNOWN_ELEMENT);
		if (f->kind != KIND_NONE)
			return decode_record(m, f, &element, record);
		if (m->bad_control && decode_bad_control(m, f, &element, record))
			return true;
	}
	m->spent = true;
	return false;
}
