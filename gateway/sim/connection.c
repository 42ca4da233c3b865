/* SPDX-License-Identifier: ISC */
/* connection.c: one client's connection: its socket, its handshake at a controller's pace, its
 * session
 *
 * A controller looks at its handshakes every POLL_MS, and tells the client of its authorisation
 * list's verdict AUTH_MS after it was found: until then the answer to the client's certificate
 * stays in tls_channel_output().
 */
#include "gateway/sim/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"

#define POLL_MS	     300
#define AUTH_MS	     1000
#define HANDSHAKE_MS 30000
#define LINGER_MS    1000
#define OUTPUT_LIMIT (1 << 20) /* bytes that may wait for a client */
#define READ_SIZE    65536

/* One buffer for all reads, since what is read is used up at once. */
static char read_buffer[READ_SIZE];

struct pending {
	uv_write_t request;
	char bytes[];
};

static void handshake_go(struct connection *connection);

static void
on_handle_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->handles == 0)
		connection->over(connection);
}

static void
close_now(struct connection *connection)
{
	if (connection->phase == CONNECTION_CLOSED)
		return;
	connection->phase = CONNECTION_CLOSED;
	uv_close((uv_handle_t *)&connection->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&connection->timer, on_handle_closed);
}

static void
on_written(uv_write_t *request, int status)
{
	struct connection *connection = request->data;

	free(request);
	if (status == 0)
		connection_tick(connection);
}

static void
write_rest(struct connection *connection, const uint8_t *bytes, size_t length)
{
	struct pending *pending = malloc(sizeof *pending + length);
	uv_buf_t buffer;

	if (!pending) {
		close_now(connection);
		return;
	}
	memcpy(pending->bytes, bytes, length);
	pending->request.data = connection;
	buffer = uv_buf_init(pending->bytes, (unsigned)length);
	if (uv_write(&pending->request, (uv_stream_t *)&connection->tcp, &buffer, 1, on_written) !=
	    0)
		free(pending);
}

/* Hands encrypted bytes to the socket, and what that does not take to the loop. */
static void
flush(struct connection *connection)
{
	uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
	uint8_t *bytes;
	size_t length = tls_channel_output(connection->tls, &bytes);
	uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
	int written = 0;

	if (length == 0 || connection->phase == CONNECTION_CLOSED)
		return;
	if (stream->write_queue_size == 0)
		written = uv_try_write(stream, &buffer, 1);
	if (written < 0)
		written = 0;
	if ((size_t)written < length)
		write_rest(connection, bytes + written, length - (size_t)written);
	tls_channel_taken(connection->tls);
}

static void
on_timer(uv_timer_t *timer)
{
	struct connection *connection = timer->data;

	if (connection->phase == CONNECTION_LINGERING)
		close_now(connection);
	else
		handshake_go(connection);
}

static void
on_shutdown(uv_shutdown_t *request, int status)
{
	(void)status;
	free(request);
}

/* Closing with unread bytes would reset the connection, and the client might lose what was said
 * last. */
static void
linger(struct connection *connection)
{
	uv_shutdown_t *request = malloc(sizeof *request);

	connection->phase = CONNECTION_LINGERING;
	if (!request || uv_shutdown(request, (uv_stream_t *)&connection->tcp, on_shutdown) != 0) {
		free(request);
		close_now(connection);
		return;
	}
	uv_timer_start(&connection->timer, on_timer, LINGER_MS, 0);
}

static bool
peer_has_room(void *context)
{
	const struct connection *connection = context;
	uint8_t *bytes;

	return tls_channel_output(connection->tls, &bytes) + connection->tcp.write_queue_size <
	       OUTPUT_LIMIT;
}

static void
peer_sends(void *context, const uint8_t *bytes, size_t length)
{
	struct connection *connection = context;
	bool drip = connection->shared->options->faults[FAULTY_DRIP].on;

	for (size_t at = 0; drip && at < length; at++)
		tls_channel_write(connection->tls, bytes + at, 1);
	if (!drip)
		tls_channel_write(connection->tls, bytes, length);
}

