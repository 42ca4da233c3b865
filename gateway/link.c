/* SPDX-License-Identifier: ISC */
/* link.c: one connection to one controller: name, TCP, TLS, bytes
 *
 * A link outlives link_close() until the loop has let go of its handles; `released` says that its
 * owner is gone. What a controller sends waits in the kernel until its link has a turn, and a turn
 * reads at most one buffer full.
 */
#include "gateway/link.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "gateway/pin.h"
#include "gateway/tls.h"

enum {
	ADDRESS_TEXT = 80,
	KEEPALIVE_S = 60,
};

struct link {
	uv_loop_t *loop;
	const struct link_events *events;
	void *context;
	struct link_target target;
	char **hosts; /* this and the next two belong to the link */
	char *name;
	char *pin_file;
	struct tls_peer peer;

	uv_timer_t timer;
	uv_idle_t idle; /* runs while TLS holds bytes that polling would not tell of */
	uv_getaddrinfo_t resolver;
	bool resolving;
	unsigned n_handles;

	size_t next_host;
	struct addrinfo *addresses; /* of the host that is being tried */
	struct addrinfo *address;   /* the one to try next */
	unsigned n_tried;

	enum link_stage stage;
	char address_text[INET6_ADDRSTRLEN];
	char where[ADDRESS_TEXT]; /* with the port */
	int fd;
	uv_poll_t *poll; /* freed by the loop */
	int polled;	 /* events that it waits for */
	struct tls_stream *stream;
	bool read_wants_write;
	bool write_wants_read;
	bool paused;
	bool over;     /* `closed` was called */
	bool released; /* link_close() was called */
	uint8_t *unsent;
	size_t n_unsent;
	struct tls_shown shown;
	struct link_end end;
};

static void advance(struct link *link);

static uint8_t shared[LINK_READ_SIZE];

static void
enter(struct link *link, enum link_stage stage, const char *detail)
{
	link->stage = stage;
	link->events->stage(link->context, stage, detail);
}

static void
free_poll(uv_handle_t *handle)
{
	free(handle);
}

/* Closes TLS and TCP; what was sent is on its way. */
static void
drop_socket(struct link *link)
{
	uv_timer_stop(&link->timer);
	uv_idle_stop(&link->idle);
	if (link->stream)
		tls_stream_shutdown(link->stream);
	tls_stream_free(link->stream);
	link->stream = NULL;
	if (link->poll)
		uv_close((uv_handle_t *)link->poll, free_poll);
	link->poll = NULL;
	link->polled = 0;
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	free(link->unsent);
	link->unsent = NULL;
	link->n_unsent = 0;
}

static void
drop_addresses(struct link *link)
{
	if (link->addresses)
		freeaddrinfo(link->addresses);
	link->addresses = NULL;
	link->address = NULL;
}

static void
free_texts(struct link *link)
{
	for (size_t i = 0; i < link->target.n_hosts; i++)
		free(link->hosts[i]);
	free(link->hosts);
	free(link->name);
	free(link->pin_file);
}

static void
free_when_idle(struct link *link)
{
	if (link->n_handles > 0 || link->resolving)
		return;
	free_texts(link);
	free(link);
}

static void
on_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;

	link->n_handles--;
	free_when_idle(link);
}

/* Tells the owner that it is over. */
static void
finish(struct link *link)
{
	drop_socket(link);
	drop_addresses(link);
	link->over = true;
	link->events->closed(link->context, &link->end);
}

static void
finish_stream(struct link *link)
{
	link->end = *tls_stream_end(link->stream);
	finish(link);
}

