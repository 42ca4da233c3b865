/* SPDX-License-Identifier: ISC */
/* subscription.h: what is wanted of a controller, what it offers, what was asked for and what was
 * granted */
#ifndef NMSP_GATEWAY_SUBSCRIPTION_H
#define NMSP_GATEWAY_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "codecs/encode.h"
#include "codecs/message.h"
#include "conf/config.h"

/* One sub-service that is wanted. */
struct subscription_item {
	const struct service *service;
	const struct subservice *subservice;
	uint16_t interval_s;	     /* 0: the controller's default */
	uint16_t granted_interval_s; /* as the controller answered; 0: it did not say */
	bool offered;
	bool requested;
	bool granted;
	bool refused;	/* asked for and not granted; not asked again until it is offered anew */
	uint32_t asked; /* of its entities, for their current state */
	bool initial;	/* its current state is still to be asked for */
};

struct subscription {
	const struct dict *dict;
	struct subscription_item *items; /* in the order of the configuration; owned */
	size_t n_items;
};

/* One request for the current state: of one service, about one kind of entity (or all, when the
 * request has no entity). */
struct subscription_initial {
	const struct message_def *request;
	bool has_entity;
	uint32_t entity;
};

/* Looks the wanted names up in `dict`. Returns 0; or -1 with the place of the first unknown name in
 * `*wrong` (unless that is NULL), or n_wants when memory is used up. subscription_fini frees. */
int subscription_init(struct subscription *subscription, const struct dict *dict,
		      const struct config_service *wants, size_t n_wants, size_t *wrong);
void subscription_fini(struct subscription *subscription);

/* Forgets everything of the session before: nothing is offered, asked for or granted. */
void subscription_reset(struct subscription *subscription);

/* Who wants to know of sub-services, by their numbers. */
struct subscription_visitor {
	void (*named)(void *context, uint32_t service, uint32_t subservice, uint16_t interval_s);
	void *context;
};

/* Tells every sub-service that the `service` elements of a message name. */
void subscription_visit(const struct message *message, const struct subscription_visitor *visitor);

/* Takes a capability notification: `service` elements, else the bits of `subservice_mask`. What is
 * no longer offered counts as not asked for. Returns how many wanted sub-services are offered and
 * not asked for yet. */
size_t subscription_offer(struct subscription *subscription, const struct message *message);

/* To be called before anything is asked for: from now on no more is wanted than the first of what
 * is wanted that a capability notification offers. Returns false, and changes nothing, when it
 * offers none of it. */
bool subscription_narrow(struct subscription *subscription, const struct message *message);

/* Appends the `service` elements of the sub-services that are offered and not asked for yet,
 * grouped by service in the order of the configuration, and marks them as asked for. With `all`, of
 * every wanted one, marking nothing. Returns how many. */
size_t subscription_request(struct subscription *subscription, struct encoder *encoder,
			    struct arena *arena, bool all);

/* The same for what is granted, to unsubscribe it. Returns how many. */
size_t subscription_release(struct subscription *subscription, struct encoder *encoder,
			    struct arena *arena);

/* Takes a subscribe response: services in it are granted, or all that was asked for when it has
 * none and its status is success. Returns how many are granted now. */
size_t subscription_grant(struct subscription *subscription, const struct message *message);

/* The next request for current state that is still to be sent, marking it as sent; false when there
 * is none. */
bool subscription_next_initial(struct subscription *subscription,
			       struct subscription_initial *initial);

/* Writes "rssi:tag, wips:wips" of those items that `pick` picks to `text`, or "rssi:tag and 3 more"
 * where not all have room (nothing, where none has); returns how many it picks. */
size_t subscription_list(const struct subscription *subscription,
			 bool (*pick)(const struct subscription_item *item), char *text,
			 size_t size);

#endif
