/* SPDX-License-Identifier: ISC */
/* dictionary_check.c: what may be wrong between the parts of a dictionary */
#include <confuse.h>
#include <string.h>

#include "conf/dictionary_load.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What sessions rely on by name: see DICT_NAMES in codecs/dict.h. */
static const char *const needed_messages[] = {
	"echo_request",
	"echo_response",
	"capability_notification",
	"service_subscribe_request",
	"service_subscribe_response",
	"service_unsubscribe_request",
	"service_unsubscribe_response",
};
static const char *const needed_elements[] = {
	"status", "device",	   "service", "subservice_mask", "entity", "scope",
	"detail", "location_type", "mac",
};
static const struct needed_value {
	const char *element;
	const char *value;
} needed_values[] = {
	{"status", "success"}, {"status", "partial"},	 {"scope", "all"},
	{"detail", "full"},    {"location_type", "any"},
};

static const struct message_def *
find_message(const struct dict *dict, const char *name)
{
	for (uint32_t i = 0; i < dict->n_messages; i++)
		if (!strcmp(dict->messages[i].name, name))
			return &dict->messages[i];
	return NULL;
}

static void
check_parts(struct loader *loader, cfg_t *section, const struct message_def *message)
{
	for (uint32_t i = 0; i < message->n_parts; i++) {
		if (!dictionary_find_field(&loader->dict->elements, message->parts[i].name))
			loader_error(loader, section, "body", i,
				     "no element \"%s\", expected one of this file",
				     message->parts[i].name);
		for (uint32_t k = 0; k < i; k++)
			if (!strcmp(message->parts[k].name, message->parts[i].name))
				loader_error(loader, section, "body", i,
					     "\"%s\" again, expected each element once",
					     message->parts[i].name);
	}
}

static void
check_messages(struct loader *loader, cfg_t *root)
{
	const struct dict *dict = loader->dict;

	for (uint32_t i = 0; i < dict->n_messages; i++) {
		const struct message_def *message = &dict->messages[i];
		cfg_t *section = cfg_getnsec(root, "message", i);

		check_parts(loader, section, message);
		for (uint32_t k = 0; k < i; k++)
			if (dict->messages[k].id == message->id)
				loader_error(loader, section, "id", 0,
					     "id is %u, that of \"%s\", expected another",
					     message->id, dict->messages[k].name);
		if (message->answers && !find_message(dict, message->answers))
			loader_error(loader, section, "answers", 0,
				     "no message \"%s\", expected one of this file",
				     message->answers);
	}
}

static bool
asks_for_entity(const struct message_def *message)
{
	for (uint32_t i = 0; i < message->n_parts; i++)
		if (!strcmp(message->parts[i].name, "entity"))
			return true;
	return false;
}

/* Bits are unique among all sub-services, numbers within a service. */
static void
check_subservice(struct loader *loader, cfg_t *section, uint32_t s, uint32_t i)
{
	const struct service *services = loader->dict->services;
	const struct subservice *subservice = &services[s].subservices[i];

	for (uint32_t r = 0; r <= s; r++) {
		for (uint32_t k = 0; k < (r < s ? services[r].n_subservices : i); k++) {
			const struct subservice *other = &services[r].subservices[k];

			if (subservice->bit != NO_SLOT && other->bit == subservice->bit)
				loader_error(loader, section, "bit", 0,
					     "bit is %d, that of \"%s:%s\", expected another",
					     subservice->bit, services[r].name, other->name);
			if (r == s && other->number == subservice->number)
				loader_error(loader, section, "number", 0,
					     "number is %u, that of \"%s\", expected another",
					     subservice->number, other->name);
		}
	}
}

static void
check_service(struct loader *loader, cfg_t *section, uint32_t index)
{
	const struct service *service = &loader->dict->services[index];
	const struct message_def *request =
		service->request ? find_message(loader->dict, service->request) : NULL;

	if (service->request && !request)
		loader_error(loader, section, "request", 0,
			     "no message \"%s\", expected one of this file", service->request);
	for (uint32_t i = 0; i < index; i++)
		if (loader->dict->services[i].number == service->number)
			loader_error(loader, section, "number", 0,
				     "number is %u, that of \"%s\", expected another",
				     service->number, loader->dict->services[i].name);
	for (uint32_t i = 0; i < service->n_subservices; i++) {
		cfg_t *inner = cfg_getnsec(section, "subservice", i);

		check_subservice(loader, inner, index, i);
		if (service->subservices[i].n_entities && !(request && asks_for_entity(request)))
			loader_error(loader, inner, "entities", 0,
				     "entities, expected a request with the element entity");
	}
}

