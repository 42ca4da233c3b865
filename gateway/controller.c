/* SPDX-License-Identifier: ISC */
/* controller.c: one controller: its link, session and record path put together */
#include "gateway/controller.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/controller_trace.h"
#include "gateway/log.h"
#include "gateway/tls.h"
#include "outputs/timestamp.h"

#define MIN_UPTIME_MS	  60000
#define ANSWER_TIMEOUT_MS 10000
#define MAX_FLAPS	  5
#define DIAL_PAUSE_MS	  10000 /* between two dials by an operator's wish */
#define STOP_WAIT_MS	  2000	/* for the answer of the controller */

static uint64_t
now(const struct controller *c)
{
	return uv_now(c->shared->loop);
}

__attribute__((format(printf, 3, 4))) static void
say(const struct controller *c, enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(level, c->log_name, format, arguments);
	va_end(arguments);
}

static void settle(struct controller *c);

static void
on_timer(uv_timer_t *timer)
{
	struct controller *c = timer->data;

	/* A controller that says nothing does not hold up the others for longer. */
	if (c->session.connected)
		pacer_done(c->shared->pacer, &c->ticket);
	session_tick(&c->session, now(c));
	/* Armed again for what comes next. */
	c->shared->pace(c->shared->context);
	settle(c);
}

void
controller_arm(struct controller *c)
{
	uint64_t deadline = c->stopping ? c->stop_by : session_deadline(&c->session), at = now(c);

	if (uv_is_closing((uv_handle_t *)&c->timer))
		return;
	if (deadline == UINT64_MAX)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timer, deadline > at ? deadline - at : 0, 0);
}

static void
drop_link(struct controller *c)
{
	link_close(&c->link);
	pacer_done(c->shared->pacer, &c->ticket);
	c->shared->pace(c->shared->context);
}

/* Actions of the session. */

static void
do_dial(void *context)
{
	struct controller *c = context;

	pacer_enter(c->shared->pacer, &c->ticket);
	c->shared->pace(c->shared->context);
}

static void
do_hang_up(void *context)
{
	drop_link(context);
}

static bool
do_send(void *context, const struct message_def *def, const uint8_t *bytes, size_t size)
{
	struct controller *c = context;

	say(c, LOG_LEVEL_DEBUG, "sends %s, %zu bytes", def->name, size);
	if (!c->link || link_send(c->link, bytes, size))
		return false;
	traffic_message(&c->traffic, TRAFFIC_OUT, def, size, now(c));
	return true;
}

static enum log_level
state_level(enum session_state state)
{
	switch (state) {
	case SESSION_QUARANTINED:
	case SESSION_STALLED:
	case SESSION_BACKOFF:
		return LOG_LEVEL_WARNING;
	case SESSION_CONNECTING:
	case SESSION_AUTHENTICATING:
		return LOG_LEVEL_DEBUG;
	case SESSION_DISABLED:
	case SESSION_SUBSCRIBING:
	case SESSION_SUBSCRIBED:
		break;
	}
	return LOG_LEVEL_INFO;
}

/* Since when a session is not there that should be. */
static void
note_missing(struct controller *c)
{
	enum session_state state = c->session.state;

	if (state == SESSION_SUBSCRIBED || state == SESSION_STALLED || state == SESSION_DISABLED)
		c->missing_since = 0;
	else if (!c->missing_since)
		c->missing_since = now(c);
}

static void
do_state(void *context)
{
	struct controller *c = context;
	const struct session *s = &c->session;
	char retry[64] = "";

	note_missing(c);
	if (s->state == SESSION_BACKOFF || s->state == SESSION_QUARANTINED)
		snprintf(retry, sizeof retry, "; dials again in %.1f s",
			 (double)(s->retry_at - now(c)) / 1000);
	say(c, state_level(s->state), "%s: %s%s", session_state_name(s->state), s->reason, retry);
	c->shared->state(c->shared->context, c);
}

static void
do_capability(void *context)
{
	struct controller *c = context;

	controller_trace_offer(c);
	c->shared->capability(c->shared->context, c);
}

