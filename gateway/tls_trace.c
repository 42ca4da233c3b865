/* SPDX-License-Identifier: ISC */
/* tls_trace.c: what a TLS connection goes through, as lines at debug */
#include "gateway/tls_trace.h"

#include <stdio.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "gateway/log.h"
#include "gateway/tls_context.h"

#define NAME_SIZE 256
#define TIME_SIZE 64

static const char *
name_text(const X509_NAME *name, char *text, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(bio, text, (int)size - 1);
	text[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	return text;
}

static const char *
time_text(const ASN1_TIME *time, char *text, size_t size)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, size, "?");
	return text;
}

static void
trace_own(const SSL *ssl, const struct tls_context *context, const char *subject)
{
	const X509 *certificate = SSL_get_certificate(ssl);
	char name[NAME_SIZE];

	if (certificate)
		log_debug(subject,
			  "offers our certificate: %s; SHA-1 key hash %s, SHA-2 key hash %s",
			  name_text(X509_get_subject_name(certificate), name, sizeof name),
			  context->hashes.sha1, context->hashes.sha256);
}

void
tls_trace_state(const SSL *ssl, int where, int value, const struct tls_context *context,
		const char *subject)
{
	if (!log_enabled(subject, LOG_LEVEL_DEBUG))
		return;
	if (where & SSL_CB_ALERT)
		log_debug(subject, "%s alert %d, %s", where & SSL_CB_READ ? "received" : "sent",
			  value & 0xff, SSL_alert_desc_string_long(value));
	else if (where & SSL_CB_LOOP)
		log_debug(subject, "TLS state: %s", SSL_state_string_long(ssl));
	if (where & SSL_CB_LOOP && SSL_get_state(ssl) == TLS_ST_CW_CERT)
		trace_own(ssl, context, subject);
}

void
tls_trace_certificate(const X509 *certificate, const char *fingerprint, const char *subject)
{
	char name[NAME_SIZE], issuer[NAME_SIZE], from[TIME_SIZE], to[TIME_SIZE];

	if (!log_enabled(subject, LOG_LEVEL_DEBUG))
		return;
	log_debug(subject,
		  "the controller's certificate: %s; issuer %s; valid from %s to %s; SHA-256 %s",
		  name_text(X509_get_subject_name(certificate), name, sizeof name),
		  name_text(X509_get_issuer_name(certificate), issuer, sizeof issuer),
		  time_text(X509_get0_notBefore(certificate), from, sizeof from),
		  time_text(X509_get0_notAfter(certificate), to, sizeof to), fingerprint);
}
