/* SPDX-License-Identifier: ISC */
/* compile.c: works out slots, offsets, look-up tables and ready-made JSON of a dictionary
 *
 * After this, decoding and writing a record look nothing up by name.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codecs/dict.h"
#include "codecs/geo.h"
#include "codecs/places.h"

#define MAX_INTEGER_TEXT   20
#define MAX_DECIMAL_TEXT   22
#define MAX_REAL_TEXT	   32
#define MAX_TIME_TEXT	   26
#define MAX_MAC_TEXT	   19
#define MAX_MAC_TYPE_TEXT  23 /* ,"mac_type":"universal" */
#define MAX_BIT_PLACE_TEXT 3
#define DENSE_LIMIT	   1024	 /* numbers of an enumeration looked up directly */
#define TYPE_RANGE	   65536 /* element numbers of one group lie within */

struct compiler {
	struct arena *memory;
	bool little; /* byte order */
	char *error;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int
fail(const struct compiler *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(c->error, c->size, format, arguments);
	va_end(arguments);
	return -1;
}

/* Text with the slack that block copies may read. */
static int
text_make(const struct compiler *c, struct text *text, const char *before, const char *middle,
	  const char *after)
{
	size_t length = strlen(before) + strlen(middle) + strlen(after);
	char *s = arena_calloc(c->memory, 1, length + TEXT_SLACK + 1);

	if (!s)
		return fail(c, "out of memory");
	snprintf(s, length + 1, "%s%s%s", before, middle, after);
	text->s = s;
	text->length = (uint32_t)length;
	return 0;
}

static int
compare_numbers(const void *a, const void *b)
{
	const struct enumeration_value *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int
compile_enumeration(const struct compiler *c, struct enumeration *e)
{
	uint64_t last;

	qsort(e->values, e->n_values, sizeof *e->values, compare_numbers);
	last = e->n_values ? e->values[e->n_values - 1].number : 0;
	e->n_dense = last < DENSE_LIMIT ? (uint32_t)last + 1 : 0;
	e->dense = arena_calloc(c->memory, e->n_dense + 1, sizeof(*e->dense));
	if (!e->dense)
		return fail(c, "out of memory");
	for (uint32_t i = 0; i < e->n_values; i++) {
		struct enumeration_value *value = &e->values[i];

		if (i > 0 && value->number == value[-1].number)
			return fail(c, "enumeration %s: %s has the number of %s", e->name,
				    value->name, value[-1].name);
		if (value->number < e->n_dense)
			e->dense[value->number] = value;
		if (text_make(c, &value->json, "\"", value->name, "\""))
			return -1;
		if (value->unit && text_make(c, &value->unit_json, "\"", value->unit, "\""))
			return -1;
	}
	return 0;
}

static enum render
render_uint(const struct field *f)
{
	if (f->n_bits)
		return RENDER_BITS;
	if (f->values)
		return RENDER_ENUM;
	if (f->scale > 1)
		return RENDER_DECIMAL;
	switch (f->format) {
	case FORMAT_NUMBER:
		return RENDER_UINT;
	case FORMAT_STRING:
		return RENDER_DIGITS;
	case FORMAT_TIME_S:
		return RENDER_TIME_S;
	case FORMAT_TIME_MS:
		return RENDER_TIME_MS;
	case FORMAT_BITMAP:
		return RENDER_BITMAP;
	}
	return RENDER_NONE;
}

static enum render
choose_render(const struct field *f)
{
	if (f->is_inline)
		return RENDER_INLINE;
	if (!f->json && !f->n_bits)
		return RENDER_NONE;
	if (f->render == RENDER_REAL)
		return RENDER_REAL;
	switch (f->wire) {
	case WIRE_UINT:
		return f->times > 1 ? RENDER_ARRAY : render_uint(f);
	case WIRE_INT:
		if (f->times > 1)
			return RENDER_ARRAY;
		return f->scale > 1 ? RENDER_DECIMAL : RENDER_INT;
	case WIRE_MAC:
		return f->mac_type ? RENDER_MAC_TYPED : RENDER_MAC;
	case WIRE_IP:
		return RENDER_IP;
	case WIRE_STR:
		return RENDER_STR;
	case WIRE_BYTES:
		return RENDER_HEX;
	case WIRE_STRUCT:
	case WIRE_GROUP:
		return f->is_map ? RENDER_MAP : RENDER_OBJECT;
	case WIRE_CIVIC:
		return RENDER_MAP;
	case WIRE_GEO:
		return RENDER_OBJECT;
	}
	return RENDER_NONE;
}

static uint32_t
enumeration_text(const struct field *f)
{
	uint32_t most = MAX_INTEGER_TEXT + 2;

	for (uint32_t i = 0; i < f->values->n_values; i++)
		if (f->values->values[i].json.length > most)
			most = f->values->values[i].json.length;
	return most;
}

static uint32_t
bits_text(const struct field *f)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < f->n_bits; i++)
		most += f->bits[i].key.length + (uint32_t)strlen("false");
	return most;
}