static void
do_answered(void *context, const struct question *question, const char *error)
{
	struct controller *c = context;

	c->shared->answered(c->shared->context, c, question, error);
}

static const struct session_actions actions = {do_dial,	 do_hang_up,	do_send,
					       do_state, do_capability, do_answered};

/* The way of the bytes. */

static void
check_version(struct controller *c, const struct frame *frame)
{
	if (c->version_told || !c->dict->frame.version.width ||
	    frame->version == c->dict->frame.version_value)
		return;
	c->version_told = true;
	say(c, LOG_LEVEL_WARNING,
	    "speaks version %" PRIu64 ", dictionary %s describes %" PRIu64 "; reading on",
	    frame->version, c->dict->name, c->dict->frame.version_value);
}

/* The controller's time as it stands in a message, against ours. Certificates and times of records
 * depend on them being close. */
static void
check_clock(struct controller *c, const struct message *message, uint64_t received_at)
{
	bool apart;

	if (!message->has_time)
		return;
	c->skew_ms = (int64_t)(message->time_ms - received_at);
	c->has_skew = true;
	apart = llabs(c->skew_ms) > SESSION_MOST_SKEW_MS;
	if (apart == c->skew_told)
		return;
	c->skew_told = apart;
	if (apart)
		say(c, LOG_LEVEL_WARNING, "the controller's clock is %.0f s %s: check NTP on both",
		    fabs((double)c->skew_ms) / 1000, c->skew_ms > 0 ? "ahead" : "behind");
	else
		say(c, LOG_LEVEL_INFO, "the controller's clock is right again");
	c->shared->state(c->shared->context, c);
}

/* The controller speaks to us: with TLS 1.3 its verdict on our certificate comes after the
 * handshake, so the dial ends here and not before. */
static void
let_in(struct controller *c)
{
	link_accepted(c->link);
	if (!c->ticket.dialling)
		return;
	say(c, LOG_LEVEL_DEBUG, "authorised: the controller answers");
	pacer_done(c->shared->pacer, &c->ticket);
	c->shared->pace(c->shared->context);
}

/* Gives a message to the session. */
static void
take_message(struct controller *c, const struct message *message)
{
	bool echo_waits = c->session.echo_waits;

	if (strcmp(message->def->name, "capability_notification") == 0)
		offer_take(&c->offer, message);
	session_message(&c->session, now(c), message);
	if (echo_waits && !c->session.echo_waits && c->session.connected)
		histogram_add(&c->traffic.round_trips, c->session.echo_round_trip_ms, 1);
}

static bool
take_frame(void *context, const struct frame *frame, uint64_t offset)
{
	struct controller *c = context;
	uint64_t received_at = timestamp_now();
	struct message message;
	uint32_t malformed;

	(void)offset;
	check_version(c, frame);
	arena_reset(&c->shared->reading);
	message_open(&message, c->dict, frame, &c->shared->reading);
	c->counters.messages++;
	c->counters.bytes += frame->length;
	traffic_message(&c->traffic, TRAFFIC_IN, message.def, frame->length, now(c));
	c->counters.faults[FAULT_MESSAGE] += message.fault.level == FAULT_MESSAGE;
	controller_trace_message(c, &message);
	if (message.def && message.fault.level == FAULT_NONE) {
		let_in(c);
		take_message(c, &message);
		check_clock(c, &message, received_at);
	}
	malformed = process_message(&c->process, &message, received_at);
	if (message.fault.level == FAULT_NONE)
		c->counters.faults[FAULT_RECORD] += malformed;
	return c->link != NULL;
}

static void
on_bytes(void *context, const uint8_t *bytes, size_t size)
{
	struct controller *c = context;
	struct stream_taker taker = {take_frame, c};
	struct fault fault;
	char text[128], reason[256];

	if (stream_feed(&c->stream, bytes, size, &taker, &fault)) {
		c->counters.faults[FAULT_FRAME]++;
		snprintf(reason, sizeof reason,
			 "the controller sent a frame that cannot be read: %s",
			 fault_text(&fault, text, sizeof text));
		drop_link(c);
		session_lost(&c->session, now(c), LOSS_CLOSED, reason);
	}
	settle(c);
}

