/* SPDX-License-Identifier: ISC */
/* server.h: the listening socket and the connections, on one event loop */
#ifndef NMSP_SIM_SERVER_H
#define NMSP_SIM_SERVER_H

#include <stdio.h>
#include <uv.h>

#include "gateway/sim/peer.h"
#include "gateway/sim/tls_server.h"

struct server;

/* Listens as the options say; sessions share `shared`. Both and `tls` stay the caller's. Returns
 * NULL with a sentence in `error`. */
struct server *server_new(uv_loop_t *loop, struct peer_shared *shared, struct tls_server *tls,
			  char *error, size_t size);

/* Frees a server whose connections are all gone and whose loop has ended; takes NULL. */
void server_free(struct server *server);

/* The port that is listened on. */
unsigned server_port(const struct server *server);

/* Milliseconds since the first client came; 0: none has. */
uint64_t server_busy_ms(const struct server *server);

/* Sends what is due on all connections. */
void server_tick(struct server *server);

/* Says goodbye on all connections and closes them. */
void server_drop(struct server *server, const char *why);

/* server_drop(), and listens no more: the loop then ends when they are gone. */
void server_stop(struct server *server);

/* Prints `show nmsp status` and `show nmsp subscription detail`, of the sessions that are over too,
 * as far as remembered. */
void server_print(const struct server *server, FILE *file);

#endif
