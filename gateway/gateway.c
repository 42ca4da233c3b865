/* SPDX-License-Identifier: ISC */
/* gateway.c: everything that a running gateway is made of */
#include "gateway/gateway.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dictionary.h"
#include "gateway/account_log.h"
#include "gateway/build.h"
#include "gateway/command.h"
#include "gateway/documents.h"
#include "gateway/http.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/reload.h"
#include "gateway/status.h"
#include "outputs/timestamp.h"

#define MOST_DIALS	32
#define DIAL_SPACING_MS 5
#define FLUSH_MS	5000 /* for the outputs */

struct controller *
gateway_controller(const struct gateway *g, const char *name)
{
	for (size_t i = 0; i < g->n_controllers; i++)
		if (strcmp(g->controllers[i]->config->name, name) == 0)
			return g->controllers[i];
	return NULL;
}

uint64_t
gateway_wall_time(const uv_loop_t *loop, uint64_t loop_ms)
{
	return timestamp_now() - uv_now(loop) + loop_ms;
}

/* Hands a document to every output and lets go of it. */
static void
publish_document(struct gateway *g, const char *suffix, struct buffer *document, int qos)
{
	for (size_t i = 0; document && i < g->n_outputs; i++)
		output_document(g->outputs[i], suffix, document, qos);
	buffer_unref(document);
}

/* The same of a document of a controller. */
static void
publish_of_controller(struct gateway *g, const struct controller *c, const char *what,
		      struct buffer *document)
{
	char suffix[256];

	snprintf(suffix, sizeof suffix, "%s/%s", c->config->name, what);
	if (c->removed)
		buffer_unref(document);
	else
		publish_document(g, suffix, document, 1);
}

static void
on_state(void *context, struct controller *c)
{
	struct gateway *g = context;

	publish_of_controller(g, c, "state", documents_state(c));
	/* After the document, so that whoever reads the response finds it there. */
	command_state(g, c);
	supervisor_refresh(&g->supervisor);
}

static void
on_capability(void *context, struct controller *c)
{
	publish_of_controller(context, c, "capability", documents_capability(c));
}

void
gateway_publish_info(struct gateway *g)
{
	publish_document(g, "info", documents_info(g), 1);
}

/* Sets, or clears, a document of one output. */
static void
set_document(struct output *output, const struct controller *c, const char *what,
	     struct buffer *document)
{
	char suffix[256];

	snprintf(suffix, sizeof suffix, "%s%s%s", c ? c->config->name : "", c ? "/" : "", what);
	output_document(output, suffix, document, 1);
	buffer_unref(document);
}

void
gateway_publish_all(struct gateway *g, struct output *output)
{
	set_document(output, NULL, "info", documents_info(g));
	for (size_t i = 0; i < g->n_controllers; i++) {
		struct controller *c = g->controllers[i];

		set_document(output, c, "state", documents_state(c));
		if (c->offer.n_services)
			set_document(output, c, "capability", documents_capability(c));
	}
}

void
gateway_clear_documents(struct gateway *g, const struct controller *c)
{
	for (size_t i = 0; i < g->n_outputs; i++) {
		set_document(g->outputs[i], c, "state", NULL);
		set_document(g->outputs[i], c, "capability", NULL);
	}
}

static void
on_answered(void *context, struct controller *c, const struct question *question, const char *error)
{
	command_answered(context, c, question, error);
}

static void
on_health(uv_timer_t *timer)
{
	struct gateway *g = timer->data;

	publish_document(g, "health", documents_health(g), 0);
}

void
gateway_arm_health(struct gateway *g)
{
	uint64_t interval = g->config->gateway.health_interval_s * UINT64_C(1000);

	uv_timer_start(&g->health_timer, on_health, interval, interval);
}

static void pace(void *context);

