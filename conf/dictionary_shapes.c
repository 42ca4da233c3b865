/* SPDX-License-Identifier: ISC */
/* dictionary_shapes.c: what may be wrong with the fields of structs and the elements of groups
 *
 * Walks the file's sections and the structs made from them side by side, so that every error has
 * its line.
 */
#include <confuse.h>
#include <string.h>

#include "conf/dictionary_load.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define KEYS_MAX 256

#define UINT	(1U << WIRE_UINT)
#define INTEGER (1U << WIRE_UINT | 1U << WIRE_INT)
#define MAC	(1U << WIRE_MAC)
#define TEXT	(1U << WIRE_STR | 1U << WIRE_BYTES)
#define STRUCT	(1U << WIRE_STRUCT)
#define GROUP	(1U << WIRE_GROUP)

/* Which types an option makes sense for. */
static const struct rule {
	const char *option;
	unsigned wires;
	const char *expected;
} rules[] = {
	{"values", UINT, "an unsigned integer"},
	{"bits", UINT, "an unsigned integer"},
	{"format", UINT, "an unsigned integer"},
	{"role", UINT, "an unsigned integer"},
	{"none", INTEGER, "an integer"},
	{"scale", INTEGER, "an integer"},
	{"times", INTEGER, "an integer"},
	{"strongest", INTEGER, "an integer"},
	{"unit_of", INTEGER, "an integer"},
	{"mac_type", MAC, "a mac"},
	{"length", TEXT, "str or bytes"},
	{"count", STRUCT, "a struct"},
	{"sort", STRUCT, "a struct"},
	{"map", STRUCT, "a struct"},
	{"inline", STRUCT | GROUP, "a struct or a group"},
};

/* The keys of one JSON object. */
struct key_set {
	struct loader *loader;
	cfg_t *section; /* where errors are reported */
	unsigned n;
	const char *keys[KEYS_MAX];
};

const struct field *
dictionary_find_field(const struct shape *shape, const char *name)
{
	for (uint32_t i = 0; i < shape->n_fields; i++)
		if (!strcmp(shape->fields[i].name, name))
			return &shape->fields[i];
	return NULL;
}

static bool
is_integer(const struct field *field)
{
	return field->wire == WIRE_UINT || field->wire == WIRE_INT;
}

/* True for a field that takes all that is left. */
static bool
is_open(const struct field *field)
{
	switch (field->wire) {
	case WIRE_UINT:
	case WIRE_INT:
	case WIRE_MAC:
		return false;
	case WIRE_STR:
	case WIRE_BYTES:
		return !field->length_of;
	case WIRE_STRUCT:
		return !field->count_of &&
		       is_open(&field->shape->fields[field->shape->n_fields - 1]);
	case WIRE_IP:
	case WIRE_GROUP:
	case WIRE_CIVIC:
	case WIRE_GEO:
		return true;
	}
	return true;
}

static bool
is_fixed(const struct shape *shape)
{
	for (uint32_t i = 0; i < shape->n_fields; i++) {
		const struct field *field = &shape->fields[i];
		bool inner = field->wire == WIRE_STRUCT && !field->count_of &&
			     is_fixed(field->shape);

		if (!is_integer(field) && field->wire != WIRE_MAC && !inner)
			return false;
	}
	return true;
}

static void
check_options(struct loader *loader, cfg_t *section, const struct field *field)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (source_given(section, rules[i].option) && !(rules[i].wires & 1U << field->wire))
			loader_error(loader, section, rules[i].option, 0,
				     "%s on another type, expected %s", rules[i].option,
				     rules[i].expected);
	if (source_count(section, "field") &&
	    (field->wire != WIRE_STRUCT || source_text(section, "is", 0) == NULL))
		loader_error(loader, cfg_getnsec(section, "field", 0), NULL, 0,
			     "inside another type, expected is = \"struct\"");
	if (source_count(section, "element") &&
	    (field->wire != WIRE_GROUP || source_text(section, "is", 0) == NULL))
		loader_error(loader, cfg_getnsec(section, "element", 0), NULL, 0,
			     "inside another type, expected is = \"group\"");
}

static void
check_none(struct loader *loader, cfg_t *section, const struct field *field)
{
	unsigned bits = 8U * field->width - (field->wire == WIRE_INT);
	int64_t most = bits >= 63 ? INT64_MAX : (INT64_C(1) << bits) - 1;
	int64_t least = field->wire == WIRE_INT ? -most - 1 : 0;

	if (field->has_none && (field->none < least || field->none > most))
		loader_error(loader, section, "none", 0, "none is %lld, expected %lld to %lld",
			     (long long)field->none, (long long)least, (long long)most);
}

