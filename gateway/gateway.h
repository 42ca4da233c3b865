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
#include "gateway/ledger.h"
#include "outputs/output.h"

struct commands;

struct gateway {
	uv_loop_t loop;
	const struct config *config;
	struct identity identity;
	struct session_device device;
	struct dict **dicts; /* each once */
	size_t n_dicts;
	struct output **outputs;
	size_t n_outputs;
	struct controller **controllers; /* in the order of the configuration */
	size_t n_controllers;
	struct ledger ledger;
	struct commands *commands;
	struct scratch *scratch;
	struct pacer pacer;
	struct controller_shared shared;
	uv_timer_t pace_timer;
	uv_timer_t health_timer;
	uv_timer_t stop_timer;
	uv_signal_t sigterm;
	uv_signal_t sigint;
	uint64_t started_at; /* ms since 1970 */
	char session[9];     /* of the process: 8 hex digits */
	uint64_t stop_by;    /* ms of the loop's clock; 0: not stopping */
	bool ended;	     /* everything that keeps the loop is closed */
};

/* Builds a gateway from a checked configuration, which must outlive it. Every error goes to the
 * log. Returns 0 or -1; gateway_fini is to be called in both cases. */
int gateway_init(struct gateway *gateway, const struct config *config);

/* Runs until SIGTERM or SIGINT, then ends in order: unsubscribes, says goodbye, flushes the
 * outputs. Returns 0. */
int gateway_run(struct gateway *gateway);

/* Ends what still runs and frees everything but the configuration. */
void gateway_fini(struct gateway *gateway);

/* The controller of this name, or NULL. */
struct controller *gateway_controller(const struct gateway *gateway, const char *name);

/* A time of the loop's clock as ms since 1970. */
uint64_t gateway_wall_time(const uv_loop_t *loop, uint64_t loop_ms);

#endif
