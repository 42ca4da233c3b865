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
#include "gateway/draft.h"
#include "gateway/identity.h"
#include "gateway/ledger.h"
#include "gateway/supervisor.h"
#include "gateway/tail.h"
#include "outputs/output.h"

struct http;

/* A dictionary that controllers share. */
struct gateway_dict {
	char *name; /* as the configuration has it */
	struct dict *dict;
	bool current; /* what the name stood for when the configuration was read last */
};

struct commands;
struct json_t;

struct gateway {
	uv_loop_t loop;
	struct config *config;
	struct config **old_configs; /* to which controllers still refer */
	size_t n_old_configs;
	struct identity identity;
	struct session_device device;
	struct gateway_dict *dicts;
	size_t n_dicts;
	struct output **outputs;
	size_t n_outputs;
	struct controller **controllers; /* in the order of the configuration */
	size_t n_controllers;
	struct controller **leaving; /* left the configuration, and still stop */
	size_t n_leaving;
	unsigned edition; /* another one when controllers or outputs may be others than before */
	struct draft status;
	struct draft metrics;
	struct ledger ledger;
	struct tails tails;
	struct http *http;
	unsigned n_handovers;	    /* outputs that end */
	bool reload_again;	    /* when they have */
	struct json_t *last_reload; /* what became of it; NULL: there was none */
	struct commands *commands;
	struct scratch *scratch;
	struct pacer pacer;
	struct controller_shared shared;
	uv_timer_t pace_timer;
	uv_timer_t health_timer;
	uv_signal_t sigterm;
	uv_signal_t sigint;
	uv_signal_t sighup;
	struct supervisor supervisor;
	uint64_t started_at; /* ms since 1970 */
	char session[9];     /* of the process: 8 hex digits */
	bool stopping;	     /* asked to end */
	bool ended;	     /* everything that keeps the loop is closed */
};

/* Builds a gateway from a checked configuration, which is taken over. Every error goes to the log.
 * Returns 0 or -1; gateway_fini is to be called in both cases. */
int gateway_init(struct gateway *gateway, struct config *config);

/* Runs until SIGTERM or SIGINT, then ends in order: unsubscribes, says goodbye, flushes the
 * outputs. SIGHUP opens the log anew. Returns 0. */
int gateway_run(struct gateway *gateway);

/* Ends what still runs and frees everything. */
void gateway_fini(struct gateway *gateway);

/* The controller of this name, or NULL. */
struct controller *gateway_controller(const struct gateway *gateway, const char *name);

/* Publishes every document to one output, which is new or has lost them. */
void gateway_publish_all(struct gateway *gateway, struct output *output);

/* Publishes the document `info` again. */
void gateway_publish_info(struct gateway *gateway);

/* Clears the documents of a controller that leaves. */
void gateway_clear_documents(struct gateway *gateway, const struct controller *controller);

/* Sets the timer of the document `health`. */
void gateway_arm_health(struct gateway *gateway);

/* An output has ended while the gateway runs. */
void gateway_handed_over(struct gateway *gateway);

/* A time of the loop's clock as ms since 1970. */
uint64_t gateway_wall_time(const uv_loop_t *loop, uint64_t loop_ms);

#endif