static uint32_t
unit_text(const struct field *f)
{
	const struct enumeration *e = f->unit_field ? f->unit_field->values : NULL;
	uint32_t most = 0;

	for (uint32_t i = 0; e && i < e->n_values; i++)
		if (e->values[i].unit_json.length > most)
			most = e->values[i].unit_json.length;
	return most + (uint32_t)strlen(",\"unit\":");
}

/* The most bytes of a value of bounded size; 0 for what is reserved when it is written. */
static uint32_t
value_text(const struct field *f)
{
	switch (f->render) {
	case RENDER_UINT:
	case RENDER_INT:
		return MAX_INTEGER_TEXT;
	case RENDER_DECIMAL:
		return MAX_DECIMAL_TEXT;
	case RENDER_DIGITS:
		return MAX_INTEGER_TEXT + 2;
	case RENDER_ENUM:
		return enumeration_text(f);
	case RENDER_BITS:
		return bits_text(f);
	case RENDER_BITMAP:
		return 2 + f->width * 8U * MAX_BIT_PLACE_TEXT;
	case RENDER_TIME_S:
	case RENDER_TIME_MS:
		return MAX_TIME_TEXT;
	case RENDER_REAL:
		return MAX_REAL_TEXT;
	case RENDER_MAC:
		return MAX_MAC_TEXT;
	case RENDER_MAC_TYPED:
		return MAX_MAC_TEXT + MAX_MAC_TYPE_TEXT;
	case RENDER_ARRAY:
		return 2 + f->times * (MAX_INTEGER_TEXT + 1U) + MAX_INTEGER_TEXT +
		       f->strongest_key.length;
	case RENDER_NONE:
	case RENDER_IP:
	case RENDER_STR:
	case RENDER_HEX:
	case RENDER_OBJECT:
	case RENDER_INLINE:
	case RENDER_MAP:
		return 0;
	}
	return 0;
}

static int compile_shape(const struct compiler *c, struct shape *shape);

/* The size of an integer or MAC address, which always have the same; else 0. */
static uint32_t
fixed_size(const struct field *f)
{
	switch (f->wire) {
	case WIRE_UINT:
	case WIRE_INT:
		return (uint32_t)f->width * f->times;
	case WIRE_MAC:
		return 6;
	case WIRE_STRUCT:
	case WIRE_IP:
	case WIRE_STR:
	case WIRE_BYTES:
	case WIRE_GROUP:
	case WIRE_CIVIC:
	case WIRE_GEO:
		return 0;
	}
	return 0;
}

static int
sibling_slot(const struct compiler *c, const struct shape *shape, const struct field *f,
	     const char *name)
{
	const struct field *sibling = name ? shape_field(shape, name) : NULL;

	if (!name)
		return NO_SLOT;
	if (!sibling || sibling >= f || sibling->wire != WIRE_UINT)
		return fail(c, "%s.%s: no integer \"%s\" before it", shape->name, f->name, name) -
		       1;
	return sibling->slot;
}

static int
compile_references(const struct compiler *c, const struct shape *shape, struct field *f)
{
	int count = sibling_slot(c, shape, f, f->count_of);
	int length = sibling_slot(c, shape, f, f->length_of);
	int unit = sibling_slot(c, shape, f, f->unit_of);

	if (count < NO_SLOT || length < NO_SLOT || unit < NO_SLOT)
		return -1;
	f->count_slot = (int16_t)count;
	f->length_slot = (int16_t)length;
	f->unit_slot = (int16_t)unit;
	f->unit_field = f->unit_of ? shape_field(shape, f->unit_of) : NULL;
	return 0;
}