static void
on_pace(uv_timer_t *timer)
{
	struct gateway *g = timer->data;
	uint64_t again = pacer_run(&g->pacer, uv_now(&g->loop));

	if (again != UINT64_MAX)
		uv_timer_start(&g->pace_timer, on_pace, again - uv_now(&g->loop), 0);
}

/* Never from inside the caller: the next turn of the loop. */
static void
pace(void *context)
{
	struct gateway *g = context;

	if (!uv_is_active((uv_handle_t *)&g->pace_timer) &&
	    !uv_is_closing((uv_handle_t *)&g->pace_timer))
		uv_timer_start(&g->pace_timer, on_pace, 0, 0);
}

/* Stopping: first the controllers, then the loop ends and the outputs follow. */

static bool
all_stopped(const struct gateway *g)
{
	for (size_t i = 0; i < g->n_controllers; i++)
		if (g->controllers[i]->stopping)
			return false;
	return true;
}

static void
close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void
end_loop(struct gateway *g)
{
	if (g->ended)
		return;
	g->ended = true;
	command_stop(g);
	http_stop(g->http);
	g->http = NULL;
	draft_close(&g->status);
	draft_close(&g->metrics);
	for (size_t i = 0; i < g->n_controllers; i++)
		controller_close(g->controllers[i], "the gateway is stopping");
	for (size_t i = 0; i < g->n_leaving; i++)
		controller_close(g->leaving[i], "the gateway is stopping");
	publish_document(g, "health", documents_health(g), 0);
	close_handle((uv_handle_t *)&g->pace_timer);
	close_handle((uv_handle_t *)&g->health_timer);
	supervisor_close(&g->supervisor);
}

static void
on_stopped(void *context, struct controller *c)
{
	struct gateway *g = context;

	if (c->removed)
		controller_close(c, "it is not configured any more");
	else
		reload_sweep(g);
	if (g->stopping && all_stopped(g))
		end_loop(g);
}

static void
on_closed(void *context, struct controller *c)
{
	struct gateway *g = context;
	size_t n = 0;

	if (!c->removed)
		return;
	for (size_t i = 0; i < g->n_leaving; i++)
		if (g->leaving[i] != c)
			g->leaving[n++] = g->leaving[i];
	g->n_leaving = n;
	controller_free(c);
	reload_sweep(g);
}

static void
reload(struct gateway *g)
{
	g->reload_again = g->n_handovers > 0;
	if (!g->reload_again)
		reload_run(g);
}

void
gateway_handed_over(struct gateway *g)
{
	if (g->reload_again && !g->stopping)
		reload(g);
}

static void
on_sighup(uv_signal_t *handle, int signum)
{
	struct gateway *g = handle->data;

	log_reopen();
	if (g->stopping)
		return;
	log_info("gateway", "%s: reloading", strsignal(signum));
	reload(g);
}

static struct json_t *
on_reload_request(void *context)
{
	return reload_request(context);
}

static void
on_signal(uv_signal_t *handle, int signum)
{
	struct gateway *g = handle->data;

	if (g->stopping) {
		log_warning("gateway", "%s again: ends at once", strsignal(signum));
		end_loop(g);
		return;
	}
	log_info("gateway", "%s: stopping", strsignal(signum));
	supervisor_stopping(&g->supervisor);
	g->stopping = true;
	uv_timer_stop(&g->pace_timer);
	for (size_t i = 0; i < g->n_controllers; i++)
		controller_stop(g->controllers[i]);
}

static void
init_timer(struct gateway *g, uv_timer_t *timer)
{
	uv_timer_init(&g->loop, timer);
	timer->data = g;
}

static void
init_signal(struct gateway *g, uv_signal_t *handle, uv_signal_cb callback, int signum)
{
	uv_signal_init(&g->loop, handle);
	handle->data = g;
	uv_signal_start(handle, callback, signum);
	/* It outlives the loop's run, so that no signal kills the outputs while they flush. */
	uv_unref((uv_handle_t *)handle);
}

