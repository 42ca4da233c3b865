/* SPDX-License-Identifier: ISC */
/* identity.c: the key and certificate that this gateway shows to controllers */
#include "gateway/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "gateway/mac.h"
#include "gateway/store.h"

enum {
	KEY_BITS = 2048,
	SERIAL_BITS = 127,
	DAYS_BACK = 1, /* a controller's clock may be behind ours */
	DAYS_VALID = 3652,
	SPKI_LIMIT = 16384,
	X509_V3 = 2,
};

/* Says what failed and OpenSSL's own reason for it. */
static int
fail(const char *what, const char *path, char *error, size_t size)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(error, size, "%s%s%s: %s", what, *path ? " " : "", path, why ? why : "no memory");
	ERR_clear_error();
	return -1;
}

static int
refuse_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

/* A secret that is mounted for a service belongs to root and to the service's group. */
static bool
is_open_to_others(const struct stat *status)
{
	mode_t closed = S_IRWXG | S_IRWXO;

	if (status->st_uid == 0 && geteuid() != 0)
		closed &= ~(mode_t)S_IRGRP;
	return status->st_mode & closed;
}

static EVP_PKEY *
read_key(const char *path, char *error, size_t size)
{
	struct stat status;
	EVP_PKEY *key = NULL;
	FILE *file = fopen(path, "re");

	if (!file || fstat(fileno(file), &status) < 0) {
		snprintf(error, size, "cannot read the key %s: %s", path, strerror(errno));
	} else if (is_open_to_others(&status)) {
		snprintf(error, size,
			 "the key %s is open to others (mode %04o): type chmod 600 %s, or delete "
			 "key and certificate if someone may have read it",
			 path, (unsigned)(status.st_mode & 07777), path);
	} else {
		key = PEM_read_PrivateKey(file, NULL, refuse_passphrase, NULL);
		if (!key)
			fail("no private key in PEM without a passphrase in", path, error, size);
	}
	if (file)
		fclose(file);
	return key;
}

static X509 *
read_certificate(const char *path, char *error, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file) {
		snprintf(error, size, "cannot read the certificate %s: %s", path, strerror(errno));
		return NULL;
	}
	X509 *certificate = PEM_read_X509(file, NULL, refuse_passphrase, NULL);
	fclose(file);
	if (!certificate)
		fail("no certificate in PEM in", path, error, size);
	return certificate;
}

static void
date_text(const ASN1_TIME *date, char *text, size_t size)
{
	struct tm tm = {0};

	ASN1_TIME_to_tm(date, &tm);
	strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &tm);
}

static int64_t
date_number(const ASN1_TIME *date)
{
	struct tm tm = {0};

	ASN1_TIME_to_tm(date, &tm);
	return timegm(&tm);
}

struct identity_dates
identity_dates_of(const struct x509_st *certificate)
{
	return (struct identity_dates){
		.begin = date_number(X509_get0_notBefore(certificate)),
		.end = date_number(X509_get0_notAfter(certificate)),
	};
}

static int
check_dates(const X509 *certificate, const char *path, char *error, size_t size)
{
	const ASN1_TIME *begin = X509_get0_notBefore(certificate);
	const ASN1_TIME *end = X509_get0_notAfter(certificate);
	char date[32];

	if (X509_cmp_current_time(begin) > 0) {
		date_text(begin, date, sizeof date);
		snprintf(error, size,
			 "the certificate %s is not valid before %s: is the clock of this machine "
			 "right?",
			 path, date);
		return -1;
	}
	if (X509_cmp_current_time(end) < 0) {
		date_text(end, date, sizeof date);
		snprintf(error, size,
			 "the certificate %s expired at %s: delete it, and a new one is made for "
			 "the same key, so that the controllers need no change",
			 path, date);
		return -1;
	}
	return 0;
}

