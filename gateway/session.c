/* SPDX-License-Identifier: ISC */
/* session.c: the life of the subscription at one controller, as a state machine without I/O
 *
 * A controller that is dialled too often can crash (CSCwi55714), so every way back to dialling
 * leads through back_off() or quarantine().
 */
#include "gateway/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/session_ask.h"
#include "gateway/session_send.h"

#define NEVER	  UINT64_MAX
#define LIST_SIZE 500
_Static_assert(SESSION_REASON_SIZE > 3 * LIST_SIZE + 64, "a reason has room for three lists");

const char *
session_state_name(enum session_state state)
{
	static const char *const names[] = {
		[SESSION_DISABLED] = "disabled",
		[SESSION_CONNECTING] = "connecting",
		[SESSION_AUTHENTICATING] = "authenticating",
		[SESSION_SUBSCRIBING] = "subscribing",
		[SESSION_SUBSCRIBED] = "subscribed",
		[SESSION_STALLED] = "stalled",
		[SESSION_BACKOFF] = "backoff",
		[SESSION_QUARANTINED] = "quarantined",
	};

	return names[state];
}

void
session_init(struct session *s)
{
	s->state = SESSION_DISABLED;
	s->random = s->settings.seed | 1;
}

void
session_fini(struct session *s)
{
	subscription_fini(&s->subscription);
}

__attribute__((format(printf, 4, 5))) static void
enter(struct session *s, uint64_t now, enum session_state state, const char *format, ...)
{
	char reason[SESSION_REASON_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	if (state == s->state && strcmp(reason, s->reason) == 0)
		return;
	if (state != s->state)
		s->since = now;
	s->state = state;
	memcpy(s->reason, reason, sizeof reason);
	s->actions->state(s->context);
}

/* A number below `limit`, by xorshift64*. */
static uint64_t
jitter(struct session *s, uint64_t limit)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return limit ? (s->random * UINT64_C(2685821657736338717) >> 16) % limit : 0;
}

uint32_t
session_random(struct session *s)
{
	return (uint32_t)jitter(s, UINT64_C(1) << 32);
}

static void
forget_connection(struct session *s, const char *reason)
{
	session_ask_lost(s, reason);
	s->connected = false;
	s->capable = false;
	s->echo_waits = 0;
	s->subscribe_transaction = 0;
	s->initial_transaction = 0;
	s->answer_by = NEVER;
	subscription_reset(&s->subscription);
	s->actions->capability(s->context);
}

static void
quarantine(struct session *s, uint64_t now, const char *reason)
{
	s->flaps = 0;
	s->retry_at = now + s->settings.quarantine_ms + jitter(s, s->settings.quarantine_ms / 10);
	enter(s, now, SESSION_QUARANTINED, "%s", reason);
}

/* Exponential with full jitter between the least pause and a bound that doubles with every attempt.
 */
static void
back_off(struct session *s, uint64_t now, const char *reason)
{
	uint64_t least = s->settings.backoff_min_ms, most = least;
	unsigned doublings = s->attempt ? s->attempt : 1;

	for (unsigned i = 0; i < doublings && most < s->settings.backoff_max_ms; i++)
		most *= 2;
	if (most > s->settings.backoff_max_ms)
		most = s->settings.backoff_max_ms;
	s->retry_at = now + least + jitter(s, most - least + 1);
	enter(s, now, SESSION_BACKOFF, "%s", reason);
}

static void
dial(struct session *s, uint64_t now)
{
	s->attempt++;
	enter(s, now, SESSION_CONNECTING, "dialling");
	s->actions->dial(s->context);
}

void
session_start(struct session *s, uint64_t now)
{
	if (s->state == SESSION_DISABLED && !s->stopping)
		dial(s, now);
}

void
session_authenticating(struct session *s, uint64_t now, const char *detail)
{
	enter(s, now, SESSION_AUTHENTICATING, "%s", detail);
}

void
session_connected(struct session *s, uint64_t now)
{
	forget_connection(s, "a new connection");
	s->connected = true;
	s->connected_at = now;
	s->last_data = now;
	s->next_echo = now + s->settings.echo_interval_ms;
	enter(s, now, SESSION_SUBSCRIBING, "waiting for the controller's capabilities");
	session_send_capability(s);
}

