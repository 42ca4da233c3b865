/* SPDX-License-Identifier: ISC */
/* probe.c: one look at a controller, from its name to its first notification
 *
 * Link and session are those of the gateway; here is who listens to them.
 */
#include "gateway/probe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "codecs/arena.h"
#include "gateway/link.h"
#include "gateway/offer.h"
#include "gateway/probe_walk.h"
#include "gateway/session.h"
#include "gateway/stream.h"
#include "gateway/tls.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define NEVER	    UINT64_MAX
#define ARENA_LIMIT (64U * 1024 * 1024)
#define GOODBYE_MS  2000 /* for the answer to unsubscribing */

struct probe {
	const struct probe_settings *settings;
	struct probe_walk walk;
	uv_loop_t loop;
	uv_timer_t timer;
	uv_signal_t sigint;
	uv_signal_t sigterm;
	uint64_t deadline; /* of the step under way, ms of the loop; NEVER: the link minds it */
	char where[80];	   /* address and port */
	struct link *link;
	struct stream stream;
	struct session session;
	struct session_device device;
	struct arena reading;
	struct arena writing;
	struct offer offer;
	bool narrowed; /* no more is wanted than what is asked for */
	bool leaving;
};

static void
limit(struct probe *p, uint64_t ms)
{
	p->deadline = ms == NEVER ? NEVER : uv_now(&p->loop) + ms;
}

static void
close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Lets the loop come to its end. */
static void
end(struct probe *p)
{
	p->leaving = true;
	link_close(&p->link);
	close_handle((uv_handle_t *)&p->timer);
	close_handle((uv_handle_t *)&p->sigint);
	close_handle((uv_handle_t *)&p->sigterm);
}

/* All that was to be found is found: gives back what was granted, and goes. */
static void
leave(struct probe *p)
{
	p->leaving = true;
	probe_walk_end(&p->walk);
	if (p->link && session_stop(&p->session, uv_now(&p->loop)))
		limit(p, GOODBYE_MS);
	else
		end(p);
}

static void
time_out(struct probe *p)
{
	if (p->leaving) {
		end(p);
		return;
	}
	probe_walk_miss(&p->walk, &p->session.subscription);
	leave(p);
}

static void on_timer(uv_timer_t *timer);

static void
arm(struct probe *p)
{
	uint64_t at = uv_now(&p->loop), first = session_deadline(&p->session);

	if (uv_is_closing((uv_handle_t *)&p->timer))
		return;
	first = p->deadline < first ? p->deadline : first;
	if (first == NEVER)
		uv_timer_stop(&p->timer);
	else
		uv_timer_start(&p->timer, on_timer, first > at ? first - at : 0, 0);
}

static void
on_timer(uv_timer_t *timer)
{
	struct probe *p = timer->data;

	session_tick(&p->session, uv_now(&p->loop));
	if (p->session.state == SESSION_BACKOFF && !p->leaving) {
		/* It gave up and hung up; left alone it would dial again. */
		probe_walk_fail(&p->walk, p->session.reason);
		leave(p);
	} else if (uv_now(&p->loop) >= p->deadline) {
		time_out(p);
	}
	arm(p);
}

static void
on_signal(uv_signal_t *handle, int signum)
{
	struct probe *p = handle->data;

	if (p->leaving) {
		end(p);
		return;
	}
	p->walk.report->signal = signum;
	leave(p);
	arm(p);
}

/* Messages. */

static void
take_capability(struct probe *p, const struct message *message)
{
	offer_take(&p->offer, message);
	if (probe_walk_open(&p->walk, PROBE_CAPABILITY)) {
		probe_walk_capability(&p->walk, &p->offer);
		limit(p, p->settings->timeout_ms);
	}
	if (!p->narrowed)
		p->narrowed = subscription_narrow(&p->session.subscription, message);
}

/* A message that the dictionary describes. */
static void
take_message(struct probe *p, const struct message *message)
{
	link_accepted(p->link);
	probe_walk_admitted(&p->walk);
	probe_walk_time(&p->walk, message);
	if (strcmp(message->def->name, "capability_notification") == 0)
		take_capability(p, message);
	session_message(&p->session, uv_now(&p->loop), message);
}

/* What a message means for the walk. Returns true when it is over. */
static bool
judge(struct probe *p, struct message *message)
{
	bool over = false;

	if (!probe_walk_open(&p->walk, PROBE_SUBSCRIPTION))
		return !message->solicited && probe_walk_records(&p->walk, message);
	if (p->narrowed)
		over = probe_walk_grant(&p->walk, p->session.subscription.items);
	if (!over && !probe_walk_open(&p->walk, PROBE_SUBSCRIPTION))
		limit(p, p->settings->wait_ms);
	return over;
}

static bool
take_frame(void *context, const struct frame *frame, uint64_t offset)
{
	struct probe *p = context;
	struct message message;
	bool known;

	(void)offset;
	arena_reset(&p->reading);
	message_open(&message, p->settings->dict, frame, &p->reading);
	known = message.def && message.fault.level == FAULT_NONE;
	if (p->leaving) {
		if (known)
			session_message(&p->session, uv_now(&p->loop), &message);
		if (session_stopped(&p->session))
			end(p);
		return p->link != NULL;
	}
	if (known)
		take_message(p, &message);
	else
		p->walk.n_strange++;
	if (judge(p, &message))
		leave(p);
	return p->link != NULL;
}

/* The life of the link. */