/* Finds the MAC in the certificate, and compares it with the one that is wanted. */
static int
check_mac(struct identity *identity, const struct identity_files *files, char *error, size_t size)
{
	uint8_t wanted[MAC_SIZE];
	char there[MAC_TEXT];
	bool any = !files->mac || !*files->mac;

	if (!any && mac_parse(files->mac, wanted)) {
		snprintf(error, size, "\"%s\" is not the MAC address of a device", files->mac);
		return -1;
	}
	if (identity_subject_mac(identity->certificate, identity->mac)) {
		if (any)
			snprintf(error, size,
				 "the subject of the certificate %s has no MAC address: say in the "
				 "configuration which one the controllers' lists have",
				 files->certificate);
		else
			memcpy(identity->mac, wanted, sizeof wanted);
		return any ? -1 : 0;
	}
	if (!any && memcmp(wanted, identity->mac, sizeof wanted) != 0) {
		snprintf(error, size,
			 "the certificate %s is for the MAC %s, the configuration says \"%s\": "
			 "take the MAC out of the configuration; or delete the certificate, and a "
			 "new one is made for the same key, and correct the MAC in the "
			 "controllers' lists",
			 files->certificate, mac_text(identity->mac, ':', there), files->mac);
		return -1;
	}
	return 0;
}

static int
check(struct identity *identity, const struct identity_files *files, char *error, size_t size)
{
	if (X509_check_private_key(identity->certificate, identity->key) != 1) {
		ERR_clear_error();
		snprintf(error, size, "the key %s does not belong to the certificate %s",
			 files->key, files->certificate);
		return -1;
	}
	if (check_dates(identity->certificate, files->certificate, error, size) ||
	    check_mac(identity, files, error, size))
		return -1;
	if (identity_hash_certificate(identity->certificate, &identity->hashes))
		return fail("cannot hash the key", files->key, error, size);
	return 0;
}

int
identity_load(struct identity *identity, const struct identity_files *files, char *error,
	      size_t size)
{
	memset(identity, 0, sizeof *identity);
	identity->key = read_key(files->key, error, size);
	if (identity->key)
		identity->certificate = read_certificate(files->certificate, error, size);
	if (identity->certificate && check(identity, files, error, size) == 0)
		return 0;
	identity_fini(identity);
	return -1;
}

static bool
set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool good = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

	BN_free(number);
	return good;
}

static bool
set_names(X509 *certificate, const uint8_t *mac)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	char text[MAC_TEXT];

	mac_text(mac, '\0', text);
	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"nmsp2mqtt", -1,
					  -1, 0) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)text, -1, -1,
					  0) &&
	       X509_set_issuer_name(certificate, name);
}

static bool
add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool good = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return good;
}

/* No key usage: controllers may be choosy, and a certificate without it is good for everything. */
static X509 *
make_certificate(EVP_PKEY *key, const uint8_t *mac)
{
	X509 *certificate = X509_new();

	if (certificate && X509_set_version(certificate, X509_V3) && set_serial(certificate) &&
	    set_names(certificate, mac) && X509_set_pubkey(certificate, key) &&
	    X509_time_adj_ex(X509_getm_notBefore(certificate), -DAYS_BACK, 0, NULL) &&
	    X509_time_adj_ex(X509_getm_notAfter(certificate), DAYS_VALID, 0, NULL) &&
	    add_extension(certificate, NID_basic_constraints, "CA:FALSE") &&
	    add_extension(certificate, NID_subject_key_identifier, "hash") &&
	    X509_sign(certificate, key, EVP_sha256()))
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* Gives an identity that has a key its certificate and hashes. */
static int
certify(struct identity *identity, const uint8_t *mac, char *error, size_t size)
{
	memcpy(identity->mac, mac, sizeof identity->mac);
	identity->certificate = make_certificate(identity->key, mac);
	if (identity->certificate &&
	    identity_hash_certificate(identity->certificate, &identity->hashes) == 0)
		return 0;
	fail("cannot make a certificate", "", error, size);
	identity_fini(identity);
	return -1;
}

int
identity_generate(struct identity *identity, const uint8_t *mac, char *error, size_t size)
{
	memset(identity, 0, sizeof *identity);
	identity->key = EVP_RSA_gen(KEY_BITS);
	if (!identity->key)
		return fail("cannot make a key", "", error, size);
	return certify(identity, mac, error, size);
}

/* The text that a memory BIO holds, with its NUL, wiped with the BIO. */
static const char *
bio_text(BIO *bio)
{
	char *text = NULL;

	return BIO_write(bio, "", 1) == 1 && BIO_get_mem_data(bio, &text) > 1 ? text : NULL;
}

static int
store_key(EVP_PKEY *key, const char *path, char *error, size_t size)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	const char *text = NULL;
	int status;

	if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		text = bio_text(bio);
	status = text ? store_text(path, S_IRUSR | S_IWUSR, text, error, size)
		      : fail("cannot write the key", path, error, size);
	BIO_free(bio);
	return status;
}

