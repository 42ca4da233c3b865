/* SPDX-License-Identifier: ISC */
/* http_request.c: requests over HTTP, from their head to the reply */
#include "gateway/http_request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "conf/options.h"
#include "gateway/command.h"
#include "gateway/gateway.h"

#define BODY_MAX    65536
#define BAD_REQUEST 400
#define FORBIDDEN   403
#define TOO_LARGE   413

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
			     "img-src 'self'; connect-src 'self'; base-uri 'none'; "
			     "form-action 'none'; frame-ancestors 'none'";

/* A request whose body is being read, or whose reply is being made. */
struct exchange {
	struct exchange *next; /* of those that wait for their reply */
	struct http_requests *requests;
	struct MHD_Connection *connection;
	struct command_asker asker;
	struct draft_waiter waiter;
	struct reply reply; /* when it neither asks nor has been sent */
	bool asks;
	bool replied; /* `reply` is there, and not sent */
	bool suspended;
	size_t length;
	char body[];
};

static void
free_buffer(void *buffer)
{
	buffer_unref(buffer);
}

static void
free_pages(void *pages)
{
	pages_unref(pages);
}

/* The reference is taken over. */
static struct MHD_Response *
pages_response(struct pages *pages)
{
	struct MHD_IoVec *pieces = calloc(pages->n + 1, sizeof *pieces);
	struct MHD_Response *response = NULL;

	for (size_t i = 0; pieces && i < pages->n; i++)
		pieces[i] = (struct MHD_IoVec){pages->pieces[i]->data, pages->pieces[i]->length};
	if (pieces)
		response = MHD_create_response_from_iovec(pieces, (unsigned)pages->n, free_pages,
							  pages);
	if (!response)
		pages_unref(pages);
	free(pieces);
	return response;
}

static struct MHD_Response *
response_of(struct http_requests *requests, struct MHD_Connection *connection,
	    const struct reply *reply)
{
	struct MHD_Response *response;

	if (reply->tail)
		return http_live_response(&requests->live, connection, reply->tail);
	if (reply->pages)
		return pages_response(reply->pages);
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
send_reply(struct http_requests *requests, struct MHD_Connection *connection,
	   const struct reply *reply)
{
	struct MHD_Response *response = response_of(requests, connection, reply);
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
refuse(struct http_requests *requests, struct MHD_Connection *connection, unsigned status,
       const char *sentence)
{
	struct reply reply;

	reply_error(&reply, status, sentence);
	return send_reply(requests, connection, &reply);
}

static const char *
argument(void *context, const char *name)
{
	return MHD_lookup_connection_value(context, MHD_GET_ARGUMENT_KIND, name);
}

struct search {
	const char *words;
	const char *found;
};

static enum MHD_Result
look_at_name(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct search *search = user;

	(void)kind;
	(void)value;
	if (option_find_word(search->words, name) >= 0)
		return MHD_YES;
	search->found = name;
	return MHD_NO;
}

static const char *
stranger(void *context, const char *words)
{
	struct search search = {words, NULL};

	MHD_get_connection_values(context, MHD_GET_ARGUMENT_KIND, look_at_name, &search);
	return search.found;
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
is_our_name(const struct http_entry *entry, const char *host)
{
	if (entry->control || !host || !is_loopback(entry->where))
		return true;
	return host_is(host, "localhost") || host_is(host, "127.0.0.1") || host_is(host, "::1") ||
	       host_is(host, entry->where);
}

static uint64_t
announced_length(struct MHD_Connection *connection)
{
	const char *text =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");

	return text ? strtoull(text, NULL, 10) : 0;
}

static struct exchange *
exchange_new(struct http_requests *requests, struct MHD_Connection *connection, size_t body_size)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange) + body_size);

	if (!exchange)
		return NULL;
	exchange->requests = requests;
	exchange->connection = connection;
	return exchange;
}