void
session_lost(struct session *s, uint64_t now, enum session_loss loss, const char *reason)
{
	bool was_connected = s->connected;
	bool flapped = was_connected && now - s->connected_at < s->settings.min_uptime_ms;
	char text[SESSION_REASON_SIZE];

	if (s->state == SESSION_DISABLED)
		return;
	forget_connection(s, reason);
	if (was_connected && !flapped)
		s->attempt = 0;
	if (was_connected)
		s->flaps = flapped ? s->flaps + 1 : 0;
	if (loss == LOSS_REFUSED) {
		quarantine(s, now, reason);
	} else if (s->flaps >= s->settings.max_flaps) {
		snprintf(text, sizeof text,
			 "%u connections in a row broke within %llu s, the last because: %.*s",
			 s->flaps, (unsigned long long)(s->settings.min_uptime_ms / 1000),
			 SESSION_REASON_SIZE - 100, reason);
		quarantine(s, now, text);
	} else {
		back_off(s, now, reason);
	}
}

/* Ends the connection for a reason of our own. */
__attribute__((format(printf, 3, 4))) static void
give_up(struct session *s, uint64_t now, const char *format, ...)
{
	char reason[SESSION_REASON_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	s->actions->hang_up(s->context);
	session_lost(s, now, LOSS_CLOSED, reason);
}

static bool
is_granted(const struct subscription_item *item)
{
	return item->granted;
}

static bool
is_missing(const struct subscription_item *item)
{
	return !item->offered;
}

static bool
is_refused(const struct subscription_item *item)
{
	return item->refused;
}

/* Says what came of the subscription. */
static void
enter_subscribed(struct session *s, uint64_t now)
{
	char granted[LIST_SIZE], missing[LIST_SIZE], refused[LIST_SIZE];
	size_t n_granted = subscription_list(&s->subscription, is_granted, granted, sizeof granted);
	size_t n_missing = subscription_list(&s->subscription, is_missing, missing, sizeof missing);
	size_t n_refused = subscription_list(&s->subscription, is_refused, refused, sizeof refused);

	enter(s, now, n_granted ? SESSION_SUBSCRIBED : SESSION_SUBSCRIBING, "%s%s%s%s%s%s",
	      n_granted ? "receives " : "nothing is granted", granted,
	      n_missing ? "; not offered: " : "", missing, n_refused ? "; not granted: " : "",
	      refused);
}

static void
subscribe(struct session *s, uint64_t now)
{
	if (s->subscribe_transaction || s->stopping)
		return;
	s->subscribe_transaction = session_send_subscribe(s);
	if (s->subscribe_transaction) {
		s->answer_by = now + s->settings.answer_timeout_ms;
		if (s->state == SESSION_SUBSCRIBING)
			enter(s, now, SESSION_SUBSCRIBING,
			      "waiting for the answer to the subscription");
	} else {
		enter_subscribed(s, now);
	}
}

/* Asks for the current state, one request after the other. */
static void
ask_initial(struct session *s, uint64_t now)
{
	struct subscription_initial initial;

	if (s->initial_transaction || s->subscribe_transaction || s->stopping ||
	    s->settings.no_initial)
		return;
	while (subscription_next_initial(&s->subscription, &initial)) {
		s->initial_transaction = session_send_initial(s, &initial);
		if (!s->initial_transaction)
			continue;
		s->initial_request = initial.request;
		s->answer_by = now + s->settings.answer_timeout_ms;
		return;
	}
	s->answer_by = NEVER;
}

static void
take_capability(struct session *s, uint64_t now, const struct message *message)
{
	s->capable = true;
	if (subscription_offer(&s->subscription, message) || s->state == SESSION_SUBSCRIBING)
		subscribe(s, now);
	else
		enter_subscribed(s, now);
	s->actions->capability(s->context);
}

static void
take_grant(struct session *s, uint64_t now, const struct message *message)
{
	if (!s->subscribe_transaction)
		return;
	s->subscribe_transaction = 0;
	s->answer_by = s->initial_transaction ? now + s->settings.answer_timeout_ms : NEVER;
	s->last_data = now; /* silence counts from here */
	subscription_grant(&s->subscription, message);
	s->actions->capability(s->context);
	enter_subscribed(s, now);
	/* What was offered while the answer was under way. */
	if (!s->stopping)
		s->subscribe_transaction = session_send_subscribe(s);
	if (s->subscribe_transaction)
		s->answer_by = now + s->settings.answer_timeout_ms;
	ask_initial(s, now);
}

static void
take_echo(struct session *s, uint64_t now)
{
	if (s->echo_waits)
		s->echo_round_trip_ms = now - s->echo_sent;
	s->echo_waits = 0;
}

static bool
is_named(const struct message *message, const char *name)
{
	return strcmp(message->def->name, name) == 0;
}

static void
take_data(struct session *s, uint64_t now, const struct message *message)
{
	s->last_data = now;
	if (s->state == SESSION_STALLED)
		enter_subscribed(s, now);
	session_ask_message(s, now, message);
	if (s->initial_transaction && message->frame.transaction == s->initial_transaction) {
		s->answer_by = now + s->settings.answer_timeout_ms;
		if (message->frame.more)
			return;
		s->initial_transaction = 0;
		ask_initial(s, now);
	}
}

void
session_message(struct session *s, uint64_t now, const struct message *message)
{
	if (!s->connected || !message->def)
		return;
	if (is_named(message, "echo_response"))
		take_echo(s, now);
	else if (is_named(message, "capability_notification"))
		take_capability(s, now, message);
	else if (is_named(message, "service_subscribe_response"))
		take_grant(s, now, message);
	else if (s->stopping && is_named(message, "service_unsubscribe_response"))
		subscription_reset(&s->subscription);
	else
		take_data(s, now, message);
}

static void
send_echo(struct session *s, uint64_t now)
{
	s->next_echo = now + s->settings.echo_interval_ms;
	if (!session_send_echo(s))
		return;
	s->echo_sent = now;
	if (!s->echo_waits)
		s->echo_waits = now;
}

/* An answer is overdue: without the one to the subscription there is no session, others are given
 * up. */
static void
miss_answer(struct session *s, uint64_t now)
{
	s->answer_by = NEVER;
	if (s->subscribe_transaction) {
		give_up(s, now, "no answer to the subscription within %llu s",
			(unsigned long long)(s->settings.answer_timeout_ms / 1000));
		return;
	}
	s->initial_transaction = 0;
	ask_initial(s, now);
}

static uint64_t
stall_time(const struct session *s)
{
	if (s->state != SESSION_SUBSCRIBED || !s->settings.stall_timeout_ms)
		return NEVER;
	return s->last_data + s->settings.stall_timeout_ms;
}

static uint64_t
dead_time(const struct session *s)
{
	return s->echo_waits ? s->echo_waits + s->settings.echo_timeout_ms : NEVER;
}

void
session_tick(struct session *s, uint64_t now)
{
	if (s->state == SESSION_BACKOFF || s->state == SESSION_QUARANTINED) {
		if (now >= s->retry_at && !s->stopping)
			dial(s, now);
		return;
	}
	if (!s->connected)
		return;
	if (now >= dead_time(s)) {
		give_up(s, now, "no answer to echo requests for %llu s",
			(unsigned long long)(s->settings.echo_timeout_ms / 1000));
		return;
	}
	if (now >= s->next_echo)
		send_echo(s, now);
	if (now >= stall_time(s))
		enter(s, now, SESSION_STALLED, "subscribed, but nothing came for %llu s",
		      (unsigned long long)(s->settings.stall_timeout_ms / 1000));
	if (now >= s->answer_by)
		miss_answer(s, now);
	session_ask_tick(s, now);
}

uint64_t
session_deadline(const struct session *s)
{
	uint64_t times[] = {s->next_echo, dead_time(s), stall_time(s), s->answer_by,
			    questions_deadline(&s->questions)};
	uint64_t first = NEVER;

	if (s->stopping)
		return NEVER;
	if (s->state == SESSION_BACKOFF || s->state == SESSION_QUARANTINED)
		return s->retry_at;
	for (size_t i = 0; s->connected && i < sizeof times / sizeof *times; i++)
		first = times[i] < first ? times[i] : first;
	return first;
}

bool
session_stop(struct session *s, uint64_t now)
{
	(void)now;
	s->stopping = true;
	return s->connected && session_send_unsubscribe(s);
}

bool
session_stopped(const struct session *s)
{
	char text[1];

	return !s->connected ||
	       subscription_list(&s->subscription, is_granted, text, sizeof text) == 0;
}

void
session_disable(struct session *s, uint64_t now, const char *reason)
{
	s->stopping = false;
	s->actions->hang_up(s->context);
	enter(s, now, SESSION_DISABLED, "%s", reason);
	forget_connection(s, reason);
}

void
session_reconnect(struct session *s, uint64_t now, const char *reason)
{
	session_disable(s, now, reason);
	s->attempt = 0;
	s->flaps = 0;
	session_start(s, now);
}
