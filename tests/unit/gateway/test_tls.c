/* SPDX-License-Identifier: ISC */
/* test_tls.c: streams against OpenSSL's own server: versions, trust, refusal, and what is said of
 * them */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/pem.h>

#include "gateway/pin.h"
#include "gateway/store.h"
#include "gateway/tls.h"
#include "gateway/tls_context.h"
#include "gateway/tls_reason.h"
#include "tests/unit/gateway/tls_server.h"

static const uint8_t MAC[MAC_SIZE] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01};

/* Keys are costly: made once. */
static struct identity ours, theirs, others;

/* A client stream and a server on the two ends of a socket pair. */
struct pair {
	struct server_style style;
	struct config_controller controller;
	struct tls_peer peer;
	char root[64];
	char pin_file[128];
	struct tls_context *context;
	struct tls_stream *client;
	SSL_CTX *ctx;
	SSL *server;
	int fds[2];
	struct link_end end;
};

static int
make_identities(void **state)
{
	char error[256];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return identity_generate(&ours, MAC, error, sizeof error) ||
	       identity_generate(&theirs, MAC, error, sizeof error) ||
	       identity_generate(&others, MAC, error, sizeof error);
}

static int
free_identities(void **state)
{
	(void)state;
	identity_fini(&ours);
	identity_fini(&theirs);
	identity_fini(&others);
	return 0;
}

static int
set_up(void **state)
{
	struct pair *pair = calloc(1, sizeof *pair);

	snprintf(pair->root, sizeof pair->root, "/tmp/test-tls.XXXXXX");
	assert_non_null(mkdtemp(pair->root));
	pin_path(pair->root, "hq", pair->pin_file, sizeof pair->pin_file);
	pair->style.identity = &theirs;
	pair->controller = server_section(VERIFY_NONE);
	pair->peer =
		(struct tls_peer){.name = "hq", .host = "192.0.2.1", .pin_file = pair->pin_file};
	pair->fds[0] = pair->fds[1] = -1;
	*state = pair;
	return 0;
}

static void
part(struct pair *pair)
{
	tls_stream_free(pair->client);
	tls_context_put(pair->context);
	SSL_free(pair->server);
	SSL_CTX_free(pair->ctx);
	for (int i = 0; i < 2; i++) {
		if (pair->fds[i] >= 0)
			close(pair->fds[i]);
		pair->fds[i] = -1;
	}
	pair->client = NULL;
	pair->context = NULL;
	pair->server = NULL;
	pair->ctx = NULL;
}

static int
tear_down(void **state)
{
	struct pair *pair = *state;
	char command[128];

	part(pair);
	snprintf(command, sizeof command, "rm -rf %s", pair->root);
	int status = system(command);
	free(pair);
	return status;
}

/* Connects both ends; the handshake is still to come. Returns false when there is no stream. */
static bool
join(struct pair *pair)
{
	char error[512] = "";

	part(pair);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
	pair->context = tls_context_get(&ours, &pair->controller, error, sizeof error);
	if (!pair->context)
		fail_msg("%s", error);
	pair->client = tls_stream_new(pair->context, pair->fds[0], &pair->peer, &pair->end);
	pair->ctx = server_context(&pair->style);
	pair->server = SSL_new(pair->ctx);
	SSL_set_fd(pair->server, pair->fds[1]);
	SSL_set_accept_state(pair->server);
	return pair->client != NULL;
}

/* Lets both ends do what they can. Returns how the client's handshake stands. */
static enum tls_result
shake(struct pair *pair)
{
	enum tls_result result = TLS_WANT_READ;

	if (!join(pair))
		return TLS_END;
	for (int i = 0; i < 10; i++) {
		if (result != TLS_DONE && result != TLS_END)
			result = tls_stream_handshake(pair->client);
		ERR_clear_error();
		SSL_do_handshake(pair->server);
	}
	if (result == TLS_END)
		pair->end = *tls_stream_end(pair->client);
	return result;
}

static void
assert_end(struct pair *pair, enum link_failure failure, const char *word)
{
	const struct link_end *end = &pair->end;

	if (end->failure != failure || !strstr(end->reason, word))
		fail_msg("%s: %s", link_failure_name(end->failure), end->reason);
}

static void
assert_shakes_to(struct pair *pair, enum link_failure failure, const char *word)
{
	assert_int_equal(shake(pair), TLS_END);
	assert_end(pair, failure, word);
}

