/* SPDX-License-Identifier: ISC */
/* tls_stream.c: one connection's TLS, and in whom it trusts */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "gateway/log.h"
#include "gateway/pin.h"
#include "gateway/tls_context.h"
#include "gateway/tls_reason.h"
#include "gateway/tls_trace.h"

#define LOG_NAME_SIZE 160

struct tls_stream {
	SSL *ssl;
	struct tls_context *context;
	const struct tls_peer *peer;
	char log_name[LOG_NAME_SIZE];
	struct tls_shown shown;
	bool established; /* the handshake is done */
	bool accepted;
	bool over;
	struct link_end end;
};

static void
trace(const SSL *ssl, int where, int value)
{
	const struct tls_stream *stream = SSL_get_app_data(ssl);

	tls_trace_state(ssl, where, value, stream->context, stream->log_name);
}

static void
take_subject(struct tls_shown *shown, const X509 *certificate)
{
	BIO *memory = BIO_new(BIO_s_mem());
	int length = 0;

	if (memory && X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0,
					 XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) >= 0)
		length = BIO_read(memory, shown->subject, sizeof shown->subject - 1);
	shown->subject[length > 0 ? length : 0] = '\0';
	BIO_free(memory);
}

static void
take_shown(struct tls_stream *stream, const X509 *certificate)
{
	struct tls_shown *shown = &stream->shown;
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	if (!X509_digest(certificate, EVP_sha256(), digest, &length))
		length = 0;
	shown->fingerprint[0] = '\0';
	for (unsigned i = 0; i < length; i++)
		sprintf(shown->fingerprint + 2 * i, "%02x", digest[i]);
	take_subject(shown, certificate);
	shown->dates = identity_dates_of(certificate);
	/* The handshake goes on: its cipher is not the current one yet. */
	snprintf(shown->protocol, sizeof shown->protocol, "%s %s", SSL_get_version(stream->ssl),
		 SSL_CIPHER_get_name(SSL_get_pending_cipher(stream->ssl)));
}

static bool
is_pinned(struct tls_stream *stream)
{
	if (!*stream->shown.pin || strcmp(stream->shown.pin, stream->shown.fingerprint) == 0)
		return true;
	link_end_set(&stream->end, LINK_CONTROLLER_NOT_TRUSTED,
		     "controller %s shows another certificate (SHA-256 %s) than before (%s): if it "
		     "was given a new one, delete %s; if not, something may be in between",
		     stream->peer->name, stream->shown.fingerprint, stream->shown.pin,
		     stream->peer->pin_file);
	return false;
}

static bool
is_configured(struct tls_stream *stream)
{
	const char *expected = stream->context->fingerprint;

	if (strcmp(expected, stream->shown.fingerprint) == 0)
		return true;
	link_end_set(&stream->end, LINK_CONTROLLER_NOT_TRUSTED,
		     "controller %s shows a certificate with the fingerprint %s, the configuration "
		     "expects %s: if it was given a new one, correct the fingerprint; if not, "
		     "something may be in between",
		     stream->peer->name, stream->shown.fingerprint, expected);
	return false;
}

static bool
is_certified(struct tls_stream *stream, X509_STORE_CTX *store)
{
	const struct tls_context *context = stream->context;

	if (X509_verify_cert(store) > 0)
		return true;
	link_end_set(&stream->end, LINK_CONTROLLER_NOT_TRUSTED,
		     "the certificate of controller %s does not pass for %s with %s: %s (its "
		     "SHA-256 is %s)",
		     stream->peer->name, stream->peer->host,
		     *context->ca_file ? context->ca_file : "the system's authorities",
		     X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
		     stream->shown.fingerprint);
	return false;
}

static bool
is_trusted(struct tls_stream *stream, X509_STORE_CTX *store)
{
	switch (stream->context->verify) {
	case VERIFY_TOFU:
		return is_pinned(stream);
	case VERIFY_FINGERPRINT:
		return is_configured(stream);
	case VERIFY_CA:
		return is_certified(stream, store);
	case VERIFY_NONE:
		return true;
	}
	return false;
}

static const char *
verify_name(enum config_verify verify)
{
	static const char *const names[] = {
		[VERIFY_TOFU] = "tofu",
		[VERIFY_FINGERPRINT] = "fingerprint",
		[VERIFY_CA] = "ca",
		[VERIFY_NONE] = "none",
	};

	return names[verify];
}

int
tls_stream_verify(struct x509_store_ctx_st *store, void *unused)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_stream *stream = SSL_get_app_data(ssl);

	(void)unused;
	take_shown(stream, X509_STORE_CTX_get0_cert(store));
	tls_trace_certificate(X509_STORE_CTX_get0_cert(store), stream->shown.fingerprint,
			      stream->log_name);
	if (is_trusted(stream, store)) {
		log_debug(stream->log_name, "trusts it, with verify = %s",
			  verify_name(stream->context->verify));
		return 1;
	}
	stream->over = true;
	if (stream->context->verify != VERIFY_CA)
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

