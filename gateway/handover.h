/* SPDX-License-Identifier: ISC */
/* handover.h: an output ends while the gateway runs, and another one may go on with its queue
 *
 * An output waits for its thread when it ends, so that is done on a thread of libuv's.
 */
#ifndef NMSP_GATEWAY_HANDOVER_H
#define NMSP_GATEWAY_HANDOVER_H

#include "gateway/gateway.h"

/* Ends `old` within about `flush_ms`, then starts `next`, which has its queue and is not started;
 * NULL: nobody goes on, and what is left in the queue is counted as DROP_SHUTDOWN. Without memory
 * nothing happens, and -1 is returned. */
int handover_begin(struct gateway *gateway, struct output *old, struct output *next,
		   unsigned flush_ms);

#endif
