/* SPDX-License-Identifier: ISC */
/* http.c: the gateway's own HTTP, in the gateway's loop
 *
 * libmicrohttpd runs without a thread: its epoll descriptor is polled by the loop, and a turn does
 * what can be done without waiting. Who looks on at live records is suspended while there are none.
 */
#define _GNU_SOURCE
#include "gateway/http.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <uv.h>

#include "gateway/command.h"
#include "gateway/gateway.h"
#include "gateway/listen.h"
#include "gateway/log.h"
#include "gateway/routes.h"

#define SUBSYSTEM	 "http"
#define CLIENTS_MAX	 64U
#define CLIENT_MEMORY	 ((size_t)16384)
#define CLIENT_TIMEOUT_S 15U  /* without a byte, */
#define TAIL_TIMEOUT_S	 300U /* and of one that looks on and does not read */
#define BODY_MAX	 65536
#define LIVE_BLOCK	 16384
#define SWEEP_MS	 5000 /* between two looks for clients that went away */
#define FORBIDDEN	 403
#define TOO_LARGE	 413

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			     "img-src 'self'; connect-src 'self'; base-uri 'none'; "
			     "form-action 'none'; frame-ancestors 'none'";

/* One that looks on. */
struct onlooker {
	struct onlooker *next;
	struct http *http;
	struct MHD_Connection *connection;
	struct tail *tail;
	bool suspended;
	bool gone; /* the client is */
};

enum {
	CONTROL,
	TCP,
	LISTENERS,
};

struct listener {
	struct http *http;
	bool control;
	char *where; /* a path, or an address */
	uint16_t port;
	struct listen_socket socket;
	struct MHD_Daemon *daemon;
	uv_poll_t *poll;
};

struct http {
	struct gateway *gateway;
	struct routes routes;
	struct listener *listeners[LISTENERS]; /* NULL: none */
	struct onlooker *onlookers;
	struct exchange *asking;
	bool responded; /* to one that was suspended */
	uint64_t next_sweep;
	uv_timer_t timer;
	bool reconfigure;
};

/* A request whose body is being read, or whose command is being carried out. */
struct exchange {
	struct exchange *next; /* of those that wait for the response to a command */
	struct http *http;
	struct MHD_Connection *connection;
	struct command_asker asker;
	bool asks;
	bool suspended;
	bool ok;		 /* the command went well */
	struct buffer *response; /* to the command; NULL: there is none yet */
	size_t length;
	char body[];
};

static void on_timer(uv_timer_t *timer);

/* Live records. */

static ssize_t
read_live(void *context, uint64_t position, char *out, size_t size)
{
	struct onlooker *onlooker = context;
	size_t n = onlooker->gone ? 0 : tail_read(onlooker->tail, out, size);

	(void)position;
	if (n > 0)
		return (ssize_t)n;
	if (onlooker->gone || tail_ended(onlooker->tail))
		return MHD_CONTENT_READER_END_OF_STREAM;
	onlooker->suspended = true;
	MHD_suspend_connection(onlooker->connection);
	return 0;
}

static void
free_onlooker(void *context)
{
	struct onlooker *onlooker = context, **link = &onlooker->http->onlookers;

	while (*link != onlooker)
		link = &(*link)->next;
	*link = onlooker->next;
	tail_close(onlooker->tail);
	free(onlooker);
}

static struct MHD_Response *
live_response(struct http *http, struct MHD_Connection *connection, struct tail *tail)
{
	struct onlooker *onlooker = malloc(sizeof *onlooker);
	struct MHD_Response *response;

	if (!onlooker) {
		tail_close(tail);
		return NULL;
	}
	*onlooker = (struct onlooker){
		.next = http->onlookers, .http = http, .connection = connection, .tail = tail};
	http->onlookers = onlooker;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, LIVE_BLOCK, read_live,
						     onlooker, free_onlooker);
	if (!response)
		free_onlooker(onlooker);
	else
		MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
					  TAIL_TIMEOUT_S);
	return response;
}

static void
resume(struct onlooker *onlooker)
{
	if (!onlooker->suspended)
		return;
	onlooker->suspended = false;
	MHD_resume_connection(onlooker->connection);
}

/* While a connection is suspended nobody else would see that its client went away. */
static void
sweep(struct http *http)
{
	for (struct onlooker *onlooker = http->onlookers; onlooker; onlooker = onlooker->next) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			onlooker->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		struct pollfd fd = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};

		if (poll(&fd, 1, 0) > 0)
			onlooker->gone = true;
	}
	http->next_sweep = uv_now(&http->gateway->loop) + SWEEP_MS;
}

/* Requests. */

static void
free_buffer(void *buffer)
{
	buffer_unref(buffer);
}

