/* SPDX-License-Identifier: ISC */
/* probe_document.h: what a probe has found, as JSON */
#ifndef NMSP_GATEWAY_PROBE_DOCUMENT_H
#define NMSP_GATEWAY_PROBE_DOCUMENT_H

#include "gateway/probe_report.h"

/* The whole report as a JSON object on one line, as nmsp2mqtt(1) describes it. To be freed; NULL
 * without memory. */
char *probe_document_text(const struct probe_report *report);

#endif
