/* SPDX-License-Identifier: ISC */
/* probe_print.c: what a probe has found, as lines for people */
#include "gateway/probe_print.h"

#include <string.h>

static const struct {
	const char *tick;
	const char *word;
	const char *colour;
} marks[] = {
	[PROBE_OPEN] = {"-", "-", "\033[2m"},
	[PROBE_GOOD] = {"\u2713", "ok", "\033[32m"},
	[PROBE_WARNING] = {"!", "warning", "\033[33m"},
	[PROBE_FAILED] = {"\u2717", "FAILED", "\033[31m"},
};

static void
print_mark(FILE *file, const struct probe_style *style, enum probe_verdict verdict)
{
	const char *on = style->colours ? marks[verdict].colour : "";
	const char *off = style->colours ? "\033[0m" : "";

	if (style->ticks)
		fprintf(file, "%s%s%s ", on, marks[verdict].tick, off);
	else
		fprintf(file, "%s%-8s%s", on, marks[verdict].word, off);
}

void
probe_print_step(FILE *file, const struct probe_style *style, const struct probe_report *report,
		 enum probe_step step)
{
	const struct probe_finding *finding = &report->steps[step];
	const char *name = probe_step_name(step);

	print_mark(file, style, finding->verdict);
	if (*finding->text)
		fprintf(file, "%-14s %s\n", name, finding->text);
	else
		fprintf(file, "%s\n", name);
	for (const char *line = finding->hint; *line;) {
		size_t length = strcspn(line, "\n");

		fprintf(file, "%s%.*s\n", length ? "    " : "", (int)length, line);
		line += length + (line[length] == '\n');
	}
}
