/* SPDX-License-Identifier: ISC */
/* probe_report.h: what a look at a controller has found, step by step */
#ifndef NMSP_GATEWAY_PROBE_REPORT_H
#define NMSP_GATEWAY_PROBE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/advice.h"
#include "gateway/link_end.h"

/* In the order in which one depends on the other. */
enum probe_step {
	PROBE_NAME,
	PROBE_TCP,
	PROBE_TLS,
	PROBE_CERTIFICATE,
	PROBE_CLOCKS,
	PROBE_AUTHORISATION,
	PROBE_CAPABILITY,
	PROBE_SUBSCRIPTION,
	PROBE_NOTIFICATION,
	PROBE_STEPS,
};

enum probe_verdict {
	PROBE_OPEN, /* not reached */
	PROBE_GOOD,
	PROBE_WARNING, /* worth a look, the walk goes on */
	PROBE_FAILED,
};

enum {
	PROBE_TEXT = 1024,
	PROBE_HINT = ADVICE_SIZE + 512,
	PROBE_EXIT_FIRST = 10, /* exit code of the first step; the others follow */
	PROBE_EXIT_SIGNAL = 128,
};

struct probe_finding {
	enum probe_verdict verdict;
	uint64_t ms;	       /* that the step took */
	char text[PROBE_TEXT]; /* one line */
	char hint[PROBE_HINT]; /* what to do, lines with a newline between; "" */
};

struct probe_report {
	const char *controller;
	struct probe_finding steps[PROBE_STEPS];
	int signal; /* that ended it early, or 0 */
};

/* "name", "tcp", "tls"... */
const char *probe_step_name(enum probe_step step);

/* Writes a finding, which may have a hint already. */
void probe_find(struct probe_finding *finding, enum probe_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes what to do. */
void probe_advise(struct probe_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first step that is open, but for the clocks, of which word may come at any time. */
enum probe_step probe_next(const struct probe_report *report);

/* The step that the end of the connection makes fail. */
enum probe_step probe_step_of(const struct probe_report *report, const struct link_end *end);

/* The exit code: 0 when all steps are good, else that of the step that failed, else that of the
 * first with a warning; PROBE_EXIT_SIGNAL and the signal when one ended it before that. */
int probe_exit(const struct probe_report *report);

#endif
