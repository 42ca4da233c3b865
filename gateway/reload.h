/* SPDX-License-Identifier: ISC */
/* reload.h: another configuration for a gateway that runs */
#ifndef NMSP_GATEWAY_RELOAD_H
#define NMSP_GATEWAY_RELOAD_H

#include "gateway/gateway.h"

/* Reads the configuration file again. When it is good, touches what changed and nothing else: a
 * controller is opened anew when its session depends on it, an output begins anew with what waits
 * in its queue, everything else goes on. When it is not, changes nothing.
 *
 * What was done is then in gateway->last_reload: `{"ok":true,"changes":[...]}` with `what`, `name`,
 * `options` and `done` of each, or `{"ok":false,"errors":[...]}` with `file`, `line` and `message`;
 * with `ts`. The same is logged and goes to the document `info`. */
void reload_run(struct gateway *gateway);

/* The same for a client that waits; what was done as a new reference, or `{"error":"sentence"}`. */
struct json_t *reload_request(struct gateway *gateway);

/* Frees what reloads left, the configuration and all dictionaries. Nothing may refer to them. */
void reload_fini(struct gateway *gateway);

/* Frees configurations and dictionaries that nothing refers to any more. */
void reload_sweep(struct gateway *gateway);

#endif
