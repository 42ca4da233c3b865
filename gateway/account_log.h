/* SPDX-License-Identifier: ISC */
/* account_log.h: where every record went, as lines of the log */
#ifndef NMSP_GATEWAY_ACCOUNT_LOG_H
#define NMSP_GATEWAY_ACCOUNT_LOG_H

#include "gateway/gateway.h"

/* Logs the accounts of every output, controller and kind of which something came: "account main hq
 * rssi: received 250 = published 248 + filtered 0 + conflated 0 + dropped 2 (queue_full 2) + queued
 * 0"; and for each output that all that its accounts have queued is in its queue or its spool:
 * "account main: queued 0 = queue 0 + spool 0", as an error where it is not. */
void account_log(struct gateway *gateway);

#endif