static void
check_bits(struct loader *loader, cfg_t *section, const struct field *field)
{
	for (unsigned i = 0; i < field->n_bits; i++) {
		if (field->bits[i].number >= 8 * field->width)
			loader_error(loader, section, "bits", i, "bit %u, expected 0 to %d",
				     field->bits[i].number, 8 * field->width - 1);
		for (unsigned k = 0; k < i; k++)
			if (field->bits[k].number == field->bits[i].number)
				loader_error(loader, section, "bits", i,
					     "bit %u again, expected each once",
					     field->bits[i].number);
	}
}

static void
check_integer(struct loader *loader, cfg_t *section, const struct field *field)
{
	bool time = field->format == FORMAT_TIME_S || field->format == FORMAT_TIME_MS;
	int ways = (field->values != NULL) + (field->n_bits > 0) + (field->scale > 1) +
		   (field->times > 1) + (field->format != FORMAT_NUMBER);

	if (ways > 1)
		loader_error(
			loader, section, NULL, 0,
			"shown in %d ways, expected one of values, bits, scale, times and format",
			ways);
	if (field->strongest && field->times < 2)
		loader_error(loader, section, "strongest", 0,
			     "strongest of one, expected times above 1");
	if (field->role == ROLE_TIME && !time)
		loader_error(loader, section, "role", 0,
			     "role is \"time\", expected format time_s or time_ms beside it");
	check_none(loader, section, field);
	check_bits(loader, section, field);
}

/* An option that names an unsigned integer standing before the field in the same struct. */
static void
check_earlier(struct loader *loader, cfg_t *section, const char *option, const struct shape *shape,
	      const struct field *field)
{
	const char *name = source_text(section, option, 0);
	const struct field *other = name ? dictionary_find_field(shape, name) : NULL;

	if (name && (!other || other >= field || other->wire != WIRE_UINT || other->times > 1))
		loader_error(loader, section, option, 0,
			     "%s is \"%s\", expected an unsigned integer before it in the struct",
			     option, name);
}

static void
check_unit(struct loader *loader, cfg_t *section, const struct shape *shape,
	   const struct field *field)
{
	const struct field *other = field->unit_of ? dictionary_find_field(shape, field->unit_of)
						   : NULL;

	check_earlier(loader, section, "unit_of", shape, field);
	if (other && !other->values)
		loader_error(loader, section, "unit_of", 0,
			     "unit_of is \"%s\", expected a field with values", field->unit_of);
}

static void
check_map(struct loader *loader, cfg_t *section, const struct field *field)
{
	unsigned published = 0, text = 0;

	for (uint32_t i = 0; i < field->shape->n_fields; i++) {
		published += field->shape->fields[i].json != NULL;
		text += field->shape->fields[i].json && field->shape->fields[i].wire == WIRE_STR;
	}
	if (published != 2 || text != 2 || (!field->repeat && !field->count_of))
		loader_error(
			loader, section, "map", 0,
			"a map, expected a list of structs with two published fields, both str");
}

static void
check_struct(struct loader *loader, cfg_t *section, const struct field *field)
{
	const struct field *sort = field->sort ? dictionary_find_field(field->shape, field->sort)
					       : NULL;

	if (field->sort && (!sort || !is_integer(sort)))
		loader_error(loader, section, "sort", 0,
			     "sort is \"%s\", expected the name of an integer in it", field->sort);
	if (field->sort && (!field->count_of || !is_fixed(field->shape)))
		loader_error(loader, section, "sort", 0,
			     "sort, expected a counted struct whose fields are of fixed size");
	if (field->is_map)
		check_map(loader, section, field);
	if (field->is_inline && (field->count_of || field->repeat || field->under))
		loader_error(loader, section, "inline", 0,
			     "inline, expected neither count nor repeat nor under beside it");
}

static void
check_own(struct loader *loader, cfg_t *section, const struct field *field)
{
	check_options(loader, section, field);
	if (is_integer(field))
		check_integer(loader, section, field);
	if (field->wire == WIRE_STRUCT || field->wire == WIRE_GROUP)
		check_struct(loader, section, field);
	if (source_count(section, "field"))
		dictionary_check_shape(loader, section, "field", field->shape);
	if (source_count(section, "element"))
		dictionary_check_shape(loader, section, "element", field->shape);
}

static void
check_in_struct(struct loader *loader, cfg_t *section, const struct shape *shape,
		const struct field *field, bool counted)
{
	bool last = field == &shape->fields[shape->n_fields - 1];

	check_earlier(loader, section, "count", shape, field);
	check_earlier(loader, section, "length", shape, field);
	check_unit(loader, section, shape, field);
	if (field->wire == WIRE_GROUP)
		loader_error(loader, section, "is", 0,
			     "a group in a struct, expected it to be an element");
	else if (is_open(field) && (counted || !last))
		loader_error(loader, section, "is", 0, "takes all that is left, expected %s",
			     counted ? "a known length in a counted struct"
				     : "length, or the last place in the struct");
}

