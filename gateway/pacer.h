/* SPDX-License-Identifier: ISC */
/* pacer.h: how many controllers are dialled at once, and how soon one after the other
 *
 * A gateway of many controllers that starts, or whose controllers all restart, must neither storm
 * the network nor them.
 */
#ifndef NMSP_GATEWAY_PACER_H
#define NMSP_GATEWAY_PACER_H

#include <stdbool.h>
#include <stdint.h>

/* One who wants to dial; embedded in the owner, begins all zero. */
struct pacer_ticket {
	struct pacer_ticket *next;
	void (*dial)(void *context); /* its turn has come; the ticket counts as dialling until
					pacer_done */
	void *context;
	bool waiting;
	bool dialling;
};

struct pacer {
	unsigned most;	     /* dials under way at once */
	uint64_t spacing_ms; /* between the beginnings of two dials */
	unsigned under_way;
	uint64_t next_at;
	struct pacer_ticket *first;
	struct pacer_ticket **last;
};

/* Begins with nobody waiting. */
void pacer_init(struct pacer *pacer, unsigned most, uint64_t spacing_ms);

/* Waits in line; a ticket that waits or dials already stays where it is. */
void pacer_enter(struct pacer *pacer, struct pacer_ticket *ticket);

/* The dial came to its end, good or bad, or is no longer wanted. May be called at any time. */
void pacer_done(struct pacer *pacer, struct pacer_ticket *ticket);

/* Lets those dial whose turn has come. Returns when it wants to be called again, in ms of the same
 * clock; UINT64_MAX: after the next pacer_enter or pacer_done. */
uint64_t pacer_run(struct pacer *pacer, uint64_t now);

#endif
