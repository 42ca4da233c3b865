/* SPDX-License-Identifier: ISC */
/* account_log.h: where every record went, as lines of the log */
#ifndef NMSP_GATEWAY_ACCOUNT_LOG_H
#define NMSP_GATEWAY_ACCOUNT_LOG_H

#include "gateway/gateway.h"

/* Logs the accounts of every output, controller and kind of which something came: "account main hq
 * rssi: received 250 = published 248 + filtered 0 + conflated 0 + dropped 2 (queue_full 2) + queued
 * 0". */
void account_log(struct gateway *gateway);

#endif