/* What this controller's certificate must be like, beyond what all with this context share. */
static bool
expect_peer(struct tls_stream *stream, struct link_end *end)
{
	const struct tls_peer *peer = stream->peer;
	X509_VERIFY_PARAM *param = SSL_get0_param(stream->ssl);
	char why[LINK_REASON_SIZE];

	if (stream->context->verify == VERIFY_TOFU &&
	    pin_load(peer->pin_file, stream->shown.pin, why, sizeof why) < 0) {
		link_end_set(end, LINK_CONTROLLER_NOT_TRUSTED, "%s", why);
		return false;
	}
	if (stream->context->verify != VERIFY_CA)
		return true;
	if (X509_VERIFY_PARAM_set1_ip_asc(param, peer->host) ||
	    X509_VERIFY_PARAM_set1_host(param, peer->host, 0))
		return true;
	link_end_set(end, LINK_TLS_FAILED, "no memory for TLS");
	return false;
}

struct tls_stream *
tls_stream_new(struct tls_context *context, int fd, const struct tls_peer *peer,
	       struct link_end *end)
{
	struct tls_stream *stream = calloc(1, sizeof *stream);
	SSL *ssl = stream ? SSL_new(context->ctx) : NULL;

	if (!ssl || !SSL_set_fd(ssl, fd) || !SSL_set_app_data(ssl, stream)) {
		ERR_clear_error();
		SSL_free(ssl);
		free(stream);
		link_end_set(end, LINK_TLS_FAILED, "no memory for TLS");
		return NULL;
	}
	SSL_set_connect_state(ssl);
	SSL_set_info_callback(ssl, trace);
	context->references++;
	stream->ssl = ssl;
	stream->context = context;
	stream->peer = peer;
	snprintf(stream->log_name, sizeof stream->log_name, "tls %s", peer->name);
	if (expect_peer(stream, end))
		return stream;
	tls_stream_free(stream);
	return NULL;
}

void
tls_stream_free(struct tls_stream *stream)
{
	if (!stream)
		return;
	SSL_free(stream->ssl);
	tls_context_put(stream->context);
	free(stream);
}

/* Turns what OpenSSL says after `status` into a result, and into an end when there is one. */
static enum tls_result
conclude(struct tls_stream *stream, int status)
{
	int error = SSL_get_error(stream->ssl, status);
	int system_error = errno;

	if (error == SSL_ERROR_WANT_READ)
		return TLS_WANT_READ;
	if (error == SSL_ERROR_WANT_WRITE)
		return TLS_WANT_WRITE;
	if (!stream->over) {
		struct tls_trouble trouble = {
			.context = stream->context,
			.controller = stream->peer->name,
			.error = error,
			.system_error = system_error,
			.in_handshake = !stream->established,
			.accepted = stream->accepted,
		};
		tls_reason_tell(&trouble, &stream->end);
	}
	stream->over = true;
	ERR_clear_error();
	return TLS_END;
}

static void
begin(void)
{
	ERR_clear_error();
	errno = 0;
}

enum tls_result
tls_stream_handshake(struct tls_stream *stream)
{
	begin();
	int status = SSL_do_handshake(stream->ssl);
	stream->established |= status == 1;
	return status == 1 ? TLS_DONE : conclude(stream, status);
}

enum tls_result
tls_stream_read(struct tls_stream *stream, void *data, size_t size, size_t *length)
{
	begin();
	int status = SSL_read_ex(stream->ssl, data, size, length);
	return status == 1 ? TLS_DONE : conclude(stream, status);
}

/* A socket that takes nothing more may still hold the alert that says why. */
static enum tls_result
find_alert(struct tls_stream *stream)
{
	struct link_end broken = stream->end;
	enum tls_result result = TLS_DONE;
	uint8_t waste[512];
	size_t length;

	for (int reads = 0; result == TLS_DONE && reads < 256; reads++) {
		stream->over = false;
		result = tls_stream_read(stream, waste, sizeof waste, &length);
	}
	if (result != TLS_END || stream->end.alert == LINK_NO_ALERT)
		stream->end = broken;
	stream->over = true;
	return TLS_END;
}

enum tls_result
tls_stream_write(struct tls_stream *stream, const void *data, size_t size, size_t *length)
{
	begin();
	int status = SSL_write_ex(stream->ssl, data, size, length);
	if (status == 1)
		return TLS_DONE;
	enum tls_result result = conclude(stream, status);
	if (result == TLS_END && stream->end.failure == LINK_RESET)
		return find_alert(stream);
	return result;
}

bool
tls_stream_has_pending(const struct tls_stream *stream)
{
	return !stream->over && SSL_has_pending(stream->ssl);
}

void
tls_stream_shutdown(struct tls_stream *stream)
{
	if (stream->over || !SSL_is_init_finished(stream->ssl))
		return;
	begin();
	SSL_shutdown(stream->ssl);
	stream->over = true;
	ERR_clear_error();
}

void
tls_stream_accept(struct tls_stream *stream)
{
	char why[LINK_REASON_SIZE];

	if (stream->accepted)
		return;
	stream->accepted = true;
	if (stream->context->verify != VERIFY_TOFU || *stream->shown.pin ||
	    stream->peer->remember_not)
		return;
	memcpy(stream->shown.pin, stream->shown.fingerprint, sizeof stream->shown.pin);
	if (pin_store(stream->peer->pin_file, stream->shown.pin, why, sizeof why) == 0)
		log_info(stream->log_name, "remembers the controller's certificate, SHA-256 %s",
			 stream->shown.pin);
	else
		log_warning(stream->log_name, "cannot remember the controller's certificate: %s",
			    why);
}

const struct link_end *
tls_stream_end(const struct tls_stream *stream)
{
	return &stream->end;
}

const struct tls_shown *
tls_stream_shown(const struct tls_stream *stream)
{
	return &stream->shown;
}
