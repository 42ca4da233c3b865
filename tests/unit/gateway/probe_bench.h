/* SPDX-License-Identifier: ISC */
/* probe_bench.h: what the tests of the probe's words share
 *
 * To be included after cmocka.h.
 */
#ifndef NMSP_TESTS_UNIT_GATEWAY_PROBE_BENCH_H
#define NMSP_TESTS_UNIT_GATEWAY_PROBE_BENCH_H

#include <stdio.h>
#include <string.h>

#include "gateway/probe.h"
#include "gateway/tls.h"

/* Keys are costly: made once. */
static struct identity ours;

static struct config_gateway gateway;
static struct config_controller controller;
static struct probe_settings settings;

static char name[] = "hq", host[] = "wlc.example.org", state_dir[] = "/state";
static char *hosts[] = {host};

/* For a group's set-up. */
static inline int
make_settings(void **state)
{
	static const uint8_t mac[MAC_SIZE] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01};
	char error[256];

	(void)state;
	gateway.state_dir = state_dir;
	controller = (struct config_controller){
		.name = name, .hosts = hosts, .n_hosts = 1, .port = 16113, .verify = VERIFY_TOFU};
	settings = (struct probe_settings){.gateway = &gateway,
					   .controller = &controller,
					   .identity = &ours,
					   .timeout_ms = 10000,
					   .wait_ms = 2500};
	return identity_generate(&ours, mac, error, sizeof error);
}

/* For a group's tear-down. */
static inline int
free_settings(void **state)
{
	(void)state;
	identity_fini(&ours);
	return 0;
}

/* A controller as its handshake shows it. */
static inline struct tls_shown
shown_of(const char *subject)
{
	struct tls_shown shown = {
		.protocol = "TLSv1.2 AES128-SHA",
		.fingerprint = "1b76ee2c",
		.dates = {1700000000, 1952985600},
	};

	snprintf(shown.subject, sizeof shown.subject, "%s", subject);
	return shown;
}

#define assert_says(text, part)                                             \
	do {                                                                \
		const char *said = (text);                                  \
		if (!strstr(said, part))                                    \
			fail_msg("\"%s\" does not say \"%s\"", said, part); \
	} while (0)

#endif
