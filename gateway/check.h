/* SPDX-License-Identifier: ISC */
/* check.h: whether what a configuration names can be used: dictionaries, identity, TLS settings */
#ifndef NMSP_GATEWAY_CHECK_H
#define NMSP_GATEWAY_CHECK_H

#include <stdbool.h>

#include "conf/config.h"
#include "conf/report.h"

/* Checks what a configuration without errors of its own names outside of it. Every error goes to
 * `report` with the place of the option that is wrong. An identity that is not there is made when
 * `make_identity`, else an error. Returns 0, or -1 after an error. */
int check_config(const struct config *config, const struct report *report, bool make_identity);

#endif
