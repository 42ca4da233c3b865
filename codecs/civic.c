/* SPDX-License-Identifier: ISC */
/* civic.c: civic location as in RFC 4776, with the names of RFC 5139 */
#include "codecs/civic.h"

#include <stdio.h>
#include <string.h>

/* RFC 5139 section 3: element names by CAtype. */
static const char *const ca_names[] = {
	[1] = "A1",	[2] = "A2",	[3] = "A3",	  [4] = "A4",	 [5] = "A5",
	[6] = "A6",	[16] = "PRD",	[17] = "POD",	  [18] = "STS",	 [19] = "HNO",
	[20] = "HNS",	[21] = "LMK",	[22] = "LOC",	  [23] = "NAM",	 [24] = "PC",
	[25] = "BLD",	[26] = "UNIT",	[27] = "FLR",	  [28] = "ROOM", [29] = "PLC",
	[30] = "PCN",	[31] = "POBOX", [32] = "ADDCODE", [33] = "SEAT", [34] = "RD",
	[35] = "RDSEC", [36] = "RDBR",	[37] = "RDSUBBR", [38] = "PRM",	 [39] = "POM",
};

/* RFC 4776 section 3.1: which entity the location describes. */
static const char *const sources[] = {"dhcp_server", "network_element", "client"};

static struct value
value_text(const char *text, size_t length)
{
	return (struct value){
		.bytes = (const uint8_t *)text, .count = (uint32_t)length, .present = true};
}

static void
pair_add(struct value *map, struct value key, struct value text)
{
	struct value *pair = &map->items[2 * (size_t)map->count++];

	pair[0] = key;
	pair[1] = text;
}

static struct value
number_text(struct arena *arena, const char *before, unsigned number)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%s%u", before, number);
	char *copy = arena_strndup(arena, text, (size_t)length);

	return copy ? value_text(copy, (size_t)length) : (struct value){.present = false};
}

static struct value
ca_key(struct arena *arena, unsigned type)
{
	const char *name = type < sizeof ca_names / sizeof *ca_names ? ca_names[type] : NULL;

	return name ? value_text(name, strlen(name)) : number_text(arena, "ca", type);
}

static struct value
source_text(struct arena *arena, unsigned what)
{
	if (what < sizeof sources / sizeof *sources)
		return value_text(sources[what], strlen(sources[what]));
	return number_text(arena, "", what);
}

static bool
add_element(struct cursor *window, struct arena *arena, struct value *map)
{
	unsigned type = (unsigned)cursor_uint(window, 1);
	size_t length = (size_t)cursor_uint(window, 1);
	const uint8_t *text = cursor_bytes(window, length);
	struct value key = ca_key(arena, type);

	if (!text || !key.present)
		return false;
	if (length)
		pair_add(map, key, value_text((const char *)text, length));
	return true;
}

bool
civic_decode(struct cursor *window, struct arena *arena, struct value *value)
{
	unsigned what = (unsigned)cursor_uint(window, 1);
	const uint8_t *country = cursor_bytes(window, 2);
	struct value source = source_text(arena, what);
	struct value map = {.present = true};

	/* An element has at least two bytes, and two pairs stand before the first. */
	map.items = arena_calloc(arena, (cursor_left(window) / 2 + 2) * 2, sizeof *map.items);
	if (!country || !map.items || !source.present)
		return false;
	pair_add(&map, value_text("source", strlen("source")), source);
	pair_add(&map, value_text("country", strlen("country")),
		 value_text((const char *)country, 2));
	while (cursor_left(window) > 0)
		if (!add_element(window, arena, &map))
			return false;
	*value = map;
	return true;
}
