/* SPDX-License-Identifier: ISC */
/* probe_text.c: the words of a probe: what a step says, and what to do when it fails */
#include "gateway/probe_text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/pin.h"
#include "gateway/session.h"
#include "outputs/timestamp.h"

enum {
	SAME_MS = 50, /* as near as the way of a message lets one tell */
	DATE = 10,    /* "2031-11-21" of a time */
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
};

/* The day of a time in s since 1970. */
static char *
date_text(int64_t seconds, char text[TIMESTAMP_LENGTH + 1])
{
	timestamp_write(text, seconds > 0 ? (uint64_t)seconds * SECOND_MS : 0);
	text[DATE] = '\0';
	return text;
}

static const char *
trust_text(const struct probe_settings *settings, const struct tls_shown *shown)
{
	switch (settings->controller->verify) {
	case VERIFY_TOFU:
		return *shown->pin ? "as remembered" : "new, none is remembered yet";
	case VERIFY_FINGERPRINT:
		return "as configured";
	case VERIFY_CA:
		return "its authority vouches for it";
	case VERIFY_NONE:
		break;
	}
	return "taken unseen (verify = \"none\")";
}

void
probe_text_certificate(struct probe_finding *finding, const struct probe_settings *settings,
		       const struct tls_shown *shown)
{
	char date[TIMESTAMP_LENGTH + 1];

	probe_find(finding, PROBE_GOOD, "%s, SHA-256 %s, valid until %s; %s",
		   *shown->subject ? shown->subject : "without a name", shown->fingerprint,
		   date_text(shown->dates.end, date), trust_text(settings, shown));
}

/* How far a clock is from ours: "0.3 s ahead", "the same". */
static void
ahead_text(int64_t ahead_ms, char *text, size_t size)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {{DAY_MS, "days"}, {HOUR_MS, "hours"}, {MINUTE_MS, "minutes"}, {1, NULL}};
	const char *way = ahead_ms < 0 ? "behind" : "ahead";
	int64_t apart = llabs(ahead_ms);
	size_t i = 0;

	while (units[i].name && apart < 2 * units[i].ms)
		i++;
	if (apart < SAME_MS)
		snprintf(text, size, "the same");
	else if (units[i].name)
		snprintf(text, size, "%" PRId64 " %s %s", apart / units[i].ms, units[i].name, way);
	else
		snprintf(text, size, "%.1f s %s", (double)apart / SECOND_MS, way);
}

static bool
is_within(const struct identity_dates *dates, int64_t ms)
{
	return ms >= dates->begin * SECOND_MS && ms <= dates->end * SECOND_MS;
}

void
probe_text_clocks(struct probe_finding *finding, const struct probe_clocks *clocks)
{
	const struct identity_dates *dates = &clocks->dates;
	char ahead[48], begin[TIMESTAMP_LENGTH + 1], end[TIMESTAMP_LENGTH + 1];

	if (!clocks->known) {
		probe_find(finding, PROBE_GOOD,
			   "certificate dates good against this machine's clock; the controller "
			   "did not tell its own");
		return;
	}
	ahead_text(clocks->ahead_ms, ahead, sizeof ahead);
	if (!is_within(dates, clocks->now_ms + clocks->ahead_ms)) {
		probe_find(finding, PROBE_WARNING,
			   "the gateway's certificate, valid from %s until %s, is not valid by "
			   "the controller's clock, which is %s",
			   date_text(dates->begin, begin), date_text(dates->end, end), ahead);
		probe_advise(finding, "NTP on both; the controller may refuse the gateway else");
	} else if (llabs(clocks->ahead_ms) > SESSION_MOST_SKEW_MS) {
		probe_find(finding, PROBE_WARNING, "the controller's clock is %s", ahead);
		probe_advise(finding, "NTP on both; ts of the controller's records is off by that");
	} else {
		probe_find(finding, PROBE_GOOD,
			   "certificate dates good against both clocks; the controller's clock is "
			   "%s",
			   ahead);
	}
}

/* Copies text of the controller. */
static const char *
printable(const char *from, char to[OFFER_TEXT])
{
	size_t i = 0;

	for (; i < OFFER_TEXT - 1 && from[i]; i++)
		to[i] = from[i] < ' ' || from[i] > '~' ? '?' : from[i];
	to[i] = '\0';
	return to;
}

void
probe_text_capability(struct probe_finding *finding, const struct offer *offer,
		      const struct dict *dict)
{
	char name[OFFER_TEXT], model[OFFER_TEXT], software[OFFER_TEXT], services[PROBE_TEXT / 2];

	printable(offer->name, name);
	printable(offer->model, model);
	printable(offer->software, software);
	offer_list(offer, dict, services, sizeof services);
	probe_find(finding, PROBE_GOOD, "%s%s%s%s%s%s%soffers %s", model, *model ? " " : "",
		   software, *software ? " " : "", *name ? "\"" : "", name, *name ? "\"; " : "",
		   *services ? services : "nothing");
}