static int
compile_sort(const struct compiler *c, struct field *f)
{
	f->sort_field = NULL;
	if (!f->sort)
		return 0;
	if (!f->shape || !f->shape->fixed || !f->count_of)
		return fail(c, "%s: only a counted struct of fixed size can be sorted", f->name);
	f->sort_field = shape_field(f->shape, f->sort);
	if (!f->sort_field || (f->sort_field->wire != WIRE_INT && f->sort_field->wire != WIRE_UINT))
		return fail(c, "%s: no integer \"%s\" to sort by", f->name, f->sort);
	if (f->sort_field->width > 2)
		return fail(c, "%s: \"%s\" has more than 2 bytes, too many to sort by", f->name,
			    f->sort);
	f->sort_steps = f->shape->steps;
	while (f->sort_steps->slot != f->sort_field->slot)
		f->sort_steps++;
	return 0;
}

static int
compile_keys(const struct compiler *c, struct field *f)
{
	if (f->json && text_make(c, &f->key, ",\"", f->json, "\":"))
		return -1;
	if (f->strongest && text_make(c, &f->strongest_key, ",\"", f->strongest, "\":"))
		return -1;
	if (f->under && text_make(c, &f->under_key, ",\"", f->under, "\":"))
		return -1;
	for (uint32_t i = 0; i < f->n_bits; i++)
		if (text_make(c, &f->bits[i].key, ",\"", f->bits[i].json, "\":"))
			return -1;
	return 0;
}

static int
compile_map(const struct compiler *c, struct field *f)
{
	unsigned found = 0;

	if (f->wire == WIRE_CIVIC)
		f->map_value = 1;
	if (!f->is_map || !f->shape)
		return 0;
	for (uint32_t i = 0; i < f->shape->n_fields; i++) {
		const struct field *part = &f->shape->fields[i];

		if (!part->json)
			continue;
		if (part->wire != WIRE_STR || found == 2)
			return fail(c, "%s: a map has two published fields, both text", f->name);
		*(found++ ? &f->map_value : &f->map_key) = part->slot;
	}
	return found == 2 ? 0 : fail(c, "%s: a map has two published fields", f->name);
}

static int
copy_values(const struct compiler *c, struct enumeration *e)
{
	struct enumeration_value *values = arena_calloc(c->memory, e->n_values, sizeof *values);

	if (!values)
		return fail(c, "out of memory");
	memcpy(values, e->values, e->n_values * sizeof *values);
	e->values = values;
	return 0;
}

/* A shape of its own for a position, since compiling writes to it. */
static int
make_geo_shape(const struct compiler *c, struct field *f)
{
	struct shape *shape = arena_calloc(c->memory, 1, sizeof *shape);
	struct field *fields = arena_calloc(c->memory, GEO_SLOTS, sizeof *fields);

	if (!shape || !fields)
		return fail(c, "out of memory");
	memcpy(fields, geo_fields, sizeof geo_fields);
	for (unsigned i = 0; i < GEO_SLOTS; i++) {
		struct enumeration *copy;

		if (!fields[i].values)
			continue;
		copy = arena_calloc(c->memory, 1, sizeof *copy);
		if (!copy)
			return fail(c, "out of memory");
		*copy = *fields[i].values;
		if (copy_values(c, copy) || compile_enumeration(c, copy))
			return -1;
		fields[i].values = copy;
	}
	*shape = (struct shape){.name = f->name, .fields = fields, .n_fields = GEO_SLOTS};
	f->shape = shape;
	return 0;
}

static int
compile_field(const struct compiler *c, const struct shape *parent, struct field *f)
{
	bool integer = f->wire == WIRE_UINT || f->wire == WIRE_INT;

	if (integer && (f->width < 1 || f->width > 8))
		return fail(c, "%s.%s: %u bytes, expected 1 to 8", parent->name, f->name, f->width);
	if (f->times < 1 || f->times > (f->repeat ? 1 : MAX_TIMES))
		return fail(c, "%s.%s: %u times, expected 1 to %d, or 1 of a repeated element",
			    parent->name, f->name, f->times, MAX_TIMES);
	if (f->repeat && (f->wire == WIRE_CIVIC || f->wire == WIRE_GEO || f->mac_type || f->n_bits))
		return fail(c, "%s.%s: a location, bits or mac_type cannot be repeated",
			    parent->name, f->name);
	if (f->wire == WIRE_GEO && !f->shape && make_geo_shape(c, f))
		return -1;
	if (f->shape) {
		f->shape->group = f->wire == WIRE_GROUP;
		if (compile_shape(c, f->shape))
			return -1;
	}
	f->stride = f->wire == WIRE_CIVIC ? 2 : (uint16_t)(f->shape ? f->shape->n_slots : 1);
	if (compile_references(c, parent, f) || compile_sort(c, f) || compile_keys(c, f) ||
	    compile_map(c, f))
		return -1;
	f->render = choose_render(f);
	return 0;
}