static void
peer_ends(void *context, const char *why)
{
	struct connection *connection = context;

	log_info(connection->name, "session closed: %s", why);
	flush(connection);
	linger(connection);
}

static void
session_begin(struct connection *connection)
{
	struct peer_host host = {peer_has_room, peer_sends, peer_ends, connection};

	connection->phase = CONNECTION_OPEN;
	log_info(connection->name, "TLS state %s, %s", tls_channel_state(connection->tls),
		 tls_channel_cipher(connection->tls));
	log_info(connection->name, "NMSP connection success!");
	connection->peer = peer_new(connection->shared, &host, connection->name);
	if (!connection->peer) {
		close_now(connection);
		return;
	}
	snprintf(connection->peer->status.address, sizeof connection->peer->status.address, "%s",
		 connection->address);
	flush(connection);
}

/* The moment that a client learns the verdict; before it, only we know. */
static void
tell_verdict(struct connection *connection)
{
	enum authlist_verdict verdict;

	tls_channel_verdict(connection->tls, &verdict);
	log_info(connection->name, "Peer %s against the AuthList",
		 verdict == AUTHLIST_ALLOWED ? "Validated" : "Not Validated");
	connection->phase = CONNECTION_HANDSHAKE;
	flush(connection);
}

/* Returns true when the certificate was judged just now. */
static bool
hear_verdict(struct connection *connection)
{
	enum authlist_verdict verdict;

	if (connection->judged || !tls_channel_verdict(connection->tls, &verdict))
		return false;
	connection->judged = true;
	log_info(connection->name, "Peer certificate Validation Done, calling authlist");
	if (verdict == AUTHLIST_ALLOWED)
		log_info(connection->name, "Authlist authentication successful");
	else
		log_info(connection->name, "Authlist authentication failed: %s",
			 authlist_verdict_text(verdict));
	return true;
}

static void
handshake_end(struct connection *connection)
{
	switch (connection->handshake) {
	case TLS_CHANNEL_WANT:
		return;
	case TLS_CHANNEL_DONE:
		uv_timer_stop(&connection->timer);
		session_begin(connection);
		return;
	case TLS_CHANNEL_FAILED:
		log_info(connection->name, "TLS handshake failed: %s; connection freed",
			 tls_channel_error(connection->tls));
		linger(connection);
		return;
	}
}

static void
log_state(struct connection *connection)
{
	const char *state = tls_channel_state(connection->tls);

	if (state != connection->state)
		log_info(connection->name, "TLS state %s", state);
	connection->state = state;
}

/* One look at a handshake. */
static void
handshake_go(struct connection *connection)
{
	bool patient = !connection->shared->options->no_auth_delay;

	if (connection->shared->clock_ms - connection->began_ms > HANDSHAKE_MS) {
		log_info(connection->name, "TLS handshake takes too long; connection freed");
		close_now(connection);
		return;
	}
	if (connection->phase == CONNECTION_HELD) {
		tell_verdict(connection);
		uv_timer_start(&connection->timer, on_timer, POLL_MS, POLL_MS);
	} else if (connection->phase == CONNECTION_HANDSHAKE) {
		connection->handshake = tls_channel_handshake(connection->tls);
		log_state(connection);
		if (hear_verdict(connection)) {
			connection->phase = CONNECTION_HELD;
			if (patient) {
				uv_update_time(connection->timer.loop);
				uv_timer_start(&connection->timer, on_timer, AUTH_MS, 0);
				return;
			}
			tell_verdict(connection);
		}
		flush(connection);
	}
	handshake_end(connection);
}

static void
open_read(struct connection *connection)
{
	static uint8_t plain[16384];
	int length;

	while (connection->phase == CONNECTION_OPEN &&
	       (length = tls_channel_read(connection->tls, plain, sizeof plain)) != 0) {
		if (length < 0) {
			log_info(connection->name, "session closed by the client");
			connection->peer->ended = true;
			linger(connection);
			return;
		}
		peer_input(connection->peer, plain, (size_t)length);
	}
}

