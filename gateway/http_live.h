/* SPDX-License-Identifier: ISC */
/* http_live.h: who looks on at live records over HTTP; for http*.c
 *
 * The connection of one that looks on is suspended while there are none.
 */
#ifndef NMSP_GATEWAY_HTTP_LIVE_H
#define NMSP_GATEWAY_HTTP_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_Response;
struct onlooker;
struct tail;

enum {
	HTTP_SWEEP_MS = 5000, /* between two looks for clients that went away */
};

/* Begins all zero. */
struct http_live {
	struct onlooker *onlookers;
	uint64_t next_sweep;
};

/* A response whose text is what is read from `tail`, which is taken over; NULL without memory. */
struct MHD_Response *http_live_response(struct http_live *live, struct MHD_Connection *connection,
					struct tail *tail);

/* Looks which clients went away: while a connection is suspended nobody else would see it. */
void http_live_sweep(struct http_live *live, uint64_t now_ms);

/* Lets those go on that there is something for. Sweeps, when it is time to. */
void http_live_run(struct http_live *live, uint64_t now_ms);

/* Lets all go on, who are suspended again when there is nothing for them; `end`: as if their
 * clients had gone away. */
void http_live_resume(struct http_live *live, bool end);

#endif
