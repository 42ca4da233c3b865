/* SPDX-License-Identifier: ISC */
/* tls_server.h: a controller's side of TLS for tests, on plain OpenSSL */
#ifndef NMSP_TESTS_TLS_SERVER_H
#define NMSP_TESTS_TLS_SERVER_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "conf/config.h"
#include "gateway/identity.h"

/* How a server is; 0 or NULL: OpenSSL's default. */
struct server_style {
	const struct identity *identity;
	int version;	  /* this one only */
	int lowest_level; /* security level 0, for old versions */
	int refuse;	  /* X509_V_ERR_... with which the client's certificate is turned down */
	int no_request;	  /* of the client's certificate */
};

/* Turns the client's certificate down where the style says so. */
static int
server_judge(X509_STORE_CTX *store, void *style)
{
	int refuse = ((const struct server_style *)style)->refuse;

	if (refuse)
		X509_STORE_CTX_set_error(store, refuse);
	return refuse == 0;
}

/* `style` must live as long as the context. */
static SSL_CTX *
server_context(struct server_style *style)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (style->lowest_level)
		SSL_CTX_set_security_level(ctx, 0);
	if (style->version) {
		SSL_CTX_set_min_proto_version(ctx, style->version);
		SSL_CTX_set_max_proto_version(ctx, style->version);
	}
	SSL_CTX_use_certificate(ctx, style->identity->certificate);
	SSL_CTX_use_PrivateKey(ctx, style->identity->key);
	if (!style->no_request)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, server_judge, style);
	return ctx;
}

/* SHA-256 of a certificate as hex. */
static void
server_fingerprint(const X509 *certificate, char text[65])
{
	uint8_t digest[32];

	X509_digest(certificate, EVP_sha256(), digest, NULL);
	for (size_t i = 0; i < sizeof digest; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
}

/* A controller section as contexts need it. */
static struct config_controller
server_section(enum config_verify verify)
{
	static char empty[] = "", name[] = "hq";
	struct config_controller controller = {
		.name = name,
		.verify = verify,
		.fingerprint = empty,
		.ca_file = empty,
		.ciphers = empty,
		.min_version = TLS_1_2,
	};

	return controller;
}

#endif
