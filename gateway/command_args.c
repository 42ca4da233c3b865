/* SPDX-License-Identifier: ISC */
/* command_args.c: the members of a request, and what is said of wrong ones */
#include <inttypes.h>
#include <string.h>

#include "conf/suggest.h"
#include "gateway/command_call.h"
#include "gateway/mac.h"
#include "gateway/session_ask.h"

static const char *
type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		break;
	}
	return "null";
}

static bool
is_member(const char *members, const char *name)
{
	size_t length = strlen(name);

	if (strcmp(name, "id") == 0)
		return true;
	for (const char *at = members; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == length && memcmp(at, name, n) == 0)
			return true;
		at += n;
	}
	return false;
}

/* A member that the command does not have, with the one that may be meant. */
static bool
refuse_member(struct call *call, const char *name)
{
	struct suggest suggest = suggest_for(name);
	char words[128], hint[128], *rest = words;

	snprintf(words, sizeof words, "id %s", call->command->members);
	for (char *word; (word = strsep(&rest, " "));)
		suggest_offer(&suggest, word);
	return call_fail(call, "unknown member \"%.64s\"%s; expected none but: id %s", name,
			 suggest_text(&suggest, hint, sizeof hint), call->command->members);
}

bool
command_check_members(struct call *call)
{
	const json_t *id = json_object_get(call->request, "id");

	if (!json_is_object(call->request))
		return call_fail(call, "expected an object, such as {}, got %s",
				 type_name(call->request));
	for (void *at = json_object_iter(call->request); at;
	     at = json_object_iter_next(call->request, at)) {
		const char *name = json_object_iter_key(at);

		if (!is_member(call->command->members, name))
			return refuse_member(call, name);
	}
	if (id && !json_is_string(id) && !json_is_number(id))
		return call_fail(call, "\"id\": expected a string or a number, got %s",
				 type_name(id));
	return true;
}

const char *
command_text(struct call *call, const char *member)
{
	const json_t *value = json_object_get(call->request, member);

	if (!value)
		return NULL;
	if (!json_is_string(value))
		call_fail(call, "\"%s\": expected a string, got %s", member, type_name(value));
	return json_string_value(value);
}

struct controller *
command_controller(struct call *call)
{
	const struct gateway *g = call->gateway;
	const char *name = command_text(call, "controller");
	struct controller *c = name ? gateway_controller(g, name) : NULL;
	struct suggest suggest = suggest_for(name ? name : "");
	char hint[128];

	if (!name || c)
		return c;
	for (size_t i = 0; i < g->n_controllers; i++)
		suggest_offer(&suggest, g->controllers[i]->config->name);
	call_fail(call, "\"controller\": there is no \"%.64s\"%s", name,
		  suggest_text(&suggest, hint, sizeof hint));
	return NULL;
}

static bool
read_mac(struct call *call, const json_t *value, uint64_t *mac)
{
	const char *text = json_string_value(value);
	uint8_t bytes[MAC_SIZE];

	if (!text)
		return call_fail(call,
				 "\"mac\": expected a MAC address or an array of them, got %s",
				 type_name(value));
	if (mac_parse(text, bytes))
		return call_fail(call,
				 "\"mac\": \"%.64s\" is not the address of a device, expected 12 "
				 "hexadecimal digits, with or without : - or .",
				 text);
	*mac = mac_number(bytes);
	return true;
}

bool
command_macs(struct call *call, uint64_t *macs, size_t *n)
{
	const json_t *value = json_object_get(call->request, "mac");

	*n = 0;
	if (!value)
		return true;
	if (!json_is_array(value)) {
		*n = 1;
		return read_mac(call, value, macs);
	}
	if (json_array_size(value) == 0 || json_array_size(value) > SESSION_ASK_MACS)
		return call_fail(call,
				 "\"mac\": expected 1 to %d addresses, or no such member for all, "
				 "got %zu",
				 SESSION_ASK_MACS, json_array_size(value));
	for (; *n < json_array_size(value); ++*n)
		if (!read_mac(call, json_array_get(value, *n), &macs[*n]))
			return false;
	return true;
}
