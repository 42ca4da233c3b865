/* SPDX-License-Identifier: ISC */
/* metrics_write.c: lines of the text format of Prometheus */
#include "gateway/metrics_write.h"

#include <inttypes.h>
#include <string.h>

void
metric_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_escaped(FILE *out, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "\n\"\\");

		fwrite(text, 1, plain, out);
		text += plain;
		if (*text)
			fprintf(out, "\\%c", *text == '\n' ? 'n' : *text);
		text += *text != '\0';
	}
}

/* Name and labels; `le` is the one more that a bucket has, or NULL. */
static void
write_name(FILE *out, const char *name, const struct metric_label *labels, const char *le)
{
	const char *before = "{";

	fputs(name, out);
	for (; labels->name; labels++) {
		fputs(before, out);
		fputs(labels->name, out);
		fputs("=\"", out);
		write_escaped(out, labels->value);
		fputc('"', out);
		before = ",";
	}
	if (le)
		fprintf(out, "%sle=\"%s\"", before, le);
	if (le || *before == ',')
		fputc('}', out);
}

void
metric_count(FILE *out, const char *name, const struct metric_label *labels, uint64_t value)
{
	write_name(out, name, labels, NULL);
	fprintf(out, " %" PRIu64 "\n", value);
}

void
metric_real(FILE *out, const char *name, const struct metric_label *labels, double value)
{
	write_name(out, name, labels, NULL);
	fprintf(out, " %.15g\n", value);
}

void
metric_histogram(FILE *out, const char *name, const struct metric_label *labels,
		 const struct histogram_view *view)
{
	char part[128], le[32];
	uint64_t below = 0;

	snprintf(part, sizeof part, "%s_bucket", name);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += view->buckets[i];
		snprintf(le, sizeof le, "%g", histogram_bounds_ms[i] / 1000.0);
		write_name(out, part, labels, le);
		fprintf(out, " %" PRIu64 "\n", below);
	}
	write_name(out, part, labels, "+Inf");
	fprintf(out, " %" PRIu64 "\n", view->count);
	snprintf(part, sizeof part, "%s_sum", name);
	metric_real(out, part, labels, (double)view->sum_ms / 1000);
	snprintf(part, sizeof part, "%s_count", name);
	metric_count(out, part, labels, view->count);
}
