/* SPDX-License-Identifier: ISC */
/* systemd.h: what the service manager is told, in the protocol of sd_notify(3)
 *
 * The protocol is stable and is one datagram, so there is no library for it. Nothing here waits;
 * without a service manager nothing happens.
 */
#ifndef NMSP_GATEWAY_SYSTEMD_H
#define NMSP_GATEWAY_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

/* True when a service manager wants to be told (NOTIFY_SOCKET is set). */
bool systemd_listens(void);

/* Sends assignments, "READY=1\nSTATUS=fine". False when they did not reach it. */
bool systemd_notify(const char *state);

/* Says that the configuration is being read anew; READY=1 is to follow. */
bool systemd_reloading(void);

/* How often the watchdog wants to hear WATCHDOG=1, in ms: half of the time after which it would end
 * this process. 0: it does not. */
uint64_t systemd_watchdog_ms(void);

#endif