static int
compile_types(const struct compiler *c, struct shape *shape)
{
	uint32_t first = UINT32_MAX, last = 0;

	for (uint32_t i = 0; i < shape->n_fields; i++) {
		uint32_t type = shape->fields[i].type;

		first = type < first ? type : first;
		last = type > last ? type : last;
	}
	shape->n_by_type = shape->n_fields ? last - first + 1 : 0;
	shape->first_type = first;
	if (shape->n_by_type > TYPE_RANGE)
		return fail(c, "%s: element numbers more than %d apart", shape->name, TYPE_RANGE);
	shape->by_type = arena_calloc(c->memory, shape->n_by_type + 1, sizeof *shape->by_type);
	if (!shape->by_type)
		return fail(c, "out of memory");
	for (uint32_t i = 0; i < shape->n_fields; i++) {
		uint16_t *place = &shape->by_type[shape->fields[i].type - first];

		if (*place)
			return fail(c, "%s: %s has the number of %s", shape->name,
				    shape->fields[i].name, shape->fields[*place - 1].name);
		*place = (uint16_t)(i + 1);
	}
	return 0;
}

/* Gives out slots and sums up what the writer has to reserve. */
static int
compile_fields(const struct compiler *c, struct shape *shape)
{
	const char *under = NULL;

	shape->plain = true;
	for (uint32_t i = 0; i < shape->n_fields; i++) {
		struct field *f = &shape->fields[i];

		f->slot = (uint16_t)shape->n_slots;
		shape->n_slots += f->times > 1 ? f->times : 1;
		if (shape->n_slots > UINT16_MAX / 2)
			return fail(c, "%s: too many fields", shape->name);
		if (compile_field(c, shape, f))
			return -1;
		if (f->under && under && strcmp(f->under, under) == 0)
			f->under_key.length = 0;
		under = f->under;
		f->max_text = value_text(f);
		f->fixed_text = f->max_text && !f->repeat;
		shape->nested |= f->under != NULL;
		shape->plain &= !f->under && (f->fixed_text || f->render == RENDER_NONE);
		if (f->role == ROLE_TIME)
			shape->time = f;
		if (f->role == ROLE_AGE)
			shape->age = f;
		shape->max_text +=
			f->key.length + f->under_key.length + 2 + f->max_text + unit_text(f);
	}
	return 0;
}

static enum load_op
load_of(const struct field *f, bool little)
{
	bool is_signed = f->wire == WIRE_INT;

	if (f->wire == WIRE_MAC)
		return LOAD_MAC;
	if (f->width == 1)
		return is_signed ? LOAD_I8 : LOAD_U8;
	if (f->width == 2 && !is_signed)
		return little ? LOAD_U16_LE : LOAD_U16_BE;
	if (f->width == 4 && !is_signed)
		return little ? LOAD_U32_LE : LOAD_U32_BE;
	if (is_signed)
		return little ? LOAD_INT_LE : LOAD_INT_BE;
	return little ? LOAD_UINT_LE : LOAD_UINT_BE;
}

static void
add_steps(struct shape *shape, const struct field *f, bool little)
{
	unsigned times = f->wire == WIRE_MAC ? 1 : f->times;

	for (unsigned i = 0; i < times; i++)
		shape->steps[shape->n_steps++] = (struct load_step){
			.offset = shape->prefix + i * f->width,
			.slot = (uint16_t)(f->slot + i),
			.load = (uint8_t)load_of(f, little),
			.width = f->width,
			.has_none = f->has_none,
			.none = (uint64_t)f->none,
		};
	shape->prefix += fixed_size(f);
}

/* The leading fields of fixed size are read behind one check of bounds. */
static int
compile_prefix(const struct compiler *c, struct shape *shape)
{
	shape->steps = arena_calloc(c->memory, shape->n_slots + 1, sizeof *shape->steps);
	if (!shape->steps)
		return fail(c, "out of memory");
	while (shape->n_prefix < shape->n_fields && fixed_size(&shape->fields[shape->n_prefix]))
		add_steps(shape, &shape->fields[shape->n_prefix++], c->little);
	shape->fixed = shape->n_prefix == shape->n_fields;
	return 0;
}

