/* SPDX-License-Identifier: ISC */
/* scratch.h: text being made on the way of records; one for all controllers, since only one message
 * is processed at a time */
#ifndef NMSP_GATEWAY_SCRATCH_H
#define NMSP_GATEWAY_SCRATCH_H

#include <stdint.h>

#include "codecs/dict.h"
#include "outputs/jsonw.h"

/* Records of one kind on their way to the same outputs. */
struct batch {
	struct jsonw json;
	uint32_t records;
	uint64_t next_seq; /* of a record that follows the last one */
};

struct scratch_batches {
	struct batch kinds[KIND_COUNT];
};

struct scratch {
	struct jsonw record;
	struct jsonw more; /* members that enrich it */
	struct scratch_batches *batches;
	unsigned n_batches;
};

/* Room for text, empty; NULL without memory. scratch_free takes NULL. */
struct scratch *scratch_new(void);
void scratch_free(struct scratch *scratch);

/* Sees to it that there are so many batches of each kind. Returns 0, or -1 without memory. */
int scratch_reserve(struct scratch *scratch, unsigned n_batches);

#endif
