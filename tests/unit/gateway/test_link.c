/* SPDX-License-Identifier: ISC */
/* test_link.c: links to real TLS servers on loopback, each a thread that accepts one connection
 * after the other */
#include "tests/unit/gateway/link_bench.h"

/* Sends what it is told to, and says goodbye. */
static void
play_push(struct server *server, SSL *ssl, int fd)
{
	static const uint8_t block[BLOCK] = {1};

	(void)fd;
	if (SSL_accept(ssl) != 1)
		return;
	for (size_t sent = 0; sent < server->n_bytes; sent += sizeof block)
		if (SSL_write(ssl, block, sizeof block) <= 0)
			return;
	SSL_shutdown(ssl);
}

static void
play_drip(struct server *server, SSL *ssl, int fd)
{
	(void)fd;
	if (SSL_accept(ssl) != 1)
		return;
	for (size_t sent = 0; sent < server->n_bytes; sent++)
		SSL_write(ssl, "\1", 1);
	SSL_shutdown(ssl);
}

/* Reads to the end. */
static void
play_sink(struct server *server, SSL *ssl, int fd)
{
	static uint8_t block[BLOCK];
	int status = SSL_accept(ssl);

	(void)fd;
	while (status > 0) {
		status = SSL_read(ssl, block, sizeof block);
		server->n_bytes += status > 0 ? (size_t)status : 0;
	}
	server->orderly = SSL_get_error(ssl, status) == SSL_ERROR_ZERO_RETURN;
}

/* Never says a word. */
static void
play_silence(struct server *server, SSL *ssl, int fd)
{
	uint8_t block[BLOCK];

	(void)server, (void)ssl;
	while (read(fd, block, sizeof block) > 0)
		continue;
}

static void
play_reset(struct server *server, SSL *ssl, int fd)
{
	struct linger now = {.l_onoff = 1};

	(void)server;
	SSL_accept(ssl);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void
goes_through_its_stages(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};
	char where[64];

	bench->servers[0].n_bytes = BLOCK;
	start(bench, 0, play_push);
	run(bench, &seen);
	snprintf(where, sizeof where, "127.0.0.1 port %u", (unsigned)bench->target.port);
	assert_int_equal(seen.n_stages, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(seen.stages[i], i);
	assert_string_equal(seen.details[LINK_RESOLVING], "127.0.0.1");
	assert_string_equal(seen.details[LINK_CONNECTING], where);
	assert_int_equal(strncmp(seen.details[LINK_ESTABLISHED], "TLSv1.3 ", 8), 0);
	assert_int_equal(seen.n_connected, 1);
	assert_int_equal(seen.n_bytes, BLOCK);
	assert_ended(&seen, LINK_CLOSED_BY_PEER, "hq closed");
}

static void
finds_names_and_ipv6(void **state)
{
	static char name[] = "localhost", six[] = "::1";
	struct bench *bench = *state;
	struct seen by_name = {0}, by_six = {0};

	start(bench, 0, play_push);
	bench->hosts[0] = name;
	run(bench, &by_name);
	assert_ended(&by_name, LINK_CLOSED_BY_PEER, "hq closed");

	if (listen_on_loopback(&bench->servers[1], AF_INET6) < 0)
		skip();
	start(bench, 1, play_push);
	bench->hosts[0] = six;
	run(bench, &by_six);
	assert_ended(&by_six, LINK_CLOSED_BY_PEER, "hq closed");
	assert_int_equal(strncmp(by_six.details[LINK_CONNECTING], "::1 port ", 9), 0);
}

static void
tells_when_nothing_listens(void **state)
{
	struct bench *bench = *state;
	struct server *server = &bench->servers[0];
	struct seen seen = {0};

	assert_int_equal(listen_on_loopback(server, AF_INET), 0);
	bench->target.port = server->port;
	stop(server);
	run(bench, &seen);
	assert_ended(&seen, LINK_REFUSED, "127.0.0.1 port ");
	assert_int_equal(seen.n_connected, 0);
}

static void
tells_when_there_is_no_such_host(void **state)
{
	static char name[] = "no such host";
	struct bench *bench = *state;
	struct seen seen = {0}, none = {0};

	bench->hosts[0] = name;
	run(bench, &seen);
	assert_ended(&seen, LINK_NAME_NOT_FOUND, name);
	bench->target.n_hosts = 0;
	run(bench, &none);
	assert_ended(&none, LINK_NAME_NOT_FOUND, "no host");
}

static void
tries_hosts_in_order(void **state)
{
	static char nobody[] = "no such host", refuses[] = "127.0.0.2", answers[] = "127.0.0.1";
	struct bench *bench = *state;
	struct seen seen = {0};

	start(bench, 0, play_push);
	bench->hosts[0] = nobody;
	bench->hosts[1] = refuses;
	bench->hosts[2] = answers;
	bench->target.n_hosts = 3;
	run(bench, &seen);
	assert_int_equal(seen.n_connected, 1);
	assert_string_equal(seen.details[0], nobody);
	assert_int_equal(seen.stages[1], LINK_RESOLVING);
	assert_string_equal(seen.details[1], refuses);
	assert_string_equal(seen.details[3], answers);
	stop(&bench->servers[0]);
	assert_int_equal(bench->servers[0].n_connections, 1);
}

/* The first host takes TCP but never says a word of TLS. */
static void
goes_on_to_the_next_host_when_tls_fails(void **state)
{
	static char silent[] = "127.0.0.2", answers[] = "127.0.0.1";
	struct bench *bench = *state;
	struct sockaddr_in at = {.sin_family = AF_INET};
	struct seen seen = {0};
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	start(bench, 0, play_push);
	at.sin_port = htons(bench->target.port);
	assert_int_equal(inet_pton(AF_INET, silent, &at.sin_addr), 1);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 1), 0);
	bench->hosts[0] = silent;
	bench->hosts[1] = answers;
	bench->target.n_hosts = 2;
	bench->target.handshake_timeout_ms = 500;
	run(bench, &seen);
	assert_int_equal(seen.n_connected, 1);
	stop(&bench->servers[0]);
	close(listener);
}

