/* SPDX-License-Identifier: ISC */
/* dictionary_read.c: from the sections of a dictionary file to the structs of codecs/dict.h */
#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dictionary_load.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define TYPE_WORDS "u8 to u64, i8 to i64, mac, ip, str, bytes, struct, group, civic or geo"

static const struct type {
	const char *name;
	enum wire wire;
	uint8_t width;
} types[] = {
	{"u8", WIRE_UINT, 1},	  {"u16", WIRE_UINT, 2},    {"u24", WIRE_UINT, 3},
	{"u32", WIRE_UINT, 4},	  {"u40", WIRE_UINT, 5},    {"u48", WIRE_UINT, 6},
	{"u56", WIRE_UINT, 7},	  {"u64", WIRE_UINT, 8},    {"i8", WIRE_INT, 1},
	{"i16", WIRE_INT, 2},	  {"i24", WIRE_INT, 3},	    {"i32", WIRE_INT, 4},
	{"i40", WIRE_INT, 5},	  {"i48", WIRE_INT, 6},	    {"i56", WIRE_INT, 7},
	{"i64", WIRE_INT, 8},	  {"mac", WIRE_MAC, 0},	    {"ip", WIRE_IP, 0},
	{"str", WIRE_STR, 0},	  {"bytes", WIRE_BYTES, 0}, {"struct", WIRE_STRUCT, 0},
	{"group", WIRE_GROUP, 0}, {"civic", WIRE_CIVIC, 0}, {"geo", WIRE_GEO, 0},
};

static const char *const byte_orders[] = {"big", "little", NULL};
static const char *const length_counts[] = {"message", "body", NULL};
static const char *const element_counts[] = {"value", "element", NULL};
static const char *const senders[] = {"client", "controller", "both", NULL};
static const char *const marks[] = {"assumed",	  "inferred", "recalled", "computed",
				    "documented", "seen",     NULL};
static const char *const roles[] = {"none", "time", "age", NULL};
static const char *const formats[] = {"number", "string", "time_s", "time_ms", "bitmap", NULL};

static void *
take(struct loader *loader, size_t count, size_t size)
{
	void *memory = arena_calloc(&loader->dict->memory, count ? count : 1, size);

	loader->no_memory |= !memory;
	return memory;
}

static const char *
keep(struct loader *loader, const char *text)
{
	const char *copy;

	if (!text)
		return NULL;
	copy = arena_strndup(&loader->dict->memory, text, strlen(text));
	loader->no_memory |= !copy;
	return copy ? copy : "";
}

/* Names and keys are words, so that they need no escape anywhere. */
static bool
is_word(const char *text)
{
	size_t length =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return length > 0 && !text[length];
}

static bool
is_plain(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '"' || *c == '\\')
			return false;
	return *text;
}

static const char *
read_name(struct loader *loader, cfg_t *section)
{
	const char *name = keep(loader, cfg_title(section));

	if (name && is_word(name))
		return name;
	loader_error(loader, section, NULL, 0, "not a name, expected letters, digits and _");
	return "";
}

/* An optional word, such as a key or the name of another part. */
static const char *
read_word(struct loader *loader, cfg_t *section, const char *option)
{
	const char *text = source_text(section, option, 0);

	if (text && !is_word(text))
		loader_error(loader, section, option, 0,
			     "%s is \"%s\", expected letters, digits and _", option, text);
	return keep(loader, text);
}

/* Reads a whole number; false with a report when it is none. */
static bool
read_signed(struct loader *loader, cfg_t *section, const char *option, int64_t *number)
{
	const char *text = source_text(section, option, 0);
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 0);
	if (end > text && !*end && !errno)
		return true;
	loader_error(loader, section, option, 0, "%s is \"%s\", expected a whole number", option,
		     text);
	return false;
}

static uint64_t
read_number(struct loader *loader, cfg_t *section, const char *option, uint64_t least,
	    uint64_t most)
{
	int64_t number;

	if (!source_count(section, option)) {
		loader_error(loader, section, NULL, 0, "%s is missing, expected a number", option);
		return least;
	}
	if (!read_signed(loader, section, option, &number))
		return least;
	if (number < 0 || (uint64_t)number < least || (uint64_t)number > most) {
		loader_error(loader, section, option, 0, "%s is %lld, expected %llu to %llu",
			     option, (long long)number, (unsigned long long)least,
			     (unsigned long long)most);
		return least;
	}
	return (uint64_t)number;
}

