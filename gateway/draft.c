/* SPDX-License-Identifier: ISC */
/* draft.c: a long document about the whole gateway, made in steps so that the loop turns in between
 */
#include "gateway/draft.h"

#include "gateway/gateway.h"

#define SLICE_NS (DRAFT_SLICE_MS * UINT64_C(1000000))

/* Ends the making; false when memory was lacking. */
static bool
put_down(struct draft *d)
{
	bool whole = d->work && d->maker->end(d->work);

	if (d->out) {
		whole &= !ferror(d->out);
		whole &= fclose(d->out) == 0;
	}
	d->work = NULL;
	d->out = NULL;
	return whole;
}

/* False without memory; put_down is to be called in both cases. */
static bool
take_up(struct draft *d)
{
	put_down(d);
	pages_unref(d->pages);
	d->edition = d->gateway->edition;
	d->pages = pages_new(&d->out);
	d->work = d->pages ? d->maker->begin(d->gateway) : NULL;
	return d->work != NULL;
}

static void
give(struct draft *d, struct pages *text)
{
	struct draft_waiter *waiters = d->waiters;

	d->waiters = NULL;
	for (struct draft_waiter *waiter = waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		waiter->ready(waiter, text);
	}
}

static void
finish(struct draft *d)
{
	bool whole = put_down(d);

	uv_idle_stop(&d->idle);
	pages_unref(d->text);
	d->text = whole ? d->pages : NULL;
	if (!whole)
		pages_unref(d->pages);
	d->pages = NULL;
	d->until_ns = uv_hrtime() + d->took_ns * (DRAFT_SHARE - 1);
	give(d, d->text);
}

static void
go_on(struct draft *d)
{
	uint64_t began = uv_hrtime(), now = began;
	bool more = (d->work && d->edition == d->gateway->edition) || take_up(d);

	while (more && now - began < SLICE_NS) {
		more = d->maker->step(d->work, d->out);
		now = uv_hrtime();
	}
	d->took_ns += now - began;
	if (!more)
		finish(d);
}

static void
on_idle(uv_idle_t *idle)
{
	go_on(idle->data);
}

void
draft_init(struct draft *d, struct gateway *g, const struct draft_maker *maker)
{
	*d = (struct draft){.gateway = g, .maker = maker};
	uv_idle_init(&g->loop, &d->idle);
	d->idle.data = d;
}

void
draft_close(struct draft *d)
{
	put_down(d);
	pages_unref(d->pages);
	pages_unref(d->text);
	d->pages = d->text = NULL;
	uv_close((uv_handle_t *)&d->idle, NULL);
	give(d, NULL);
}

void
draft_ask(struct draft *d, struct draft_waiter *waiter)
{
	bool making = uv_is_active((uv_handle_t *)&d->idle);

	if (d->text && uv_hrtime() < d->until_ns) {
		waiter->ready(waiter, d->text);
		return;
	}
	waiter->next = d->waiters;
	d->waiters = waiter;
	if (making)
		return;
	uv_idle_start(&d->idle, on_idle);
	d->took_ns = 0;
	go_on(d);
}

void
draft_cancel(struct draft *d, struct draft_waiter *waiter)
{
	struct draft_waiter **link = &d->waiters;

	while (*link && *link != waiter)
		link = &(*link)->next;
	if (*link)
		*link = waiter->next;
}