/* Reads until the stream ends. */
static void
read_to_end(struct pair *pair)
{
	uint8_t bytes[64];
	size_t length;
	enum tls_result result = TLS_DONE;

	while (result == TLS_DONE)
		result = tls_stream_read(pair->client, bytes, sizeof bytes, &length);
	assert_int_equal(result, TLS_END);
	pair->end = *tls_stream_end(pair->client);
}

static void
assert_bytes_pass(struct pair *pair)
{
	char text[32] = "";
	size_t length = 0;

	assert_int_equal(tls_stream_write(pair->client, "hello", 5, &length), TLS_DONE);
	assert_int_equal(length, 5);
	assert_int_equal(SSL_read(pair->server, text, sizeof text), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(SSL_write(pair->server, "there", 5), 5);
	assert_int_equal(tls_stream_read(pair->client, text, 2, &length), TLS_DONE);
	assert_int_equal(length, 2);
	assert_true(tls_stream_has_pending(pair->client));
	assert_int_equal(tls_stream_read(pair->client, text, sizeof text, &length), TLS_DONE);
	assert_int_equal(length, 3);
	assert_false(tls_stream_has_pending(pair->client));
	assert_int_equal(tls_stream_read(pair->client, text, sizeof text, &length), TLS_WANT_READ);
}

static void
shows_certificate_and_passes_bytes(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct pair *pair = *state;

	for (int i = 0; i < 2; i++) {
		pair->style.version = versions[i];
		assert_int_equal(shake(pair), TLS_DONE);
		X509 *shown = SSL_get0_peer_certificate(pair->server);
		assert_non_null(shown);
		assert_int_equal(X509_cmp(shown, ours.certificate), 0);
		assert_bytes_pass(pair);
	}
}

/* Also when it does not trust it. */
static void
tells_what_it_was_shown(void **state)
{
	static char nothing[] = "00";
	static const char *const protocols[] = {"TLSv1.2 ECDHE-RSA-", "TLSv1.3 TLS_"};
	struct pair *pair = *state;
	char fingerprint[65];

	server_fingerprint(theirs.certificate, fingerprint);
	pair->controller.verify = VERIFY_FINGERPRINT;
	pair->controller.fingerprint = nothing;
	for (int i = 0; i < 2; i++) {
		pair->style.version = i ? TLS1_3_VERSION : TLS1_2_VERSION;
		assert_true(join(pair));
		assert_string_equal(tls_stream_shown(pair->client)->fingerprint, "");
		assert_int_equal(shake(pair), TLS_END);
		const struct tls_shown *shown = tls_stream_shown(pair->client);
		const struct identity_dates dates = identity_dates_of(theirs.certificate);
		assert_memory_equal(shown->protocol, protocols[i], strlen(protocols[i]));
		assert_string_equal(shown->fingerprint, fingerprint);
		assert_string_equal(shown->subject, "O=nmsp2mqtt, CN=02005e100001");
		assert_string_equal(shown->pin, "");
		assert_memory_equal(&shown->dates, &dates, sizeof dates);
	}
}

static void
goodbye_is_orderly_both_ways(void **state)
{
	struct pair *pair = *state;
	char byte;

	assert_int_equal(shake(pair), TLS_DONE);
	tls_stream_shutdown(pair->client);
	int status = SSL_read(pair->server, &byte, 1);
	assert_int_equal(SSL_get_error(pair->server, status), SSL_ERROR_ZERO_RETURN);

	assert_int_equal(shake(pair), TLS_DONE);
	SSL_shutdown(pair->server);
	read_to_end(pair);
	assert_end(pair, LINK_CLOSED_BY_PEER, "hq closed");

	assert_int_equal(shake(pair), TLS_DONE);
	shutdown(pair->fds[1], SHUT_RDWR);
	read_to_end(pair);
	assert_end(pair, LINK_CLOSED_BY_PEER, "hq closed");
}

static void
contexts_are_shared(void **state)
{
	static char here[] = "00", there[] = "01";
	struct config_controller one = server_section(VERIFY_TOFU);
	struct config_controller other = one;
	char error[256];

	(void)state;
	struct tls_context *a = tls_context_get(&ours, &one, error, sizeof error);
	struct tls_context *b = tls_context_get(&ours, &other, error, sizeof error);
	assert_ptr_equal(a, b);
	tls_context_put(b);
	other.min_version = TLS_1_3;
	b = tls_context_get(&ours, &other, error, sizeof error);
	assert_ptr_not_equal(a->ctx, b->ctx);
	tls_context_put(b);
	b = tls_context_get(&theirs, &one, error, sizeof error);
	assert_ptr_not_equal(a->ctx, b->ctx);
	tls_context_put(b);
	tls_context_put(a);

	one.verify = other.verify = VERIFY_FINGERPRINT;
	other.min_version = TLS_1_2;
	one.fingerprint = here;
	other.fingerprint = there;
	a = tls_context_get(&ours, &one, error, sizeof error);
	b = tls_context_get(&ours, &other, error, sizeof error);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(a->ctx, b->ctx);
	tls_context_put(a);
	tls_context_put(b);
	tls_context_put(NULL);
}

static void
bad_settings_are_told(void **state)
{
	static char nonsense[] = "NONSENSE", nowhere[] = "/nowhere.pem";
	struct config_controller controller = server_section(VERIFY_NONE);
	char error[512] = "";

	(void)state;
	controller.ciphers = nonsense;
	assert_null(tls_context_get(&ours, &controller, error, sizeof error));
	assert_non_null(strstr(error, "ciphers"));
	controller = server_section(VERIFY_CA);
	controller.ca_file = nowhere;
	assert_null(tls_context_get(&ours, &controller, error, sizeof error));
	assert_non_null(strstr(error, nowhere));
}

static void
old_versions_only_where_allowed(void **state)
{
	struct pair *pair = *state;

	pair->style.version = TLS1_VERSION;
	pair->style.lowest_level = 1;
	assert_shakes_to(pair, LINK_TLS_INCOMPATIBLE, "min_version");
	pair->controller.min_version = TLS_1_1;
	assert_shakes_to(pair, LINK_TLS_INCOMPATIBLE, "min_version");
	pair->controller.min_version = TLS_1_0;
	assert_int_equal(shake(pair), TLS_DONE);
	assert_bytes_pass(pair);
}

static void
no_cipher_in_common(void **state)
{
	static char ciphers[] = "ECDHE-RSA-AES256-GCM-SHA384";
	struct pair *pair = *state;

	pair->style.version = TLS1_2_VERSION;
	pair->controller.ciphers = ciphers;
	assert_int_equal(shake(pair), TLS_DONE);
	join(pair);
	SSL_set_cipher_list(pair->server, "ECDHE-RSA-AES128-GCM-SHA256");
	tls_stream_handshake(pair->client);
	SSL_do_handshake(pair->server);
	assert_int_equal(tls_stream_handshake(pair->client), TLS_END);
	pair->end = *tls_stream_end(pair->client);
	assert_end(pair, LINK_TLS_INCOMPATIBLE, "cipher");
	assert_int_equal(pair->end.alert, 40);
}

static void
assert_advice(struct pair *pair, int alert)
{
	assert_end(pair, LINK_IDENTITY_REFUSED, ours.hashes.sha256);
	assert_end(pair, LINK_IDENTITY_REFUSED, ours.hashes.sha1);
	assert_end(pair, LINK_IDENTITY_REFUSED, "username 02005e100001 mac");
	assert_end(pair, LINK_IDENTITY_REFUSED, "lbs-ssc 02:00:5e:10:00:01 ");
	assert_int_equal(pair->end.alert, alert);
	assert_true(strlen(pair->end.reason) < LINK_REASON_SIZE - 1);
}

static void
refused_in_the_handshake(void **state)
{
	struct pair *pair = *state;

	pair->style.version = TLS1_2_VERSION;
	pair->style.refuse = X509_V_ERR_PERMITTED_VIOLATION;
	assert_int_equal(shake(pair), TLS_END);
	assert_advice(pair, 46);
}

static void
refused_after_the_handshake(void **state)
{
	struct pair *pair = *state;

	pair->style.version = TLS1_3_VERSION;
	pair->style.refuse = X509_V_ERR_PERMITTED_VIOLATION;
	assert_int_equal(shake(pair), TLS_DONE);
	read_to_end(pair);
	assert_advice(pair, 46);
}

static void
refused_while_writing(void **state)
{
	struct pair *pair = *state;
	size_t length;
	enum tls_result result = TLS_DONE;

	pair->style.version = TLS1_3_VERSION;
	pair->style.refuse = X509_V_ERR_PERMITTED_VIOLATION;
	assert_int_equal(shake(pair), TLS_DONE);
	close(pair->fds[1]);
	pair->fds[1] = -1;
	for (int i = 0; i < 10 && result == TLS_DONE; i++)
		result = tls_stream_write(pair->client, "hello", 5, &length);
	assert_int_equal(result, TLS_END);
	pair->end = *tls_stream_end(pair->client);
	assert_advice(pair, 46);
}

static void
refused_later_is_another_matter(void **state)
{
	struct pair *pair = *state;

	pair->style.version = TLS1_3_VERSION;
	pair->style.refuse = X509_V_ERR_PERMITTED_VIOLATION;
	assert_int_equal(shake(pair), TLS_DONE);
	tls_stream_accept(pair->client);
	read_to_end(pair);
	assert_end(pair, LINK_TLS_FAILED, "46");
	assert_int_equal(pair->end.alert, 46);
}

static void
refused_for_its_dates(void **state)
{
	struct pair *pair = *state;

	pair->style.version = TLS1_2_VERSION;
	pair->style.refuse = X509_V_ERR_CERT_HAS_EXPIRED;
	assert_shakes_to(pair, LINK_IDENTITY_REFUSED, "NTP");
	assert_int_equal(pair->end.alert, 45);
}

static void
every_alert_about_certificates(void **state)
{
	static const int alerts[] = {42, 43, 44, 45, 46, 48, 49, 116};
	struct pair *pair = *state;
	struct tls_trouble trouble = {.controller = "hq", .error = SSL_ERROR_SSL};

	join(pair);
	trouble.context = pair->context;
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
		ERR_clear_error();
		ERR_raise(ERR_LIB_SSL, 1000 + alerts[i]);
		tls_reason_tell(&trouble, &pair->end);
		assert_int_equal(pair->end.failure, LINK_IDENTITY_REFUSED);
		assert_int_equal(pair->end.alert, alerts[i]);
	}
	ERR_clear_error();
	ERR_raise(ERR_LIB_SSL, 1000 + 80);
	tls_reason_tell(&trouble, &pair->end);
	assert_end(pair, LINK_TLS_FAILED, "alert 80");
	ERR_clear_error();
}

