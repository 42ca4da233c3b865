/* SPDX-License-Identifier: ISC */
/* probe_report.c: what a look at a controller has found, step by step */
#include "gateway/probe_report.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	CERTIFICATE_EXPIRED = 45, /* TLS alert: expired, or not valid yet */
};

const char *
probe_step_name(enum probe_step step)
{
	static const char *const names[PROBE_STEPS] = {
		[PROBE_NAME] = "name",
		[PROBE_TCP] = "tcp",
		[PROBE_TLS] = "tls",
		[PROBE_CERTIFICATE] = "certificate",
		[PROBE_CLOCKS] = "clocks",
		[PROBE_AUTHORISATION] = "authorisation",
		[PROBE_CAPABILITY] = "capability",
		[PROBE_SUBSCRIPTION] = "subscription",
		[PROBE_NOTIFICATION] = "notification",
	};

	return names[step];
}

void
probe_find(struct probe_finding *finding, enum probe_verdict verdict, const char *format, ...)
{
	va_list arguments;

	finding->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof finding->text, format, arguments);
	va_end(arguments);
}

void
probe_advise(struct probe_finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->hint, sizeof finding->hint, format, arguments);
	va_end(arguments);
}

enum probe_step
probe_next(const struct probe_report *report)
{
	enum probe_step step = PROBE_NAME;

	while (step < PROBE_NOTIFICATION &&
	       (step == PROBE_CLOCKS || report->steps[step].verdict != PROBE_OPEN))
		step++;
	return step;
}

enum probe_step
probe_step_of(const struct probe_report *report, const struct link_end *end)
{
	switch (end->failure) {
	case LINK_NAME_NOT_FOUND:
		return PROBE_NAME;
	case LINK_UNREACHABLE:
	case LINK_REFUSED:
	case LINK_CONNECT_TIMEOUT:
		return PROBE_TCP;
	case LINK_CONTROLLER_NOT_TRUSTED:
		return PROBE_CERTIFICATE;
	case LINK_IDENTITY_REFUSED:
		return end->alert == CERTIFICATE_EXPIRED ? PROBE_CLOCKS : PROBE_AUTHORISATION;
	case LINK_HANDSHAKE_TIMEOUT:
	case LINK_TLS_INCOMPATIBLE:
	case LINK_CLOSED_BY_PEER:
	case LINK_RESET:
	case LINK_TLS_FAILED:
	case LINK_FAILURES:
		break;
	}
	return probe_next(report);
}

int
probe_exit(const struct probe_report *report)
{
	enum probe_step failed = PROBE_STEPS, doubtful = PROBE_STEPS;

	for (enum probe_step step = PROBE_STEPS; step-- > PROBE_NAME;) {
		if (report->steps[step].verdict == PROBE_FAILED)
			failed = step;
		if (report->steps[step].verdict == PROBE_WARNING)
			doubtful = step;
	}
	if (failed < PROBE_STEPS)
		return PROBE_EXIT_FIRST + (int)failed;
	if (report->signal)
		return PROBE_EXIT_SIGNAL + report->signal;
	return doubtful < PROBE_STEPS ? PROBE_EXIT_FIRST + (int)doubtful : 0;
}
