/* SPDX-License-Identifier: ISC */
/* draft.h: a long document about the whole gateway, made in steps so that the loop turns in between
 *
 * With hundreds of controllers it takes as long to make as no echo may wait. So a turn of the loop
 * does steps for DRAFT_SLICE_MS, and one step more at the most. All who ask meanwhile get the same
 * text; and what took long is given again for a while, so that it takes at most one in
 * DRAFT_SHARE parts of the loop's time however many ask.
 */
#ifndef NMSP_GATEWAY_DRAFT_H
#define NMSP_GATEWAY_DRAFT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <uv.h>

#include "gateway/pages.h"

enum {
	DRAFT_SLICE_MS = 1,
	DRAFT_SHARE = 10,
};

struct gateway;

/* How a document is made. Between two steps controllers and outputs stay the same ones; when they
 * do not, it is begun anew. */
struct draft_maker {
	void *(*begin)(struct gateway *gateway); /* what is between the steps; NULL: no memory */
	bool (*step)(void *work, FILE *out);	 /* writes some more; false: that was all */
	bool (*end)(void *work);		 /* frees it; false: something is lacking */
};

/* Who wants a text. */
struct draft_waiter {
	struct draft_waiter *next;
	/* Once; NULL: no memory, or the end of the draft. One who keeps it takes a reference. */
	void (*ready)(struct draft_waiter *waiter, struct pages *text);
};

struct draft {
	struct gateway *gateway;
	const struct draft_maker *maker;
	uv_idle_t idle;
	struct pages *text; /* the last one that was made */
	uint64_t until_ns;  /* it is given until then */

	/* while it is made */
	struct draft_waiter *waiters;
	struct pages *pages;
	FILE *out;
	void *work;
	unsigned edition; /* of the gateway, at the beginning */
	uint64_t took_ns;
};

/* `gateway->loop` is there. draft_close lets all who wait know, and the loop has to turn once
 * more. */
void draft_init(struct draft *draft, struct gateway *gateway, const struct draft_maker *maker);
void draft_close(struct draft *draft);

/* Calls waiter->ready: now, or in a later turn. */
void draft_ask(struct draft *draft, struct draft_waiter *waiter);

/* It is not called any more; for one who waits. */
void draft_cancel(struct draft *draft, struct draft_waiter *waiter);

#endif
