/* SPDX-License-Identifier: ISC */
/* schema.c: JSON Schema (2020-12) of what is published
 *
 * Schemas are open: within a major version fields are only added. What they do say is exact, from
 * the same dictionary that the records are written by.
 */
#include "outputs/schema.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "codecs/message.h"

#define TIME_PATTERN   "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"
#define MAC_PATTERN    "^[0-9a-f]{2}(:[0-9a-f]{2}){5}$"
#define HEX_PATTERN    "^([0-9a-f]{2})+$"
#define DIGITS_PATTERN "^[0-9]+$"

/* An object schema that grows. */
struct object {
	json_t *properties;
	json_t *required;
};

static struct object
object_begin(void)
{
	return (struct object){json_object(), json_array()};
}

static void
add(struct object *object, const char *key, json_t *schema, bool required)
{
	if (required && !json_object_get(object->properties, key))
		json_array_append_new(object->required, json_string(key));
	json_object_set_new(object->properties, key, schema);
}

static json_t *
object_end(struct object *object)
{
	json_t *schema = json_pack("{s:s,s:o}", "type", "object", "properties", object->properties);

	if (json_array_size(object->required))
		json_object_set(schema, "required", object->required);
	json_decref(object->required);
	return schema;
}

static json_t *
string_like(const char *pattern)
{
	return json_pack("{s:s,s:s}", "type", "string", "pattern", pattern);
}

static json_t *
time_schema(void)
{
	return json_pack("{s:s,s:s,s:s}", "type", "string", "format", "date-time", "pattern",
			 TIME_PATTERN);
}

static json_t *
integer_schema(const struct field *f)
{
	json_t *schema = json_pack("{s:s}", "type", "integer");
	bool is_signed = f->wire == WIRE_INT;
	unsigned bits = f->width * 8U - is_signed;

	if (bits < 62) {
		int64_t limit = INT64_C(1) << bits;

		json_object_set_new(schema, "minimum", json_integer(is_signed ? -limit : 0));
		json_object_set_new(schema, "maximum", json_integer(limit - 1));
	} else if (!is_signed) {
		json_object_set_new(schema, "minimum", json_integer(0));
	}
	return schema;
}

/* A name of the dictionary, or the digits of a number without one. */
static json_t *
enum_schema(const struct enumeration *e)
{
	json_t *names = json_array();

	for (uint32_t i = 0; i < e->n_values; i++)
		json_array_append_new(names, json_string(e->values[i].name));
	return json_pack("{s:s,s:[{s:o},{s:s}]}", "type", "string", "anyOf", "enum", names,
			 "pattern", DIGITS_PATTERN);
}

static json_t *
array_of(json_t *items, unsigned least)
{
	json_t *schema = json_pack("{s:s,s:o}", "type", "array", "items", items);

	if (least)
		json_object_set_new(schema, "minItems", json_integer(least));
	return schema;
}

static json_t *
antennas_schema(const struct field *f)
{
	json_t *item = integer_schema(f), *schema;

	json_object_set_new(item, "type", json_pack("[s,s]", "integer", "null"));
	schema = array_of(item, f->times);
	json_object_set_new(schema, "maxItems", json_integer(f->times));
	return schema;
}

static json_t *
bitmap_schema(const struct field *f)
{
	return array_of(json_pack("{s:s,s:i,s:i}", "type", "integer", "minimum", 1, "maximum",
				  f->width * 8),
			1);
}

static json_t *
map_schema(void)
{
	return json_pack("{s:s,s:{s:s}}", "type", "object", "additionalProperties", "type",
			 "string");
}

static json_t *shape_schema(const struct shape *shape, bool always);

static json_t *
text_schema(void)
{
	return json_pack("{s:s,s:i}", "type", "string", "minLength", 1);
}

static json_t *
ip_schema(void)
{
	return json_pack("{s:s,s:[{s:s},{s:s}]}", "type", "string", "anyOf", "format", "ipv4",
			 "format", "ipv6");
}

