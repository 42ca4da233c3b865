/* SPDX-License-Identifier: ISC */
/* command_controller.c: commands to one controller: stay away, come back, dial anew */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/command_call.h"

#define DISABLED     "disabled by command"
#define RECONNECTING "reconnects by command"

static struct controller *
named_controller(struct call *call)
{
	struct controller *c = command_controller(call);

	if (!c)
		call_fail(call, "\"controller\": expected the name of one");
	return c;
}

static void
tell_state(struct call *call, const struct controller *c)
{
	call_set(call, "controller", json_string(c->config->name));
	call_set(call, "state", json_string(session_state_name(c->session.state)));
}

/* A controller that is on its way out cannot be dialled, and none may be dialled too often. */
static bool
may_dial(struct call *call, const struct controller *c)
{
	uint64_t wait_ms = controller_dial_wait(c);

	if (c->stopping)
		return call_fail(call, "controller %s is about to hang up, try again in a moment",
				 c->config->name);
	if (wait_ms > 0)
		return call_fail(call,
				 "controller %s was dialled by command a moment ago, try again in "
				 "%" PRIu64 " s: connections that come and go can crash it",
				 c->config->name, (wait_ms + 999) / 1000);
	return true;
}

void
command_enable(struct call *call)
{
	struct controller *c = named_controller(call);

	if (!c)
		return;
	if (c->stopping || c->session.state == SESSION_DISABLED) {
		if (!may_dial(call, c))
			return;
		controller_dial(c, NULL);
	}
	tell_state(call, c);
}

void
command_reconnect(struct call *call)
{
	struct controller *c = named_controller(call);

	if (!c)
		return;
	if (c->session.state == SESSION_DISABLED) {
		call_fail(call, "controller %s is disabled, expected controller/enable",
			  c->config->name);
		return;
	}
	if (!may_dial(call, c))
		return;
	controller_dial(c, RECONNECTING);
	tell_state(call, c);
}

void
command_disable(struct call *call)
{
	struct controller *c = named_controller(call);

	if (!c)
		return;
	if (c->session.state != SESSION_DISABLED)
		controller_disable(c, DISABLED);
	if (c->session.state == SESSION_DISABLED) {
		tell_state(call, c);
		return;
	}
	call->retiring = strdup(c->config->name);
	if (!call->retiring)
		call_fail(call, "no memory");
}

bool
command_is_retired(struct call *call, const struct controller *c)
{
	if (!call->retiring || c->session.state != SESSION_DISABLED ||
	    strcmp(call->retiring, c->config->name) != 0)
		return false;
	tell_state(call, c);
	return true;
}