static void
on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void
on_end(struct connection *connection, ssize_t result)
{
	if (connection->phase != CONNECTION_LINGERING)
		log_info(connection->name, "connection lost: %s", uv_strerror((int)result));
	close_now(connection);
}

static void
on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;

	if (length < 0) {
		on_end(connection, length);
		return;
	}
	if (connection->phase == CONNECTION_LINGERING)
		return;
	tls_channel_feed(connection->tls, (const uint8_t *)buffer->base, (size_t)length);
	if (connection->phase == CONNECTION_HANDSHAKE && connection->shared->options->no_auth_delay)
		handshake_go(connection);
	if (connection->phase == CONNECTION_OPEN)
		connection_tick(connection);
}

/* Reads while what comes can be used up; else TCP holds the client back. */
static void
set_reading(struct connection *connection)
{
	bool wanted = connection->phase != CONNECTION_HELD;

	if (connection->phase == CONNECTION_OPEN)
		wanted = peer_has_room(connection) && !peer_is_busy(connection->peer);
	if (connection->phase == CONNECTION_CLOSED || wanted == connection->reading)
		return;
	connection->reading = wanted;
	if (wanted)
		uv_read_start((uv_stream_t *)&connection->tcp, on_allocate, on_read);
	else
		uv_read_stop((uv_stream_t *)&connection->tcp);
}

void
connection_tick(struct connection *connection)
{
	if (connection->phase == CONNECTION_OPEN && !peer_is_busy(connection->peer))
		open_read(connection);
	if (connection->phase == CONNECTION_OPEN)
		peer_tick(connection->peer);
	if (connection->phase == CONNECTION_OPEN)
		flush(connection);
	set_reading(connection);
}

static void
note_address(struct connection *connection)
{
	struct sockaddr_storage address = {0};
	int size = sizeof address;
	unsigned port = 0;

	snprintf(connection->address, sizeof connection->address, "unknown");
	if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size) != 0)
		return;
	if (address.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
		uv_ip6_name(in6, connection->address, sizeof connection->address);
		port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
		uv_ip4_name(in, connection->address, sizeof connection->address);
		port = ntohs(in->sin_port);
	}
	snprintf(connection->name, sizeof connection->name, "%s:%u", connection->address, port);
}

static void
open_handles(struct connection *connection, uv_loop_t *loop)
{
	uv_tcp_init(loop, &connection->tcp);
	uv_timer_init(loop, &connection->timer);
	connection->tcp.data = connection;
	connection->timer.data = connection;
	connection->handles = 2;
}

struct connection *
connection_accept(uv_stream_t *listener, struct peer_shared *shared, struct tls_server *tls,
		  void (*over)(struct connection *connection))
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (!connection)
		return NULL;
	connection->shared = shared;
	connection->over = over;
	connection->tls = tls_channel_new(tls);
	if (!connection->tls) {
		free(connection);
		return NULL;
	}
	open_handles(connection, listener->loop);
	if (uv_accept(listener, (uv_stream_t *)&connection->tcp) != 0) {
		close_now(connection);
		return connection;
	}
	note_address(connection);
	uv_tcp_nodelay(&connection->tcp, 1);
	log_info(connection->name, "connection accepted");
	set_reading(connection);
	connection->began_ms = shared->clock_ms;
	uv_timer_start(&connection->timer, on_timer, POLL_MS, POLL_MS);
	return connection;
}

void
connection_free(struct connection *connection)
{
	peer_free(connection->peer);
	tls_channel_free(connection->tls);
	free(connection);
}

void
connection_end(struct connection *connection, const char *why)
{
	if (connection->phase >= CONNECTION_LINGERING)
		return;
	log_info(connection->name, "session closed: %s", why);
	if (connection->peer)
		connection->peer->ended = true;
	tls_channel_shutdown(connection->tls);
	flush(connection);
	if (connection->phase != CONNECTION_CLOSED)
		linger(connection);
}
