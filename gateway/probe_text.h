/* SPDX-License-Identifier: ISC */
/* probe_text.h: the words of a probe: what a step says, and what to do when it fails */
#ifndef NMSP_GATEWAY_PROBE_TEXT_H
#define NMSP_GATEWAY_PROBE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/link_end.h"
#include "gateway/offer.h"
#include "gateway/probe.h"
#include "gateway/probe_report.h"
#include "gateway/tls.h"

/* What is known of the time. */
struct probe_clocks {
	struct identity_dates dates; /* of the gateway's certificate */
	int64_t now_ms;		     /* by this machine's clock, since 1970 */
	bool known;		     /* the controller told its time */
	int64_t ahead_ms;	     /* how far its clock is ahead of ours */
};

/* The certificate of the controller, and why it is trusted. */
void probe_text_certificate(struct probe_finding *finding, const struct probe_settings *settings,
			    const struct tls_shown *shown);

/* Compares the clocks with one another and with the gateway's certificate: good, or a warning. */
void probe_text_clocks(struct probe_finding *finding, const struct probe_clocks *clocks);

/* What the controller says of itself. Its texts go to terminals, so all but printable ASCII is
 * replaced. */
void probe_text_capability(struct probe_finding *finding, const struct offer *offer,
			   const struct dict *dict);

/* How a connection ended, as far as it matters for what is to be done. */
struct probe_end {
	const struct link_end *end;
	const struct tls_shown *shown;
	enum probe_step step; /* that failed by it */
};

/* Why a step failed when the connection ended, and what to do. */
void probe_text_end(struct probe_finding *finding, const struct probe_settings *settings,
		    const struct probe_end *end);

/* What to do about a step after the authorisation. */
void probe_text_hint(struct probe_finding *finding, enum probe_step step);

#endif
