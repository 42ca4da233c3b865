/* SPDX-License-Identifier: ISC */
/* link_bench.h: TLS servers on loopback, a thread each, and a link whose events are recorded */
#ifndef NMSP_TESTS_LINK_BENCH_H
#define NMSP_TESTS_LINK_BENCH_H

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#include "gateway/link.h"
#include "gateway/tls.h"
#include "tests/unit/gateway/tls_server.h"

enum {
	GIVE_UP_MS = 20000,
	BLOCK = 16384,
};

static const uint8_t MAC[MAC_SIZE] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01};

static struct identity ours, theirs, others;

/* What a server does with a connection; the socket is closed afterwards. */
struct server {
	struct server_style style;
	void (*play)(struct server *server, SSL *ssl, int fd);
	int listener;
	uint16_t port;
	unsigned n_connections;
	size_t n_bytes; /* to send, or received */
	bool orderly;	/* the client said goodbye */
	pthread_t thread;
};

/* What a link told. */
struct seen {
	struct link *link;
	uv_loop_t loop;
	uv_timer_t watchdog;
	enum link_stage close_in_stage; /* with closes */
	bool closes;
	unsigned n_stages, n_connected, n_closed, n_turns;
	enum link_stage stages[16];
	char details[16][96];
	size_t n_bytes, largest;
	uint8_t sum;
	void (*on_connected)(struct seen *seen);
	void (*on_bytes)(struct seen *seen);
	struct link_end end;
};

struct bench {
	struct server servers[2];
	struct config_controller controller;
	struct link_target target;
	char *hosts[3];
	char root[64];
	struct tls_context *context;
};

/* Group set-up: keys take long to make. */
static int
make_identities(void **state)
{
	char error[256];

	(void)state;
	assert_true(link_prepare_process() >= 256);
	return identity_generate(&ours, MAC, error, sizeof error) ||
	       identity_generate(&theirs, MAC, error, sizeof error) ||
	       identity_generate(&others, MAC, error, sizeof error);
}

/* Group tear-down. */
static int
free_identities(void **state)
{
	(void)state;
	identity_fini(&ours);
	identity_fini(&theirs);
	identity_fini(&others);
	return 0;
}

/* Listens on any free port; 0 or -1. */
static int
listen_on_loopback(struct server *server, int family)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in four = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool is_six = family == AF_INET6;
	struct sockaddr *address = is_six ? (void *)&six : (void *)&four;
	socklen_t length = is_six ? sizeof six : sizeof four;

	server->listener = socket(family, SOCK_STREAM, 0);
	if (bind(server->listener, address, length) < 0 || listen(server->listener, 8) < 0)
		return -1;
	getsockname(server->listener, address, &length);
	server->port = ntohs(is_six ? six.sin6_port : four.sin_port);
	return 0;
}

/* A server's thread. */
static void *
serve(void *context)
{
	struct server *server = context;
	SSL_CTX *ctx = server_context(&server->style);

	while (true) {
		int fd = accept(server->listener, NULL, NULL);
		if (fd < 0)
			break;
		server->n_connections++;
		SSL *ssl = SSL_new(ctx);
		SSL_set_fd(ssl, fd);
		server->play(server, ssl, fd);
		SSL_free(ssl);
		ERR_clear_error();
		close(fd);
	}
	SSL_CTX_free(ctx);
	return NULL;
}

