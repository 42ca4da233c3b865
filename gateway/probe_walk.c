/* SPDX-License-Identifier: ISC */
/* probe_walk.c: the findings of a probe, as they are made */
#include "gateway/probe_walk.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "gateway/probe_text.h"
#include "outputs/timestamp.h"

enum {
	NS_PER_MS = 1000000,
	LIST = 512,
};

static struct probe_finding *
finding_of(struct probe_walk *w, enum probe_step step)
{
	return &w->report->steps[step];
}

bool
probe_walk_open(const struct probe_walk *w, enum probe_step step)
{
	return w->report->steps[step].verdict == PROBE_OPEN;
}

void
probe_walk_start(struct probe_walk *w)
{
	w->began = uv_hrtime();
}

static uint64_t
taken_ms(const struct probe_walk *w)
{
	return (uv_hrtime() - w->began) / NS_PER_MS;
}

/* What is found at one of several hosts is told when it is clear that this is the one. */
static void
tell(struct probe_walk *w)
{
	while (w->settled && w->n_told < w->n_found)
		w->watcher->found(w->watcher->context, w->report, w->found[w->n_told++]);
}

/* The finding of a step is written, and the next step begins. */
static void
note(struct probe_walk *w, enum probe_step step)
{
	if (step != PROBE_CLOCKS) {
		finding_of(w, step)->ms = taken_ms(w);
		probe_walk_start(w);
	}
	assert(w->n_found < PROBE_STEPS);
	w->found[w->n_found++] = step;
	tell(w);
}

/* `message` is NULL when no more of them are to come. */
static void
note_clocks(struct probe_walk *w, const struct message *message)
{
	struct probe_clocks clocks = {
		.dates = identity_dates_of(w->settings->identity->certificate),
		.now_ms = (int64_t)timestamp_now(),
		.known = message && message->has_time,
	};

	if (!probe_walk_open(w, PROBE_CLOCKS))
		return;
	if (clocks.known)
		clocks.ahead_ms = (int64_t)message->time_ms - clocks.now_ms;
	probe_text_clocks(finding_of(w, PROBE_CLOCKS), &clocks);
	note(w, PROBE_CLOCKS);
}

/* The verdict on the last step is there. */
static void
conclude(struct probe_walk *w, enum probe_step step)
{
	if (step > PROBE_CLOCKS)
		note_clocks(w, NULL);
	note(w, step);
}

void
probe_walk_host(struct probe_walk *w, const char *host)
{
	memset(w->report->steps, 0, sizeof w->report->steps);
	w->n_found = 0;
	snprintf(w->host, sizeof w->host, "%s", host);
	probe_walk_start(w);
}

void
probe_walk_address(struct probe_walk *w, const char *where)
{
	struct probe_finding *finding = finding_of(w, PROBE_NAME);
	int length = (int)strcspn(where, " ");
	char address[NI_MAXHOST];

	if (probe_walk_open(w, PROBE_NAME)) {
		snprintf(address, sizeof address, "%.*s", length, where);
		if (strcmp(address, w->host) == 0)
			probe_find(finding, PROBE_GOOD, "%s is an address", address);
		else
			probe_find(finding, PROBE_GOOD, "%s is %s", w->host, address);
		note(w, PROBE_NAME);
	}
	probe_walk_start(w);
}

void
probe_walk_reached(struct probe_walk *w, const char *where)
{
	probe_find(finding_of(w, PROBE_TCP), PROBE_GOOD, "%s, %" PRIu64 " ms", where, taken_ms(w));
	note(w, PROBE_TCP);
}

void
probe_walk_shown(struct probe_walk *w, const struct tls_shown *shown, bool trusted)
{
	if (!*shown->fingerprint || !probe_walk_open(w, PROBE_TLS))
		return;
	probe_find(finding_of(w, PROBE_TLS), PROBE_GOOD, "%s, %" PRIu64 " ms", shown->protocol,
		   taken_ms(w));
	note(w, PROBE_TLS);
	if (!trusted)
		return;
	probe_text_certificate(finding_of(w, PROBE_CERTIFICATE), w->settings, shown);
	note(w, PROBE_CERTIFICATE);
}

void
probe_walk_settle(struct probe_walk *w)
{
	w->settled = true;
	tell(w);
}

void
probe_walk_admitted(struct probe_walk *w)
{
	char mac[MAC_TEXT];

	if (!probe_walk_open(w, PROBE_AUTHORISATION))
		return;
	probe_find(finding_of(w, PROBE_AUTHORISATION), PROBE_GOOD, "the controller admitted %s",
		   mac_text(w->settings->identity->mac, ':', mac));
	note(w, PROBE_AUTHORISATION);
}

void
probe_walk_time(struct probe_walk *w, const struct message *message)
{
	if (message->has_time)
		note_clocks(w, message);
}

void
probe_walk_capability(struct probe_walk *w, const struct offer *offer)
{
	probe_text_capability(finding_of(w, PROBE_CAPABILITY), offer, w->settings->dict);
	note(w, PROBE_CAPABILITY);
}

