/* SPDX-License-Identifier: ISC */
/* link_end.h: why a connection to a controller ended */
#ifndef NMSP_GATEWAY_LINK_END_H
#define NMSP_GATEWAY_LINK_END_H

enum link_failure {
	LINK_NAME_NOT_FOUND,	     /* no address for the name */
	LINK_UNREACHABLE,	     /* no route, network down, or no socket to be had */
	LINK_REFUSED,		     /* nothing listens there */
	LINK_CONNECT_TIMEOUT,	     /* no answer to TCP */
	LINK_HANDSHAKE_TIMEOUT,	     /* TCP but no TLS in time */
	LINK_TLS_INCOMPATIBLE,	     /* no TLS version, cipher or key size in common */
	LINK_CONTROLLER_NOT_TRUSTED, /* its certificate is not the one expected */
	LINK_IDENTITY_REFUSED,	     /* the controller did not take our certificate */
	LINK_CLOSED_BY_PEER,	     /* orderly, or at least with FIN */
	LINK_RESET,		     /* the connection broke */
	LINK_TLS_FAILED,	     /* any other failure of TLS */
	LINK_FAILURES,
};

enum {
	LINK_REASON_SIZE = 512,
	LINK_NO_ALERT = -1,
};

struct link_end {
	enum link_failure failure;
	int alert; /* fatal TLS alert that the controller sent, or LINK_NO_ALERT */
	char reason[LINK_REASON_SIZE]; /* a sentence for operators */
};

/* The name of a failure in counters and documents: "name_not_found", "identity_refused"... */
const char *link_failure_name(enum link_failure failure);

/* Fills in an end without an alert. */
void link_end_set(struct link_end *end, enum link_failure failure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