/* The life of the link. */

static void
on_stage(void *context, enum link_stage stage, const char *detail)
{
	static const char *const names[] = {
		[LINK_RESOLVING] = "resolves",
		[LINK_CONNECTING] = "connects to",
		[LINK_HANDSHAKING] = "TLS handshake with",
		[LINK_ESTABLISHED] = "TLS established:",
	};
	struct controller *c = context;

	say(c, LOG_LEVEL_DEBUG, "%s %s", names[stage], detail);
	if (stage == LINK_HANDSHAKING)
		session_authenticating(&c->session, now(c), detail);
}

static void
on_connected(void *context)
{
	struct controller *c = context;

	c->counters.connections++;
	snprintf(c->session_id, sizeof c->session_id, "%08" PRIx32, session_random(&c->session));
	stream_fini(&c->stream);
	stream_init(&c->stream, c->dict);
	if (process_begin(&c->process, c->session_id)) {
		drop_link(c);
		session_lost(&c->session, now(c), LOSS_CLOSED, "out of memory");
	} else {
		session_connected(&c->session, now(c));
	}
	controller_arm(c);
}

static enum session_loss
loss_of(enum link_failure failure)
{
	switch (failure) {
	case LINK_CONTROLLER_NOT_TRUSTED:
	case LINK_IDENTITY_REFUSED:
		return LOSS_REFUSED;
	case LINK_CLOSED_BY_PEER:
	case LINK_RESET:
	case LINK_TLS_FAILED:
		return LOSS_CLOSED;
	case LINK_NAME_NOT_FOUND:
	case LINK_UNREACHABLE:
	case LINK_REFUSED:
	case LINK_CONNECT_TIMEOUT:
	case LINK_HANDSHAKE_TIMEOUT:
	case LINK_TLS_INCOMPATIBLE:
	case LINK_FAILURES:
		break;
	}
	return LOSS_UNREACHABLE;
}

static void
on_closed(void *context, const struct link_end *end)
{
	struct controller *c = context;
	enum session_loss loss = loss_of(end->failure);
	char reason[LINK_REASON_SIZE];

	memcpy(reason, end->reason, sizeof reason);
	drop_link(c);
	session_lost(&c->session, now(c), loss, reason);
	settle(c);
}

static const struct link_events events = {on_stage, on_connected, on_bytes, on_closed};

static void
open_link(void *context)
{
	struct controller *c = context;
	const struct link_target target = {
		.name = c->config->name,
		.hosts = c->config->hosts,
		.n_hosts = c->config->n_hosts,
		.port = c->config->port,
		.tls = c->tls,
		.state_dir = c->shared->state_dir,
		.handshake_timeout_ms = c->config->handshake_timeout_s * 1000,
	};

	c->link = link_open(c->shared->loop, &target, &events, c);
	if (!c->link) {
		drop_link(c);
		session_lost(&c->session, now(c), LOSS_UNREACHABLE, "out of memory");
		controller_arm(c);
	}
}

static int
init_session(struct controller *c)
{
	c->session = (struct session){
		.dict = c->dict,
		.device = c->shared->device,
		.actions = &actions,
		.context = c,
		.arena = &c->shared->writing,
		.settings =
			{
				.echo_interval_ms = c->config->echo_interval_s * UINT64_C(1000),
				.echo_timeout_ms = c->config->echo_timeout_s * UINT64_C(1000),
				.stall_timeout_ms = c->config->stall_timeout_s * UINT64_C(1000),
				.backoff_min_ms = c->config->backoff_min_ms,
				.backoff_max_ms = c->config->backoff_max_ms,
				.quarantine_ms = c->config->quarantine_s * UINT64_C(1000),
				.min_uptime_ms = MIN_UPTIME_MS,
				.answer_timeout_ms = ANSWER_TIMEOUT_MS,
				.max_flaps = MAX_FLAPS,
			},
	};
	if (uv_random(NULL, NULL, &c->session.settings.seed, sizeof c->session.settings.seed, 0,
		      NULL))
		c->session.settings.seed = uv_hrtime();
	snprintf(c->log_name, sizeof c->log_name, "session %s", c->config->name);
	if (traffic_use(&c->traffic, c->dict) ||
	    subscription_init(&c->session.subscription, c->dict, c->config->services,
			      c->config->n_services, NULL))
		return -1;
	c->process.traffic = &c->traffic;
	c->process.tails = c->shared->tails;
	session_init(&c->session);
	return 0;
}

