/* SPDX-License-Identifier: ISC */
/* authlist.h: the clients that a controller lets in: their MAC address and the hash of their key */
#ifndef NMSP_SIM_AUTHLIST_H
#define NMSP_SIM_AUTHLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/mac.h"

#define AUTHLIST_HASH_TEXT 65 /* hex digits of the longest hash and their NUL */

struct authlist_entry {
	uint8_t mac[MAC_SIZE];
	char hash[AUTHLIST_HASH_TEXT]; /* SHA-1 or SHA-256, lower-case hex */
};

/* Begin with a cleared one. */
struct authlist {
	struct authlist_entry *entries;
	size_t n_entries;
	bool allow_all;
};

/* A client's certificate, as far as the list looks at it. */
struct authlist_client {
	const uint8_t *mac; /* of its subject; NULL when that holds none */
	const char *sha1;   /* of the DER SubjectPublicKeyInfo, lower-case hex */
	const char *sha256; /* of the same */
};

enum authlist_verdict {
	AUTHLIST_ALLOWED,
	AUTHLIST_NO_MAC,      /* the subject holds no MAC address */
	AUTHLIST_UNKNOWN_MAC, /* no entry for it */
	AUTHLIST_OTHER_KEY,   /* an entry, but the hash differs */
};

/* Adds "MAC=HASH": 12 hex digits with or without separators, 40 (SHA-1) or 64 (SHA-2) hex digits.
 * Returns NULL, or what is wrong with it. */
const char *authlist_add(struct authlist *list, const char *text);

/* Frees the entries of a list. */
void authlist_fini(struct authlist *list);

/* Looks a client up. */
enum authlist_verdict authlist_check(const struct authlist *list,
				     const struct authlist_client *client);

/* The verdict in words. */
const char *authlist_verdict_text(enum authlist_verdict verdict);

#endif
