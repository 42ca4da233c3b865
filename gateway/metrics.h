/* SPDX-License-Identifier: ISC */
/* metrics.h: the counters of a running gateway in the text format of Prometheus
 *
 * docs/metrics.md lists the families.
 */
#ifndef NMSP_GATEWAY_METRICS_H
#define NMSP_GATEWAY_METRICS_H

#include "gateway/gateway.h"
#include "outputs/buffer.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* All families with what they hold now, or NULL without memory. */
struct buffer *metrics_text(struct gateway *gateway);

#endif
