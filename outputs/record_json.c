/* SPDX-License-Identifier: ISC */
/* record_json.c: a record as JSON text
 *
 * Every member is written with a comma before it; an object turns the first comma into its brace.
 * Room for all members of bounded size is reserved once per object.
 */
#include "outputs/record_json.h"

#include "outputs/timestamp.h"

static const struct text unit_key = {",\"unit\":\0\0\0\0\0\0\0\0", 8};
static const struct text mac_type_universal = {",\"mac_type\":\"universal\"\0\0\0\0\0\0\0\0\0", 23};
static const struct text mac_type_local = {",\"mac_type\":\"local\"\0\0\0\0\0\0\0\0\0\0\0\0\0", 19};

#define MAC_LOCAL (UINT64_C(2) << 40)

static char *
put_time(char *p, uint64_t ms)
{
	*p++ = '"';
	p += timestamp_write(p, ms);
	*p++ = '"';
	return p;
}

static char *
put_digits(char *p, uint64_t u)
{
	*p++ = '"';
	p = jsonw_put_uint(p, u);
	*p++ = '"';
	return p;
}

static char *
put_enum(char *p, const struct field *f, uint64_t u)
{
	const struct enumeration_value *known = enumeration_find(f->values, u);

	return known ? jsonw_put_text(p, &known->json) : put_digits(p, u);
}

static char *
put_bits(char *p, const struct field *f, uint64_t u)
{
	for (uint32_t i = 0; i < f->n_bits; i++) {
		p = jsonw_put_text(p, &f->bits[i].key);
		p = u >> f->bits[i].number & 1 ? JSONW_PUT(p, "true") : JSONW_PUT(p, "false");
	}
	return p;
}

static char *
put_bitmap(char *p, uint64_t u)
{
	char *start = p;

	for (unsigned place = 1; u; place++, u >>= 1) {
		if (!(u & 1))
			continue;
		*p++ = ',';
		p = jsonw_put_uint(p, place);
	}
	p += p == start;
	*start = '[';
	*p++ = ']';
	return p;
}

static char *
put_integer(char *p, const struct field *f, const struct value *v)
{
	return f->wire == WIRE_INT ? jsonw_put_int(p, v->i) : jsonw_put_uint(p, v->u);
}

/* Integers that have a place each; the greatest of them under a key of its own. */
static char *
put_array(char *p, const struct field *f, const struct value *v)
{
	const struct value *best = NULL;

	for (unsigned i = 0; i < f->times; i++)
		if (v[i].present && (!best || v[i].i > best->i))
			best = &v[i];
	if (!best)
		return p;
	if (f->strongest) {
		p = jsonw_put_text(p, &f->strongest_key);
		p = put_integer(p, f, best);
	}
	p = jsonw_put_text(p, &f->key);
	for (unsigned i = 0; i < f->times; i++) {
		*p++ = i ? ',' : '[';
		p = v[i].present ? put_integer(p, f, &v[i]) : JSONW_PUT(p, "null");
	}
	*p++ = ']';
	return p;
}

static char *
put_decimal(char *p, const struct field *f, const struct value *v)
{
	if (f->wire == WIRE_INT)
		return jsonw_put_decimal(p, v->i, f->scale);
	return v->u <= INT64_MAX ? jsonw_put_decimal(p, (int64_t)v->u, f->scale)
				 : jsonw_put_uint(p, v->u / f->scale);
}

static char *
put_mac_typed(char *p, uint64_t mac)
{
	p = jsonw_put_mac(p, mac);
	return jsonw_put_text(p, mac & MAC_LOCAL ? &mac_type_local : &mac_type_universal);
}