/* A listener whose queue is full drops what comes, as a firewall does. */
static void
tells_when_tcp_is_not_answered(void **state)
{
	struct bench *bench = *state;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct seen seen = {0};
	int fillers[4];

	assert_int_equal(listen_on_loopback(&bench->servers[0], AF_INET), 0);
	listen(bench->servers[0].listener, 0);
	to.sin_port = htons(bench->servers[0].port);
	for (int i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&to, sizeof to);
	}
	bench->target.port = bench->servers[0].port;
	bench->target.connect_timeout_ms = 200;
	run(bench, &seen);
	assert_ended(&seen, LINK_CONNECT_TIMEOUT, "does not answer");
	for (int i = 0; i < 4; i++)
		close(fillers[i]);
}

static void
tells_when_the_handshake_stalls(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};

	start(bench, 0, play_silence);
	bench->target.handshake_timeout_ms = 200;
	run(bench, &seen);
	assert_ended(&seen, LINK_HANDSHAKE_TIMEOUT, "handshake");
}

static void
tells_of_a_reset(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};

	start(bench, 0, play_reset);
	bench->servers[0].style.version = TLS1_2_VERSION;
	run(bench, &seen);
	assert_int_equal(seen.n_connected, 1);
	assert_ended(&seen, LINK_RESET, "broke");
}

static void
greet(struct seen *seen)
{
	assert_int_equal(link_send(seen->link, "hello", 5), 0);
}

static void
tells_of_a_refused_certificate(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct bench *bench = *state;

	for (int i = 0; i < 4; i++) {
		struct seen seen = {.on_connected = i < 2 ? NULL : greet};
		bench->servers[0].style.version = versions[i % 2];
		bench->servers[0].style.refuse = X509_V_ERR_PERMITTED_VIOLATION;
		start(bench, 0, play_push);
		run(bench, &seen);
		stop(&bench->servers[0]);
		assert_ended(&seen, LINK_IDENTITY_REFUSED, ours.hashes.sha256);
		assert_int_equal(seen.end.alert, 46);
		assert_int_equal(seen.n_connected, i % 2);
	}
}

static void
accept_link(struct seen *seen)
{
	link_accepted(seen->link);
	link_accepted(seen->link);
}