/* Starts server `index`, which plays `play` with each connection; the link is to go there. */
static void
start(struct bench *bench, int index, void (*play)(struct server *, SSL *, int))
{
	struct server *server = &bench->servers[index];

	if (server->listener < 0)
		assert_int_equal(listen_on_loopback(server, AF_INET), 0);
	server->play = play;
	if (!server->style.identity)
		server->style.identity = &theirs;
	bench->target.port = server->port;
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

/* Ends a server and waits for its thread. */
static void
stop(struct server *server)
{
	if (server->listener < 0)
		return;
	shutdown(server->listener, SHUT_RDWR);
	if (server->play)
		pthread_join(server->thread, NULL);
	close(server->listener);
	server->listener = -1;
	server->play = NULL;
}

/* A bench with a state directory of its own. */
static int
set_up(void **state)
{
	static char loopback[] = "127.0.0.1";
	struct bench *bench = calloc(1, sizeof *bench);

	snprintf(bench->root, sizeof bench->root, "/tmp/test-link.XXXXXX");
	assert_non_null(mkdtemp(bench->root));
	bench->controller = server_section(VERIFY_NONE);
	bench->hosts[0] = loopback;
	bench->servers[0].listener = bench->servers[1].listener = -1;
	bench->target = (struct link_target){
		.name = "hq", .hosts = bench->hosts, .n_hosts = 1, .state_dir = bench->root};
	*state = bench;
	return 0;
}

/* Frees the bench and removes its directory. */
static int
tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];

	stop(&bench->servers[0]);
	stop(&bench->servers[1]);
	tls_context_put(bench->context);
	snprintf(command, sizeof command, "rm -rf %s", bench->root);
	int status = system(command);
	free(bench);
	return status;
}

/* Closes the link, once. */
static void
end_it(struct seen *seen)
{
	link_close(&seen->link);
	assert_null(seen->link);
	link_close(&seen->link);
	uv_close((uv_handle_t *)&seen->watchdog, NULL);
}

/* The link's events, written down in struct seen. */
static void
on_stage(void *context, enum link_stage stage, const char *detail)
{
	struct seen *seen = context;

	assert_non_null(seen->link);
	assert_true(seen->n_stages < 16);
	snprintf(seen->details[seen->n_stages], sizeof *seen->details, "%s", detail);
	seen->stages[seen->n_stages++] = stage;
	if (seen->closes && seen->close_in_stage == stage)
		end_it(seen);
}

/* The same. */
static void
on_connected(void *context)
{
	struct seen *seen = context;

	assert_non_null(seen->link);
	seen->n_connected++;
	if (seen->on_connected)
		seen->on_connected(seen);
}

/* The same. */
static void
on_bytes(void *context, const uint8_t *bytes, size_t size)
{
	struct seen *seen = context;

	assert_non_null(seen->link);
	seen->n_turns++;
	seen->n_bytes += size;
	if (size > seen->largest)
		seen->largest = size;
	for (size_t i = 0; i < size; i++)
		seen->sum = (uint8_t)(seen->sum + bytes[i]);
	if (seen->on_bytes)
		seen->on_bytes(seen);
}

/* The same. */
static void
on_closed(void *context, const struct link_end *end)
{
	struct seen *seen = context;

	assert_non_null(seen->link);
	seen->n_closed++;
	seen->end = *end;
	end_it(seen);
}

static const struct link_events events = {on_stage, on_connected, on_bytes, on_closed};

/* A test that hangs fails instead. */
static void
give_up(uv_timer_t *watchdog)
{
	(void)watchdog;
	fail_msg("nothing happened for %d ms", GIVE_UP_MS);
}

/* Opens a link to where the bench points. */
static void
open_link(struct bench *bench, struct seen *seen, uv_loop_t *loop)
{
	char error[512];

	if (!bench->context)
		bench->context = tls_context_get(&ours, &bench->controller, error, sizeof error);
	bench->target.tls = bench->context;
	uv_timer_init(loop, &seen->watchdog);
	uv_timer_start(&seen->watchdog, give_up, GIVE_UP_MS, 0);
	seen->link = link_open(loop, &bench->target, &events, seen);
	assert_non_null(seen->link);
	assert_int_equal(seen->n_stages, 0);
}

/* Runs one link until it is over and the loop holds nothing of it. */
static void
run(struct bench *bench, struct seen *seen)
{
	uv_loop_init(&seen->loop);
	open_link(bench, seen, &seen->loop);
	uv_run(&seen->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&seen->loop), 0);
}

/* The link ended with this failure and says this word. */
static void
assert_ended(const struct seen *seen, enum link_failure failure, const char *word)
{
	assert_int_equal(seen->n_closed, 1);
	if (seen->end.failure != failure || !strstr(seen->end.reason, word))
		fail_msg("%s: %s", link_failure_name(seen->end.failure), seen->end.reason);
}

#endif