/* What the head of a request alone decides; MHD_YES with nothing queued: read on. */
static enum MHD_Result
begin_request(const struct http_entry *entry, struct MHD_Connection *connection,
	      const struct request *request, void **exchange)
{
	struct http_requests *requests = entry->requests;
	bool takes_body = routes_take_body(request);
	struct reply reply;

	if (!is_our_name(entry, MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host")))
		return refuse(requests, connection, FORBIDDEN,
			      "this is not a name of this host; an address is");
	if (announced_length(connection) > BODY_MAX)
		return refuse(requests, connection, TOO_LARGE, "the body is too large");
	if (!takes_body && announced_length(connection) > 0) {
		routes_answer(&requests->routes, request, &reply);
		if (reply.draft)
			reply_error(&reply, BAD_REQUEST, "expected no body");
		return send_reply(requests, connection, &reply);
	}
	*exchange = exchange_new(requests, connection, takes_body ? BODY_MAX : 0);
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

/* Replies that come later. */

static void
resume_exchange(struct exchange *exchange)
{
	if (!exchange->suspended)
		return;
	exchange->suspended = false;
	MHD_resume_connection(exchange->connection);
}

static void
begin_asking(struct exchange *exchange)
{
	exchange->asks = true;
	exchange->next = exchange->requests->asking;
	exchange->requests->asking = exchange;
}

static void
leave_asking(struct exchange *exchange)
{
	struct exchange **link = &exchange->requests->asking;

	exchange->asks = false;
	while (*link != exchange)
		link = &(*link)->next;
	*link = exchange->next;
}

/* The reply is there: it is sent in the next turn, when the connection was suspended for it. */
static void
end_asking(struct exchange *exchange)
{
	leave_asking(exchange);
	exchange->replied = true;
	resume_exchange(exchange);
	exchange->requests->responded = true;
	exchange->requests->wake(exchange->requests->context);
}

static void
on_response(void *context, bool ok, struct buffer *text)
{
	struct exchange *exchange = context;

	reply_command(&exchange->reply, ok, buffer_ref(text));
	end_asking(exchange);
}

static void
on_text(struct draft_waiter *waiter, struct pages *text)
{
	struct exchange *exchange = (void *)((char *)waiter - offsetof(struct exchange, waiter));

	exchange->reply.draft = NULL;
	exchange->reply.pages = text ? pages_ref(text) : NULL;
	end_asking(exchange);
}

/* Sends the reply, or waits for it. */
static enum MHD_Result
send_later(struct exchange *exchange)
{
	if (exchange->replied) {
		exchange->replied = false;
		return send_reply(exchange->requests, exchange->connection, &exchange->reply);
	}
	if (!exchange->asks)
		return MHD_NO;
	exchange->suspended = true;
	MHD_suspend_connection(exchange->connection);
	return MHD_YES;
}

/* The whole request is there. */
static enum MHD_Result
answer(struct exchange *exchange, struct request *request)
{
	struct http_requests *requests = exchange->requests;
	const struct gateway *g = requests->routes.gateway;
	struct reply reply;

	if (g->tails.n == TAIL_CLIENTS)
		http_live_sweep(&requests->live, uv_now(&g->loop));
	request->body = exchange->body;
	request->body_length = exchange->length;
	exchange->asker = (struct command_asker){"control socket", on_response, exchange};
	request->asker = &exchange->asker;
	begin_asking(exchange);
	routes_answer(&requests->routes, request, &reply);
	if (reply.draft) {
		exchange->reply = reply;
		exchange->waiter.ready = on_text;
		draft_ask(reply.draft, &exchange->waiter);
	}
	if (reply.asked || reply.draft)
		return send_later(exchange);
	leave_asking(exchange);
	return send_reply(requests, exchange->connection, &reply);
}

/* The signature is libmicrohttpd's. */
enum MHD_Result /* NOLINTNEXTLINE(readability-function-size) */
http_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
	     const char *version, const char *data, size_t *size, void **exchanged)
{
	struct http_entry *entry = context;
	struct exchange *exchange = *exchanged;
	struct request request = {
		.method = method,
		.path = path,
		.control = entry->control,
		.argument = argument,
		.stranger = stranger,
		.context = connection,
	};

	(void)version;
	if (!exchange)
		return begin_request(entry, connection, &request, exchanged);
	if (*size)
		return take_body(exchange, routes_take_body(&request), data, size);
	if (exchange->asks || exchange->replied)
		return send_later(exchange);
	return answer(exchange, &request);
}

/* A reply that nobody gets. */
static void
drop(const struct reply *reply)
{
	buffer_unref(reply->buffer);
	pages_unref(reply->pages);
}

static void
stop_asking(struct exchange *exchange)
{
	if (exchange->reply.draft)
		draft_cancel(exchange->reply.draft, &exchange->waiter);
	else
		command_cancel(exchange->requests->routes.gateway, exchange);
	leave_asking(exchange);
}

void
http_request_completed(void *context, struct MHD_Connection *connection, void **exchanged,
		       enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *exchanged;

	(void)context;
	(void)connection;
	(void)code;
	*exchanged = NULL;
	if (!exchange)
		return;
	if (exchange->asks)
		stop_asking(exchange);
	if (exchange->replied)
		drop(&exchange->reply);
	free(exchange);
}

void
http_request_resume_all(struct http_requests *requests)
{
	http_live_resume(&requests->live, false);
	for (struct exchange *exchange = requests->asking; exchange; exchange = exchange->next)
		resume_exchange(exchange);
}
