/* SPDX-License-Identifier: ISC */
/* tls_server.c: TLS as a controller does it, without sockets */
#include "gateway/sim/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/identity.h"
#include "gateway/mac.h"

#define CIPHERS	       "HIGH:!aNULL:!PSK:!SRP"
#define LEGACY_CIPHERS "AES128-SHA:AES256-SHA:DHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA:@SECLEVEL=0"

struct tls_server {
	SSL_CTX *context;
	const struct authlist *authlist;
};

struct tls_channel {
	SSL *ssl;
	const struct authlist *authlist;
	bool judged;
	enum authlist_verdict verdict;
	char error[256];
};

static int
fail(const char *what, char *error, size_t size)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(error, size, "%s: %s", what, reason ? reason : "failed");
	ERR_clear_error();
	return -1;
}

static enum authlist_verdict
judge(const struct authlist *list, const X509 *certificate)
{
	struct identity_hashes hashes;
	uint8_t mac[MAC_SIZE];
	struct authlist_client client = {NULL, hashes.sha1, hashes.sha256};

	if (identity_hash_certificate(certificate, &hashes) != 0)
		return AUTHLIST_OTHER_KEY;
	if (identity_subject_mac(certificate, mac) == 0)
		client.mac = mac;
	return authlist_check(list, &client);
}

/* Takes the place of OpenSSL's verification of chains: only the list counts. OpenSSL maps the error
 * of a refusal to the alert that is sent, and this one to certificate_unknown. */
static int
verify(X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_channel *channel = SSL_get_app_data(ssl);

	(void)unused;
	channel->verdict = judge(channel->authlist, X509_STORE_CTX_get0_cert(store));
	channel->judged = true;
	if (channel->verdict == AUTHLIST_ALLOWED)
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_AKID_SKID_MISMATCH);
	return 0;
}

static int
version_number(const char *text)
{
	static const struct {
		const char *text;
		int number;
	} versions[] = {{"1.0", TLS1_VERSION},
			{"1.1", TLS1_1_VERSION},
			{"1.2", TLS1_2_VERSION},
			{"1.3", TLS1_3_VERSION}};

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (strcmp(versions[i].text, text) == 0)
			return versions[i].number;
	return -1;
}

/* TLS below 1.2 needs hashes that OpenSSL has at its lowest security level only. */
static int
set_protocol(SSL_CTX *context, const struct options_tls *options, char *error, size_t size)
{
	int min = version_number(options->min_version), max = version_number(options->max_version);
	const char *ciphers = options->legacy_ciphers ? LEGACY_CIPHERS : CIPHERS;

	if (min < TLS1_2_VERSION || max < TLS1_2_VERSION)
		SSL_CTX_set_security_level(context, 0);
	if (!SSL_CTX_set_cipher_list(context, ciphers))
		return fail("ciphers", error, size);
	if (!SSL_CTX_set_min_proto_version(context, min) ||
	    !SSL_CTX_set_max_proto_version(context, max))
		return fail("TLS versions", error, size);
	return 0;
}

static int
set_made_certificate(SSL_CTX *context, char *error, size_t size)
{
	static const uint8_t mac[MAC_SIZE] = {0x00, 0x1e, 0x14, 0x00, 0x00, 0x01};
	struct identity identity;
	int result = identity_generate(&identity, mac, error, size);

	if (result == 0 && (SSL_CTX_use_certificate(context, identity.certificate) != 1 ||
			    SSL_CTX_use_PrivateKey(context, identity.key) != 1))
		result = fail("certificate", error, size);
	identity_fini(&identity);
	return result;
}

static int
set_certificate(SSL_CTX *context, const struct options_tls *options, char *error, size_t size)
{
	if (!options->certificate)
		return set_made_certificate(context, error, size);
	if (SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1)
		return fail(options->certificate, error, size);
	if (SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1)
		return fail(options->key, error, size);
	return 0;
}

