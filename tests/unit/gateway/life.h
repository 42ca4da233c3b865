/* SPDX-License-Identifier: ISC */
/* life.h: a session without a connection: what it wants done is written down
 *
 * To be included after cmocka.h.
 */
#ifndef NMSP_TESTS_UNIT_GATEWAY_LIFE_H
#define NMSP_TESTS_UNIT_GATEWAY_LIFE_H

#include "gateway/session.h"
#include "tests/unit/support.h"

#define LIFE_MESSAGES 256

#define SECONDS UINT64_C(1000)

/* A message that the session sent. */
struct life_sent {
	const struct message_def *def;
	uint8_t bytes[1024];
	size_t size;
	uint32_t transaction;
};

struct life {
	struct session session;
	struct reading *in;
	struct arena writing;
	uint64_t now;

	unsigned dials;
	unsigned hang_ups;
	unsigned states;
	unsigned capabilities;
	bool refuse_to_send;
	unsigned answers;
	struct question answered; /* the last one */
	char answer_error[64];	  /* "": it was answered */
	struct life_sent sent[LIFE_MESSAGES];
	size_t n_sent;
	size_t n_seen; /* of those, by life_assert_sent */
};

static const struct session_settings life_settings = {
	.echo_interval_ms = 15 * SECONDS,
	.echo_timeout_ms = 30 * SECONDS,
	.stall_timeout_ms = 120 * SECONDS,
	.backoff_min_ms = 1 * SECONDS,
	.backoff_max_ms = 60 * SECONDS,
	.quarantine_ms = 600 * SECONDS,
	.min_uptime_ms = 60 * SECONDS,
	.answer_timeout_ms = 10 * SECONDS,
	.max_flaps = 3,
	.seed = 42,
};

static const struct session_device life_device = {"gw1", "nmsp2mqtt", "0.1.0", 0x020000000001};

/* The actions of the session: each is counted. */
static inline void
life_dial(void *context)
{
	((struct life *)context)->dials++;
}

/* The connection is given up. */
static inline void
life_hang_up(void *context)
{
	((struct life *)context)->hang_ups++;
}

/* The owner hears of a state or a reason. */
static inline void
life_state(void *context)
{
	((struct life *)context)->states++;
}

/* The owner hears of what is offered or granted. */
static inline void
life_capability(void *context)
{
	((struct life *)context)->capabilities++;
}

/* A question has ended. */
static inline void
life_answered(void *context, const struct question *question, const char *error)
{
	struct life *life = context;

	life->answers++;
	life->answered = *question;
	snprintf(life->answer_error, sizeof life->answer_error, "%s", error ? error : "");
}

/* Keeps a message, which must be one whole frame. */
static inline bool
life_send(void *context, const struct message_def *def, const uint8_t *bytes, size_t size)
{
	struct life *life = context;
	struct life_sent *sent = &life->sent[life->n_sent];
	struct frame frame;
	struct fault fault;

	if (life->refuse_to_send)
		return false;
	assert_true(life->n_sent < LIFE_MESSAGES && size <= sizeof sent->bytes);
	assert_int_equal(frame_parse(life->in->dict, bytes, size, &frame, &fault), size);
	assert_int_equal(frame.id, def->id);
	sent->def = def;
	sent->size = size;
	sent->transaction = frame.transaction;
	memcpy(sent->bytes, bytes, size);
	life->n_sent++;
	return true;
}

static const struct session_actions life_actions = {life_dial,	life_hang_up,	 life_send,
						    life_state, life_capability, life_answered};

/* A session that wants these sub-services, at a time of 1000 s. */
static inline struct life *
life_new(const struct config_service *wants, size_t n_wants)
{
	struct life *life = calloc(1, sizeof *life);
	size_t wrong;

	assert_non_null(life);
	life->in = reading_new(BASELINE);
	life->now = 1000 * SECONDS;
	arena_init(&life->writing, 1024 * 1024);
	life->session.dict = life->in->dict;
	life->session.settings = life_settings;
	life->session.device = &life_device;
	life->session.actions = &life_actions;
	life->session.context = life;
	life->session.arena = &life->writing;
	assert_int_equal(subscription_init(&life->session.subscription, life->in->dict, wants,
					   n_wants, &wrong),
			 0);
	session_init(&life->session);
	return life;
}

