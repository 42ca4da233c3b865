/* SPDX-License-Identifier: ISC */
/* status_print.h: the status of a gateway as tables for people */
#ifndef NMSP_GATEWAY_STATUS_PRINT_H
#define NMSP_GATEWAY_STATUS_PRINT_H

#include <stdbool.h>
#include <stdio.h>

struct json_t;

/* Prints the whole: the gateway, a line for each controller, a line for each output. */
void status_print(FILE *out, const struct json_t *status, bool colours);

/* Prints everything of the only controller in the status: summary, services, messages, records, and
 * what became of them at the outputs. */
void status_print_controller(FILE *out, const struct json_t *status, bool colours);

#endif
