/* SPDX-License-Identifier: ISC */
/* process_arrange.c: what follows from the routes of a process and the filters at its gates */
#include <stdlib.h>

#include "gateway/process.h"

static void
choose_variant(struct process *process, struct route *route)
{
	struct variant wanted = variant_of(process->gate.filter, route->gate.filter);

	route->variant = 0;
	while (route->variant < process->n_variants &&
	       !variant_same(&process->variants[route->variant], &wanted))
		route->variant++;
	if (route->variant == process->n_variants)
		process->variants[process->n_variants++] = wanted;
}

static bool
decides(const struct gate *gate)
{
	return gate->filter && gate->filter->decides;
}

/* Outputs that choose among the records have batches of their own. */
static void
choose_batch(struct process *process, struct route *route)
{
	route->leads = false;
	if (route->output->mode != MODE_BATCH)
		return;
	for (struct route *other = process->routes; other < route; other++) {
		if (!other->leads || other->variant != route->variant || decides(&other->gate) ||
		    decides(&route->gate))
			continue;
		route->batch = other->batch;
		return;
	}
	route->leads = true;
	route->batch = process->n_batches++;
}

/* Makes, changes or frees the memory that filters ask for. */
static int
arrange_enrich(struct process *process)
{
	struct enrich_settings settings = {.ttl_ms = process->memory.ttl_ms,
					   .max = process->memory.max};
	bool asked = process->gate.filter && process->gate.filter->asks_ssid;

	for (size_t i = 0; i < process->n_routes; i++)
		asked |= process->routes[i].gate.filter &&
			 process->routes[i].gate.filter->asks_ssid;
	for (unsigned i = 0; i < process->n_variants; i++)
		settings.fields |= process->variants[i].fields;
	if (!asked && !settings.fields) {
		enrich_free(process->enrich);
		process->enrich = NULL;
		return 0;
	}
	if (process->enrich)
		enrich_set(process->enrich, &settings);
	else
		process->enrich = enrich_new(&settings);
	return process->enrich ? 0 : -1;
}

static int
arrange_routes(struct process *process)
{
	process->n_variants = 1;
	process->n_batches = 0;
	process->has_records = false;
	process->decides = decides(&process->gate);
	free(process->variants);
	process->variants = calloc(process->n_routes + 1, sizeof *process->variants);
	if (!process->variants)
		return -1;
	process->variants[VARIANT_SHOWN] = variant_of(process->gate.filter, NULL);
	for (size_t i = 0; i < process->n_routes; i++) {
		struct route *route = &process->routes[i];

		route->passes = true;
		process->has_records |= route->output->mode == MODE_RECORD;
		process->decides |= decides(&route->gate);
		choose_variant(process, route);
		choose_batch(process, route);
	}
	return scratch_reserve(process->scratch, process->n_batches);
}

int
process_arrange(struct process *process)
{
	process->arranged = arrange_routes(process) == 0 && arrange_enrich(process) == 0;
	return process->arranged ? 0 : -1;
}
