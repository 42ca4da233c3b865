/* SPDX-License-Identifier: ISC */
/* ready.h: whether a gateway does what it is there for */
#ifndef NMSP_GATEWAY_READY_H
#define NMSP_GATEWAY_READY_H

#include <stdbool.h>

#include "gateway/gateway.h"
#include "outputs/buffer.h"

/* Whether at least one output is connected and no controller is overdue: not subscribed for longer
 * than the configuration allows. One that is disabled is not waited for. */
bool ready_now(const struct gateway *gateway);

/* The same as JSON text, with what is missing and why; NULL without memory. */
struct buffer *ready_document(const struct gateway *gateway);

#endif
