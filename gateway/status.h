/* SPDX-License-Identifier: ISC */
/* status.h: everything about a running gateway as one document, docs/http.md describes it */
#ifndef NMSP_GATEWAY_STATUS_H
#define NMSP_GATEWAY_STATUS_H

#include "gateway/gateway.h"
#include "outputs/buffer.h"

/* The JSON text of the status, or NULL without memory. With `controller` (else NULL), of that one
 * only. */
struct buffer *status_document(struct gateway *gateway, const char *controller);

#endif
