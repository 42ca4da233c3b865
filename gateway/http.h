/* SPDX-License-Identifier: ISC */
/* http.h: the gateway's own HTTP, over TCP for looking and over the control socket for commands too
 *
 * It lives in the gateway's loop and never waits for a client.
 */
#ifndef NMSP_GATEWAY_HTTP_H
#define NMSP_GATEWAY_HTTP_H

struct gateway;
struct http;
struct json_t;

/* What requests may do, NULL for what is not there. Each returns the document of the reply, a new
 * reference; one with a member "error", or
 * "ok" that is false, goes out as a failure. */
struct http_actions {
	struct json_t *(*reload)(void *context);
	void *context;
};

/* Listens as the gateway's configuration says. Returns NULL when it cannot, or when another daemon
 * has the control socket (told in the log). */
struct http *http_start(struct gateway *gateway, const struct http_actions *actions);

/* Listens as the gateway's configuration says now, from the next turn of the loop on; listeners
 * that stay the same keep their clients. May be called by an action. What cannot be had is told in
 * the log, and the rest goes on. */
void http_reconfigure(struct http *http);

/* Ends all connections; takes NULL. The loop has to turn once more. Not from inside an action. */
void http_stop(struct http *http);

#endif
