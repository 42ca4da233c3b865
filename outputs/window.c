/* SPDX-License-Identifier: ISC */
/* window.c: messages between hand-over and acknowledgement */
#include "outputs/window.h"

#include "outputs/spooler.h"

#define TAKE_MANY     64
#define SOLO_ATTEMPTS 3
/* The ids of MQTT come round after 65,535, and libmosquitto gives one again without a look. */
#define MAX_SPREAD 30000

void
window_open(struct window *window, size_t limit)
{
	window->limit = window->cautious ? 1 : limit;
	window->progress = false;
}

static bool
is_full(const struct window *window)
{
	const struct queue_item *oldest = window->in_flight.first;

	return window->in_flight.count >= window->limit ||
	       (oldest && window->order - oldest->order >= MAX_SPREAD);
}

/* Takes from the queue what fits, up to TAKE_MANY. */
static void
refill(struct window *window, bool wait)
{
	size_t room = window->limit - window->in_flight.count;
	size_t wanted = room < TAKE_MANY ? room : TAKE_MANY;

	size_t got = window->spooler ? spooler_take(window->spooler, &window->held, wanted, wait)
				     : queue_take(window->queue, &window->held, wanted, wait);

	window->exhausted = got < wanted;
}

struct queue_item *
window_next(struct window *window, uint64_t now_ms, bool wait)
{
	struct queue_item *item;

	if (is_full(window))
		return NULL;
	if (!window->held.first)
		refill(window, wait);
	item = window->held.first;
	if (!item)
		return NULL;
	queue_list_remove(&window->held, item);
	queue_list_append(&window->in_flight, item);
	item->id = 0;
	item->order = window->order++;
	item->sent_ms = now_ms;
	return item;
}

struct queue_item *
window_find(const struct window *window, int id)
{
	struct queue_item *item = window->in_flight.first;

	while (item && item->id != id)
		item = item->next;
	return item;
}

void
window_finish(struct window *window, struct queue_item *item, enum outcome outcome,
	      enum drop_reason reason)
{
	if (item->account && window->cautious)
		window->cautious = false;
	window->progress |= item->account != NULL;
	if (item->owner)
		spooler_finish(window->spooler, &window->in_flight, item, outcome, reason);
	else
		queue_finish(window->queue, &window->in_flight, item, outcome, reason);
}

bool
window_stuck(const struct window *window, uint64_t now_ms, uint64_t timeout_ms)
{
	const struct queue_item *oldest = window->in_flight.first;

	return oldest && now_ms - oldest->sent_ms >= timeout_ms;
}

struct queue_item *
window_suspect(struct window *window)
{
	struct queue_item *item = window->in_flight.first;

	if (window->progress || !item)
		return NULL;
	if (window->cautious && window->in_flight.count == 1 && item->account &&
	    ++item->attempts >= SOLO_ATTEMPTS)
		return item;
	window->cautious = true;
	return NULL;
}

void
window_put_back(struct window *window)
{
	while (window->held.first) {
		struct queue_item *item = window->held.first;

		queue_list_remove(&window->held, item);
		queue_list_append(&window->in_flight, item);
	}
	if (window->spooler)
		spooler_put_back(window->spooler, &window->in_flight);
	queue_put_back(window->queue, &window->in_flight);
}