static int
compile_shape(const struct compiler *c, struct shape *shape)
{
	if (shape->state == SHAPE_COMPILED)
		return 0;
	if (shape->state == SHAPE_COMPILING)
		return fail(c, "%s: contains itself", shape->name);
	shape->state = SHAPE_COMPILING;
	if (compile_fields(c, shape))
		return -1;
	if (shape->group ? compile_types(c, shape) : compile_prefix(c, shape))
		return -1;
	shape->state = SHAPE_COMPILED;
	return 0;
}

/* The body of a message is a group of copies of its control elements; records are met one by one
 * instead. */
static int
compile_message(const struct compiler *c, const struct dict *dict, struct message_def *def)
{
	def->body.name = def->name;
	def->body.group = true;
	def->body.fields = arena_calloc(c->memory, def->n_parts + 1, sizeof *def->body.fields);
	if (!def->body.fields)
		return fail(c, "out of memory");
	for (uint32_t i = 0; i < def->n_parts; i++) {
		struct message_part *part = &def->parts[i];
		struct field *copy = &def->body.fields[def->body.n_fields];

		part->field = shape_field(&dict->elements, part->name);
		if (!part->field)
			return fail(c, "message %s: no element \"%s\"", def->name, part->name);
		if (part->field->kind != KIND_NONE)
			continue;
		*copy = *part->field;
		copy->repeat = part->repeat;
		copy->required = false;
		def->body.n_fields++;
	}
	if (def->answers && !dict_message_named(dict, def->answers))
		return fail(c, "message %s: no message \"%s\" to answer", def->name, def->answers);
	return compile_shape(c, &def->body);
}

static int
compile_messages(const struct compiler *c, struct dict *dict)
{
	for (uint32_t i = 0; i < dict->n_messages; i++) {
		if (compile_message(c, dict, &dict->messages[i]))
			return -1;
		for (uint32_t k = 0; k < i; k++)
			if (dict->messages[k].id == dict->messages[i].id)
				return fail(c, "message %s: has the id of %s",
					    dict->messages[i].name, dict->messages[k].name);
	}
	return 0;
}

static int
compile_services(const struct compiler *c, struct dict *dict)
{
	for (uint32_t i = 0; i < dict->n_services; i++) {
		struct service *service = &dict->services[i];

		if (!service->request)
			continue;
		service->request_def = dict_message_named(dict, service->request);
		if (!service->request_def)
			return fail(c, "service %s: no message \"%s\"", service->name,
				    service->request);
	}
	return 0;
}

static int
check_header(const struct compiler *c, const struct frame_layout *layout)
{
	const struct {
		const char *name;
		struct header_field place;
	} fields[] = {
		{"version", layout->version},
		{"flags", layout->flags},
		{"id", layout->id},
		{"length", layout->length},
		{"transaction", layout->transaction},
	};
	const char *owner[256] = {NULL};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (fields[i].place.offset + fields[i].place.width > layout->header)
			return fail(c, "frame.%s: lies beyond the header of %u bytes",
				    fields[i].name, layout->header);
		for (unsigned k = 0; k < fields[i].place.width; k++) {
			const char **byte = &owner[fields[i].place.offset + k];

			if (*byte)
				return fail(c, "frame.%s: overlaps %s at byte %u", fields[i].name,
					    *byte, fields[i].place.offset + k);
			*byte = fields[i].name;
		}
	}
	if (!layout->id.width || !layout->length.width)
		return fail(c, "frame: id and length are needed");
	return layout->max_length < layout->header
		       ? fail(c, "frame.length: max is less than the header")
		       : 0;
}

int
dict_compile(struct dict *dict, char *error, size_t size)
{
	const struct compiler c = {&dict->memory, dict->little_endian, error, size};

	if (check_header(&c, &dict->frame))
		return -1;
	if (!dict->element.type_width || !dict->element.length_width || !dict->element.align)
		return fail(&c, "tlv: widths and align must be at least 1");
	for (uint32_t i = 0; i < dict->n_enumerations; i++)
		if (compile_enumeration(&c, &dict->enumerations[i]))
			return -1;
	dict->elements.group = true;
	if (compile_shape(&c, &dict->elements) || compile_messages(&c, dict) ||
	    compile_services(&c, dict))
		return -1;
	for (uint32_t i = 0; i < dict->elements.n_fields; i++) {
		const struct field *f = &dict->elements.fields[i];

		if (f->kind != KIND_NONE && !f->shape)
			return fail(&c, "%s: a record must be a struct or a group", f->name);
	}
	return places_compile(dict) ? fail(&c, "out of memory") : 0;
}