static json_t *
value_schema(const struct field *f)
{
	switch (f->render) {
	case RENDER_UINT:
	case RENDER_INT:
		return integer_schema(f);
	case RENDER_DECIMAL:
	case RENDER_REAL:
		return json_pack("{s:s}", "type", "number");
	case RENDER_DIGITS:
		return string_like(DIGITS_PATTERN);
	case RENDER_ENUM:
		return enum_schema(f->values);
	case RENDER_BITMAP:
		return bitmap_schema(f);
	case RENDER_TIME_S:
	case RENDER_TIME_MS:
		return time_schema();
	case RENDER_MAC:
	case RENDER_MAC_TYPED:
		return string_like(MAC_PATTERN);
	case RENDER_IP:
		return ip_schema();
	case RENDER_STR:
		return text_schema();
	case RENDER_HEX:
		return string_like(HEX_PATTERN);
	case RENDER_ARRAY:
		return antennas_schema(f);
	case RENDER_OBJECT:
		/* Any part of a position may be unknown. */
		return shape_schema(f->shape, f->wire != WIRE_GEO);
	case RENDER_MAP:
		return map_schema();
	case RENDER_BITS:
	case RENDER_INLINE:
	case RENDER_NONE:
		break;
	}
	return json_true();
}

/* Whether a field of this shape is in every object: not the case for what can be empty or stand for
 * nothing. */
static bool
is_always(const struct shape *shape, const struct field *f)
{
	if (shape->group)
		return f->required;
	return f->count_of || (f->fixed_text && !f->has_none && f->render != RENDER_BITMAP &&
			       f->render != RENDER_REAL);
}

static void add_shape(struct object *object, const struct shape *shape, bool always);

static bool
has_units(const struct field *f)
{
	const struct enumeration *e = f->unit_field ? f->unit_field->values : NULL;

	for (uint32_t i = 0; e && i < e->n_values; i++)
		if (e->values[i].unit)
			return true;
	return false;
}

static void
add_field(struct object *object, const struct field *f, bool always)
{
	json_t *schema;

	if (f->render == RENDER_NONE)
		return;
	if (f->render == RENDER_INLINE) {
		add_shape(object, f->shape, always);
		return;
	}
	for (uint32_t i = 0; f->render == RENDER_BITS && i < f->n_bits; i++)
		add(object, f->bits[i].json, json_pack("{s:s}", "type", "boolean"), always);
	if (f->render == RENDER_BITS)
		return;
	if (f->strongest)
		add(object, f->strongest, integer_schema(f), always);
	schema = value_schema(f);
	if ((f->repeat || f->count_of) && f->render != RENDER_MAP)
		schema = array_of(schema, f->count_of ? 0 : 1);
	add(object, f->json, schema, always);
	if (f->mac_type)
		add(object, "mac_type", json_pack("{s:[s,s]}", "enum", "universal", "local"),
		    always);
	if (has_units(f))
		add(object, "unit", json_pack("{s:s}", "type", "string"), false);
}

/* The fields of a shape; those `under` one object go to an object of their own. */
static void
add_shape(struct object *object, const struct shape *shape, bool always)
{
	for (uint32_t i = 0; i < shape->n_fields;) {
		const struct field *f = &shape->fields[i];
		struct object nested;

		if (!f->under) {
			add_field(object, f, always && is_always(shape, f));
			i++;
			continue;
		}
		nested = object_begin();
		do {
			add_field(&nested, &shape->fields[i], is_always(shape, &shape->fields[i]));
			i++;
		} while (i < shape->n_fields && shape->fields[i].under &&
			 !shape->fields[i].under_key.length);
		add(object, f->under, object_end(&nested), false);
	}
}

static json_t *
shape_schema(const struct shape *shape, bool always)
{
	struct object object = object_begin();

	add_shape(&object, shape, always);
	return object_end(&object);
}

static void
add_unrecognized(struct object *object)
{
	struct object item = object_begin();

	add(&item, "element", json_pack("{s:s,s:i}", "type", "integer", "minimum", 0), true);
	add(&item, "bytes", string_like(HEX_PATTERN), false);
	add(object, "unrecognized", array_of(object_end(&item), 1), false);
}

static void
add_unknown(struct object *object)
{
	json_t *reasons = json_array();

	for (unsigned i = UNKNOWN_MESSAGE; i <= UNKNOWN_MALFORMED; i++)
		json_array_append_new(reasons,
				      json_string(unknown_reason_name((enum unknown_reason)i)));
	add(object, "message_id", json_pack("{s:s,s:i}", "type", "integer", "minimum", 0), true);
	add(object, "transaction", json_pack("{s:s,s:i}", "type", "integer", "minimum", 0), true);
	add(object, "element", json_pack("{s:s,s:i}", "type", "integer", "minimum", 0), false);
	add(object, "reason", json_pack("{s:o}", "enum", reasons), true);
	add(object, "detail", json_pack("{s:s}", "type", "string"), false);
	add(object, "bytes", string_like(HEX_PATTERN), false);
	add(object, "truncated", json_pack("{s:b}", "const", 1), false);
}

