/* SPDX-License-Identifier: ISC */
/* documents.h: the low-rate documents of the gateway: state, capability, info, health */
#ifndef NMSP_GATEWAY_DOCUMENTS_H
#define NMSP_GATEWAY_DOCUMENTS_H

#include "gateway/controller.h"
#include "gateway/gateway.h"
#include "outputs/buffer.h"

/* Each returns the JSON text of a document as a new buffer, or NULL without memory. docs/json.md
 * describes them. */

/* {controller}/state: state, reason, since, attempt, retry_at. */
struct buffer *documents_state(const struct controller *controller);

/* {controller}/capability: device, services offered, subscribed and granted. */
struct buffer *documents_capability(const struct controller *controller);

/* info: version, schema ids, controllers with their services, dictionaries. */
struct buffer *documents_info(const struct gateway *gateway);

/* health: outputs with their queues, and where the records of every controller and kind went at
 * each of them. */
struct buffer *documents_health(struct gateway *gateway);

#endif
