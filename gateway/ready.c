/* SPDX-License-Identifier: ISC */
/* ready.c: whether a gateway does what it is there for */
#include "gateway/ready.h"

#include <jansson.h>

#include "gateway/parts.h"

static bool
is_overdue(const struct gateway *g, const struct controller *c)
{
	uint64_t patience = g->config->gateway.overdue_s * UINT64_C(1000);

	return c->missing_since && uv_now(&g->loop) - c->missing_since > patience;
}

static bool
is_connected(struct output *output)
{
	struct output_status status;

	output_status(output, &status);
	return status.connected;
}

bool
ready_now(const struct gateway *g)
{
	bool connected = false;

	for (size_t i = 0; i < g->n_controllers; i++)
		if (is_overdue(g, g->controllers[i]))
			return false;
	for (size_t i = 0; i < g->n_outputs && !connected; i++)
		connected = is_connected(g->outputs[i]);
	return connected;
}

static json_t *
overdue_array(const struct gateway *g)
{
	json_t *controllers = json_array();

	for (size_t i = 0; i < g->n_controllers; i++) {
		const struct controller *c = g->controllers[i];
		json_t *object;

		if (!is_overdue(g, c))
			continue;
		object = json_pack("{s:s}", "name", c->config->name);
		parts_set_state(object, c);
		json_object_set_new(object, "missing_since",
				    parts_time(gateway_wall_time(&g->loop, c->missing_since)));
		json_array_append_new(controllers, object);
	}
	return controllers;
}

static json_t *
disconnected_array(const struct gateway *g)
{
	json_t *outputs = json_array();

	for (size_t i = 0; i < g->n_outputs; i++) {
		struct output_status status;
		json_t *object;

		output_status(g->outputs[i], &status);
		if (status.connected)
			continue;
		object = json_pack("{s:s}", "name", g->outputs[i]->name);
		parts_set_text(object, "reason", status.reason);
		json_array_append_new(outputs, object);
	}
	return outputs;
}

struct buffer *
ready_document(const struct gateway *g)
{
	json_t *document = json_pack("{s:b}", "ready", ready_now(g));

	parts_set_filled(document, "overdue", overdue_array(g));
	parts_set_filled(document, "not_connected", disconnected_array(g));
	return parts_text(document);
}