/* What filters add where they are told to; see gateway/enrich.h. */
static void
add_enriched(struct object *object)
{
	json_t *readings = json_object_get(object->properties, "readings");
	json_t *reading = json_object_get(json_object_get(readings, "items"), "properties");

	add(object, "ssid", text_schema(), false);
	add(object, "username", text_schema(), false);
	add(object, "ip", array_of(ip_schema(), 1), false);
	if (!reading)
		return;
	json_object_set_new(reading, "ap_name", text_schema());
	json_object_set_new(reading, "ap_group", text_schema());
}

/* What is in all of a kind's elements; a kind may have several, so only the first one's musts that
 * all share stay musts. */
static void
keep_shared(struct object *object, const struct object *other)
{
	for (size_t i = json_array_size(object->required); i-- > 0;) {
		const char *key = json_string_value(json_array_get(object->required, i));
		bool shared = false;

		for (size_t k = 0; k < json_array_size(other->required); k++)
			shared |= strcmp(json_string_value(json_array_get(other->required, k)),
					 key) == 0;
		if (!shared)
			json_array_remove(object->required, i);
	}
}

/* The members of one record of a kind. */
static struct object
record_members(const struct dict *dict, enum kind kind)
{
	struct object all = object_begin();
	bool first = true;

	for (uint32_t i = 0; i < dict->elements.n_fields; i++) {
		const struct field *f = &dict->elements.fields[i];
		struct object one;

		if (f->kind != kind)
			continue;
		one = object_begin();
		add_shape(&one, f->shape, true);
		if (first)
			json_array_extend(all.required, one.required);
		else
			keep_shared(&all, &one);
		first = false;
		json_object_update_missing(all.properties, one.properties);
		json_decref(one.properties);
		json_decref(one.required);
	}
	if (kind == KIND_RSSI)
		add_enriched(&all);
	if (kind == KIND_UNKNOWN)
		add_unknown(&all);
	else
		add_unrecognized(&all);
	return all;
}

static struct object
envelope_members(enum kind kind)
{
	struct object object = object_begin();

	add(&object, "schema",
	    json_pack("{s:o}", "const", json_sprintf("nmsp.%s/1", kind_name(kind))), true);
	add(&object, "gateway", json_pack("{s:s}", "type", "string"), true);
	add(&object, "controller", json_pack("{s:s}", "type", "string"), true);
	add(&object, "session", string_like("^[0-9a-f]{8}$"), true);
	add(&object, "seq", json_pack("{s:s,s:i}", "type", "integer", "minimum", 1), true);
	add(&object, "received_at", time_schema(), true);
	add(&object, "solicited", json_pack("{s:b}", "const", 1), false);
	add(&object, "tags", map_schema(), false);
	return object;
}

static json_t *
single_schema(const struct dict *dict, enum kind kind)
{
	struct object envelope = envelope_members(kind), record = record_members(dict, kind);

	add(&envelope, "ts", time_schema(), false);
	json_object_update(envelope.properties, record.properties);
	json_array_extend(envelope.required, record.required);
	json_decref(record.properties);
	json_decref(record.required);
	return object_end(&envelope);
}

static json_t *
batch_schema(const struct dict *dict, enum kind kind)
{
	struct object envelope = envelope_members(kind), record = record_members(dict, kind);

	add(&record, "seq", json_pack("{s:s,s:i}", "type", "integer", "minimum", 1), false);
	add(&record, "ts", time_schema(), false);
	add(&envelope, "records", array_of(object_end(&record), 1), true);
	return object_end(&envelope);
}

char *
schema_text(const struct dict *dict, enum kind kind)
{
	json_t *schema = json_pack("{s:s,s:o,s:s,s:{s:[s]},s:o,s:o}", "$schema",
				   "https://json-schema.org/draft/2020-12/schema", "$id",
				   json_sprintf("urn:nmsp2mqtt:nmsp.%s:1", kind_name(kind)),
				   "description",
				   "A batch of the records of one message, or one record.", "if",
				   "required", "records", "then", batch_schema(dict, kind), "else",
				   single_schema(dict, kind));
	char *text = schema ? json_dumps(schema, JSON_INDENT(2)) : NULL;
	size_t length = text ? strlen(text) : 0;
	char *line = text ? realloc(text, length + 2) : NULL;

	json_decref(schema);
	if (!line) {
		free(text);
		return NULL;
	}
	memcpy(line + length, "\n", 2);
	return line;
}