static void
init_shared(struct gateway *g)
{
	pacer_init(&g->pacer, MOST_DIALS, DIAL_SPACING_MS);
	g->shared = (struct controller_shared){
		.loop = &g->loop,
		.pacer = &g->pacer,
		.pace = pace,
		.context = g,
		.device = &g->device,
		.state_dir = g->config->gateway.state_dir,
		.tails = &g->tails,
		.state = on_state,
		.capability = on_capability,
		.stopped = on_stopped,
		.closed = on_closed,
		.answered = on_answered,
	};
	arena_init(&g->shared.reading, CONTROLLER_ARENA_LIMIT);
	arena_init(&g->shared.writing, CONTROLLER_ARENA_LIMIT);
}

int
gateway_init(struct gateway *g, struct config *config)
{
	uint32_t id;

	*g = (struct gateway){.config = config, .started_at = timestamp_now()};
	link_prepare_process();
	if (uv_loop_init(&g->loop))
		return -1;
	g->loop.data = g;
	if (uv_random(NULL, NULL, &id, sizeof id, 0, NULL))
		id = (uint32_t)uv_hrtime();
	snprintf(g->session, sizeof g->session, "%08x", id);
	init_timer(g, &g->pace_timer);
	init_timer(g, &g->health_timer);
	draft_init(&g->status, g, &status_maker);
	draft_init(&g->metrics, g, &metrics_maker);
	supervisor_init(&g->supervisor, g);
	init_signal(g, &g->sigterm, on_signal, SIGTERM);
	init_signal(g, &g->sigint, on_signal, SIGINT);
	init_signal(g, &g->sighup, on_sighup, SIGHUP);
	init_shared(g);
	return command_init(g) ? -1 : build_all(g);
}

int
gateway_run(struct gateway *g)
{
	const struct http_actions actions = {.reload = on_reload_request, .context = g};

	log_info("gateway", "%s: %zu controller%s, %zu output%s", g->config->gateway.name,
		 g->n_controllers, g->n_controllers == 1 ? "" : "s", g->n_outputs,
		 g->n_outputs == 1 ? "" : "s");
	g->http = http_start(g, &actions);
	if (!g->http)
		return -1;
	gateway_publish_info(g);
	gateway_arm_health(g);
	/* First, so that an output knows whose documents are to be kept on the broker. */
	for (size_t i = 0; i < g->n_controllers; i++)
		controller_start(g->controllers[i]);
	for (size_t i = 0; i < g->n_outputs; i++)
		if (output_start(g->outputs[i]))
			return -1;
	supervisor_ready(&g->supervisor);
	uv_run(&g->loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < g->n_outputs; i++)
		output_stop(g->outputs[i], FLUSH_MS);
	account_log(g);
	return 0;
}

/* Blocked first: once the handles are closed, one more signal would kill what has ended well. */
static void
end_signals(struct gateway *g)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	close_handle((uv_handle_t *)&g->sigterm);
	close_handle((uv_handle_t *)&g->sigint);
	close_handle((uv_handle_t *)&g->sighup);
}

void
gateway_fini(struct gateway *g)
{
	if (!g->loop.data) {
		config_free(g->config);
		return;
	}
	end_loop(g);
	end_signals(g);
	uv_run(&g->loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < g->n_controllers; i++)
		controller_free(g->controllers[i]);
	for (size_t i = 0; i < g->n_outputs; i++)
		output_free(g->outputs[i]);
	reload_fini(g);
	arena_fini(&g->shared.reading);
	arena_fini(&g->shared.writing);
	scratch_free(g->scratch);
	identity_fini(&g->identity);
	free(g->controllers);
	free(g->outputs);
	free(g->leaving);
	ledger_fini(&g->ledger);
	command_fini(g);
	uv_run(&g->loop, UV_RUN_DEFAULT);
	uv_loop_close(&g->loop);
}