static char *
put_value(char *p, const struct field *f, const struct value *v)
{
	switch (f->render) {
	case RENDER_UINT:
		return jsonw_put_uint(p, v->u);
	case RENDER_INT:
		return jsonw_put_int(p, v->i);
	case RENDER_DECIMAL:
		return put_decimal(p, f, v);
	case RENDER_DIGITS:
		return put_digits(p, v->u);
	case RENDER_ENUM:
		return put_enum(p, f, v->u);
	case RENDER_BITMAP:
		return put_bitmap(p, v->u);
	case RENDER_TIME_S:
		return put_time(p, v->u * 1000);
	case RENDER_TIME_MS:
		return put_time(p, v->u);
	case RENDER_REAL:
		return jsonw_put_real(p, v->real);
	case RENDER_MAC:
		return jsonw_put_mac(p, v->u);
	case RENDER_MAC_TYPED:
		return put_mac_typed(p, v->u);
	case RENDER_BITS:
	case RENDER_ARRAY:
	case RENDER_NONE:
	case RENDER_IP:
	case RENDER_STR:
	case RENDER_HEX:
	case RENDER_OBJECT:
	case RENDER_INLINE:
	case RENDER_MAP:
		break;
	}
	return p;
}

/* The unit of a measured value is that of the type beside it. */
static char *
put_unit(char *p, const struct field *f, const struct value *slots)
{
	const struct enumeration_value *type;

	if (!f->unit_field->values)
		return p;
	type = enumeration_find(f->unit_field->values, slots[f->unit_slot].u);
	if (!type || !type->unit)
		return p;
	p = jsonw_put_text(p, &unit_key);
	return jsonw_put_text(p, &type->unit_json);
}

/* A member of bounded size, into reserved room. */
static inline char *
put_member(char *p, const struct field *f, const struct value *slots)
{
	const struct value *v = &slots[f->slot];

	if (f->render == RENDER_ARRAY)
		return put_array(p, f, v);
	if (!v->present || f->render == RENDER_NONE || (f->render == RENDER_BITMAP && !v->u))
		return p;
	if (f->render == RENDER_BITS)
		return put_bits(p, f, v->u);
	p = jsonw_put_text(p, &f->key);
	p = put_value(p, f, v);
	return f->unit_field ? put_unit(p, f, slots) : p;
}

static void write_members(struct jsonw *json, const struct shape *shape, const struct value *slots);

/* Closes what began at `start` with a comma (or with nothing) as an object. */
static void
close_object(struct jsonw *json, size_t start)
{
	if (json->length == start)
		jsonw_char(json, '{');
	else
		json->data[start] = '{';
	jsonw_char(json, '}');
}

static void
write_object(struct jsonw *json, const struct shape *shape, const struct value *slots)
{
	size_t start = json->length;

	write_members(json, shape, slots);
	close_object(json, start);
}

static const struct value *
map_key(const struct field *f, const struct value *pairs, uint32_t i)
{
	return &pairs[(size_t)i * f->stride + f->map_key];
}

/* True when one of the first `count` pairs has this key. */
static bool
key_is_taken(const struct field *f, const struct value *pairs, uint32_t count, const char *key,
	     size_t length)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct value *other = map_key(f, pairs, i);

		if (other->count == length && memcmp(other->bytes, key, length) == 0)
			return true;
	}
	return false;
}

/* A key that came before gets a number behind it, since an object can have it only once: its place,
 * or where another key is called that, a number that no other place leads to. */
static void
write_second_key(struct jsonw *json, const struct field *f, const struct value *list, uint32_t i)
{
	const struct value *key = map_key(f, list->items, i);
	uint64_t number = i + UINT64_C(1);
	struct jsonw name;

	jsonw_init(&name);
	do {
		name.length = 0;
		jsonw_raw(&name, (const char *)key->bytes, key->count);
		jsonw_char(&name, '_');
		if (!jsonw_reserve(&name, JSONW_UINT))
			break;
		name.length = (size_t)(jsonw_put_uint(name.data + name.length, number) - name.data);
		number += list->count;
	} while (key_is_taken(f, list->items, list->count, name.data, name.length));
	json->failed |= name.failed;
	jsonw_string(json, (const uint8_t *)name.data, name.length);
	jsonw_fini(&name);
}

static void
write_map_key(struct jsonw *json, const struct field *f, const struct value *list, uint32_t i)
{
	const struct value *key = map_key(f, list->items, i);

	if (key_is_taken(f, list->items, i, (const char *)key->bytes, key->count))
		write_second_key(json, f, list, i);
	else
		jsonw_string(json, key->bytes, key->count);
}

