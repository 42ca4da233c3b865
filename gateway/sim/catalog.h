/* SPDX-License-Identifier: ISC */
/* catalog.h: what can be subscribed to and asked for, and what the simulator has to say to it */
#ifndef NMSP_SIM_CATALOG_H
#define NMSP_SIM_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "gateway/sim/feed.h"

#define CATALOG_MAX 24

/* One sub-service. */
struct catalog_entry {
	const char *service_name;
	const char *subservice_name;
	const char *service_title; /* as `show nmsp subscription detail` calls them */
	const char *title;
	const char *notification_name; /* NULL: nothing comes of its own accord */
	uint32_t interval_s;	       /* when a client leaves it to the controller */
	enum feed_subject subject;
	uint32_t entities;

	/* of the dictionary */
	const struct service *service;
	const struct subservice *subservice;
	const struct message_def *notification;
};

/* The sub-services that a controller offers (or grants). */
struct catalog {
	struct catalog_entry entries[CATALOG_MAX];
	uint32_t n_entries;
};

/* Makes the list of the sub-services of `dict` that are in `wanted` ("rssi,information:client",
 * NULL or "" for all). Returns NULL, or the first word of `wanted` that names none. */
const char *catalog_init(struct catalog *list, const struct dict *dict, const char *wanted);

/* The sub-service with these numbers, or NULL. */
const struct catalog_entry *catalog_find(const struct catalog *list, uint64_t service,
					 uint64_t subservice);

/* True when some sub-service of the service with this request is in the list. */
bool catalog_answers(const struct catalog *list, const struct message_def *request);

/* The subject that a request asks about, by its name and the set of entities that it names; false
 * when it is not a request for records. */
bool catalog_subject(const char *request, uint32_t entities, enum feed_subject *subject);

#endif
