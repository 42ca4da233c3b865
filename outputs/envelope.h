/* SPDX-License-Identifier: ISC */
/* envelope.h: records in their envelope: what is published, but for the topic */
#ifndef NMSP_OUTPUTS_ENVELOPE_H
#define NMSP_OUTPUTS_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"
#include "outputs/jsonw.h"

struct envelope_tag {
	const char *name;
	const char *value;
};

/* What the envelopes of one connection to a controller have in common. */
struct envelope_source {
	const char *gateway;
	const char *controller;
	const char *session; /* 8 hex digits */
	const struct envelope_tag *tags;
	size_t n_tags;
};

/* Ready-made parts of the envelopes of one session. */
struct envelope {
	struct jsonw heads; /* `{"schema":…"seq":` of every kind, one behind the other */
	size_t starts[KIND_COUNT + 1];
	struct jsonw tags; /* `,"tags":{…}` or nothing */
};

/* Prepares the envelopes of a session; returns 0, or -1 without memory. envelope_fini frees. */
int envelope_init(struct envelope *envelope, const struct envelope_source *source);
void envelope_fini(struct envelope *envelope);

/* One record on its way out. */
struct envelope_item {
	const struct message *message; /* that it came in */
	const struct record *record;
	uint64_t seq;
	uint64_t received_at;	  /* ms since 1970 */
	const struct jsonw *more; /* further members, each with a comma before it, or NULL */
};

/* Appends one record as a whole JSON object. */
void envelope_record(const struct envelope *envelope, struct jsonw *json,
		     const struct envelope_item *item);

/* A batch: begin with its first record (which is not added by that), then add each record of the
 * kind in the order of the frame, then end. A record is numbered when its `seq` does not follow
 * from that of the one before it. */
void envelope_batch_begin(const struct envelope *envelope, struct jsonw *json,
			  const struct envelope_item *first);
void envelope_batch_add(struct jsonw *json, const struct envelope_item *item, bool numbered);
void envelope_batch_end(struct jsonw *json);

#endif
