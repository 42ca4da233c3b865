/* SPDX-License-Identifier: ISC */
/* reload_outputs.c: the part of a reload for outputs */
#include "gateway/reload_outputs.h"

#include <stdlib.h>
#include <string.h>

#include "conf/config_diff.h"
#include "gateway/build.h"
#include "gateway/handover.h"
#include "gateway/log.h"

#define FLUSH_MS 2000 /* to clear documents, or for what is queued at the end */

/* The section of an output, before and after. */
struct section {
	const char *type;
	const char *name;
	const void *before; /* NULL: it is new */
	const void *after;
};

static bool
is_mqtt(const struct section *section)
{
	return strcmp(section->type, "mqtt") == 0;
}

static struct output *
build(struct reload *r, const struct section *section, struct queue *queue)
{
	return is_mqtt(section) ? build_mqtt(r->g, section->after, queue)
				: build_file(section->after, queue);
}

/* Whether the retained documents have other topics now. */
static bool
is_rerooted(const struct reload *r, const struct section *section)
{
	const struct config_mqtt *before = section->before, *after = section->after;

	return is_mqtt(section) && before &&
	       (r->global & EFFECT_NAME || strcmp(before->prefix, after->prefix) != 0);
}

/* Another output goes on with the queue. */
static struct output *
replace(struct reload *r, struct output *old, const struct section *section)
{
	struct output *next = build(r, section, old->queue);
	bool rerooted = next && is_rerooted(r, section);

	if (!next)
		return NULL;
	if (rerooted && queue_close_documents(old->queue))
		old->ops->wake(old);
	if (handover_begin(r->g, old, next, rerooted ? FLUSH_MS : 0) == 0)
		return next;
	output_release(next);
	return NULL;
}

static void
limit(struct output *output, size_t max_bytes, const struct config_full *full)
{
	struct queue_settings settings = {.max_bytes = max_bytes};

	build_policies(settings.policies, full);
	queue_limit(output->queue, &settings);
}

static void
change_mqtt(struct reload *r, struct output *output, const struct config_mqtt *config)
{
	char error[256];
	struct topic *topic = topic_new(config->topic, config->prefix, r->after->gateway.name,
					error, sizeof error);

	limit(output, config->queue_size, &config->full);
	output->mode = build_mode(config->publish);
	if (topic)
		output_set_topic(output, topic);
	else
		log_error("reload", "mqtt %s: %s", config->name, error);
}

static void
change_file(struct output *output, const struct config_file *config)
{
	limit(output, config->queue_size, &config->full);
	output->mode = build_mode(config->publish);
}

/* Does what the difference asks for; returns the output that is there afterwards. */
static struct output *
update(struct reload *r, struct output *old, const struct section *section)
{
	struct config_names names;
	struct reload_note note = {section->type, section->name, names.text, "updated"};
	unsigned effects = config_diff(section->type, section->before, section->after, &names);
	struct output *output = old;

	if (is_mqtt(section) && r->global & EFFECT_NAME)
		effects |= EFFECT_OUTPUT;
	if (!effects)
		return old;
	if (effects & EFFECT_OUTPUT) {
		output = replace(r, old, section);
		note.done = output ? "restarted" : "failed, see the log";
	} else if (is_mqtt(section)) {
		change_mqtt(r, old, section->after);
	} else {
		change_file(old, section->after);
	}
	reload_note(r, &note);
	return output ? output : old;
}

/* The output of a section as it is to be, NULL when it cannot be made. One that there was leaves
 * the list. */
static struct output *
apply(struct reload *r, const struct section *section)
{
	struct gateway *g = r->g;
	struct output *output;

	for (size_t i = 0; i < g->n_outputs; i++) {
		output = g->outputs[i];
		if (!output || strcmp(output->name, section->name) != 0 ||
		    strcmp(output->ops->type, section->type) != 0)
			continue;
		g->outputs[i] = NULL;
		return update(r, output, section);
	}
	output = build(r, section, NULL);
	reload_note(r, &(struct reload_note){section->type, section->name, NULL,
					     output ? "added" : "failed, see the log"});
	if (output) {
		gateway_publish_all(g, output);
		output_start(output);
	}
	return output;
}

/* Ends the outputs that are left in the list. */
static void
remove_left(struct reload *r)
{
	struct gateway *g = r->g;

	for (size_t i = 0; i < g->n_outputs; i++) {
		struct output *output = g->outputs[i];
		struct reload_note note = {"", NULL, NULL, "removed"};

		if (!output)
			continue;
		note.what = output->ops->type;
		note.name = output->name;
		reload_note(r, &note);
		if (handover_begin(g, output, NULL, FLUSH_MS))
			log_error("reload", "output %s: out of memory", output->name);
	}
}

/* Without memory records have nowhere to go; to an output that ends they must not. */
static void
renew_routes(struct gateway *g, struct controller *c)
{
	if (build_routes(g, c))
		process_set_routes(&c->process, NULL, 0);
}

int
reload_outputs(struct reload *r)
{
	struct gateway *g = r->g;
	const struct config *after = r->after;
	struct output **outputs = calloc(after->n_mqtts + after->n_files + 1, sizeof(*outputs));
	struct output *output;
	size_t n = 0;

	if (!outputs)
		return -1;
	for (size_t i = 0; i < after->n_mqtts; i++) {
		const struct config_mqtt *mqtt = &after->mqtts[i];

		output =
			apply(r, &(struct section){"mqtt", mqtt->name,
						   config_mqtt_named(r->before, mqtt->name), mqtt});
		if (output)
			outputs[n++] = output;
	}
	for (size_t i = 0; i < after->n_files; i++) {
		const struct config_file *file = &after->files[i];

		output =
			apply(r, &(struct section){"file", file->name,
						   config_file_named(r->before, file->name), file});
		if (output)
			outputs[n++] = output;
	}
	remove_left(r);
	free(g->outputs);
	g->outputs = outputs;
	g->n_outputs = n;
	for (size_t i = 0; i < g->n_controllers; i++)
		renew_routes(g, g->controllers[i]);
	for (size_t i = 0; i < g->n_leaving; i++)
		renew_routes(g, g->leaving[i]);
	return 0;
}
