/* SPDX-License-Identifier: ISC */
/* gateway.h: everything that a running gateway is made of */
#ifndef NMSP_GATEWAY_GATEWAY_H
#define NMSP_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "conf/config.h"
#include "gateway/controller.h"
#include "gateway/identity.h"
#include "gateway/supervisor.h"
#include "outputs/output.h"

/* What the spool of an output asks for accounts with. */
struct gateway_spool {
	const struct gateway *gateway;
	size_t output;
};

struct gateway {
	uv_loop_t loop;
	const struct config *config;
	struct identity identity;
	struct session_device device;
	struct dict **dicts; /* each once */
	size_t n_dicts;
	struct output **outputs;
	size_t n_outputs;
	struct controller *controllers; /* in the order of the configuration */
	size_t n_controllers;
	struct account_set *accounts; /* [output][controller], and one more of former controllers */
	struct gateway_spool *spools; /* of the MQTT outputs */
	struct envelope_tag *tags;    /* of all controllers, one behind the other */
	struct scratch *scratch;
	struct pacer pacer;
	struct controller_shared shared;
	uv_timer_t pace_timer;
	uv_timer_t health_timer;
	uv_timer_t stop_timer;
	uv_signal_t sigterm;
	uv_signal_t sigint;
	uv_signal_t sighup;
	struct supervisor supervisor;
	uint64_t started_at; /* ms since 1970 */
	char session[9];     /* of the process: 8 hex digits */
	uint64_t stop_by;    /* ms of the loop's clock; 0: not stopping */
	bool ended;	     /* everything that keeps the loop is closed */
};

/* Builds a gateway from a checked configuration, which must outlive it. Every error goes to the
 * log. Returns 0 or -1; gateway_fini is to be called in both cases. */
int gateway_init(struct gateway *gateway, const struct config *config);

/* Runs until SIGTERM or SIGINT, then ends in order: unsubscribes, says goodbye, flushes the
 * outputs. SIGHUP opens the log anew. Returns 0. */
int gateway_run(struct gateway *gateway);

/* Ends what still runs and frees everything but the configuration. */
void gateway_fini(struct gateway *gateway);

/* The accounts of a controller at an output, both by their place; behind the last controller, those
 * of controllers that are not configured any more but have left records in the output's spool. */
struct account_set *gateway_accounts(const struct gateway *gateway, size_t output,
				     size_t controller);

/* A time of the loop's clock as ms since 1970. */
uint64_t gateway_wall_time(const uv_loop_t *loop, uint64_t loop_ms);

#endif
