/* SPDX-License-Identifier: ISC */
/* build.h: from the configuration to the parts of a gateway */
#ifndef NMSP_GATEWAY_BUILD_H
#define NMSP_GATEWAY_BUILD_H

#include "gateway/gateway.h"

/* Makes identity, dictionaries, outputs and controllers of `gateway` as its configuration says;
 * nothing is started. Every error goes to the log. Returns 0 or -1; what was made stays in the
 * gateway either way. */
int build_all(struct gateway *gateway);

#endif