static int
wanted_events(const struct link *link)
{
	int events = 0;

	if (!link->paused)
		events |= link->read_wants_write ? UV_WRITABLE : UV_READABLE;
	if (link->n_unsent > 0)
		events |= link->write_wants_read ? UV_READABLE : UV_WRITABLE;
	return events;
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void
wait_for(struct link *link, int events)
{
	if (!link->poll || events == link->polled)
		return;
	link->polled = events;
	if (events)
		uv_poll_start(link->poll, events, on_ready);
	else
		uv_poll_stop(link->poll);
}

/* Writes what the socket takes. Returns false when the connection is over. */
static bool
flush(struct link *link)
{
	while (link->n_unsent > 0) {
		size_t length = 0;
		enum tls_result result =
			tls_stream_write(link->stream, link->unsent, link->n_unsent, &length);
		link->write_wants_read = result == TLS_WANT_READ;
		if (result != TLS_DONE)
			return result != TLS_END;
		link->n_unsent -= length;
		memmove(link->unsent, link->unsent + length, link->n_unsent);
	}
	free(link->unsent);
	link->unsent = NULL;
	return true;
}

/* Reads until the shared buffer is full or nothing is left, and hands it over. */
static void
read_turn(struct link *link)
{
	enum tls_result result = TLS_DONE;
	size_t filled = 0;

	while (result == TLS_DONE && filled < sizeof shared) {
		size_t length = 0;
		result = tls_stream_read(link->stream, shared + filled, sizeof shared - filled,
					 &length);
		filled += length;
	}
	link->read_wants_write = result == TLS_WANT_WRITE;
	if (filled > 0)
		link->events->bytes(link->context, shared, filled);
	if (link->released)
		return;
	if (result == TLS_END)
		finish_stream(link);
}

static void on_idle(uv_idle_t *idle);

/* One turn of an established link. */
static void
serve(struct link *link)
{
	if (!flush(link)) {
		finish_stream(link);
		return;
	}
	if (!link->paused)
		read_turn(link);
	if (link->released || link->over)
		return;
	if (!link->paused && tls_stream_has_pending(link->stream) && !link->read_wants_write)
		uv_idle_start(&link->idle, on_idle);
	else
		uv_idle_stop(&link->idle);
	wait_for(link, wanted_events(link));
}

static void
on_idle(uv_idle_t *idle)
{
	serve(idle->data);
}

/* TLS failed: the next host may do better, but not where this one's verdict is about who we or they
 * are. */
static void
give_up_host(struct link *link)
{
	if (link->end.failure == LINK_IDENTITY_REFUSED ||
	    link->end.failure == LINK_CONTROLLER_NOT_TRUSTED) {
		finish(link);
		return;
	}
	drop_socket(link);
	drop_addresses(link);
	advance(link);
}

static void
shake_hands(struct link *link)
{
	enum tls_result result = tls_stream_handshake(link->stream);

	link->shown = *tls_stream_shown(link->stream);
	if (result == TLS_END) {
		link->end = *tls_stream_end(link->stream);
		give_up_host(link);
		return;
	}
	if (result != TLS_DONE) {
		wait_for(link, result == TLS_WANT_READ ? UV_READABLE : UV_WRITABLE);
		return;
	}
	uv_timer_stop(&link->timer);
	enter(link, LINK_ESTABLISHED, link->shown.protocol);
	if (!link->released)
		link->events->connected(link->context);
	if (!link->released)
		serve(link);
}

static void
on_handshake_timeout(uv_timer_t *timer)
{
	struct link *link = timer->data;

	link_end_set(&link->end, LINK_HANDSHAKE_TIMEOUT,
		     "controller %s at %s did not finish the TLS handshake in %u ms",
		     link->target.name, link->where, link->target.handshake_timeout_ms);
	give_up_host(link);
}

static void
begin_handshake(struct link *link)
{
	link->stream = tls_stream_new(link->target.tls, link->fd, &link->peer, &link->end);
	if (!link->stream) {
		finish(link);
		return;
	}
	drop_addresses(link);
	uv_timer_start(&link->timer, on_handshake_timeout, link->target.handshake_timeout_ms, 0);
	enter(link, LINK_HANDSHAKING, link->where);
	if (!link->released)
		shake_hands(link);
}

/* Notes why an address did not do, for the case that it was the last. */
static void
note_failure(struct link *link, int error)
{
	char others[48] = "";

	if (link->n_tried > 1)
		snprintf(others, sizeof others, " (the last of %u addresses)", link->n_tried);
	if (error == ECONNREFUSED)
		link_end_set(&link->end, LINK_REFUSED,
			     "nothing listens at %s%s: is NMSP enabled on controller %s?",
			     link->where, others, link->target.name);
	else if (error == ETIMEDOUT)
		link_end_set(&link->end, LINK_CONNECT_TIMEOUT, "%s does not answer%s", link->where,
			     others);
	else
		link_end_set(&link->end, LINK_UNREACHABLE, "cannot connect to %s%s: %s",
			     link->where, others, strerror(error));
}

static void
give_up_address(struct link *link, int error)
{
	note_failure(link, error);
	drop_socket(link);
	advance(link);
}

static void
on_connect_timeout(uv_timer_t *timer)
{
	give_up_address(timer->data, ETIMEDOUT);
}

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	struct link *link = poll->data;
	socklen_t length = sizeof(int);
	int error = 0;

	(void)events;
	if (status < 0) /* the loop has stopped polling; reading or writing will tell why */
		link->polled = 0;
	if (link->stage == LINK_ESTABLISHED) {
		serve(link);
	} else if (link->stage == LINK_HANDSHAKING) {
		shake_hands(link);
	} else {
		getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		if (error)
			give_up_address(link, error);
		else
			begin_handshake(link);
	}
}

