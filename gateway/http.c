/* SPDX-License-Identifier: ISC */
/* http.c: the gateway's own HTTP, in the gateway's loop
 *
 * libmicrohttpd runs without a thread: its epoll descriptor is polled by the loop, and a turn does
 * what can be done without waiting. Whose reply is not there yet is suspended.
 */
#include "gateway/http.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "gateway/gateway.h"
#include "gateway/http_request.h"
#include "gateway/listen.h"
#include "gateway/log.h"

#define SUBSYSTEM	 "http"
#define CLIENTS_MAX	 64U
#define CLIENT_MEMORY	 ((size_t)16384)
#define CLIENT_TIMEOUT_S 15U /* without a byte */

enum {
	CONTROL,
	TCP,
	LISTENERS,
};

struct listener {
	struct http *http;
	struct http_entry entry; /* its `where` is owned */
	uint16_t port;
	struct listen_socket socket;
	struct MHD_Daemon *daemon;
	uv_poll_t *poll;
};

struct http {
	struct gateway *gateway;
	struct http_requests requests;
	struct listener *listeners[LISTENERS]; /* NULL: none */
	uv_timer_t timer;
	bool reconfigure;
};

static void on_timer(uv_timer_t *timer);

/* The loop. */

/* The next time that something is to be done without being asked. */
static void
arm(struct http *http)
{
	uint64_t wait = http->requests.live.onlookers ? HTTP_SWEEP_MS : UINT64_MAX;

	if (http->requests.responded || http->reconfigure)
		wait = 0;
	for (size_t i = 0; i < LISTENERS; i++) {
		MHD_UNSIGNED_LONG_LONG ms;

		if (http->listeners[i] &&
		    MHD_get_timeout(http->listeners[i]->daemon, &ms) == MHD_YES && ms < wait)
			wait = ms;
	}
	if (wait == UINT64_MAX)
		uv_timer_stop(&http->timer);
	else
		uv_timer_start(&http->timer, on_timer, wait, 0);
}

static bool
is_full(const struct listener *listener)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info && info->num_connections >= CLIENTS_MAX;
}

/* While as many are connected as may be, libmicrohttpd does not poll the listening socket, and
 * takes it up again with the first run after one of them left, which nobody would ask for. */
static void
run(const struct listener *listener)
{
	bool was_full = is_full(listener);

	MHD_run(listener->daemon);
	if (was_full && !is_full(listener))
		MHD_run(listener->daemon);
}

static void
turn(struct http *http)
{
	http->requests.responded = false;
	http_live_run(&http->requests.live, uv_now(&http->gateway->loop));
	for (size_t i = 0; i < LISTENERS; i++)
		if (http->listeners[i])
			run(http->listeners[i]);
	arm(http);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	turn(poll->data);
}

/* Records came for one that looks on, or a reply; all of this turn of the loop go out at once in
 * the next. */
static void
on_wake(void *context)
{
	struct http *http = context;

	uv_timer_start(&http->timer, on_timer, 0, 0);
}

/* Listeners. */

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
close_listener(struct listener **owned)
{
	struct listener *listener = *owned;

	*owned = NULL;
	if (!listener)
		return;
	http_request_resume_all(&listener->http->requests);
	if (listener->poll)
		uv_close((uv_handle_t *)listener->poll, free_handle);
	if (listener->entry.control && listener->socket.fd >= 0)
		listen_remove(&listener->socket, listener->entry.where);
	if (listener->daemon)
		MHD_stop_daemon(listener->daemon); /* closes the socket too */
	else if (listener->socket.fd >= 0)
		close(listener->socket.fd);
	free(listener->entry.where);
	free(listener);
}

/* Turns the listening socket into a server that the loop polls; 0 or -1. */
static int
serve(struct listener *listener)
{
	uv_loop_t *loop = &listener->http->gateway->loop;
	const union MHD_DaemonInfo *info;

	listener->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_request,
		&listener->entry, MHD_OPTION_LISTEN_SOCKET, listener->socket.fd,
		MHD_OPTION_CONNECTION_LIMIT, CLIENTS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		CLIENT_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, CLIENT_TIMEOUT_S,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_completed, NULL,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (!listener->daemon)
		return -1;
	info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	listener->poll = info ? malloc(sizeof *listener->poll) : NULL;
	if (!listener->poll)
		return -1;
	if (uv_poll_init(loop, listener->poll, info->epoll_fd)) {
		free(listener->poll);
		listener->poll = NULL;
		return -1;
	}
	listener->poll->data = listener->http;
	return uv_poll_start(listener->poll, UV_READABLE, on_poll);
}