static void
write_map(struct jsonw *json, const struct field *f, const struct value *list)
{
	size_t start = json->length;

	for (uint32_t i = 0; i < list->count; i++) {
		const struct value *text = &list->items[(size_t)i * f->stride + f->map_value];

		if (text->count == 0)
			continue;
		jsonw_char(json, ',');
		write_map_key(json, f, list, i);
		jsonw_char(json, ':');
		jsonw_string(json, text->bytes, text->count);
	}
	close_object(json, start);
}

/* One value of a list, or the only one. `v` is an object's slots where the field has a shape. */
static void
write_one(struct jsonw *json, const struct field *f, const struct value *v)
{
	if (f->shape)
		write_object(json, f->shape, v);
	else if (f->wire == WIRE_STR)
		jsonw_string(json, v->bytes, v->count);
	else if (f->wire == WIRE_BYTES)
		jsonw_hex(json, v->bytes, v->count);
	else if (f->wire == WIRE_IP)
		jsonw_ip(json, v->bytes, v->count);
	else if (jsonw_reserve(json, f->max_text))
		json->length = (size_t)(put_value(json->data + json->length, f, v) - json->data);
}

/* Objects of bounded size, into room that is reserved once. */
static void
write_plain_list(struct jsonw *json, const struct field *f, const struct value *list)
{
	const struct field *end = f->shape->fields + f->shape->n_fields;
	char *p;

	if (!jsonw_reserve(json, (size_t)list->count * (f->shape->max_text + 3) + 2))
		return;
	p = json->data + json->length;
	*p++ = '[';
	for (uint32_t i = 0; i < list->count; i++) {
		const struct value *slots = list->items + (size_t)i * f->stride;
		char *start = p;

		for (const struct field *at = f->shape->fields; at < end; at++)
			p = put_member(p, at, slots);
		p += p == start;
		*start = '{';
		*p++ = '}';
		*p++ = ',';
	}
	p -= list->count > 0;
	*p++ = ']';
	json->length = (size_t)(p - json->data);
}

static void
write_list(struct jsonw *json, const struct field *f, const struct value *list)
{
	if (f->shape && f->shape->plain) {
		write_plain_list(json, f, list);
		return;
	}
	jsonw_char(json, '[');
	for (uint32_t i = 0; i < list->count; i++) {
		if (i)
			jsonw_char(json, ',');
		write_one(json, f, list->items + (size_t)i * f->stride);
	}
	jsonw_char(json, ']');
}

static bool
is_empty(const struct field *f, const struct value *v)
{
	return !v->present || (v->count == 0 && !f->count_of);
}

/* A member whose size depends on its content. */
static void
write_member(struct jsonw *json, const struct field *f, const struct value *v)
{
	bool is_object = f->render == RENDER_MAP || (f->render == RENDER_OBJECT && !f->count_of);
	size_t start = json->length, at;

	if (is_empty(f, v) || (f->render == RENDER_NONE))
		return;
	if (f->render == RENDER_INLINE) {
		write_members(json, f->shape, v->items);
		return;
	}
	if (!jsonw_reserve(json, f->key.length))
		return;
	at = (size_t)(jsonw_put_text(json->data + json->length, &f->key) - json->data);
	json->length = at;
	if (f->render == RENDER_MAP)
		write_map(json, f, v);
	else if (f->repeat || f->count_of)
		write_list(json, f, v);
	else
		write_one(json, f, f->shape ? v->items : v);
	if (is_object && json->length == at + strlen("{}"))
		json->length = start;
}

/* The members from field `at` up to `end`. */
static void
write_run(struct jsonw *json, const struct shape *shape, const struct value *slots,
	  const struct field *at, const struct field *end)
{
	char *p;

	if (!jsonw_reserve(json, shape->max_text))
		return;
	p = json->data + json->length;
	for (; at < end; at++) {
		if (at->fixed_text) {
			p = put_member(p, at, slots);
			continue;
		}
		json->length = (size_t)(p - json->data);
		write_member(json, at, &slots[at->slot]);
		if (!jsonw_reserve(json, shape->max_text))
			return;
		p = json->data + json->length;
	}
	json->length = (size_t)(p - json->data);
}

/* A run of fields that stand in an object of their own. */
static void
write_under(struct jsonw *json, const struct shape *shape, const struct value *slots,
	    const struct field *at, const struct field *end)
{
	size_t start = json->length, object;

	jsonw_raw(json, at->under_key.s, at->under_key.length);
	object = json->length;
	write_run(json, shape, slots, at, end);
	if (json->length == object)
		json->length = start;
	else
		close_object(json, object);
}