bool
probe_walk_grant(struct probe_walk *w, const struct subscription_item *item)
{
	struct probe_finding *finding = finding_of(w, PROBE_SUBSCRIPTION);
	const char *service = item->service->name, *subservice = item->subservice->name;

	if (item->granted) {
		probe_find(finding, PROBE_GOOD, "%s:%s granted", service, subservice);
		note(w, PROBE_SUBSCRIPTION);
		return false;
	}
	if (!item->refused)
		return false;
	probe_find(finding, PROBE_FAILED, "%s:%s not granted", service, subservice);
	probe_text_hint(finding, PROBE_SUBSCRIPTION);
	conclude(w, PROBE_SUBSCRIPTION);
	return true;
}

bool
probe_walk_records(struct probe_walk *w, struct message *message)
{
	struct probe_finding *finding = finding_of(w, PROBE_NOTIFICATION);
	enum kind kind = KIND_UNKNOWN;
	unsigned count = 0, strange = 0;
	struct record record;
	char bad[48] = "";

	while (message_next(message, &record)) {
		if (kind == KIND_UNKNOWN)
			kind = record.kind;
		count++;
		strange += record.kind == KIND_UNKNOWN;
	}
	if (count == 0)
		return false;
	if (strange)
		snprintf(bad, sizeof bad, ", %u of them not understood", strange);
	probe_find(finding, strange ? PROBE_WARNING : PROBE_GOOD, "%s, %u record%s%s, after %.1f s",
		   kind_name(kind), count, count == 1 ? "" : "s", bad, (double)taken_ms(w) / 1000);
	if (strange)
		probe_text_hint(finding, PROBE_CAPABILITY);
	conclude(w, PROBE_NOTIFICATION);
	return true;
}

void
probe_walk_lost(struct probe_walk *w, const struct link_end *why, const struct tls_shown *shown)
{
	struct probe_end end = {.end = why, .shown = shown};

	probe_walk_shown(w, shown, why->failure != LINK_CONTROLLER_NOT_TRUSTED);
	end.step = probe_step_of(w->report, why);
	probe_text_end(finding_of(w, end.step), w->settings, &end);
	conclude(w, end.step);
}

void
probe_walk_fail(struct probe_walk *w, const char *reason)
{
	enum probe_step step;

	/* With a verdict against us the connection would be over. */
	probe_walk_admitted(w);
	step = probe_next(w->report);
	probe_find(finding_of(w, step), PROBE_FAILED, "%s", reason);
	probe_text_hint(finding_of(w, step), step);
	conclude(w, step);
}

static double
limit_s(const struct probe_walk *w)
{
	return w->settings->timeout_ms / 1000.0;
}

static bool
is_any(const struct subscription_item *item)
{
	return item != NULL;
}

static void
miss_capability(struct probe_walk *w)
{
	char reason[LIST], strange[80] = "";

	if (w->n_strange)
		snprintf(strange, sizeof strange,
			 ", but %u messages that the dictionary does not describe", w->n_strange);
	snprintf(reason, sizeof reason, "no capability notification within %g s%s", limit_s(w),
		 strange);
	probe_walk_fail(w, reason);
}

static void
miss_offer(struct probe_walk *w, const struct subscription *subscription)
{
	char wanted[LIST], reason[LIST + 64];

	subscription_list(subscription, is_any, wanted, sizeof wanted);
	snprintf(reason, sizeof reason, "the controller offers none of what is wanted: %s", wanted);
	probe_walk_fail(w, reason);
}

static void
miss_notification(struct probe_walk *w)
{
	struct probe_finding *finding = finding_of(w, PROBE_NOTIFICATION);

	probe_find(finding, PROBE_WARNING, "nothing came within %g s",
		   w->settings->wait_ms / 1000.0);
	probe_text_hint(finding, PROBE_NOTIFICATION);
	conclude(w, PROBE_NOTIFICATION);
}

static void
miss_name(struct probe_walk *w)
{
	const struct tls_shown none = {.protocol = ""};
	struct link_end why;

	link_end_set(&why, LINK_NAME_NOT_FOUND, "no answer about host %s within %g s", w->host,
		     limit_s(w));
	probe_walk_lost(w, &why, &none);
}

void
probe_walk_miss(struct probe_walk *w, const struct subscription *subscription)
{
	if (probe_walk_open(w, PROBE_NAME))
		miss_name(w);
	else if (probe_walk_open(w, PROBE_CAPABILITY))
		miss_capability(w);
	else if (probe_walk_open(w, PROBE_SUBSCRIPTION))
		miss_offer(w, subscription);
	else
		miss_notification(w);
}

void
probe_walk_end(struct probe_walk *w)
{
	if (!probe_walk_open(w, PROBE_AUTHORISATION))
		note_clocks(w, NULL);
	probe_walk_settle(w);
}
