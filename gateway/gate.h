/* SPDX-License-Identifier: ISC */
/* gate.h: a filter at its place, the controller's or an output's, with what it must remember of
 * each station to thin out rssi records
 */
#ifndef NMSP_GATEWAY_GATE_H
#define NMSP_GATEWAY_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/filter.h"
#include "gateway/lru.h"
#include "gateway/subject.h"

/* The most stations that a gate remembers; one that it forgot is published again. */
#define GATE_STATIONS 131072

/* All 0 is a gate without a filter, which lets everything pass. */
struct gate {
	struct filter *filter; /* owned; NULL for none */
	struct lru passed;     /* what passed last, by station */
};

/* Puts a filter, which is taken over, in the place of the one before; NULL for none. What is known
 * of stations stays, as far as the new one asks for it. */
void gate_set(struct gate *gate, struct filter *filter);

/* Takes over what another gate knows of stations, which then knows none. gate_set follows. */
void gate_succeed(struct gate *gate, struct gate *before);

/* Frees the filter and forgets the stations. */
void gate_fini(struct gate *gate);

/* Whether a record passes at this moment, by rules, floor and pace; and remembers that it did. */
bool gate_passes(struct gate *gate, const struct subject *subject, uint64_t now_ms);

#endif
