/* SPDX-License-Identifier: ISC */
/* identity.h: the key and certificate that this gateway shows to controllers
 *
 * A controller lets in who stands in its authorisation list: a MAC address and a hash of the public
 * key. Functions that can fail return 0 or -1 with a sentence for people in `error`.
 */
#ifndef NMSP_GATEWAY_IDENTITY_H
#define NMSP_GATEWAY_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/mac.h"

enum {
	IDENTITY_SHA1_TEXT = 41, /* hex digits and their NUL */
	IDENTITY_SHA256_TEXT = 65,
};

struct evp_pkey_st;
struct x509_st;

/* The key hashes that authorisation lists hold: over the DER SubjectPublicKeyInfo, lower-case hex.
 */
struct identity_hashes {
	char sha1[IDENTITY_SHA1_TEXT];
	char sha256[IDENTITY_SHA256_TEXT];
};

struct identity {
	struct evp_pkey_st *key;     /* EVP_PKEY */
	struct x509_st *certificate; /* X509 */
	uint8_t mac[MAC_SIZE];	     /* as the subject of the certificate says */
	struct identity_hashes hashes;
};

/* From when until when a certificate is valid, s since 1970. */
struct identity_dates {
	int64_t begin;
	int64_t end;
};

/* Where an identity is kept, both in PEM, and the MAC that it is wanted to have ("" or NULL: any).
 */
struct identity_files {
	const char *certificate;
	const char *key;
	const char *mac;
};

/* Reads an identity and checks that only its owner can read the key (or, where that is root, also
 * the group that we are in), that key and certificate belong together, that the dates hold, and the
 * MAC. */
int identity_load(struct identity *identity, const struct identity_files *files, char *error,
		  size_t size);

/* Makes an identity in memory: RSA 2048, self-signed with SHA-256, valid from yesterday for ten
 * years, subject O=nmsp2mqtt, CN=<12 hex digits of the MAC>. */
int identity_generate(struct identity *identity, const uint8_t *mac, char *error, size_t size);

/* Writes an identity to its two files (the key readable by its owner alone) and makes their
 * directories. Existing files are replaced, each at one blow. */
int identity_store(const struct identity *identity, const struct identity_files *files, char *error,
		   size_t size);

/* Loads the identity, or makes what is missing of it: key and certificate, or a certificate for the
 * key that is there, so that its hash in the controllers' lists stays good. The MAC of a new one:
 * that of `files`, else that of mac_choose(). Returns 1 when it was made, 0 when it was there, -1
 * on failure. */
int identity_ensure(struct identity *identity, const struct identity_files *files, char *error,
		    size_t size);

/* Whether two identities have the same certificate. */
bool identity_is(const struct identity *a, const struct identity *b);

/* Frees what an identity owns; may be called on one that is cleared. */
void identity_fini(struct identity *identity);

/* The hashes of the key in a certificate. */
int identity_hash_certificate(const struct x509_st *certificate, struct identity_hashes *hashes);

/* The hashes of a file that holds a DER SubjectPublicKeyInfo and nothing else. */
int identity_hash_spki_file(const char *path, struct identity_hashes *hashes, char *error,
			    size_t size);

/* The dates of any certificate. */
struct identity_dates identity_dates_of(const struct x509_st *certificate);

/* The MAC address in the subject of a certificate. Returns 0, or -1 when there is none. */
int identity_subject_mac(const struct x509_st *certificate, uint8_t *mac);

#endif
