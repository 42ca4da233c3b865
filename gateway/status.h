/* SPDX-License-Identifier: ISC */
/* status.h: everything about a running gateway as one document, docs/http.md describes it */
#ifndef NMSP_GATEWAY_STATUS_H
#define NMSP_GATEWAY_STATUS_H

#include <jansson.h>

#include "gateway/draft.h"

#define STATUS_SCHEMA "nmsp.status/1"

struct controller;
struct output;

/* Writes the status of everything. */
extern const struct draft_maker status_maker;

/* The status of one controller: the others, and where their records went, are left out. */
json_t *status_of(struct gateway *gateway, struct controller *controller);

/* Parts of these: the gateway itself, a controller, and an output without accounts. */
json_t *status_gateway(const struct gateway *gateway);
json_t *status_controller(struct controller *controller);
json_t *status_output(struct output *output);

#endif