static bool
read_bool(struct loader *loader, cfg_t *section, const char *option)
{
	const char *text = source_text(section, option, 0);
	int value = text ? cfg_parse_boolean(text) : 0;

	if (value < 0)
		loader_error(loader, section, option, 0, "%s is \"%s\", expected true or false",
			     option, text);
	return value > 0;
}

static void
join_words(char *text, size_t size, const char *const *words)
{
	*text = '\0';
	for (size_t i = 0; words[i]; i++) {
		const char *separator = !i ? "" : words[i + 1] ? ", " : " or ";

		strncat(text, separator, size - strlen(text) - 1);
		strncat(text, words[i], size - strlen(text) - 1);
	}
}

/* The place of the option's value among `words`; 0 after an error. */
static unsigned
read_choice(struct loader *loader, cfg_t *section, const char *option, const char *const *words)
{
	const char *text = source_text(section, option, 0);
	char expected[128];

	for (unsigned i = 0; text && words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	join_words(expected, sizeof expected, words);
	if (text)
		loader_error(loader, section, option, 0, "%s is \"%s\", expected %s", option, text,
			     expected);
	else
		loader_error(loader, section, NULL, 0, "%s is missing, expected %s", option,
			     expected);
	return 0;
}

/* Splits "number=text"; NULL after an error. */
static const char *
read_pair(struct loader *loader, cfg_t *section, const char *option, unsigned index,
	  uint64_t *number)
{
	const char *text = source_text(section, option, index);
	char *end;

	*number = strtoull(text, &end, 0);
	if (isdigit((unsigned char)*text) && *end == '=' && is_plain(end + 1))
		return end + 1;
	loader_error(loader, section, option, index, "\"%s\" in %s, expected \"number=text\"", text,
		     option);
	return NULL;
}

static void
read_units(struct loader *loader, cfg_t *section, struct enumeration *enumeration)
{
	for (unsigned i = 0; i < source_count(section, "units"); i++) {
		uint64_t number;
		const char *unit = read_pair(loader, section, "units", i, &number);
		bool found = false;

		for (uint32_t k = 0; unit && k < enumeration->n_values; k++) {
			if (enumeration->values[k].number != number)
				continue;
			enumeration->values[k].unit = keep(loader, unit);
			found = true;
		}
		if (unit && !found)
			loader_error(loader, section, "units", i,
				     "unit of %llu, expected one of the values' numbers",
				     (unsigned long long)number);
	}
}

static void
read_enumeration(struct loader *loader, cfg_t *section, struct enumeration *enumeration)
{
	unsigned n = source_count(section, "values");

	enumeration->name = read_name(loader, section);
	enumeration->values = take(loader, n, sizeof *enumeration->values);
	if (!n)
		loader_error(loader, section, NULL, 0,
			     "values are missing, expected { \"number=name\", … }");
	if (!enumeration->values)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct enumeration_value *value = &enumeration->values[enumeration->n_values++];

		value->name = keep(loader, read_pair(loader, section, "values", i, &value->number));
	}
	read_units(loader, section, enumeration);
}

static const struct enumeration *
find_enumeration(struct loader *loader, cfg_t *section, const char *name)
{
	const struct dict *dict = loader->dict;

	for (uint32_t i = 0; i < dict->n_enumerations; i++)
		if (!strcmp(dict->enumerations[i].name, name))
			return &dict->enumerations[i];
	loader_error(loader, section, "values", 0,
		     "no enumeration \"%s\", expected one of this file", name);
	return NULL;
}

static void
read_bits(struct loader *loader, cfg_t *section, struct field *field)
{
	unsigned n = source_count(section, "bits");

	field->bits = take(loader, n, sizeof *field->bits);
	for (unsigned i = 0; field->bits && i < n; i++) {
		uint64_t number;
		const char *key = read_pair(loader, section, "bits", i, &number);

		if (number > 63 || (key && !is_word(key)))
			loader_error(loader, section, "bits", i,
				     "\"%s\" in bits, expected \"number=key\"",
				     source_text(section, "bits", i));
		field->bits[i] =
			(struct bit){.number = (uint8_t)(number & 63), .json = keep(loader, key)};
		field->n_bits++;
	}
}

