/* SPDX-License-Identifier: ISC */
/* probe_walk.h: the findings of a probe, as they are made
 *
 * Whoever drives link and session tells here what happened; a step then has its verdict, and the
 * watcher is told.
 */
#ifndef NMSP_GATEWAY_PROBE_WALK_H
#define NMSP_GATEWAY_PROBE_WALK_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"
#include "gateway/link_end.h"
#include "gateway/offer.h"
#include "gateway/probe.h"
#include "gateway/subscription.h"
#include "gateway/tls.h"

struct probe_walk {
	/* set by the owner */
	const struct probe_settings *settings;
	const struct probe_watcher *watcher;
	struct probe_report *report;

	/* its own */
	enum probe_step found[PROBE_STEPS]; /* in the order of the findings */
	size_t n_found;
	size_t n_told;
	bool settled;	       /* no other host will be tried, so what is found may be told */
	uint64_t began;	       /* the step under way, ns of a clock that never goes back */
	char host[NI_MAXHOST]; /* that is tried */
	unsigned n_strange;    /* messages that the dictionary does not describe */
};

/* Whether a step has no verdict yet. */
bool probe_walk_open(const struct probe_walk *walk, enum probe_step step);

/* From now on the time of the next step counts. */
void probe_walk_start(struct probe_walk *walk);

/* A host is looked up; what was found at the one before does not count. */
void probe_walk_host(struct probe_walk *walk, const char *host);

/* An address of it, "10.0.0.5 port 16113", is tried; then that it was reached. */
void probe_walk_address(struct probe_walk *walk, const char *where);
void probe_walk_reached(struct probe_walk *walk, const char *where);

/* What was seen of TLS, if anything was, before it is known whether the controller lets us in. */
void probe_walk_shown(struct probe_walk *walk, const struct tls_shown *shown, bool trusted);

/* No other host will be tried. */
void probe_walk_settle(struct probe_walk *walk);

/* The controller spoke, or kept silent for long enough: it lets us in. May be called again. */
void probe_walk_admitted(struct probe_walk *walk);

/* The controller's time by a message that has it. May be called again. */
void probe_walk_time(struct probe_walk *walk, const struct message *message);

/* What the controller offers. */
void probe_walk_capability(struct probe_walk *walk, const struct offer *offer);

/* Whether the one sub-service that was asked for is granted, once that is known. Returns true when
 * that was the end. */
bool probe_walk_grant(struct probe_walk *walk, const struct subscription_item *item);

/* The records of a notification. Returns true when it has any, which is the end. */
bool probe_walk_records(struct probe_walk *walk, struct message *message);

/* The connection is over, which is the end. */
void probe_walk_lost(struct probe_walk *walk, const struct link_end *why,
		     const struct tls_shown *shown);

/* The step under way, of those after the authorisation, failed; or took too long. */
void probe_walk_fail(struct probe_walk *walk, const char *reason);
void probe_walk_miss(struct probe_walk *walk, const struct subscription *subscription);

/* It ends here: tells what is left to tell. */
void probe_walk_end(struct probe_walk *walk);

#endif