/* Takes what life_new returned. */
static inline void
life_free(struct life *life)
{
	session_fini(&life->session);
	arena_fini(&life->writing);
	reading_free(life->in);
	free(life);
}

/* The next message that was sent and not looked at yet, which must have this name. */
static inline const struct life_sent *
life_assert_sent(struct life *life, const char *name)
{
	const struct life_sent *sent = &life->sent[life->n_seen];

	if (life->n_seen == life->n_sent)
		fail_msg("nothing was sent instead of %s", name);
	assert_string_equal(sent->def->name, name);
	life->n_seen++;
	return sent;
}

/* Fails when something was sent that was not looked at. */
static inline void
life_assert_nothing_sent(const struct life *life)
{
	if (life->n_seen < life->n_sent)
		fail_msg("%s was sent", life->sent[life->n_seen].def->name);
}

/* What a frame from the controller says of itself. */
struct life_header {
	const char *name;
	uint32_t transaction;
	bool more;
};

/* A message comes. */
static inline void
life_receive_frame(struct life *life, struct life_header header, const char *hex)
{
	struct reading *in = life->in;
	const struct message_def *def = dict_message_named(in->dict, header.name);

	assert_non_null(def);
	reading_body(in, def->id, hex);
	in->bytes[1] = header.more;
	for (unsigned i = 0; i < 4; i++)
		in->bytes[8 + i] = (uint8_t)(header.transaction >> 8 * (3 - i));
	reading_open(in);
	session_message(&life->session, life->now, &in->message);
}

/* The same, not of a transaction. */
static inline void
life_receive(struct life *life, const char *name, const char *hex)
{
	life_receive_frame(life, (struct life_header){name, 0, false}, hex);
}

/* The answer to the message that was sent last and looked at. */
static inline void
life_answer(struct life *life, const char *name, const char *hex)
{
	life_receive_frame(
		life, (struct life_header){name, life->sent[life->n_seen - 1].transaction, false},
		hex);
}

/* Time goes by, with the ticks that the session wants. */
static inline void
life_pass(struct life *life, uint64_t ms)
{
	uint64_t end = life->now + ms;
	uint64_t next;

	while ((next = session_deadline(&life->session)) <= end) {
		life->now = next > life->now ? next : life->now;
		session_tick(&life->session, life->now);
	}
	life->now = end;
}

/* Fails unless the session is in this state and its reason has these words. */
static inline void
life_assert_state(const struct life *life, enum session_state state, const char *reason)
{
	assert_string_equal(session_state_name(life->session.state), session_state_name(state));
	if (!strstr(life->session.reason, reason))
		fail_msg("\"%s\" lacks \"%s\"", life->session.reason, reason);
}

/* From dialling to the own capability notification. */
static inline void
life_connect(struct life *life)
{
	session_authenticating(&life->session, life->now, "TLS handshake");
	session_connected(&life->session, life->now);
	life_assert_sent(life, "capability_notification");
}

#define OFFER_ALL "0021 [00000000007fffff]"
#define SUCCESS	  "0001 [00]"

/* From the beginning to a subscription that is granted in full; the initial requests are sent as
 * they come. */
static inline void
life_subscribe(struct life *life)
{
	session_start(&life->session, life->now);
	life_connect(life);
	life_receive(life, "capability_notification", OFFER_ALL);
	life_assert_sent(life, "service_subscribe_request");
	life_answer(life, "service_subscribe_response", SUCCESS);
	life_assert_state(life, SESSION_SUBSCRIBED, "receives ");
}

#endif
