/* SPDX-License-Identifier: ISC */
/* truth.h: where everything really is, as JSON lines, to be held against what others make of the
 * records */
#ifndef NMSP_SIM_TRUTH_H
#define NMSP_SIM_TRUTH_H

#include <stdio.h>

#include "gateway/sim/world.h"

/* Writes one line for each station: time (`wall_ms` since 1970), kind, mac, x and y in metres,
 * floor from 0. */
void truth_write(FILE *file, const struct world *world, uint64_t wall_ms);

#endif