int
controller_init(struct controller *c)
{
	if (init_session(c))
		return -1;
	stream_init(&c->stream, c->dict);
	c->ticket = (struct pacer_ticket){.dial = open_link, .context = c};
	uv_timer_init(c->shared->loop, &c->timer);
	c->timer.data = c;
	return 0;
}

void
controller_free(struct controller *c)
{
	process_end(&c->process);
	process_set_routes(&c->process, NULL, 0);
	session_fini(&c->session);
	stream_fini(&c->stream);
	offer_clear(&c->offer);
	traffic_fini(&c->traffic);
	tls_context_put(c->tls);
	tls_context_put(c->next.tls);
	free(c->tags);
	free(c);
}

void
controller_start(struct controller *c)
{
	session_start(&c->session, now(c));
	controller_arm(c);
}

void
controller_disable(struct controller *c, const char *reason)
{
	c->disabled = reason;
	controller_stop(c);
}

void
controller_dial(struct controller *c, const char *reason)
{
	c->dialled_at = now(c);
	c->disabled = NULL;
	if (c->session.state == SESSION_DISABLED)
		session_start(&c->session, now(c));
	else
		session_reconnect(&c->session, now(c), reason);
	controller_arm(c);
}

uint64_t
controller_dial_wait(const struct controller *c)
{
	uint64_t since = now(c) - c->dialled_at;

	return c->dialled_at && since < DIAL_PAUSE_MS ? DIAL_PAUSE_MS - since : 0;
}

uint32_t
controller_ask(struct controller *c, const struct session_ask *ask, char *error, size_t size)
{
	uint32_t transaction = session_ask(&c->session, now(c), ask, error, size);

	controller_arm(c);
	return transaction;
}

void
controller_stop(struct controller *c)
{
	if (c->stopping)
		return;
	session_stop(&c->session, now(c));
	c->stopping = true;
	c->stop_by = session_stopped(&c->session) ? now(c) : now(c) + STOP_WAIT_MS;
	controller_arm(c);
}

void
controller_reopen(struct controller *c, const struct controller_setup *setup)
{
	tls_context_put(c->next.tls);
	c->next = *setup;
	controller_stop(c);
}

/* The session has stopped: begins it anew with what is to come next. */
static void
reopen(struct controller *c)
{
	session_disable(&c->session, now(c), "the configuration was changed");
	session_fini(&c->session);
	tls_context_put(c->tls);
	c->config = c->next.config;
	c->dict = c->next.dict;
	c->tls = c->next.tls;
	c->next = (struct controller_setup){.config = NULL};
	c->version_told = false;
	if (init_session(c))
		say(c, LOG_LEVEL_ERROR, "cannot be opened anew: out of memory");
	else if (c->disabled)
		session_disable(&c->session, now(c), c->disabled);
	else
		controller_start(c);
}

/* After whatever happened to the session: sees whether a stop is done, and sets the timer. */
static void
settle(struct controller *c)
{
	bool stopped = c->stopping && (session_stopped(&c->session) || now(c) >= c->stop_by);

	if (stopped) {
		c->stopping = false;
		if (c->next.config)
			reopen(c);
		else if (c->disabled)
			session_disable(&c->session, now(c), c->disabled);
		c->shared->stopped(c->shared->context, c);
	}
	controller_arm(c);
}

static void
on_closed_timer(uv_handle_t *timer)
{
	struct controller *c = timer->data;

	c->shared->closed(c->shared->context, c);
}

void
controller_close(struct controller *c, const char *reason)
{
	if (uv_is_closing((uv_handle_t *)&c->timer))
		return;
	session_disable(&c->session, now(c), reason);
	uv_close((uv_handle_t *)&c->timer, on_closed_timer);
}
