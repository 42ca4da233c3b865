/* SPDX-License-Identifier: ISC */
/* tls_reason.h: from what OpenSSL says to what an operator can act on */
#ifndef NMSP_GATEWAY_TLS_REASON_H
#define NMSP_GATEWAY_TLS_REASON_H

#include <stdbool.h>

#include "gateway/link_end.h"

struct tls_context;

struct tls_trouble {
	const struct tls_context *context;
	const char *controller; /* its name */
	int error;		/* of SSL_get_error() */
	int system_error;	/* errno */
	bool in_handshake;
	bool accepted; /* the controller has let us in */
};

/* Fills in `end` from a failed TLS call and OpenSSL's queue of errors. */
void tls_reason_tell(const struct tls_trouble *trouble, struct link_end *end);

#endif
