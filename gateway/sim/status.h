/* SPDX-License-Identifier: ISC */
/* status.h: what a controller counts of each client, and its two tables of that */
#ifndef NMSP_SIM_STATUS_H
#define NMSP_SIM_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/sim/catalog.h"

struct status {
	char address[64]; /* of the client, without its port */
	bool active;
	uint64_t echo_requests; /* received */
	uint64_t echo_responses;
	uint64_t data_sent; /* messages other than echoes */
	uint64_t data_received;
	uint64_t skipped;     /* notifications that the client was too slow for */
	uint64_t unsupported; /* messages that were not understood */
	bool subscribed[CATALOG_MAX];
	bool unsubscribed; /* all of them; `subscribed` is as it was before */
};

/* Prints the heading, then one line, of `show nmsp status`. */
void status_print_head(FILE *file);
void status_print(const struct status *status, FILE *file);

/* Prints `show nmsp subscription detail` for one client. */
void status_print_subscription(const struct status *status, const struct catalog *list, FILE *file);

#endif