static void
check_in_group(struct loader *loader, cfg_t *section, const struct shape *shape,
	       const struct field *field)
{
	static const char *const struct_only[] = {"count", "length", "unit_of", "sort"};

	for (size_t i = 0; i < COUNT(struct_only); i++)
		if (source_given(section, struct_only[i]))
			loader_error(loader, section, struct_only[i], 0,
				     "%s on an element, expected it on a field of a struct",
				     struct_only[i]);
	for (const struct field *other = shape->fields; other < field; other++)
		if (other->type == field->type)
			loader_error(loader, section,
				     source_given(section, "type") ? "type" : "use", 0,
				     "type is %u, that of \"%s\", expected another number",
				     field->type, other->name);
}

static void
check_place(struct loader *loader, cfg_t *section, const struct field *field)
{
	bool top = field >= loader->dict->elements.fields &&
		   field < loader->dict->elements.fields + loader->dict->elements.n_fields;

	if (field->kind != KIND_NONE && (!top || !field->shape))
		loader_error(loader, section, "kind", 0,
			     "kind, expected a struct or a group at the top");
	if (top && (field->repeat || field->required))
		loader_error(loader, section, field->repeat ? "repeat" : "required", 0,
			     "%s at the top, expected it in a group (in a body: *, +)",
			     field->repeat ? "repeat" : "required");
}

static void
add_key(struct key_set *set, const char *key)
{
	for (unsigned i = 0; i < set->n; i++)
		if (!strcmp(set->keys[i], key)) {
			loader_error(
				set->loader, set->section, NULL, 0,
				"key \"%s\" is there already in this JSON object, expected another",
				key);
			return;
		}
	if (set->n < KEYS_MAX)
		set->keys[set->n++] = key;
}

static void add_shape_keys(struct key_set *set, cfg_t *section, const char *part,
			   const struct shape *shape);

static void
add_field_keys(struct key_set *set, const struct field *field)
{
	if (field->is_inline) {
		add_shape_keys(set, NULL, NULL, field->shape);
		return;
	}
	for (unsigned i = 0; i < field->n_bits; i++)
		add_key(set, field->bits[i].json);
	if (!field->json || field->n_bits)
		return;
	add_key(set, field->json);
	if (field->mac_type)
		add_key(set, "mac_type");
	if (field->strongest)
		add_key(set, field->strongest);
	if (field->unit_of)
		add_key(set, "unit");
}

static bool
same_under(const struct field *a, const struct field *b)
{
	return a->under && b->under && !strcmp(a->under, b->under);
}

/* Adds the keys of a struct or group; without a section the errors stay where they are reported
 * already. */
static void
add_shape_keys(struct key_set *set, cfg_t *section, const char *part, const struct shape *shape)
{
	struct key_set inner = {.loader = set->loader};

	for (uint32_t i = 0; i < shape->n_fields; i++) {
		const struct field *field = &shape->fields[i];

		if (section)
			set->section = cfg_getnsec(section, part, i);
		if (!field->under) {
			add_field_keys(set, field);
			continue;
		}
		if (i == 0 || !same_under(field, field - 1)) {
			inner.n = 0;
			add_key(set, field->under);
		}
		inner.section = set->section;
		add_field_keys(&inner, field);
	}
}

static void
check_keys(struct loader *loader, cfg_t *section, const char *part, const struct field *field)
{
	static const char *const envelope[] = {
		"schema", "gateway",   "controller", "session", "seq",		"received_at",
		"ts",	  "solicited", "tags",	     "records", "unrecognized",
	};
	struct key_set set = {.loader = loader, .section = section};

	for (size_t i = 0; field->kind != KIND_NONE && i < COUNT(envelope); i++)
		add_key(&set, envelope[i]);
	if (!field->is_inline)
		add_shape_keys(&set, section, part, field->shape);
}

void
dictionary_check_shape(struct loader *loader, cfg_t *section, const char *part,
		       const struct shape *shape)
{
	bool counted = source_given(section, "count");

	for (uint32_t i = 0; i < shape->n_fields; i++) {
		const struct field *field = &shape->fields[i];
		cfg_t *inner = cfg_getnsec(section, part, i);
		const char *parts = source_count(inner, "field") ? "field" : "element";

		check_own(loader, inner, field);
		if (*part == 'f')
			check_in_struct(loader, inner, shape, field, counted);
		else
			check_in_group(loader, inner, shape, field);
		if (*part == 'e')
			check_place(loader, inner, field);
		if (source_count(inner, parts))
			check_keys(loader, inner, parts, field);
	}
}
