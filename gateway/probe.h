/* SPDX-License-Identifier: ISC */
/* probe.h: one look at a controller, from its name to its first notification
 *
 * It makes one connection, subscribes to one sub-service, asks for nothing else, remembers nothing,
 * and leaves in order.
 */
#ifndef NMSP_GATEWAY_PROBE_H
#define NMSP_GATEWAY_PROBE_H

#include <stdbool.h>

#include "codecs/dict.h"
#include "conf/config.h"
#include "gateway/identity.h"
#include "gateway/probe_report.h"

struct tls_context;

struct probe_settings {
	const struct config_gateway *gateway;
	const struct config_controller *controller;
	const struct dict *dict;
	const struct identity *identity;
	struct tls_context *tls;
	enum advice_kind kind; /* of the controller, where it is known */
	unsigned timeout_ms;   /* for each step */
	unsigned handshake_ms; /* for that of TLS, in place of timeout_ms */
	unsigned wait_ms;      /* for the first notification */
};

/* Who is told of each finding, in the order in which they are made. */
struct probe_watcher {
	void (*found)(void *context, const struct probe_report *report, enum probe_step step);
	void *context;
};

/* Walks through the steps until one fails, all are done, or SIGINT or SIGTERM comes. Fills in
 * `report`. Returns 0, or -1 when memory is used up or a service is not in the dictionary. */
int probe_run(const struct probe_settings *settings, const struct probe_watcher *watcher,
	      struct probe_report *report);

#endif
