/* SPDX-License-Identifier: ISC */
/* dict.c: look-ups in a compiled dictionary */
#include "codecs/dict.h"

#include <string.h>

static const char *const kind_names[KIND_COUNT] = {
	[KIND_RSSI] = "rssi",
	[KIND_INFO] = "info",
	[KIND_STATISTICS] = "statistics",
	[KIND_ATTACHMENT] = "attachment",
	[KIND_LOCATION] = "location",
	[KIND_AP] = "ap",
	[KIND_INTERFERER] = "interferer",
	[KIND_AIR_QUALITY] = "air_quality",
	[KIND_WIPS] = "wips",
	[KIND_UNKNOWN] = "unknown",
};

const char *
kind_name(enum kind kind)
{
	return kind < KIND_COUNT ? kind_names[kind] : "none";
}

enum kind
kind_named(const char *name)
{
	for (unsigned i = 0; i < KIND_COUNT; i++)
		if (strcmp(kind_names[i], name) == 0)
			return (enum kind)i;
	return KIND_NONE;
}

const char *
mark_name(enum mark mark)
{
	static const char *const names[] = {
		[MARK_ASSUMED] = "assumed",	  [MARK_INFERRED] = "inferred",
		[MARK_RECALLED] = "recalled",	  [MARK_COMPUTED] = "computed",
		[MARK_DOCUMENTED] = "documented", [MARK_SEEN] = "seen",
	};

	return names[mark];
}

const struct message_def *
dict_message(const struct dict *dict, uint32_t id)
{
	for (uint32_t i = 0; i < dict->n_messages; i++)
		if (dict->messages[i].id == id)
			return &dict->messages[i];
	return NULL;
}

const struct message_def *
dict_message_named(const struct dict *dict, const char *name)
{
	for (uint32_t i = 0; i < dict->n_messages; i++)
		if (strcmp(dict->messages[i].name, name) == 0)
			return &dict->messages[i];
	return NULL;
}

const struct service *
dict_service_named(const struct dict *dict, const char *name)
{
	for (uint32_t i = 0; i < dict->n_services; i++)
		if (strcmp(dict->services[i].name, name) == 0)
			return &dict->services[i];
	return NULL;
}

const struct subservice *
dict_subservice_named(const struct service *service, const char *name)
{
	for (uint32_t i = 0; i < service->n_subservices; i++)
		if (strcmp(service->subservices[i].name, name) == 0)
			return &service->subservices[i];
	return NULL;
}

const struct field *
shape_element(const struct shape *shape, uint32_t type)
{
	uint32_t place = type - shape->first_type;

	if (place >= shape->n_by_type || !shape->by_type[place])
		return NULL;
	return &shape->fields[shape->by_type[place] - 1];
}

const struct field *
shape_field(const struct shape *shape, const char *name)
{
	for (uint32_t i = 0; i < shape->n_fields; i++)
		if (strcmp(shape->fields[i].name, name) == 0)
			return &shape->fields[i];
	return NULL;
}

const struct enumeration_value *
enumeration_find(const struct enumeration *enumeration, uint64_t number)
{
	uint32_t low = 0, high = enumeration->n_values;

	if (number < enumeration->n_dense)
		return enumeration->dense[number];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct enumeration_value *value = &enumeration->values[middle];

		if (value->number == number)
			return value;
		if (value->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct enumeration_value *
enumeration_named(const struct enumeration *enumeration, const char *name)
{
	for (uint32_t i = 0; i < enumeration->n_values; i++)
		if (strcmp(enumeration->values[i].name, name) == 0)
			return &enumeration->values[i];
	return NULL;
}
