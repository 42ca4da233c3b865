/* SPDX-License-Identifier: ISC */
/* tls_trace.h: what a TLS connection goes through, as lines at debug; for tls_stream.c */
#ifndef NMSP_GATEWAY_TLS_TRACE_H
#define NMSP_GATEWAY_TLS_TRACE_H

struct ssl_st;
struct tls_context;
struct x509_st;

/* What OpenSSL's callback of SSL_set_info_callback() is given: states and alerts, and the
 * certificate when ours is shown. `subject` is that of the lines. */
void tls_trace_state(const struct ssl_st *ssl, int where, int value,
		     const struct tls_context *context, const char *subject);

/* The certificate that the controller shows. */
void tls_trace_certificate(const struct x509_st *certificate, const char *fingerprint,
			   const char *subject);

#endif
