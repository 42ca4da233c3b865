/* SPDX-License-Identifier: ISC */
/* tls.c: what TLS with a controller is to be like, shared by all controllers that are alike */
#include "gateway/tls.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "conf/config.h"
#include "gateway/identity.h"
#include "gateway/tls_context.h"

static struct tls_context *contexts;

static int
fail(const char *what, char *error, size_t size)
{
	const char *why = ERR_reason_error_string(ERR_peek_error());

	snprintf(error, size, "%s: %s", what, why ? why : "no memory");
	ERR_clear_error();
	return -1;
}

/* Old controllers need what OpenSSL has ruled out: small keys, SHA-1, no secure renegotiation. */
static void
set_legacy(SSL_CTX *ctx)
{
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
}

static void
set_modes(SSL_CTX *ctx)
{
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
}

static int
set_protocol(SSL_CTX *ctx, const struct config_controller *controller, char *error, size_t size)
{
	if (controller->min_version < TLS_1_2)
		set_legacy(ctx);
	if (!SSL_CTX_set_min_proto_version(ctx, (int)controller->min_version))
		return fail("this OpenSSL cannot do that min_version", error, size);
	if (*controller->ciphers && !SSL_CTX_set_cipher_list(ctx, controller->ciphers))
		return fail("ciphers", error, size);
	return 0;
}

static int
set_trust(SSL_CTX *ctx, const struct config_controller *controller, char *error, size_t size)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, tls_stream_verify, NULL);
	if (controller->verify != VERIFY_CA)
		return 0;
	if (!*controller->ca_file)
		return SSL_CTX_set_default_verify_paths(ctx) ? 0 : fail("ca_file", error, size);
	if (SSL_CTX_load_verify_file(ctx, controller->ca_file))
		return 0;

	char what[256];
	snprintf(what, sizeof what, "cannot read certificates of authorities from %s",
		 controller->ca_file);
	return fail(what, error, size);
}

static SSL_CTX *
make_ctx(const struct identity *identity, const struct config_controller *controller, char *error,
	 size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx) {
		fail("cannot prepare TLS", error, size);
		return NULL;
	}
	set_modes(ctx);
	if (set_protocol(ctx, controller, error, size) == 0 &&
	    set_trust(ctx, controller, error, size) == 0) {
		if (SSL_CTX_use_certificate(ctx, identity->certificate) &&
		    SSL_CTX_use_PrivateKey(ctx, identity->key))
			return ctx;
		fail("cannot use the gateway's certificate", error, size);
	}
	SSL_CTX_free(ctx);
	return NULL;
}

/* Whether two controllers can share the costly part of a context. */
static bool
is_alike(const struct tls_context *context, const struct identity *identity,
	 const struct config_controller *controller)
{
	return strcmp(context->hashes.sha256, identity->hashes.sha256) == 0 &&
	       context->verify == controller->verify &&
	       context->min_version == controller->min_version &&
	       strcmp(context->ca_file, controller->ca_file) == 0 &&
	       strcmp(context->ciphers, controller->ciphers) == 0;
}

static const char *
expected_fingerprint(const struct config_controller *controller)
{
	return controller->verify == VERIFY_FINGERPRINT ? controller->fingerprint : "";
}

static struct tls_context *
new_context(const struct identity *identity, const struct config_controller *controller)
{
	struct tls_context *context = calloc(1, sizeof *context);

	if (!context)
		return NULL;
	context->references = 1;
	context->verify = controller->verify;
	context->min_version = controller->min_version;
	context->ca_file = strdup(controller->ca_file);
	context->ciphers = strdup(controller->ciphers);
	context->hashes = identity->hashes;
	memcpy(context->mac, identity->mac, sizeof context->mac);
	snprintf(context->fingerprint, sizeof context->fingerprint, "%s",
		 expected_fingerprint(controller));
	if (context->ca_file && context->ciphers)
		return context;
	tls_context_put(context);
	return NULL;
}

void
tls_prepare_process(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

struct tls_context *
tls_context_get(const struct identity *identity, const struct config_controller *controller,
		char *error, size_t size)
{
	const char *fingerprint = expected_fingerprint(controller);
	SSL_CTX *ctx = NULL;

	for (struct tls_context *c = contexts; c; c = c->next) {
		if (!is_alike(c, identity, controller))
			continue;
		ctx = c->ctx;
		if (strcmp(c->fingerprint, fingerprint) != 0)
			continue;
		c->references++;
		return c;
	}
	if (ctx)
		SSL_CTX_up_ref(ctx);
	else
		ctx = make_ctx(identity, controller, error, size);
	if (!ctx)
		return NULL;

	struct tls_context *context = new_context(identity, controller);
	if (!context) {
		SSL_CTX_free(ctx);
		snprintf(error, size, "no memory for TLS");
		return NULL;
	}
	context->ctx = ctx;
	context->next = contexts;
	contexts = context;
	return context;
}

void
tls_contexts_forget(void)
{
	contexts = NULL;
}

void
tls_context_put(struct tls_context *context)
{
	if (!context || --context->references > 0)
		return;
	for (struct tls_context **c = &contexts; *c; c = &(*c)->next) {
		if (*c != context)
			continue;
		*c = context->next;
		break;
	}
	SSL_CTX_free(context->ctx);
	free(context->ca_file);
	free(context->ciphers);
	free(context);
}