static struct MHD_Response *
response_of(struct http *http, struct MHD_Connection *connection, const struct reply *reply)
{
	struct MHD_Response *response;

	if (reply->tail)
		return live_response(http, connection, reply->tail);
	if (!reply->data)
		return NULL;
	if (!reply->buffer)
		return MHD_create_response_from_buffer(reply->length, (void *)reply->data,
						       MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer_with_free_callback_cls(
		reply->length, (void *)reply->data, free_buffer, reply->buffer);
	if (!response)
		buffer_unref(reply->buffer);
	return response;
}

static enum MHD_Result
send_reply(struct http *http, struct MHD_Connection *connection, const struct reply *reply)
{
	struct MHD_Response *response = response_of(http, connection, reply);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", reply->type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Content-Security-Policy", policy);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	if (reply->allow)
		MHD_add_response_header(response, "Allow", reply->allow);
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
refuse(struct http *http, struct MHD_Connection *connection, unsigned status, const char *sentence)
{
	struct reply reply;

	reply_error(&reply, status, sentence);
	return send_reply(http, connection, &reply);
}

static const char *
argument(void *context, const char *name)
{
	return MHD_lookup_connection_value(context, MHD_GET_ARGUMENT_KIND, name);
}

static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* The name in a Host header, without its port and brackets. */
static bool
host_is(const char *host, const char *name)
{
	size_t length = strlen(name);

	if (*host == '[')
		host++;
	return strncasecmp(host, name, length) == 0 && strchr("]:", host[length]);
}

/* A page from elsewhere may make a browser on this machine ask us under that page's own name, and
 * read the reply; a listener on loopback answers to names of loopback only. */
static bool
is_our_name(const struct listener *listener, const char *host)
{
	if (listener->control || !host || !is_loopback(listener->where))
		return true;
	return host_is(host, "localhost") || host_is(host, "127.0.0.1") || host_is(host, "::1") ||
	       host_is(host, listener->where);
}

static uint64_t
announced_length(struct MHD_Connection *connection)
{
	const char *text =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");

	return text ? strtoull(text, NULL, 10) : 0;
}

static struct exchange *
exchange_new(struct http *http, struct MHD_Connection *connection, size_t body_size)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange) + body_size);

	if (!exchange)
		return NULL;
	exchange->http = http;
	exchange->connection = connection;
	return exchange;
}