static void
check_enumeration(struct loader *loader, cfg_t *section, const struct enumeration *enumeration)
{
	for (uint32_t i = 0; i < enumeration->n_values; i++) {
		const struct enumeration_value *value = &enumeration->values[i];

		for (uint32_t k = 0; k < i; k++)
			if (enumeration->values[k].number == value->number ||
			    !strcmp(enumeration->values[k].name, value->name))
				loader_error(loader, section, "values", i,
					     "\"%llu=%s\" repeats \"%llu=%s\", expected each once",
					     (unsigned long long)value->number, value->name,
					     (unsigned long long)enumeration->values[k].number,
					     enumeration->values[k].name);
	}
}

static void
check_frame(struct loader *loader, cfg_t *frame)
{
	static const char *const names[] = {"version", "flags", "id", "length", "transaction"};
	const struct frame_layout *layout = &loader->dict->frame;
	const struct header_field fields[] = {layout->version, layout->flags, layout->id,
					      layout->length, layout->transaction};

	for (size_t i = 0; i < COUNT(names); i++) {
		cfg_t *section = cfg_getsec(frame, names[i]);
		unsigned end = fields[i].offset + fields[i].width;

		if (end > layout->header)
			loader_error(loader, section, NULL, 0,
				     "ends at byte %u, expected at most the header's %u", end,
				     layout->header);
		for (size_t k = 0; k < i; k++)
			if (fields[k].offset < end &&
			    fields[i].offset < fields[k].offset + fields[k].width &&
			    fields[i].width)
				loader_error(loader, section, NULL, 0,
					     "overlaps %s, expected bytes of its own", names[k]);
	}
	if (!layout->id.width || !layout->length.width)
		loader_error(loader, frame, NULL, 0, "%s is missing, expected its offset and width",
			     layout->id.width ? "length" : "id");
	if (layout->max_length < layout->header)
		loader_error(loader, cfg_getsec(frame, "length"), "max", 0,
			     "max is %u, expected at least the header's %u", layout->max_length,
			     layout->header);
}

static void
check_header_values(struct loader *loader, cfg_t *frame)
{
	const struct frame_layout *layout = &loader->dict->frame;
	unsigned bits = 8U * layout->version.width;
	cfg_t *version = cfg_getsec(frame, "version");
	cfg_t *flags = cfg_getsec(frame, "flags");

	if (bits < 64 && layout->version_value >> bits)
		loader_error(loader, version, "value", 0,
			     "value is %llu, expected one that fits in %u bytes",
			     (unsigned long long)layout->version_value, layout->version.width);
	if (source_given(flags, "more") && layout->more_bit >= 8U * layout->flags.width)
		loader_error(loader, flags, "more", 0,
			     "more is bit %u, expected one of the %u bits of flags",
			     layout->more_bit, 8U * layout->flags.width);
}

static void
check_tlv(struct loader *loader, cfg_t *section)
{
	unsigned align = loader->dict->element.align;

	if (align & (align - 1))
		loader_error(loader, section, "align", 0, "align is %u, expected 1, 2, 4, 8 or 16",
			     align);
}

static bool
has_value(const struct enumeration *enumeration, const char *name)
{
	for (uint32_t i = 0; enumeration && i < enumeration->n_values; i++)
		if (!strcmp(enumeration->values[i].name, name))
			return true;
	return false;
}

/* What C asks for by name must be there; there is no line to blame when it is not. */
static void
check_needed(struct loader *loader)
{
	const struct dict *dict = loader->dict;
	const struct report *report = &loader->source.report;
	const struct report_place nowhere = {dict->file, 0};

	for (size_t i = 0; i < COUNT(needed_messages); i++)
		if (!find_message(dict, needed_messages[i]))
			report_error(report, nowhere,
				     "no message \"%s\", expected it: sessions need it",
				     needed_messages[i]);
	for (size_t i = 0; i < COUNT(needed_elements); i++)
		if (!dictionary_find_field(&dict->elements, needed_elements[i]))
			report_error(report, nowhere,
				     "no element \"%s\", expected it: sessions need it",
				     needed_elements[i]);
	for (size_t i = 0; i < COUNT(needed_values); i++) {
		const struct field *element =
			dictionary_find_field(&dict->elements, needed_values[i].element);

		if (element && !has_value(element->values, needed_values[i].value))
			report_error(
				report, nowhere,
				"element \"%s\": no value \"%s\", expected it: sessions need it",
				needed_values[i].element, needed_values[i].value);
	}
}

void
dictionary_check(struct loader *loader, cfg_t *root)
{
	const struct dict *dict = loader->dict;

	check_frame(loader, cfg_getsec(root, "frame"));
	check_header_values(loader, cfg_getsec(root, "frame"));
	check_tlv(loader, cfg_getsec(root, "tlv"));
	for (uint32_t i = 0; i < dict->n_enumerations; i++)
		check_enumeration(loader, cfg_getnsec(root, "enumeration", i),
				  &dict->enumerations[i]);
	dictionary_check_shape(loader, root, "element", &dict->elements);
	check_messages(loader, root);
	for (uint32_t i = 0; i < dict->n_services; i++)
		check_service(loader, cfg_getnsec(root, "service", i), i);
	check_needed(loader);
}