static void
first_use_is_remembered_once_accepted(void **state)
{
	struct pair *pair = *state;
	char pin[PIN_TEXT], before[65], now[65];

	server_fingerprint(theirs.certificate, before);
	server_fingerprint(others.certificate, now);
	pair->controller.verify = VERIFY_TOFU;
	assert_int_equal(shake(pair), TLS_DONE);
	assert_int_equal(access(pair->pin_file, F_OK), -1);
	tls_stream_accept(pair->client);
	assert_int_equal(pin_load(pair->pin_file, pin, pair->end.reason, LINK_REASON_SIZE), 1);
	assert_string_equal(pin, before);
	assert_int_equal(shake(pair), TLS_DONE);
	assert_string_equal(tls_stream_shown(pair->client)->pin, before);

	pair->style.identity = &others;
	assert_shakes_to(pair, LINK_CONTROLLER_NOT_TRUSTED, before);
	assert_end(pair, LINK_CONTROLLER_NOT_TRUSTED, now);
	assert_end(pair, LINK_CONTROLLER_NOT_TRUSTED, pair->pin_file);
	assert_int_equal(unlink(pair->pin_file), 0);
	assert_int_equal(shake(pair), TLS_DONE);
}

static void
nothing_is_remembered_where_it_may_not(void **state)
{
	struct pair *pair = *state;

	pair->controller.verify = VERIFY_TOFU;
	pair->peer.remember_not = true;
	assert_int_equal(shake(pair), TLS_DONE);
	tls_stream_accept(pair->client);
	assert_int_equal(access(pair->pin_file, F_OK), -1);
}

