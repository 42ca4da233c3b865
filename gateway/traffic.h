/* SPDX-License-Identifier: ISC */
/* traffic.h: what went to and came from one controller: messages by type, records by kind
 *
 * Times are ms of the loop's clock, 0 for never. For the loop's thread.
 */
#ifndef NMSP_GATEWAY_TRAFFIC_H
#define NMSP_GATEWAY_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "outputs/histogram.h"

#define TRAFFIC_RATE_S	 10 /* what a rate is the mean of */
#define TRAFFIC_ENTITIES 16

enum traffic_direction {
	TRAFFIC_IN,
	TRAFFIC_OUT,
	TRAFFIC_DIRECTIONS,
};

struct traffic_messages {
	uint64_t count;
	uint64_t bytes;
	uint64_t last;
};

struct traffic_records {
	uint64_t count;
	uint64_t last;
	uint64_t last_of[TRAFFIC_ENTITIES]; /* by entity; 0: records without one */
};

struct traffic {
	const struct dict *dict;
	struct traffic_messages *messages; /* TRAFFIC_DIRECTIONS of each type; owned */
	struct traffic_records records[KIND_COUNT];
	uint64_t macs_local;	 /* records of stations with a randomised address, */
	uint64_t macs_universal; /* and with one of their own */
	uint64_t now;		 /* of the last message */
	uint64_t last_received;
	struct histogram round_trips; /* of echoes */

	uint64_t second;				 /* that `counts` goes up to */
	uint64_t counts[TRAFFIC_RATE_S + 1][KIND_COUNT]; /* of records when each second began */
	uint64_t began;					 /* the second of the first message */
};

/* One record, as far as it is counted. */
struct traffic_subject {
	enum kind kind;
	unsigned entity; /* 0: it has none */
	bool has_mac;	 /* of a station */
	bool local_mac;
};

/* Counts the messages of `dict`, which must outlive that, from now on; what was counted by another
 * dictionary stays under the same names. Begins zeroed. Returns 0; or -1 without memory, and then
 * counts no messages. */
int traffic_use(struct traffic *traffic, const struct dict *dict);

/* Frees what it holds. */
void traffic_fini(struct traffic *traffic);

/* Counts a message; `def` is NULL where the dictionary has none. */
void traffic_message(struct traffic *traffic, enum traffic_direction direction,
		     const struct message_def *def, size_t bytes, uint64_t now);

/* Counts a record of the last message. */
static inline void
traffic_record(struct traffic *traffic, const struct traffic_subject *subject)
{
	struct traffic_records *records = &traffic->records[subject->kind];
	unsigned entity = subject->entity;

	records->count++;
	records->last = traffic->now;
	records->last_of[entity < TRAFFIC_ENTITIES ? entity : 0] = traffic->now;
	traffic->macs_local += subject->has_mac && subject->local_mac;
	traffic->macs_universal += subject->has_mac && !subject->local_mac;
}

/* What was counted of a type of message; NULL stands for all that the dictionary lacks. */
const struct traffic_messages *traffic_of(const struct traffic *traffic,
					  enum traffic_direction direction,
					  const struct message_def *def);

/* Records of a kind a second, over the last TRAFFIC_RATE_S, or since the first message. */
double traffic_rate(struct traffic *traffic, enum kind kind, uint64_t now);

/* When a record came that a sub-service of the dictionary delivers; 0: never, or the dictionary
 * does not tell which these are. */
uint64_t traffic_delivered(const struct traffic *traffic, const struct service *service,
			   const struct subservice *subservice);

#endif
