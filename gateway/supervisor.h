/* SPDX-License-Identifier: ISC */
/* supervisor.h: the gateway as a service of systemd: readiness, a status line, the watchdog
 *
 * The watchdog is told from the loop, so that a loop that hangs is noticed.
 */
#ifndef NMSP_GATEWAY_SUPERVISOR_H
#define NMSP_GATEWAY_SUPERVISOR_H

#include <stdbool.h>
#include <uv.h>

#define SUPERVISOR_STATUS_SIZE 512

struct gateway;

struct supervisor {
	const struct gateway *gateway;
	uv_timer_t watchdog;
	uv_timer_t look; /* at outputs, which do not tell when they change */
	bool ready;
	bool told_ready;
	char status[SUPERVISOR_STATUS_SIZE]; /* as it was told last */
};

/* Prepares the timers on the gateway's loop; supervisor_close closes them. */
void supervisor_init(struct supervisor *supervisor, struct gateway *gateway);
void supervisor_close(struct supervisor *supervisor);

/* Everything is started, or read anew: from now on the status is told whenever it changes. */
void supervisor_ready(struct supervisor *supervisor);

/* A controller changed its state. */
void supervisor_refresh(struct supervisor *supervisor);

/* The configuration is being read anew; supervisor_ready is to follow. */
void supervisor_reloading(struct supervisor *supervisor);

/* The gateway is ending. */
void supervisor_stopping(struct supervisor *supervisor);

/* Writes the status line, "1 of 2 controllers subscribed (lab backoff), main connected", to `text`;
 * returns `text`. */
char *supervisor_status(const struct gateway *gateway, char *text, size_t size);

#endif