static void
broken_pin_trusts_nobody(void **state)
{
	struct pair *pair = *state;

	pair->controller.verify = VERIFY_TOFU;
	store_text(pair->pin_file, 0644, "what\n", pair->end.reason, LINK_REASON_SIZE);
	assert_shakes_to(pair, LINK_CONTROLLER_NOT_TRUSTED, pair->pin_file);
}

static void
fingerprint_decides(void **state)
{
	struct pair *pair = *state;
	char expected[65], other[65];

	server_fingerprint(theirs.certificate, expected);
	server_fingerprint(others.certificate, other);
	pair->controller.verify = VERIFY_FINGERPRINT;
	pair->controller.fingerprint = expected;
	assert_int_equal(shake(pair), TLS_DONE);
	pair->controller.fingerprint = other;
	assert_shakes_to(pair, LINK_CONTROLLER_NOT_TRUSTED, expected);
	assert_end(pair, LINK_CONTROLLER_NOT_TRUSTED, other);
}

/* Signs the server's certificate again with other names, and makes it its own authority's file. */
static void
name_server(struct identity *server, const char *names, const char *file)
{
	X509V3_CTX context;
	FILE *out = fopen(file, "w");

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, server->certificate, server->certificate, NULL, NULL, 0);
	X509_EXTENSION *extension =
		X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
	assert_true(X509_add_ext(server->certificate, extension, -1));
	X509_EXTENSION_free(extension);
	assert_true(X509_sign(server->certificate, server->key, EVP_sha256()) > 0);
	assert_true(PEM_write_X509(out, server->certificate));
	fclose(out);
}

