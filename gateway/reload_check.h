/* SPDX-License-Identifier: ISC */
/* reload_check.h: whether a gateway that runs can do what another configuration asks for */
#ifndef NMSP_GATEWAY_RELOAD_CHECK_H
#define NMSP_GATEWAY_RELOAD_CHECK_H

#include "conf/config.h"
#include "conf/report.h"

/* Tries whether the files and spools that are new in `after` can be written, which the process may
 * have given away the right to. Every error goes to `report` with the place of the option. Returns
 * 0, or -1 after an error. */
int reload_check(const struct config *before, const struct config *after,
		 const struct report *report);

#endif