struct tls_server *
tls_server_new(const struct options_tls *options, const struct authlist *authlist, char *error,
	       size_t size)
{
	struct tls_server *server = calloc(1, sizeof *server);
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!server || !context) {
		free(server);
		SSL_CTX_free(context);
		snprintf(error, size, "out of memory");
		return NULL;
	}
	server->context = context;
	server->authlist = authlist;
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(context, verify, NULL);
	if (set_protocol(context, options, error, size) != 0 ||
	    set_certificate(context, options, error, size) != 0) {
		tls_server_free(server);
		return NULL;
	}
	return server;
}

void
tls_server_free(struct tls_server *server)
{
	if (!server)
		return;
	SSL_CTX_free(server->context);
	free(server);
}

int
tls_server_renew(struct tls_server *server, char *error, size_t size)
{
	return set_made_certificate(server->context, error, size);
}

struct tls_channel *
tls_channel_new(struct tls_server *server)
{
	struct tls_channel *channel = calloc(1, sizeof *channel);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	if (channel)
		channel->ssl = SSL_new(server->context);
	if (!channel || !channel->ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		tls_channel_free(channel);
		return NULL;
	}
	channel->authlist = server->authlist;
	SSL_set_app_data(channel->ssl, channel);
	SSL_set_bio(channel->ssl, in, out);
	SSL_set_accept_state(channel->ssl);
	return channel;
}

void
tls_channel_free(struct tls_channel *channel)
{
	if (!channel)
		return;
	SSL_free(channel->ssl);
	free(channel);
}

void
tls_channel_feed(struct tls_channel *channel, const uint8_t *bytes, size_t length)
{
	BIO_write(SSL_get_rbio(channel->ssl), bytes, (int)length);
}

enum tls_channel_result
tls_channel_handshake(struct tls_channel *channel)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(channel->ssl);
	if (result == 1)
		return TLS_CHANNEL_DONE;
	if (SSL_get_error(channel->ssl, result) == SSL_ERROR_WANT_READ)
		return TLS_CHANNEL_WANT;
	fail("handshake", channel->error, sizeof channel->error);
	return TLS_CHANNEL_FAILED;
}

bool
tls_channel_verdict(const struct tls_channel *channel, enum authlist_verdict *verdict)
{
	*verdict = channel->verdict;
	return channel->judged;
}

int
tls_channel_read(struct tls_channel *channel, uint8_t *bytes, size_t size)
{
	int result;

	ERR_clear_error();
	result = SSL_read(channel->ssl, bytes, (int)size);
	if (result > 0)
		return result;
	if (SSL_get_error(channel->ssl, result) == SSL_ERROR_WANT_READ)
		return 0;
	fail("read", channel->error, sizeof channel->error);
	return -1;
}

void
tls_channel_write(struct tls_channel *channel, const uint8_t *bytes, size_t length)
{
	ERR_clear_error();
	SSL_write(channel->ssl, bytes, (int)length);
}

void
tls_channel_shutdown(struct tls_channel *channel)
{
	if (SSL_is_init_finished(channel->ssl))
		SSL_shutdown(channel->ssl);
}

size_t
tls_channel_output(struct tls_channel *channel, uint8_t **bytes)
{
	char *data;
	long length = BIO_get_mem_data(SSL_get_wbio(channel->ssl), &data);

	*bytes = (uint8_t *)data;
	return length > 0 ? (size_t)length : 0;
}

void
tls_channel_taken(struct tls_channel *channel)
{
	(void)BIO_reset(SSL_get_wbio(channel->ssl));
}

const char *
tls_channel_state(const struct tls_channel *channel)
{
	return SSL_state_string_long(channel->ssl);
}

const char *
tls_channel_cipher(const struct tls_channel *channel)
{
	return SSL_get_cipher_name(channel->ssl);
}

const char *
tls_channel_error(struct tls_channel *channel)
{
	return channel->error;
}
