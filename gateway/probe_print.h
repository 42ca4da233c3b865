/* SPDX-License-Identifier: ISC */
/* probe_print.h: what a probe has found, as lines for people */
#ifndef NMSP_GATEWAY_PROBE_PRINT_H
#define NMSP_GATEWAY_PROBE_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "gateway/probe_report.h"

struct probe_style {
	bool ticks;   /* marks as single characters of Unicode, else as words */
	bool colours; /* of the marks */
};

/* Prints one step, and under it what to do. */
void probe_print_step(FILE *file, const struct probe_style *style,
		      const struct probe_report *report, enum probe_step step);

#endif