static void
on_bytes(void *context, const uint8_t *bytes, size_t size)
{
	struct probe *p = context;
	struct stream_taker taker = {take_frame, p};
	struct fault fault;
	char text[128], reason[256];

	if (stream_feed(&p->stream, bytes, size, &taker, &fault) && !p->leaving) {
		snprintf(reason, sizeof reason,
			 "the controller sent a frame that cannot be read: %s",
			 fault_text(&fault, text, sizeof text));
		probe_walk_fail(&p->walk, reason);
		leave(p);
	}
	arm(p);
}

static void
on_stage(void *context, enum link_stage stage, const char *detail)
{
	struct probe *p = context;

	switch (stage) {
	case LINK_RESOLVING:
		probe_walk_host(&p->walk, detail);
		limit(p, p->settings->timeout_ms);
		break;
	case LINK_CONNECTING:
		probe_walk_address(&p->walk, detail);
		limit(p, NEVER);
		break;
	case LINK_HANDSHAKING:
		probe_walk_reached(&p->walk, detail);
		break;
	case LINK_ESTABLISHED:
		probe_walk_shown(&p->walk, link_shown(p->link), true);
		probe_walk_settle(&p->walk);
		limit(p, p->settings->timeout_ms);
		break;
	}
	arm(p);
}

static void
on_connected(void *context)
{
	struct probe *p = context;

	session_connected(&p->session, uv_now(&p->loop));
	arm(p);
}

static void
on_closed(void *context, const struct link_end *why)
{
	struct probe *p = context;

	if (!p->leaving)
		probe_walk_lost(&p->walk, why, link_shown(p->link));
	link_close(&p->link);
	leave(p);
}

static const struct link_events events = {on_stage, on_connected, on_bytes, on_closed};

/* Actions of the session. */

static void
do_dial(void *context)
{
	struct probe *p = context;
	const struct config_controller *controller = p->settings->controller;
	const struct link_target target = {
		.name = controller->name,
		.hosts = controller->hosts,
		.n_hosts = controller->n_hosts,
		.port = controller->port,
		.tls = p->settings->tls,
		.state_dir = p->settings->gateway->state_dir,
		.remember_not = true,
		.connect_timeout_ms = p->settings->timeout_ms,
		.handshake_timeout_ms = p->settings->handshake_ms,
	};

	p->link = link_open(&p->loop, &target, &events, p);
}

static void
do_hang_up(void *context)
{
	struct probe *p = context;

	link_close(&p->link);
}

static bool
do_send(void *context, const struct message_def *def, const uint8_t *bytes, size_t size)
{
	struct probe *p = context;

	(void)def;
	return p->link && link_send(p->link, bytes, size) == 0;
}

static void
do_nothing(void *context)
{
	(void)context;
}

static void
do_answered(void *context, const struct question *question, const char *error)
{
	(void)context;
	(void)question;
	(void)error;
}

static const struct session_actions actions = {do_dial,	   do_hang_up, do_send,
					       do_nothing, do_nothing, do_answered};

static void
init_session(struct probe *p)
{
	const struct config_controller *controller = p->settings->controller;

	p->device = (struct session_device){
		.name = p->settings->gateway->name,
		.model = "nmsp2mqtt",
		.software = VERSION,
		.mac = mac_number(p->settings->identity->mac),
	};
	p->session = (struct session){
		.dict = p->settings->dict,
		.device = &p->device,
		.actions = &actions,
		.context = p,
		.arena = &p->writing,
		.settings =
			{
				.echo_interval_ms = controller->echo_interval_s * UINT64_C(1000),
				.echo_timeout_ms = controller->echo_timeout_s * UINT64_C(1000),
				.answer_timeout_ms = p->settings->timeout_ms,
				.max_flaps = UINT_MAX,
				.no_initial = true,
			},
	};
	session_init(&p->session);
}

static void
init_signal(struct probe *p, uv_signal_t *handle, int signum)
{
	uv_signal_init(&p->loop, handle);
	handle->data = p;
	uv_signal_start(handle, on_signal, signum);
}

static void
init(struct probe *p)
{
	uv_timer_init(&p->loop, &p->timer);
	p->timer.data = p;
	init_signal(p, &p->sigint, SIGINT);
	init_signal(p, &p->sigterm, SIGTERM);
	arena_init(&p->reading, ARENA_LIMIT);
	arena_init(&p->writing, ARENA_LIMIT);
	stream_init(&p->stream, p->settings->dict);
	init_session(p);
	p->deadline = NEVER;
	p->walk.settled = p->settings->controller->n_hosts == 1;
}

static void
fini(struct probe *p)
{
	end(p);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	session_fini(&p->session);
	stream_fini(&p->stream);
	offer_clear(&p->offer);
	arena_fini(&p->reading);
	arena_fini(&p->writing);
	uv_loop_close(&p->loop);
}

int
probe_run(const struct probe_settings *settings, const struct probe_watcher *watcher,
	  struct probe_report *report)
{
	struct probe *p = calloc(1, sizeof *p);
	int status;

	*report = (struct probe_report){.controller = settings->controller->name};
	if (!p || uv_loop_init(&p->loop)) {
		free(p);
		return -1;
	}
	p->settings = settings;
	p->walk = (struct probe_walk){.settings = settings, .watcher = watcher, .report = report};
	init(p);
	status = subscription_init(&p->session.subscription, settings->dict,
				   settings->controller->services, settings->controller->n_services,
				   NULL);
	if (status == 0)
		session_start(&p->session, uv_now(&p->loop));
	if (p->link)
		uv_run(&p->loop, UV_RUN_DEFAULT);
	else
		status = -1;
	fini(p);
	free(p);
	return status;
}