static enum listen_result
open_socket(struct listener *listener, char *error, size_t size)
{
	if (listener->entry.control)
		return listen_unix(&listener->socket, listener->entry.where, error, size);
	return listen_tcp(&listener->socket, listener->entry.where, listener->port, error, size);
}

/* Begins to listen at `where`; what came of it is told in the log. */
static enum listen_result
open_listener(struct http *http, size_t which, const char *where, uint16_t port)
{
	struct listener *listener = calloc(1, sizeof *listener);
	enum listen_result result = LISTEN_FAILED;
	char error[512] = "out of memory";

	if (!listener)
		return LISTEN_FAILED;
	*listener = (struct listener){.http = http,
				      .entry = {&http->requests, which == CONTROL, strdup(where)},
				      .port = port,
				      .socket.fd = -1};
	if (listener->entry.where)
		result = open_socket(listener, error, sizeof error);
	if (result == LISTEN_OK && serve(listener)) {
		result = LISTEN_FAILED;
		snprintf(error, sizeof error, "cannot serve %s", where);
	}
	if (result != LISTEN_OK) {
		(which == CONTROL && result == LISTEN_FAILED ? log_warning
							     : log_error)(SUBSYSTEM, "%s", error);
		close_listener(&listener);
		return result;
	}
	if (which == TCP)
		log_info(SUBSYSTEM, "listens on %s port %u", where, (unsigned)port);
	http->listeners[which] = listener;
	return LISTEN_OK;
}

/* Listens there and nowhere else; "" is nowhere. */
static enum listen_result
listen_at(struct http *http, size_t which, const char *where, uint16_t port)
{
	const struct listener *present = http->listeners[which];

	if (present && strcmp(present->entry.where, where) == 0 && present->port == port)
		return LISTEN_OK;
	close_listener(&http->listeners[which]);
	return *where ? open_listener(http, which, where, port) : LISTEN_OK;
}

static bool
configure(struct http *http)
{
	const struct config *config = http->gateway->config;
	const struct config_http *tcp = &config->http;
	enum listen_result control = listen_at(http, CONTROL, config->gateway.control, 0);
	enum listen_result other =
		listen_at(http, TCP, tcp->enabled ? tcp->listen : "", tcp->enabled ? tcp->port : 0);

	http->reconfigure = false;
	return control != LISTEN_TAKEN && other == LISTEN_OK;
}

static void
on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;

	if (http->reconfigure)
		configure(http);
	turn(http);
}

struct http *
http_start(struct gateway *gateway, const struct http_actions *actions)
{
	struct http *http = calloc(1, sizeof *http);

	if (!http)
		return NULL;
	http->gateway = gateway;
	http->requests = (struct http_requests){
		.routes = {.gateway = gateway, .actions = *actions},
		.wake = on_wake,
		.context = http,
	};
	gateway->tails.wake = on_wake;
	gateway->tails.context = http;
	uv_timer_init(&gateway->loop, &http->timer);
	http->timer.data = http;
	if (configure(http)) {
		arm(http);
		return http;
	}
	http_stop(http);
	return NULL;
}

void
http_reconfigure(struct http *http)
{
	http->reconfigure = true;
	uv_timer_start(&http->timer, on_timer, 0, 0);
}

static void
free_http(uv_handle_t *timer)
{
	free(timer->data);
}

void
http_stop(struct http *http)
{
	if (!http)
		return;
	/* Streams have an end, and a server with suspended connections could not be stopped; and
	 * responses may have come at last. */
	http_live_resume(&http->requests.live, true);
	turn(http);
	for (size_t i = 0; i < LISTENERS; i++)
		close_listener(&http->listeners[i]);
	uv_close((uv_handle_t *)&http->timer, free_http);
}
