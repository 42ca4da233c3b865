/* SPDX-License-Identifier: ISC */
/* reload.h: another configuration for a gateway that runs */
#ifndef NMSP_GATEWAY_RELOAD_H
#define NMSP_GATEWAY_RELOAD_H

#include "gateway/gateway.h"

struct json_t;

/* Reads the configuration file again. When it is good, touches what changed and nothing else: a
 * controller is opened anew when its session depends on it, an output begins anew with what waits
 * in its queue, everything else goes on. When it is not, changes nothing.
 *
 * Returns what was done, a new reference: `{"ok":true,"changes":[{"what":…,"name":…,"options":…,
 * "done":…}]}` or `{"ok":false,"errors":[{"file":…,"line":…,"message":…}]}`, with `ts`; NULL
 * without memory. The same is logged and goes to the document `info`. */
struct json_t *reload_run(struct gateway *gateway);

/* Frees configurations and dictionaries that nothing refers to any more. */
void reload_sweep(struct gateway *gateway);

#endif
