/* SPDX-License-Identifier: ISC */
/* metrics.h: the counters of a running gateway in the text format of Prometheus
 *
 * docs/metrics.md lists the families.
 */
#ifndef NMSP_GATEWAY_METRICS_H
#define NMSP_GATEWAY_METRICS_H

#include "gateway/draft.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Writes all families; the accounts are of the moment when it begins. */
extern const struct draft_maker metrics_maker;

#endif