static const struct type *
read_type(struct loader *loader, cfg_t *section)
{
	const char *is = source_text(section, "is", 0);

	for (size_t i = 0; is && i < COUNT(types); i++)
		if (!strcmp(types[i].name, is))
			return &types[i];
	if (is)
		loader_error(loader, section, "is", 0, "is is \"%s\", expected " TYPE_WORDS, is);
	else
		loader_error(loader, section, NULL, 0, "is is missing, expected " TYPE_WORDS);
	return NULL;
}

static uint32_t
read_scale(struct loader *loader, cfg_t *section)
{
	uint64_t scale = read_number(loader, section, "scale", 1, 1000000000);
	uint64_t rest = scale;

	while (rest > 1 && rest % 10 == 0)
		rest /= 10;
	if (rest != 1)
		loader_error(loader, section, "scale", 0,
			     "scale is %llu, expected 1, 10, 100 … 1000000000",
			     (unsigned long long)scale);
	return (uint32_t)scale;
}

/* The key: what `json` says, "" meaning none, and the name where it says nothing. */
static const char *
read_json(struct loader *loader, cfg_t *section)
{
	if (!source_count(section, "json"))
		return keep(loader, cfg_title(section));
	return *source_text(section, "json", 0) ? read_word(loader, section, "json") : NULL;
}

static void
read_integer(struct loader *loader, cfg_t *section, struct field *field)
{
	field->times = (uint8_t)read_number(loader, section, "times", 1, 16);
	field->has_none = source_given(section, "none") &&
			  read_signed(loader, section, "none", &field->none);
	field->scale = read_scale(loader, section);
	field->format = (enum format)read_choice(loader, section, "format", formats);
	field->role = (enum role)read_choice(loader, section, "role", roles);
	field->strongest = read_word(loader, section, "strongest");
	field->unit_of = read_word(loader, section, "unit_of");
	read_bits(loader, section, field);
	if (source_text(section, "values", 0))
		field->values =
			find_enumeration(loader, section, source_text(section, "values", 0));
}

static void read_shape(struct loader *loader, cfg_t *section, const char *part,
		       struct shape *shape);

/* What a field of a struct and an element have in common. */
static void
read_layout(struct loader *loader, cfg_t *section, struct field *field)
{
	const struct type *type = read_type(loader, section);

	if (!type)
		return;
	field->wire = type->wire;
	field->width = type->width;
	read_integer(loader, section, field);
	field->mac_type = read_bool(loader, section, "mac_type");
	field->is_map = read_bool(loader, section, "map");
	field->count_of = read_word(loader, section, "count");
	field->length_of = read_word(loader, section, "length");
	field->sort = read_word(loader, section, "sort");
	if (type->wire != WIRE_STRUCT && type->wire != WIRE_GROUP)
		return;
	field->shape = take(loader, 1, sizeof *field->shape);
	if (field->shape)
		read_shape(loader, section, type->wire == WIRE_GROUP ? "element" : "field",
			   field->shape);
}

/* Takes the layout of an earlier top-level element over. */
static void
read_use(struct loader *loader, cfg_t *section, struct field *field)
{
	const char *name = source_text(section, "use", 0);
	const struct field *origin = dictionary_find_field(&loader->dict->elements, name);

	if (source_text(section, "is", 0))
		loader_error(loader, section, "is", 0, "is beside use, expected one of the two");
	if (!origin) {
		loader_error(loader, section, "use", 0,
			     "no element \"%s\", expected a top-level one above this", name);
		return;
	}
	*field = *origin;
	field->kind = KIND_NONE;
}

static enum kind
read_kind(struct loader *loader, cfg_t *section)
{
	const char *name = source_text(section, "kind", 0);
	enum kind kind = name ? kind_named(name) : KIND_NONE;

	if (name && (kind == KIND_NONE || kind == KIND_UNKNOWN))
		loader_error(loader, section, "kind", 0,
			     "kind is \"%s\", expected rssi, info, statistics, attachment, "
			     "location, ap, interferer, air_quality or wips",
			     name);
	return kind;
}

static uint32_t
read_element_type(struct loader *loader, cfg_t *section, const struct field *field)
{
	unsigned bits = 8U * loader->dict->element.type_width;

	if (source_text(section, "use", 0) && !source_count(section, "type"))
		return field->type;
	return (uint32_t)read_number(loader, section, "type", 0, (UINT64_C(1) << bits) - 1);
}