static void
tells_of_a_changed_certificate(void **state)
{
	struct bench *bench = *state;
	struct seen first = {.on_connected = accept_link}, same = {0}, changed = {0};
	char before[65], now[65];

	server_fingerprint(theirs.certificate, before);
	server_fingerprint(others.certificate, now);
	bench->controller.verify = VERIFY_TOFU;
	start(bench, 0, play_push);
	run(bench, &first);
	assert_ended(&first, LINK_CLOSED_BY_PEER, "hq closed");
	run(bench, &same);
	assert_ended(&same, LINK_CLOSED_BY_PEER, "hq closed");
	stop(&bench->servers[0]);

	bench->servers[0].style.identity = &others;
	start(bench, 0, play_push);
	run(bench, &changed);
	assert_ended(&changed, LINK_CONTROLLER_NOT_TRUSTED, before);
	assert_ended(&changed, LINK_CONTROLLER_NOT_TRUSTED, now);
}

static void
takes_single_bytes(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};

	bench->servers[0].n_bytes = 5000;
	start(bench, 0, play_drip);
	run(bench, &seen);
	assert_int_equal(seen.n_bytes, 5000);
	assert_int_equal(seen.sum, (uint8_t)5000);
	assert_ended(&seen, LINK_CLOSED_BY_PEER, "hq closed");
}

static void
shares_turns_fairly(void **state)
{
	struct bench *bench = *state;
	struct seen seen[2] = {{0}, {0}};
	uv_loop_t loop;
	size_t target = 64 * 1024 * 1024;

	uv_loop_init(&loop);
	for (int i = 0; i < 2; i++) {
		bench->servers[i].n_bytes = target;
		start(bench, i, play_push);
		open_link(bench, &seen[i], &loop);
	}
	while (uv_run(&loop, UV_RUN_ONCE) && seen[0].n_bytes < target && seen[1].n_bytes < target)
		continue;
	size_t slower = seen[0].n_bytes < seen[1].n_bytes ? seen[0].n_bytes : seen[1].n_bytes;
	assert_true(slower > target / 8);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(seen[0].n_bytes, target);
	assert_int_equal(seen[1].n_bytes, target);
	assert_true(seen[0].largest <= LINK_READ_SIZE);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* Holds the link at every turn for a while. */
struct holder {
	struct seen seen;
	uv_timer_t timer;
	size_t n_held;
};

static void
let_go(uv_timer_t *timer)
{
	struct holder *holder = timer->data;

	assert_int_equal(holder->seen.n_bytes, holder->n_held);
	link_resume(holder->seen.link);
	link_resume(holder->seen.link);
}

static void
hold(struct seen *seen)
{
	struct holder *holder = (struct holder *)(void *)seen;

	holder->n_held = seen->n_bytes;
	link_pause(seen->link);
	link_pause(seen->link);
	if (seen->n_bytes >= 1024 * 1024) {
		uv_close((uv_handle_t *)&holder->timer, NULL);
		end_it(seen);
		return;
	}
	uv_timer_start(&holder->timer, let_go, 5, 0);
}

static void
pauses_and_resumes(void **state)
{
	struct bench *bench = *state;
	struct holder holder = {.seen = {.on_bytes = hold}};
	struct seen *seen = &holder.seen;

	bench->servers[0].n_bytes = 64 * 1024 * 1024;
	start(bench, 0, play_push);
	uv_loop_init(&seen->loop);
	uv_timer_init(&seen->loop, &holder.timer);
	holder.timer.data = &holder;
	open_link(bench, seen, &seen->loop);
	uv_run(&seen->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&seen->loop), 0);
	assert_true(seen->n_bytes >= 1024 * 1024);
	assert_int_equal(seen->n_closed, 0);
}

static uint8_t filling[LINK_SEND_LIMIT];

static void
fill_up(struct seen *seen)
{
	assert_int_equal(link_send(seen->link, filling, 0), 0);
	assert_int_equal(link_send(seen->link, filling, LINK_SEND_LIMIT - 1), 0);
	assert_int_equal(link_send(seen->link, filling, 2), -1);
	assert_int_equal(link_send(seen->link, filling, 1), 0);
	assert_int_equal(link_send(seen->link, filling, 1), -1);
	assert_int_equal(link_unsent(seen->link), LINK_SEND_LIMIT);
	end_it(seen);
}