static int
store_certificate(X509 *certificate, const char *path, char *error, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text = NULL;
	int status;

	if (bio && PEM_write_bio_X509(bio, certificate))
		text = bio_text(bio);
	status = text ? store_text(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, text, error, size)
		      : fail("cannot write the certificate", path, error, size);
	BIO_free(bio);
	return status;
}

int
identity_store(const struct identity *identity, const struct identity_files *files, char *error,
	       size_t size)
{
	if (store_key(identity->key, files->key, error, size))
		return -1;
	return store_certificate(identity->certificate, files->certificate, error, size);
}

static int
choose_mac(const struct identity_files *files, uint8_t *mac, char *error, size_t size)
{
	if (!files->mac || !*files->mac) {
		mac_choose(mac);
		return 0;
	}
	if (mac_parse(files->mac, mac) == 0)
		return 0;
	snprintf(error, size, "\"%s\" is not the MAC address of a device", files->mac);
	return -1;
}

/* Makes what is missing: the certificate, and the key unless it is there. */
static int
make_missing(struct identity *identity, const struct identity_files *files, char *error,
	     size_t size)
{
	uint8_t mac[MAC_SIZE];
	bool has_key = access(files->key, F_OK) == 0;

	memset(identity, 0, sizeof *identity);
	if (choose_mac(files, mac, error, size))
		return -1;
	identity->key = has_key ? read_key(files->key, error, size) : EVP_RSA_gen(KEY_BITS);
	if (!identity->key)
		return has_key ? -1 : fail("cannot make a key", files->key, error, size);
	if (certify(identity, mac, error, size))
		return -1;
	if ((has_key || store_key(identity->key, files->key, error, size) == 0) &&
	    store_certificate(identity->certificate, files->certificate, error, size) == 0)
		return 1;
	identity_fini(identity);
	return -1;
}

int
identity_ensure(struct identity *identity, const struct identity_files *files, char *error,
		size_t size)
{
	if (access(files->certificate, F_OK) < 0 && errno == ENOENT)
		return make_missing(identity, files, error, size);
	return identity_load(identity, files, error, size);
}

bool
identity_is(const struct identity *a, const struct identity *b)
{
	return a->certificate && b->certificate && X509_cmp(a->certificate, b->certificate) == 0;
}

void
identity_fini(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
	memset(identity, 0, sizeof *identity);
}

static bool
hash(const EVP_MD *kind, const uint8_t *bytes, size_t length, char *hex)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_length;

	if (!EVP_Digest(bytes, length, digest, &digest_length, kind, NULL))
		return false;
	for (unsigned i = 0; i < digest_length; i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	return true;
}

static int
hash_spki(const uint8_t *spki, size_t length, struct identity_hashes *hashes)
{
	return hash(EVP_sha1(), spki, length, hashes->sha1) &&
			       hash(EVP_sha256(), spki, length, hashes->sha256)
		       ? 0
		       : -1;
}

int
identity_hash_certificate(const struct x509_st *certificate, struct identity_hashes *hashes)
{
	uint8_t *spki = NULL;
	int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
	int status = length > 0 ? hash_spki(spki, (size_t)length, hashes) : -1;

	OPENSSL_free(spki);
	return status;
}

int
identity_hash_spki_file(const char *path, struct identity_hashes *hashes, char *error, size_t size)
{
	uint8_t bytes[SPKI_LIMIT];
	const uint8_t *end = bytes;
	FILE *file = fopen(path, "re");

	if (!file) {
		snprintf(error, size, "cannot read %s: %s", path, strerror(errno));
		return -1;
	}
	size_t length = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &end, (long)length);
	EVP_PKEY_free(key);
	if (!key || end != bytes + length) {
		ERR_clear_error();
		snprintf(error, size,
			 "%s is not a public key in DER (SubjectPublicKeyInfo) and nothing else",
			 path);
		return -1;
	}
	if (hash_spki(bytes, length, hashes))
		return fail("cannot hash", path, error, size);
	return 0;
}

int
identity_subject_mac(const struct x509_st *certificate, uint8_t *mac)
{
	const X509_NAME *name = X509_get_subject_name(certificate);

	for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
		const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
		char text[MAC_TEXT];
		int length = ASN1_STRING_length(value);

		if (length >= (int)sizeof text)
			continue;
		memcpy(text, ASN1_STRING_get0_data(value), (size_t)length);
		text[length] = '\0';
		if (mac_parse(text, mac) == 0)
			return 0;
	}
	return -1;
}