static void
read_element(struct loader *loader, cfg_t *section, struct field *field)
{
	if (source_text(section, "use", 0))
		read_use(loader, section, field);
	else
		read_layout(loader, section, field);
	field->type = read_element_type(loader, section, field);
	field->kind = read_kind(loader, section);
	field->repeat = read_bool(loader, section, "repeat");
	field->required = read_bool(loader, section, "required");
}

static void
read_shape(struct loader *loader, cfg_t *section, const char *part, struct shape *shape)
{
	unsigned n = source_count(section, part);

	shape->name = cfg_title(section) ? keep(loader, cfg_title(section)) : "elements";
	shape->fields = take(loader, n, sizeof *shape->fields);
	if (!n)
		loader_error(loader, section, NULL, 0, "has no %ss, expected at least one", part);
	for (unsigned i = 0; shape->fields && i < n; i++) {
		cfg_t *inner = cfg_getnsec(section, part, i);
		struct field *field = &shape->fields[i];

		*field = (struct field){.kind = KIND_NONE, .times = 1, .scale = 1};
		if (*part == 'e')
			read_element(loader, inner, field);
		else
			read_layout(loader, inner, field);
		field->name = read_name(loader, inner);
		field->json = read_json(loader, inner);
		field->under = read_word(loader, inner, "under");
		field->is_inline = read_bool(loader, inner, "inline");
		shape->n_fields++;
	}
}

/* "name", "name?" (0 or 1), "name*" (0 or more) or "name+" (1 or more) */
static void
read_part(struct loader *loader, cfg_t *section, unsigned index, struct message_part *part)
{
	const char *text = source_text(section, "body", index);
	size_t length = strcspn(text, "?*+");

	if (!length || (text[length] && text[length + 1]))
		loader_error(loader, section, "body", index,
			     "\"%s\" in body, expected an element's name and perhaps ?, * or +",
			     text);
	part->name = arena_strndup(&loader->dict->memory, text, length);
	loader->no_memory |= !part->name;
	part->optional = text[length] == '?' || text[length] == '*';
	part->repeat = text[length] == '*' || text[length] == '+';
}

static void
read_message(struct loader *loader, cfg_t *section, struct message_def *message)
{
	unsigned n = source_count(section, "body");
	unsigned width = loader->dict->frame.id.width;
	unsigned bits = width ? 8U * width : 32;

	message->name = read_name(loader, section);
	message->id = (uint32_t)read_number(loader, section, "id", 0, (UINT64_C(1) << bits) - 1);
	message->sender =
		(enum sender)(SENDER_CLIENT + read_choice(loader, section, "from", senders));
	message->mark = (enum mark)read_choice(loader, section, "mark", marks);
	message->answers = read_word(loader, section, "answers");
	message->parts = take(loader, n, sizeof *message->parts);
	for (unsigned i = 0; message->parts && i < n; i++)
		read_part(loader, section, i, &message->parts[message->n_parts++]);
}

static uint32_t
read_entity(struct loader *loader, cfg_t *section, unsigned index)
{
	const char *name = source_text(section, "entities", index);
	const struct field *entity = dictionary_find_field(&loader->dict->elements, "entity");
	const struct enumeration *values = entity ? entity->values : NULL;

	for (uint32_t i = 0; values && i < values->n_values; i++)
		if (values->values[i].name && !strcmp(values->values[i].name, name))
			return (uint32_t)values->values[i].number;
	loader_error(loader, section, "entities", index,
		     "no entity \"%s\", expected a value of the element entity", name);
	return 0;
}

static void
read_subservice(struct loader *loader, cfg_t *section, struct subservice *subservice)
{
	unsigned n = source_count(section, "entities");

	subservice->name = read_name(loader, section);
	subservice->number = (uint32_t)read_number(loader, section, "number", 0, UINT32_MAX);
	subservice->bit = NO_SLOT;
	if (source_count(section, "bit"))
		subservice->bit = (int16_t)read_number(loader, section, "bit", 0, 63);
	subservice->entities = take(loader, n, sizeof *subservice->entities);
	for (unsigned i = 0; subservice->entities && i < n; i++)
		subservice->entities[subservice->n_entities++] = read_entity(loader, section, i);
}