static void
send_is_bounded_and_goodbye_comes_after_it(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {.on_connected = fill_up};

	start(bench, 0, play_sink);
	run(bench, &seen);
	stop(&bench->servers[0]);
	assert_int_equal(bench->servers[0].n_bytes, LINK_SEND_LIMIT);
	assert_true(bench->servers[0].orderly);
	assert_int_equal(seen.n_closed, 0);
}

static void
sends_in_the_background(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {.on_connected = greet};

	start(bench, 0, play_sink);
	uv_loop_init(&seen.loop);
	open_link(bench, &seen, &seen.loop);
	assert_int_equal(link_send(seen.link, "early", 5), -1);
	while (seen.n_connected == 0 || link_unsent(seen.link) > 0)
		uv_run(&seen.loop, UV_RUN_ONCE);
	end_it(&seen);
	uv_run(&seen.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&seen.loop), 0);
	stop(&bench->servers[0]);
	assert_int_equal(bench->servers[0].n_bytes, 5);
	assert_true(bench->servers[0].orderly);
}

static void
closes_in_any_stage(void **state)
{
	static char name[] = "localhost";
	struct bench *bench = *state;

	start(bench, 0, play_push);
	bench->hosts[0] = name;
	for (int stage = LINK_RESOLVING; stage <= LINK_ESTABLISHED; stage++) {
		struct seen seen = {.closes = true, .close_in_stage = (enum link_stage)stage};
		run(bench, &seen);
		assert_int_equal(seen.n_connected, 0);
		assert_int_equal(seen.n_closed, 0);
		assert_int_equal(seen.stages[seen.n_stages - 1], stage);
	}
}

static void
closes_while_resolving_and_at_once(void **state)
{
	static char name[] = "localhost";
	struct bench *bench = *state;
	struct seen seen = {0};

	bench->hosts[0] = name;
	for (int turns = 0; turns < 2; turns++) {
		uv_loop_init(&seen.loop);
		open_link(bench, &seen, &seen.loop);
		for (int i = 0; i < turns; i++)
			uv_run(&seen.loop, UV_RUN_NOWAIT);
		end_it(&seen);
		uv_run(&seen.loop, UV_RUN_DEFAULT);
		assert_int_equal(uv_loop_close(&seen.loop), 0);
		seen.n_stages = 0;
	}
	assert_int_equal(seen.n_closed, 0);
}

static void
note(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* The loop sleeps although bytes are waiting. */
static void
sleeps_while_paused(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};
	uv_timer_t timer;
	bool rung = false;
	unsigned rounds = 0;

	bench->servers[0].n_bytes = 16 * 1024 * 1024;
	start(bench, 0, play_push);
	uv_loop_init(&seen.loop);
	open_link(bench, &seen, &seen.loop);
	link_pause(seen.link);
	while (seen.n_connected == 0)
		uv_run(&seen.loop, UV_RUN_ONCE);
	uv_timer_init(&seen.loop, &timer);
	timer.data = &rung;
	uv_timer_start(&timer, note, 200, 0);
	while (!rung) {
		uv_run(&seen.loop, UV_RUN_ONCE);
		rounds++;
	}
	assert_true(rounds < 10);
	assert_int_equal(seen.n_bytes, 0);
	uv_close((uv_handle_t *)&timer, NULL);
	end_it(&seen);
	uv_run(&seen.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&seen.loop), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(goes_through_its_stages),
		TEST(finds_names_and_ipv6),
		TEST(tells_when_nothing_listens),
		TEST(tells_when_there_is_no_such_host),
		TEST(tries_hosts_in_order),
		TEST(goes_on_to_the_next_host_when_tls_fails),
		TEST(tells_when_tcp_is_not_answered),
		TEST(tells_when_the_handshake_stalls),
		TEST(tells_of_a_reset),
		TEST(tells_of_a_refused_certificate),
		TEST(tells_of_a_changed_certificate),
		TEST(takes_single_bytes),
		TEST(shares_turns_fairly),
		TEST(pauses_and_resumes),
		TEST(send_is_bounded_and_goodbye_comes_after_it),
		TEST(sends_in_the_background),
		TEST(closes_in_any_stage),
		TEST(closes_while_resolving_and_at_once),
		TEST(sleeps_while_paused),
	};

	return cmocka_run_group_tests(tests, make_identities, free_identities);
}
