/* SPDX-License-Identifier: ISC */
/* metrics_write.h: lines of the text format of Prometheus */
#ifndef NMSP_GATEWAY_METRICS_WRITE_H
#define NMSP_GATEWAY_METRICS_WRITE_H

#include <stdint.h>
#include <stdio.h>

#include "outputs/histogram.h"

/* A list of labels ends with one without a name. */
struct metric_label {
	const char *name;
	const char *value; /* any text */
};

/* The head of a family; all its samples follow. */
void metric_head(FILE *out, const char *name, const char *type, const char *help);

/* One sample. */
void metric_count(FILE *out, const char *name, const struct metric_label *labels, uint64_t value);
void metric_real(FILE *out, const char *name, const struct metric_label *labels, double value);

/* The samples of one histogram, in seconds. */
void metric_histogram(FILE *out, const char *name, const struct metric_label *labels,
		      const struct histogram_view *view);

#endif
