/* SPDX-License-Identifier: ISC */
/* parts.h: what the documents on MQTT and the status have in common, as JSON
 *
 * Unknown is absent: the set functions leave out what is empty. All of them are for the gateway's
 * loop, and what they return is a new reference.
 */
#ifndef NMSP_GATEWAY_PARTS_H
#define NMSP_GATEWAY_PARTS_H

#include <jansson.h>

#include "gateway/controller.h"
#include "gateway/gateway.h"
#include "outputs/buffer.h"

/* The text of a document as a new buffer, or NULL without memory; takes `document` over. */
struct buffer *parts_text(json_t *document);

/* A time in ms since 1970, and a count. */
json_t *parts_time(uint64_t ms);
json_t *parts_count(uint64_t n);

/* Sets a text, unless it is empty or not UTF-8. */
void parts_set_text(json_t *object, const char *key, const char *text);

/* Sets an object or an array unless it is empty; takes `value` over. */
void parts_set_filled(json_t *object, const char *key, json_t *value);

/* Sets state, reason, since, attempt, retry_at and clock_skew_ms of a controller. */
void parts_set_state(json_t *object, const struct controller *controller);

/* "rssi:client", or the numbers of what the dictionary has no name for. */
json_t *parts_service_name(const struct dict *dict, const struct offer_service *offered);

/* Name, model and software of a controller. */
json_t *parts_device(const struct offer *offer);

/* Name and hash of a dictionary. */
json_t *parts_dictionary(const struct dict *dict);

/* State, type and queue of an output, and its spool. */
json_t *parts_output_self(struct output *output);

/* Where records went, by the kinds of which something came. */
json_t *parts_accounts(struct account_set *accounts);

/* Whether a controller of this name is configured. `*next` is the place where it is looked for
 * first, and then the one behind it, so that names in the order of the configuration are found at
 * once. */
bool parts_is_configured(const struct gateway *gateway, const char *controller, size_t *next);

/* What parts_output_self() tells of an output, and where the records of every controller and kind
 * went there. */
json_t *parts_output(struct gateway *gateway, struct output *output);

#endif
