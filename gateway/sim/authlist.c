/* SPDX-License-Identifier: ISC */
/* authlist.c: the clients that a controller lets in */
#include "gateway/sim/authlist.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SHA1_DIGITS   40
#define SHA256_DIGITS 64

static bool
read_mac(const char *text, size_t length, uint8_t *mac)
{
	char copy[MAC_TEXT];

	if (length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return mac_parse(copy, mac) == 0;
}

static bool
read_hash(const char *text, char *hash)
{
	size_t digits = strlen(text);

	if (digits != SHA1_DIGITS && digits != SHA256_DIGITS)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
		hash[i] = (char)tolower((unsigned char)text[i]);
	}
	hash[digits] = '\0';
	return true;
}

const char *
authlist_add(struct authlist *list, const char *text)
{
	struct authlist_entry entry;
	struct authlist_entry *entries;
	size_t mac = strcspn(text, "=");

	if (!text[mac] || !read_mac(text, mac, entry.mac))
		return "expected MAC=HASH, the MAC address of one device being 12 hex digits";
	if (!read_hash(text + mac + 1, entry.hash))
		return "expected 40 (SHA-1) or 64 (SHA-2) hex digits behind the =";
	entries = realloc(list->entries, (list->n_entries + 1) * sizeof *entries);
	if (!entries)
		return "out of memory";
	list->entries = entries;
	entries[list->n_entries++] = entry;
	return NULL;
}

void
authlist_fini(struct authlist *list)
{
	free(list->entries);
	*list = (struct authlist){0};
}

enum authlist_verdict
authlist_check(const struct authlist *list, const struct authlist_client *client)
{
	enum authlist_verdict verdict = AUTHLIST_UNKNOWN_MAC;

	if (list->allow_all)
		return AUTHLIST_ALLOWED;
	if (!client->mac)
		return AUTHLIST_NO_MAC;
	for (size_t i = 0; i < list->n_entries; i++) {
		const struct authlist_entry *entry = &list->entries[i];

		if (memcmp(entry->mac, client->mac, MAC_SIZE) != 0)
			continue;
		if (strcmp(entry->hash, client->sha1) == 0 ||
		    strcmp(entry->hash, client->sha256) == 0)
			return AUTHLIST_ALLOWED;
		verdict = AUTHLIST_OTHER_KEY;
	}
	return verdict;
}

const char *
authlist_verdict_text(enum authlist_verdict verdict)
{
	static const char *const texts[] = {
		"allowed",
		"no MAC address in the certificate's subject",
		"no entry for the MAC address",
		"the key hash differs from the entry's",
	};

	return texts[verdict];
}
