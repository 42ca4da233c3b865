/* SPDX-License-Identifier: ISC */
/* http_request.h: requests over HTTP, from their head to the reply; for http.c
 *
 * A connection whose reply takes longer is suspended until it is there.
 */
#ifndef NMSP_GATEWAY_HTTP_REQUEST_H
#define NMSP_GATEWAY_HTTP_REQUEST_H

#include <microhttpd.h>

#include "gateway/http_live.h"
#include "gateway/routes.h"

struct exchange;

struct http_requests {
	struct routes routes;
	struct http_live live;
	struct exchange *asking;
	bool responded;		     /* to one that was suspended */
	void (*wake)(void *context); /* a reply is there: have the servers run */
	void *context;
};

/* Where requests come in. */
struct http_entry {
	struct http_requests *requests;
	bool control;
	char *where; /* a path, or an address */
};

/* libmicrohttpd's callbacks of a request, and of its end; the context is a struct http_entry. */
enum MHD_Result http_request(void *context, struct MHD_Connection *connection, const char *path,
			     const char *method, const char *version, const char *data,
			     size_t *size, void **exchanged);
void http_request_completed(void *context, struct MHD_Connection *connection, void **exchanged,
			    enum MHD_RequestTerminationCode code);

/* Lets every suspended connection go on; one that still waits is suspended again. A server with
 * suspended ones cannot be stopped. */
void http_request_resume_all(struct http_requests *requests);

#endif
