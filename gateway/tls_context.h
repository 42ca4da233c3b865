/* SPDX-License-Identifier: ISC */
/* tls_context.h: what the files tls*.c share */
#ifndef NMSP_GATEWAY_TLS_CONTEXT_H
#define NMSP_GATEWAY_TLS_CONTEXT_H

#include "conf/config.h"
#include "gateway/identity.h"
#include "gateway/tls.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;

struct tls_context {
	struct tls_context *next;
	unsigned references;
	struct ssl_ctx_st
		*ctx; /* SSL_CTX, shared with contexts that differ in the fingerprint only */
	enum config_verify verify;
	enum config_tls_version min_version;
	char *ca_file;
	char *ciphers;
	char fingerprint[TLS_FINGERPRINT_TEXT];
	struct identity_hashes hashes; /* of our own identity, for advice */
	uint8_t mac[MAC_SIZE];
};

/* Decides on the controller's certificate, in place of OpenSSL's own verification. */
int tls_stream_verify(struct x509_store_ctx_st *store, void *unused);

#endif