static void
write_members(struct jsonw *json, const struct shape *shape, const struct value *slots)
{
	const struct field *at = shape->fields, *end = at + shape->n_fields;

	while (shape->nested && at < end) {
		const struct field *next = at + 1;

		while (next < end && !next->under_key.length && !next->under == !at->under)
			next++;
		(at->under ? write_under : write_run)(json, shape, slots, at, next);
		at = next;
	}
	if (at < end)
		write_run(json, shape, slots, at, end);
}

static void
write_unrecognized(struct jsonw *json, const struct unrecognized *list)
{
	if (!list)
		return;
	jsonw_raw(json, ",\"unrecognized\":[", strlen(",\"unrecognized\":["));
	for (const struct unrecognized *u = list; u; u = u->next) {
		char text[64] = "{\"element\":";
		char *end = jsonw_put_uint(text + strlen(text), u->type);

		jsonw_raw(json, text, (size_t)(end - text));
		if (u->length) {
			jsonw_raw(json, ",\"bytes\":", strlen(",\"bytes\":"));
			jsonw_hex(json, u->bytes, u->length);
		}
		jsonw_raw(json, u->next ? "}," : "}", u->next ? 2 : 1);
	}
	jsonw_char(json, ']');
}

static void
write_number(struct jsonw *json, const char *key, uint64_t u)
{
	jsonw_raw(json, key, strlen(key));
	if (jsonw_reserve(json, JSONW_UINT))
		json->length = (size_t)(jsonw_put_uint(json->data + json->length, u) - json->data);
}

static void
write_text(struct jsonw *json, const char *key, const char *text)
{
	jsonw_raw(json, key, strlen(key));
	jsonw_string(json, (const uint8_t *)text, strlen(text));
}

static void
write_unknown(struct jsonw *json, const struct message *message, const struct record *record)
{
	uint32_t length = record->length < RECORD_UNKNOWN_BYTES ? record->length
								: RECORD_UNKNOWN_BYTES;
	char detail[128];

	write_number(json, ",\"message_id\":", message->frame.id);
	write_number(json, ",\"transaction\":", message->frame.transaction);
	if (record->has_type)
		write_number(json, ",\"element\":", record->type);
	write_text(json, ",\"reason\":", unknown_reason_name(record->reason));
	if (record->reason == UNKNOWN_MALFORMED)
		write_text(json, ",\"detail\":", fault_text(&record->fault, detail, sizeof detail));
	if (length) {
		jsonw_raw(json, ",\"bytes\":", strlen(",\"bytes\":"));
		jsonw_hex(json, record->bytes, length);
	}
	if (length < record->length)
		jsonw_raw(json, ",\"truncated\":true", strlen(",\"truncated\":true"));
}

void
record_json_members(struct jsonw *json, const struct message *message, const struct record *record)
{
	if (record->kind == KIND_UNKNOWN) {
		write_unknown(json, message, record);
		return;
	}
	write_members(json, record->element->shape, record->slots);
	write_unrecognized(json, record->unrecognized);
}

void
record_json_object_members(struct jsonw *json, const struct shape *shape, const struct value *slots)
{
	write_members(json, shape, slots);
}

void
record_json_object_end(struct jsonw *json, size_t start)
{
	close_object(json, start);
}

bool
record_json_time(const struct message *message, const struct record *record, uint64_t received_at,
		 uint64_t *ts)
{
	const struct shape *shape = record->element ? record->element->shape : NULL;
	const struct field *time = shape ? shape->time : NULL;
	const struct field *age = shape ? shape->age : NULL;
	uint64_t base = message->has_time ? message->time_ms : received_at;

	if (time && record->slots[time->slot].present) {
		*ts = record->slots[time->slot].u * (time->format == FORMAT_TIME_MS ? 1 : 1000);
		return true;
	}
	if (age && record->slots[age->slot].present) {
		uint64_t ago = record->slots[age->slot].u * 1000;

		*ts = base > ago ? base - ago : 0;
		return true;
	}
	*ts = base;
	return message->has_time;
}
