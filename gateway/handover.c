/* SPDX-License-Identifier: ISC */
/* handover.c: an output ends while the gateway runs, and another one may go on with its queue */
#include "gateway/handover.h"

#include <stdlib.h>

#include "gateway/log.h"
#include "outputs/queue.h"

struct handover {
	uv_work_t work;
	struct gateway *gateway;
	struct output *old;
	struct output *next;
	unsigned flush_ms;
};

static void
end_old(uv_work_t *work)
{
	struct handover *handover = work->data;

	output_halt(handover->old, handover->flush_ms);
}

static void
begin_next(struct gateway *g, struct output *next)
{
	const char *root = next->document_root;

	if (root && queue_reroot(next->queue, root))
		log_error("gateway", "output %s: out of memory", next->name);
	gateway_publish_all(g, next);
	output_start(next);
}

static void
on_ended(uv_work_t *work, int status)
{
	struct handover *handover = work->data;
	struct gateway *g = handover->gateway;

	(void)status;
	if (handover->next) {
		output_release(handover->old);
		begin_next(g, handover->next);
	} else {
		output_free(handover->old);
	}
	free(handover);
	g->n_handovers--;
	gateway_handed_over(g);
}

int
handover_begin(struct gateway *g, struct output *old, struct output *next, unsigned flush_ms)
{
	struct handover *handover = calloc(1, sizeof *handover);

	if (!handover)
		return -1;
	*handover = (struct handover){.gateway = g, .old = old, .next = next, .flush_ms = flush_ms};
	handover->work.data = handover;
	if (uv_queue_work(&g->loop, &handover->work, end_old, on_ended)) {
		free(handover);
		return -1;
	}
	g->n_handovers++;
	return 0;
}