static void
authority_and_name_decide(void **state)
{
	struct pair *pair = *state;
	struct identity server;
	char file[128], error[256];

	assert_int_equal(identity_generate(&server, MAC, error, sizeof error), 0);
	snprintf(file, sizeof file, "%s/ca.pem", pair->root);
	name_server(&server, "IP:192.0.2.1,DNS:wlc.example.net", file);
	pair->style.identity = &server;
	pair->controller.verify = VERIFY_CA;
	pair->controller.ca_file = file;
	assert_int_equal(shake(pair), TLS_DONE);
	pair->peer.host = "wlc.example.net";
	assert_int_equal(shake(pair), TLS_DONE);
	pair->peer.host = "192.0.2.2";
	assert_shakes_to(pair, LINK_CONTROLLER_NOT_TRUSTED, "192.0.2.2");
	pair->peer.host = "other.example.net";
	assert_shakes_to(pair, LINK_CONTROLLER_NOT_TRUSTED, "other.example.net");
	pair->peer.host = "192.0.2.1";
	pair->style.identity = &others;
	assert_shakes_to(pair, LINK_CONTROLLER_NOT_TRUSTED, file);
	part(pair);
	identity_fini(&server);
}

static void
what_is_no_tls(void **state)
{
	struct pair *pair = *state;

	assert_true(join(pair));
	assert_int_equal(write(pair->fds[1], "SSH-2.0-OpenSSH_9.2\r\n", 21), 21);
	assert_int_equal(tls_stream_handshake(pair->client), TLS_END);
	pair->end = *tls_stream_end(pair->client);
	assert_end(pair, LINK_TLS_FAILED, "speaks no TLS");

	assert_true(join(pair));
	assert_int_equal(tls_stream_handshake(pair->client), TLS_WANT_READ);
	shutdown(pair->fds[1], SHUT_WR);
	assert_int_equal(tls_stream_handshake(pair->client), TLS_END);
	pair->end = *tls_stream_end(pair->client);
	assert_end(pair, LINK_CLOSED_BY_PEER, "handshake");
}

static void
full_socket_takes_part(void **state)
{
	static uint8_t block[100000];
	struct pair *pair = *state;
	enum tls_result result = TLS_DONE;
	size_t length, total = 0;

	assert_int_equal(shake(pair), TLS_DONE);
	while (result == TLS_DONE) {
		result = tls_stream_write(pair->client, block, sizeof block, &length);
		total += result == TLS_DONE ? length : 0;
	}
	assert_int_equal(result, TLS_WANT_WRITE);
	assert_true(total > 0);
}

static void
every_failure_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < LINK_FAILURES; i++) {
		assert_string_not_equal(link_failure_name((enum link_failure)i), "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(link_failure_name((enum link_failure)i),
						link_failure_name((enum link_failure)j));
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(shows_certificate_and_passes_bytes),
		TEST(tells_what_it_was_shown),
		TEST(goodbye_is_orderly_both_ways),
		TEST(contexts_are_shared),
		TEST(bad_settings_are_told),
		TEST(old_versions_only_where_allowed),
		TEST(no_cipher_in_common),
		TEST(refused_in_the_handshake),
		TEST(refused_after_the_handshake),
		TEST(refused_while_writing),
		TEST(refused_later_is_another_matter),
		TEST(refused_for_its_dates),
		TEST(every_alert_about_certificates),
		TEST(first_use_is_remembered_once_accepted),
		TEST(nothing_is_remembered_where_it_may_not),
		TEST(broken_pin_trusts_nobody),
		TEST(fingerprint_decides),
		TEST(authority_and_name_decide),
		TEST(what_is_no_tls),
		TEST(full_socket_takes_part),
		TEST(every_failure_has_a_name),
	};

	return cmocka_run_group_tests(tests, make_identities, free_identities);
}