/* What the head of a request alone decides; MHD_YES with nothing queued: read on. */
static enum MHD_Result
begin_request(const struct listener *listener, struct MHD_Connection *connection,
	      const struct request *request, void **exchange)
{
	struct http *http = listener->http;
	bool takes_body = routes_take_body(request);
	struct reply reply;

	if (!is_our_name(listener,
			 MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host")))
		return refuse(http, connection, FORBIDDEN,
			      "this is not a name of this host; an address is");
	if (announced_length(connection) > BODY_MAX)
		return refuse(http, connection, TOO_LARGE, "the body is too large");
	if (!takes_body && announced_length(connection) > 0) {
		routes_answer(&http->routes, request, &reply);
		return send_reply(http, connection, &reply);
	}
	*exchange = exchange_new(http, connection, takes_body ? BODY_MAX : 0);
	return *exchange ? MHD_YES : MHD_NO;
}

static enum MHD_Result
take_body(struct exchange *exchange, bool takes_body, const char *data, size_t *size)
{
	if (takes_body && *size > BODY_MAX - exchange->length)
		return MHD_NO;
	if (takes_body) {
		memcpy(exchange->body + exchange->length, data, *size);
		exchange->length += *size;
	}
	*size = 0;
	return MHD_YES;
}

/* Commands. */

static void
resume_exchange(struct exchange *exchange)
{
	if (!exchange->suspended)
		return;
	exchange->suspended = false;
	MHD_resume_connection(exchange->connection);
}

static void
leave_asking(struct exchange *exchange)
{
	struct exchange **link = &exchange->http->asking;

	exchange->asks = false;
	while (*link != exchange)
		link = &(*link)->next;
	*link = exchange->next;
}

/* The response to a command: sent in the next turn, when the connection was suspended for it. */
static void
on_response(void *context, bool ok, struct buffer *text)
{
	struct exchange *exchange = context;

	leave_asking(exchange);
	exchange->ok = ok;
	exchange->response = buffer_ref(text);
	resume_exchange(exchange);
	exchange->http->responded = true;
	uv_timer_start(&exchange->http->timer, on_timer, 0, 0);
}

/* Sends the response to a command, or waits for it. */
static enum MHD_Result
send_response(struct exchange *exchange)
{
	struct reply reply;

	if (!exchange->response && !exchange->asks)
		return MHD_NO;
	if (!exchange->response) {
		exchange->suspended = true;
		MHD_suspend_connection(exchange->connection);
		return MHD_YES;
	}
	reply_command(&reply, exchange->ok, exchange->response);
	exchange->response = NULL;
	return send_reply(exchange->http, exchange->connection, &reply);
}

/* The whole request is there. */
static enum MHD_Result
answer(struct exchange *exchange, struct request *request)
{
	struct http *http = exchange->http;
	struct reply reply;

	request->body = exchange->body;
	request->body_length = exchange->length;
	exchange->asker = (struct command_asker){"control socket", on_response, exchange};
	request->asker = &exchange->asker;
	exchange->asks = true;
	exchange->next = http->asking;
	http->asking = exchange;
	routes_answer(&http->routes, request, &reply);
	if (reply.asked)
		return send_response(exchange);
	leave_asking(exchange);
	return send_reply(http, exchange->connection, &reply);
}

/* The signature is libmicrohttpd's. */
static enum MHD_Result /* NOLINTNEXTLINE(readability-function-size) */
on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
	   const char *version, const char *data, size_t *size, void **exchanged)
{
	struct listener *listener = context;
	struct exchange *exchange = *exchanged;
	struct request request = {
		.method = method,
		.path = path,
		.control = listener->control,
		.argument = argument,
		.context = connection,
	};

	(void)version;
	if (!exchange)
		return begin_request(listener, connection, &request, exchanged);
	if (*size)
		return take_body(exchange, routes_take_body(&request), data, size);
	if (exchange->asks || exchange->response)
		return send_response(exchange);
	if (listener->http->gateway->tails.n == TAIL_CLIENTS)
		sweep(listener->http);
	return answer(exchange, &request);
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **exchanged,
	     enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *exchanged;

	(void)context;
	(void)connection;
	(void)code;
	*exchanged = NULL;
	if (!exchange)
		return;
	if (exchange->asks) {
		command_cancel(exchange->http->gateway, exchange);
		leave_asking(exchange);
	}
	buffer_unref(exchange->response);
	free(exchange);
}

/* The loop. */

/* The next time that something is to be done without being asked. */
static void
arm(struct http *http)
{
	uint64_t wait = http->responded ? 0 : http->onlookers ? SWEEP_MS : UINT64_MAX;

	if (http->reconfigure)
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
	http->responded = false;
	if (http->onlookers && uv_now(&http->gateway->loop) >= http->next_sweep)
		sweep(http);
	for (struct onlooker *onlooker = http->onlookers; onlooker; onlooker = onlooker->next)
		if (onlooker->gone || tail_ready(onlooker->tail))
			resume(onlooker);
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

/* Records came for one that looks on; all of this turn of the loop go out at once in the next. */
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

/* A server with suspended connections cannot be stopped. Those of the other one are suspended
 * again. */
static void
resume_all(struct http *http)
{
	for (struct onlooker *onlooker = http->onlookers; onlooker; onlooker = onlooker->next)
		resume(onlooker);
	for (struct exchange *exchange = http->asking; exchange; exchange = exchange->next)
		resume_exchange(exchange);
}

static void
close_listener(struct listener **owned)
{
	struct listener *listener = *owned;

	*owned = NULL;
	if (!listener)
		return;
	resume_all(listener->http);
	if (listener->poll)
		uv_close((uv_handle_t *)listener->poll, free_handle);
	if (listener->control && listener->socket.fd >= 0)
		listen_remove(&listener->socket, listener->where);
	if (listener->daemon)
		MHD_stop_daemon(listener->daemon); /* closes the socket too */
	else if (listener->socket.fd >= 0)
		close(listener->socket.fd);
	free(listener->where);
	free(listener);
}

/* Turns the listening socket into a server that the loop polls; 0 or -1. */
static int
serve(struct listener *listener)
{
	uv_loop_t *loop = &listener->http->gateway->loop;
	const union MHD_DaemonInfo *info;

	listener->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, listener,
		MHD_OPTION_LISTEN_SOCKET, listener->socket.fd, MHD_OPTION_CONNECTION_LIMIT,
		CLIENTS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CLIENT_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, CLIENT_TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
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
	if (listener->control)
		return listen_unix(&listener->socket, listener->where, error, size);
	return listen_tcp(&listener->socket, listener->where, listener->port, error, size);
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
				      .control = which == CONTROL,
				      .where = strdup(where),
				      .port = port,
				      .socket.fd = -1};
	if (listener->where)
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

	if (present && strcmp(present->where, where) == 0 && present->port == port)
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
	http->routes = (struct routes){.gateway = gateway, .actions = *actions};
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
	for (struct onlooker *onlooker = http->onlookers; onlooker; onlooker = onlooker->next)
		onlooker->gone = true;
	turn(http);
	for (size_t i = 0; i < LISTENERS; i++)
		close_listener(&http->listeners[i]);
	routes_fini(&http->routes);
	uv_close((uv_handle_t *)&http->timer, free_http);
}