/* What to do about a certificate of the controller that is not trusted. */
static void
advise_trust(struct probe_finding *finding, const struct probe_settings *settings,
	     const struct tls_shown *shown)
{
	char pin[PATH_MAX];

	if (settings->controller->verify == VERIFY_TOFU) {
		if (pin_path(settings->gateway->state_dir, settings->controller->name, pin,
			     sizeof pin) == 0)
			probe_advise(finding,
				     "Ask whoever runs the controller. If this is its "
				     "certificate:\n  rm %s",
				     pin);
		return;
	}
	probe_advise(finding,
		     "Ask whoever runs the controller. If this is its certificate, in its "
		     "section:\n"
		     "  tls {\n"
		     "    verify = \"fingerprint\"\n"
		     "    fingerprint = \"%s\"\n"
		     "  }%s",
		     shown->fingerprint,
		     settings->controller->verify == VERIFY_CA
			     ? "\nor the ca_file that it is signed by, and host as it is in it"
			     : "");
}

/* The lines that let the gateway in. */
static void
advise_entry(struct probe_finding *finding, const struct probe_settings *settings,
	     const struct tls_shown *shown)
{
	char lines[ADVICE_SIZE], date[TIMESTAMP_LENGTH + 1];
	enum advice_kind kind = settings->kind;

	if (kind == ADVICE_UNKNOWN)
		kind = advice_kind_of(shown->subject);
	probe_advise(finding,
		     "%s\nThe controller's clock must not be before %s, when the gateway's "
		     "certificate begins.",
		     advice_text(kind, settings->identity, lines, sizeof lines),
		     date_text(identity_dates_of(settings->identity->certificate).begin, date));
}

static void
advise_tls(struct probe_finding *finding, const struct link_end *end)
{
	if (end->failure == LINK_TLS_INCOMPATIBLE)
		probe_advise(finding, "For an old controller, in its section:\n"
				      "  tls {\n"
				      "    min_version = \"1.0\"\n"
				      "    ciphers = \"AES128-SHA:@SECLEVEL=0\"\n"
				      "  }\n"
				      "or \"nmsp strong-cipher\" on the controller.");
	else
		probe_advise(finding, "Is this the NMSP port of a controller? A busy one may need "
				      "a longer --timeout (handshake_timeout of its section).");
}

static void
advise_end(struct probe_finding *finding, const struct probe_settings *settings,
	   const struct probe_end *end)
{
	const struct config_controller *controller = settings->controller;

	switch (end->step) {
	case PROBE_NAME:
		probe_advise(finding, "Look at the host and at DNS:\n  getent hosts %s",
			     controller->hosts[controller->n_hosts - 1]);
		break;
	case PROBE_TCP:
		probe_advise(finding,
			     "IOS-XE: nmsp enable. Else something between here and TCP port %u of "
			     "the controller, or another host or port.",
			     (unsigned)controller->port);
		break;
	case PROBE_TLS:
		advise_tls(finding, end->end);
		break;
	case PROBE_CERTIFICATE:
		advise_trust(finding, settings, end->shown);
		break;
	case PROBE_CLOCKS:
		probe_advise(finding, "NTP on both; IOS-XE: show clock, AireOS: show time");
		break;
	case PROBE_AUTHORISATION:
		advise_entry(finding, settings, end->shown);
		break;
	case PROBE_CAPABILITY:
	case PROBE_SUBSCRIPTION:
	case PROBE_NOTIFICATION:
	case PROBE_STEPS:
		probe_text_hint(finding, end->step);
		break;
	}
}

void
probe_text_end(struct probe_finding *finding, const struct probe_settings *settings,
	       const struct probe_end *end)
{
	const struct link_end *why = end->end;

	if (end->step == PROBE_AUTHORISATION && why->alert != LINK_NO_ALERT)
		probe_find(finding, PROBE_FAILED,
			   "the controller refused the gateway's certificate (TLS alert %d, %s)",
			   why->alert, tls_alert_name(why->alert));
	else
		probe_find(finding, PROBE_FAILED, "%s", why->reason);
	advise_end(finding, settings, end);
}

void
probe_text_hint(struct probe_finding *finding, enum probe_step step)
{
	if (step == PROBE_CAPABILITY)
		probe_advise(finding,
			     "The layout of messages is an assumption, and this controller's may "
			     "be another: nmsp2mqtt-dictionary(5), and \"How to help\" in "
			     "docs/protocol.md.\n"
			     "On the controller: show nmsp status");
	else if (step == PROBE_SUBSCRIPTION)
		probe_advise(finding, "Another client may use it up, or services names what this "
				      "controller lacks; one that boots offers more later.\n"
				      "On the controller: show nmsp subscription detail");
	else
		probe_advise(finding, "An empty network is quiet: try a longer --wait, or again "
				      "with a station on the air.\n"
				      "On the controller: show nmsp subscription detail");
}