static void
describe_address(struct link *link, const struct sockaddr *address)
{
	char *text = link->address_text;
	size_t size = sizeof link->address_text;

	if (address->sa_family == AF_INET6)
		uv_ip6_name((const struct sockaddr_in6 *)(const void *)address, text, size);
	else
		uv_ip4_name((const struct sockaddr_in *)(const void *)address, text, size);
	snprintf(link->where, sizeof link->where, "%s port %u", text, (unsigned)link->target.port);
}

static void
set_option(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof value);
}

/* Begins to connect; returns 0 or an errno. */
static int
start_connect(struct link *link, const struct addrinfo *to)
{
	link->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return errno;
	set_option(link->fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(link->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(link->fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	if (connect(link->fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS)
		return errno;

	uv_poll_t *poll = malloc(sizeof *poll);
	if (!poll)
		return ENOMEM;
	int status = uv_poll_init(link->loop, poll, link->fd);
	if (status < 0) {
		free(poll);
		return -status;
	}
	poll->data = link;
	link->poll = poll;
	wait_for(link, UV_WRITABLE);
	uv_timer_start(&link->timer, on_connect_timeout, link->target.connect_timeout_ms, 0);
	return 0;
}

/* Tries the next address of the host. Returns true when that goes on. */
static bool
try_address(struct link *link)
{
	const struct addrinfo *to = link->address;

	link->address = to->ai_next;
	link->n_tried++;
	describe_address(link, to->ai_addr);
	enter(link, LINK_CONNECTING, link->where);
	if (link->released)
		return true;
	int error = start_connect(link, to);
	if (error == 0)
		return true;
	note_failure(link, error);
	drop_socket(link);
	return false;
}

static void
take_addresses(struct link *link, int status, struct addrinfo *addresses)
{
	if (status < 0)
		link_end_set(&link->end, LINK_NAME_NOT_FOUND,
			     "no address for controller %s, host %s: %s", link->target.name,
			     link->peer.host, uv_strerror(status));
	link->addresses = addresses;
	link->address = addresses;
}

static void
on_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *addresses)
{
	struct link *link = resolver->data;

	link->resolving = false;
	if (link->released) {
		uv_freeaddrinfo(addresses);
		free_when_idle(link);
		return;
	}
	take_addresses(link, status, addresses);
	advance(link);
}

/* Looks up the next host. Returns true when that takes time. */
static bool
try_host(struct link *link)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *addresses = NULL;
	char port[8];

	drop_addresses(link);
	link->shown = (struct tls_shown){.protocol = ""};
	link->peer.host = link->target.hosts[link->next_host++];
	enter(link, LINK_RESOLVING, link->peer.host);
	if (link->released)
		return true;
	snprintf(port, sizeof port, "%u", (unsigned)link->target.port);
	if (getaddrinfo(link->peer.host, port, &hints, &addresses) == 0) {
		take_addresses(link, 0, addresses);
		return false;
	}
	hints.ai_flags = 0;
	int status = uv_getaddrinfo(link->loop, &link->resolver, on_resolved, link->peer.host, port,
				    &hints);
	link->resolving = status == 0;
	if (status < 0)
		take_addresses(link, status, NULL);
	return link->resolving;
}

/* Goes on to the next address, the next host, or the end. */
static void
advance(struct link *link)
{
	bool under_way = false;

	while (!under_way && (link->address || link->next_host < link->target.n_hosts))
		under_way = link->address ? try_address(link) : try_host(link);
	if (!under_way)
		finish(link);
}

static void
on_begin(uv_timer_t *timer)
{
	advance(timer->data);
}

static int
copy_target(struct link *link, const struct link_target *target)
{
	char path[PATH_MAX];

	link->target = *target;
	link->target.n_hosts = 0;
	link->hosts = calloc(target->n_hosts + 1, sizeof(*link->hosts));
	link->name = strdup(target->name);
	if (!link->hosts || !link->name ||
	    pin_path(target->state_dir, target->name, path, sizeof path))
		return -1;
	link->pin_file = strdup(path);
	for (size_t i = 0; i < target->n_hosts; i++) {
		link->hosts[i] = strdup(target->hosts[i]);
		if (!link->hosts[i])
			return -1;
		link->target.n_hosts++;
	}
	link->target.name = link->name;
	link->target.hosts = link->hosts;
	return link->pin_file ? 0 : -1;
}

struct link *
link_open(struct uv_loop_s *loop, const struct link_target *target,
	  const struct link_events *events, void *context)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	if (copy_target(link, target)) {
		free_texts(link);
		free(link);
		return NULL;
	}
	link->loop = loop;
	link->events = events;
	link->context = context;
	if (link->target.connect_timeout_ms == 0)
		link->target.connect_timeout_ms = LINK_CONNECT_TIMEOUT_MS;
	if (link->target.handshake_timeout_ms == 0)
		link->target.handshake_timeout_ms = LINK_HANDSHAKE_TIMEOUT_MS;
	link->peer = (struct tls_peer){.name = link->name,
				       .pin_file = link->pin_file,
				       .remember_not = target->remember_not};
	link->fd = -1;
	link_end_set(&link->end, LINK_NAME_NOT_FOUND, "controller %s has no host", target->name);
	link->timer.data = link->idle.data = link->resolver.data = link;
	uv_timer_init(loop, &link->timer);
	uv_idle_init(loop, &link->idle);
	link->n_handles = 2;
	uv_timer_start(&link->timer, on_begin, 0, 0);
	return link;
}

void
link_close(struct link **owned)
{
	struct link *link = *owned;

	if (!link)
		return;
	*owned = NULL;
	link->released = true;
	if (link->stage == LINK_ESTABLISHED && !link->over)
		flush(link);
	drop_socket(link);
	drop_addresses(link);
	if (link->resolving)
		uv_cancel((uv_req_t *)&link->resolver);
	uv_close((uv_handle_t *)&link->timer, on_closed);
	uv_close((uv_handle_t *)&link->idle, on_closed);
}

int
link_send(struct link *link, const void *data, size_t size)
{
	if (link->stage != LINK_ESTABLISHED || link->over)
		return -1;
	if (size == 0)
		return 0;
	if (size > LINK_SEND_LIMIT - link->n_unsent)
		return -1;
	uint8_t *unsent = realloc(link->unsent, link->n_unsent + size);
	if (!unsent)
		return -1;
	memcpy(unsent + link->n_unsent, data, size);
	link->unsent = unsent;
	link->n_unsent += size;
	wait_for(link, wanted_events(link));
	return 0;
}

size_t
link_unsent(const struct link *link)
{
	return link->n_unsent;
}

void
link_pause(struct link *link)
{
	link->paused = true;
	if (link->stage != LINK_ESTABLISHED || link->over)
		return;
	uv_idle_stop(&link->idle);
	wait_for(link, wanted_events(link));
}

void
link_resume(struct link *link)
{
	if (!link->paused)
		return;
	link->paused = false;
	if (link->stage != LINK_ESTABLISHED || link->over)
		return;
	uv_idle_start(&link->idle, on_idle);
	wait_for(link, wanted_events(link));
}

const struct tls_shown *
link_shown(const struct link *link)
{
	return &link->shown;
}

void
link_accepted(struct link *link)
{
	if (link->stream)
		tls_stream_accept(link->stream);
}

const char *
link_address(const struct link *link)
{
	return link->address_text;
}

unsigned long
link_prepare_process(void)
{
	struct rlimit files = {0};

	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		getrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur;
}
