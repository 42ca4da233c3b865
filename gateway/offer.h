/* SPDX-License-Identifier: ISC */
/* offer.h: what a controller says of itself in its capability notification */
#ifndef NMSP_GATEWAY_OFFER_H
#define NMSP_GATEWAY_OFFER_H

#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"

#define OFFER_TEXT 64

/* One sub-service that is offered. */
struct offer_service {
	uint32_t service;
	uint32_t subservice;
};

struct offer {
	char name[OFFER_TEXT]; /* "" where it does not say */
	char model[OFFER_TEXT];
	char software[OFFER_TEXT];
	uint64_t mac; /* 0 where it does not say */
	char address[OFFER_TEXT];
	struct offer_service *services; /* owned */
	size_t n_services;
};

/* Replaces what was known by what `message` says. Without memory, the services are left out. */
void offer_take(struct offer *offer, const struct message *message);

/* Writes "rssi:client, rssi:tag" of the services to `text`, numbers for what `dict` has no name
 * for; what has no room is left out behind "...". Returns `text`. */
char *offer_list(const struct offer *offer, const struct dict *dict, char *text, size_t size);

/* Forgets everything. */
void offer_clear(struct offer *offer);

#endif
