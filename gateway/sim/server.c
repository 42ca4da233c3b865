/* SPDX-License-Identifier: ISC */
/* server.c: the listening socket and the connections, on one event loop */
#include "gateway/sim/server.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"
#include "gateway/sim/connection.h"

#define BACKLOG	   1024
#define REMEMBERED 16 /* sessions that are over */

struct server {
	uv_tcp_t listener;
	struct peer_shared *shared;
	struct tls_server *tls;
	struct connection *connections; /* newest first */
	struct status past[REMEMBERED];
	uint64_t n_past;
	uint64_t first_ms; /* of the first connection; 0: none yet */
	unsigned port;
	bool stopped;
};

static void
remember(struct server *server, const struct connection *connection)
{
	struct status *past = &server->past[server->n_past % REMEMBERED];

	if (!connection->peer)
		return;
	*past = connection->peer->status;
	past->active = false;
	server->n_past++;
}

static void
on_over(struct connection *connection)
{
	struct server *server = connection->owner;
	struct connection **place = &server->connections;

	while (*place != connection)
		place = &(*place)->next;
	*place = connection->next;
	remember(server, connection);
	connection_free(connection);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct server *server = listener->data;
	struct connection *connection;

	if (status != 0)
		return;
	connection = connection_accept(listener, server->shared, server->tls, on_over);
	if (!connection) {
		log_error("nmsp-sim", "out of memory for another connection");
		return;
	}
	if (server->first_ms == 0)
		server->first_ms = server->shared->clock_ms + 1;
	connection->owner = server;
	connection->next = server->connections;
	server->connections = connection;
}

uint64_t
server_busy_ms(const struct server *server)
{
	return server->first_ms ? server->shared->clock_ms + 1 - server->first_ms : 0;
}

/* Returns 0 or an error of libuv. */
static int
listen_on(struct server *server, const char *host, uint16_t port)
{
	struct sockaddr_storage address;
	int size = sizeof address;
	int result = uv_ip4_addr(host, port, (struct sockaddr_in *)&address);

	if (result != 0)
		result = uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address);
	if (result == 0)
		result = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
	if (result == 0)
		result = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
	if (result == 0)
		result = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size);
	server->port = ntohs(((const struct sockaddr_in *)&address)->sin_port);
	return result;
}

struct server *
server_new(uv_loop_t *loop, struct peer_shared *shared, struct tls_server *tls, char *error,
	   size_t size)
{
	const struct options *options = shared->options;
	struct server *server = calloc(1, sizeof *server);
	int result = server ? uv_tcp_init(loop, &server->listener) : UV_ENOMEM;

	if (result == 0)
		result = listen_on(server, options->address, options->port);
	if (result != 0) {
		snprintf(error, size, "cannot listen on %s port %u: %s", options->address,
			 options->port, uv_strerror(result));
		free(server);
		return NULL;
	}
	server->shared = shared;
	server->tls = tls;
	server->listener.data = server;
	return server;
}

void
server_free(struct server *server)
{
	free(server);
}

unsigned
server_port(const struct server *server)
{
	return server->port;
}

void
server_tick(struct server *server)
{
	struct connection *next;

	for (struct connection *connection = server->connections; connection; connection = next) {
		next = connection->next;
		connection_tick(connection);
	}
}

void
server_drop(struct server *server, const char *why)
{
	struct connection *next;

	for (struct connection *connection = server->connections; connection; connection = next) {
		next = connection->next;
		connection_end(connection, why);
	}
}

void
server_stop(struct server *server)
{
	if (server->stopped)
		return;
	server->stopped = true;
	uv_close((uv_handle_t *)&server->listener, NULL);
	server_drop(server, "the controller stops");
}

/* The statuses to print: those of sessions that are over, oldest first, then the others. */
static void
each_status(const struct server *server,
	    void (*print)(const struct status *status, const struct server *server, FILE *file),
	    FILE *file)
{
	uint64_t first = server->n_past > REMEMBERED ? server->n_past - REMEMBERED : 0;

	for (uint64_t i = first; i < server->n_past; i++)
		print(&server->past[i % REMEMBERED], server, file);
	for (const struct connection *connection = server->connections; connection;
	     connection = connection->next)
		if (connection->peer)
			print(&connection->peer->status, server, file);
}

static void
print_line(const struct status *status, const struct server *server, FILE *file)
{
	(void)server;
	status_print(status, file);
}

static void
print_subscription(const struct status *status, const struct server *server, FILE *file)
{
	status_print_subscription(status, &server->shared->offered, file);
}

void
server_print(const struct server *server, FILE *file)
{
	status_print_head(file);
	each_status(server, print_line, file);
	fprintf(file, "\nshow nmsp subscription detail\n");
	each_status(server, print_subscription, file);
	fflush(file);
}