static void
read_service(struct loader *loader, cfg_t *section, struct service *service)
{
	unsigned n = source_count(section, "subservice");

	service->name = read_name(loader, section);
	service->number = (uint32_t)read_number(loader, section, "number", 0, UINT32_MAX);
	service->request = read_word(loader, section, "request");
	service->subservices = take(loader, n, sizeof *service->subservices);
	if (!n)
		loader_error(loader, section, NULL, 0, "has no subservices, expected at least one");
	for (unsigned i = 0; service->subservices && i < n; i++)
		read_subservice(loader, cfg_getnsec(section, "subservice", i),
				&service->subservices[service->n_subservices++]);
}

static struct header_field
read_place(struct loader *loader, cfg_t *frame, const char *name, uint64_t most)
{
	cfg_t *section = cfg_getsec(frame, name);

	return (struct header_field){
		.offset = (uint8_t)read_number(loader, section, "offset", 0, 255),
		.width = (uint8_t)read_number(loader, section, "width", 0, most),
	};
}

static void
read_frame(struct loader *loader, cfg_t *section)
{
	struct frame_layout *frame = &loader->dict->frame;
	cfg_t *length = cfg_getsec(section, "length");

	frame->header = (uint8_t)read_number(loader, section, "header", 1, 255);
	frame->version = read_place(loader, section, "version", 8);
	frame->flags = read_place(loader, section, "flags", 8);
	frame->id = read_place(loader, section, "id", 4);
	frame->length = read_place(loader, section, "length", 8);
	frame->transaction = read_place(loader, section, "transaction", 4);
	frame->version_value =
		read_number(loader, cfg_getsec(section, "version"), "value", 0, INT64_MAX);
	frame->more_bit = (uint8_t)read_number(loader, cfg_getsec(section, "flags"), "more", 0, 63);
	frame->length_is_body = read_choice(loader, length, "counts", length_counts) == 1;
	frame->max_length = (uint32_t)read_number(loader, length, "max", 1, INT32_MAX);
}

static void
read_tlv(struct loader *loader, cfg_t *section)
{
	struct element_layout *element = &loader->dict->element;

	element->type_width = (uint8_t)read_number(loader, section, "type", 1, 4);
	element->length_width = (uint8_t)read_number(loader, section, "length", 1, 4);
	element->length_is_element = read_choice(loader, section, "counts", element_counts) == 1;
	element->align = (uint8_t)read_number(loader, section, "align", 1, 16);
}

static void
read_lists(struct loader *loader, cfg_t *root)
{
	struct dict *dict = loader->dict;
	unsigned n_enumerations = source_count(root, "enumeration");
	unsigned n_messages = source_count(root, "message");
	unsigned n_services = source_count(root, "service");

	dict->enumerations = take(loader, n_enumerations, sizeof *dict->enumerations);
	dict->messages = take(loader, n_messages, sizeof *dict->messages);
	dict->services = take(loader, n_services, sizeof *dict->services);
	if (loader->no_memory)
		return;
	while (dict->n_enumerations < n_enumerations) {
		cfg_t *section = cfg_getnsec(root, "enumeration", dict->n_enumerations);
		read_enumeration(loader, section, &dict->enumerations[dict->n_enumerations++]);
	}
	read_shape(loader, root, "element", &dict->elements);
	while (dict->n_messages < n_messages) {
		cfg_t *section = cfg_getnsec(root, "message", dict->n_messages);
		read_message(loader, section, &dict->messages[dict->n_messages++]);
	}
	while (dict->n_services < n_services) {
		cfg_t *section = cfg_getnsec(root, "service", dict->n_services);
		read_service(loader, section, &dict->services[dict->n_services++]);
	}
}

void
dictionary_read(struct loader *loader, cfg_t *root)
{
	struct dict *dict = loader->dict;

	if (source_text(root, "name", 0))
		dict->name = read_word(loader, root, "name");
	dict->description = keep(loader, source_text(root, "description", 0));
	dict->little_endian = read_choice(loader, root, "byte_order", byte_orders) == 1;
	read_frame(loader, cfg_getsec(root, "frame"));
	read_tlv(loader, cfg_getsec(root, "tlv"));
	read_lists(loader, root);
}
