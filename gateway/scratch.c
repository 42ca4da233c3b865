/* SPDX-License-Identifier: ISC */
/* scratch.c: text being made on the way of records */
#include "gateway/scratch.h"

#include <stdlib.h>

struct scratch *
scratch_new(void)
{
	return calloc(1, sizeof(struct scratch));
}

void
scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	jsonw_fini(&scratch->record);
	jsonw_fini(&scratch->more);
	for (unsigned i = 0; i < scratch->n_batches; i++)
		for (unsigned kind = 0; kind < KIND_COUNT; kind++)
			jsonw_fini(&scratch->batches[i].kinds[kind].json);
	free(scratch->batches);
	free(scratch);
}

int
scratch_reserve(struct scratch *scratch, unsigned n_batches)
{
	struct scratch_batches *batches;

	if (n_batches <= scratch->n_batches)
		return 0;
	batches = reallocarray(scratch->batches, n_batches, sizeof *batches);
	if (!batches)
		return -1;
	memset(batches + scratch->n_batches, 0, (n_batches - scratch->n_batches) * sizeof *batches);
	scratch->batches = batches;
	scratch->n_batches = n_batches;
	return 0;
}
