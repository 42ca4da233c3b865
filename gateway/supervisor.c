/* SPDX-License-Identifier: ISC */
/* supervisor.c: the gateway as a service of systemd: readiness, a status line, the watchdog */
#include "gateway/supervisor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/gateway.h"
#include "gateway/systemd.h"

#define LOOK_MS	   1000
#define MOST_NAMES 4 /* of controllers that are not subscribed */

__attribute__((format(printf, 3, 4))) static void
append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
}

static bool
is_subscribed(const struct controller *c)
{
	return c->session.state == SESSION_SUBSCRIBED;
}

/* " (lab backoff, depot quarantined)", or nothing. */
static void
append_others(const struct gateway *g, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_controllers; i++) {
		const struct controller *c = g->controllers[i];

		if (is_subscribed(c))
			continue;
		if (n++ < MOST_NAMES)
			append(text, size, "%s%s %s", n == 1 ? " (" : ", ", c->config->name,
			       session_state_name(c->session.state));
	}
	if (n > MOST_NAMES)
		append(text, size, " and %zu more", n - MOST_NAMES);
	if (n)
		append(text, size, ")");
}

char *
supervisor_status(const struct gateway *g, char *text, size_t size)
{
	struct output_status status;
	size_t subscribed = 0;

	for (size_t i = 0; i < g->n_controllers; i++)
		subscribed += is_subscribed(g->controllers[i]);
	text[0] = '\0';
	append(text, size, "%zu of %zu controllers subscribed", subscribed, g->n_controllers);
	append_others(g, text, size);
	for (size_t i = 0; i < g->n_outputs; i++) {
		output_status(g->outputs[i], &status);
		append(text, size, ", %s %sconnected", g->outputs[i]->name,
		       status.connected ? "" : "not ");
	}
	return text;
}

void
supervisor_refresh(struct supervisor *s)
{
	char status[SUPERVISOR_STATUS_SIZE], state[SUPERVISOR_STATUS_SIZE + 32];

	if (!s->ready)
		return;
	supervisor_status(s->gateway, status, sizeof status);
	if (s->told_ready && strcmp(status, s->status) == 0)
		return;
	snprintf(state, sizeof state, "%sSTATUS=%s", s->told_ready ? "" : "READY=1\n", status);
	/* Else again at the next look. */
	if (!systemd_notify(state))
		return;
	s->told_ready = true;
	memcpy(s->status, status, sizeof s->status);
}

static void
on_look(uv_timer_t *timer)
{
	supervisor_refresh(timer->data);
}

static void
on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	systemd_notify("WATCHDOG=1");
}

void
supervisor_init(struct supervisor *s, struct gateway *g)
{
	*s = (struct supervisor){.gateway = g};
	uv_timer_init(&g->loop, &s->watchdog);
	uv_timer_init(&g->loop, &s->look);
	s->look.data = s;
}

static void
close_timer(uv_timer_t *timer)
{
	if (!uv_is_closing((uv_handle_t *)timer))
		uv_close((uv_handle_t *)timer, NULL);
}

void
supervisor_close(struct supervisor *s)
{
	s->ready = false;
	close_timer(&s->watchdog);
	close_timer(&s->look);
}

void
supervisor_ready(struct supervisor *s)
{
	uint64_t watchdog_ms = systemd_watchdog_ms();

	s->ready = systemd_listens();
	s->told_ready = false;
	supervisor_refresh(s);
	if (s->ready)
		uv_timer_start(&s->look, on_look, LOOK_MS, LOOK_MS);
	if (watchdog_ms)
		uv_timer_start(&s->watchdog, on_watchdog, 0, watchdog_ms);
}

void
supervisor_reloading(struct supervisor *s)
{
	s->ready = false;
	systemd_reloading();
}

void
supervisor_stopping(struct supervisor *s)
{
	s->ready = false;
	systemd_notify("STOPPING=1\nSTATUS=stopping");
}
