/* SPDX-License-Identifier: ISC */
/* connection.h: one client's connection: its socket, its handshake at a controller's pace, its
 * session */
#ifndef NMSP_SIM_CONNECTION_H
#define NMSP_SIM_CONNECTION_H

#include <stdbool.h>
#include <uv.h>

#include "gateway/sim/peer.h"
#include "gateway/sim/tls_server.h"

enum connection_phase {
	CONNECTION_HANDSHAKE,
	CONNECTION_HELD, /* the certificate was judged, but the client is not told yet */
	CONNECTION_OPEN,
	CONNECTION_LINGERING, /* nothing more is said; what comes is thrown away */
	CONNECTION_CLOSED,
};

struct connection {
	uv_tcp_t tcp;
	uv_timer_t timer;
	struct peer_shared *shared;
	struct tls_channel *tls;
	struct peer *peer; /* NULL before the handshake is done */
	enum connection_phase phase;
	enum tls_channel_result handshake;
	const char *state; /* of the handshake, as last told */
	uint64_t began_ms;
	bool judged;
	bool reading;
	unsigned handles; /* of tcp and timer that are open */
	char name[80];	  /* address and port of the client */
	char address[64];
	struct connection *next; /* of the owner */
	void *owner;
	void (*over)(struct connection
			     *connection); /* all is closed; to be freed with connection_free */
};

/* Takes the connection that waits at `listener`. NULL on failure. `over` is called from the loop
 * when it has ended. */
struct connection *connection_accept(uv_stream_t *listener, struct peer_shared *shared,
				     struct tls_server *tls,
				     void (*over)(struct connection *connection));

/* Frees a connection that is over. */
void connection_free(struct connection *connection);

/* Sends what is due. */
void connection_tick(struct connection *connection);

/* Says goodbye, gives the client a moment, and closes. */
void connection_end(struct connection *connection, const char *why);

#endif
