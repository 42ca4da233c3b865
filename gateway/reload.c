/* SPDX-License-Identifier: ISC */
/* reload.c: another configuration for a gateway that runs
 *
 * Whatever can be refused is refused before anything is touched. The configuration before stays
 * until the last session that was opened with it has ended.
 */
#include "gateway/reload.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config_diff.h"
#include "conf/dictionary.h"
#include "gateway/build.h"
#include "gateway/check.h"
#include "gateway/documents.h"
#include "gateway/http.h"
#include "gateway/log.h"
#include "gateway/reload_check.h"
#include "gateway/reload_outputs.h"
#include "gateway/tls.h"
#include "outputs/timestamp.h"

void
reload_note(struct reload *r, const struct reload_note *note)
{
	const char *options = note->options ? note->options : "";
	json_t *change = json_pack("{s:s,s:s*,s:s*,s:s}", "what", note->what, "name", note->name,
				   "options", *options ? options : NULL, "done", note->done);
	char subject[192];

	json_array_append_new(r->changes, change);
	snprintf(subject, sizeof subject, "reload %s%s%s", note->what, note->name ? " " : "",
		 note->name ? note->name : "");
	log_info(subject, "%s%s%s", options, *options ? ": " : "", note->done);
}

/* The gateway itself. */

static void
apply_identity(struct reload *r)
{
	struct identity identity = {0};

	if (build_identity(r->after, &identity))
		return;
	if (identity_is(&identity, &r->g->identity)) {
		identity_fini(&identity);
		return;
	}
	identity_fini(&r->g->identity);
	r->g->identity = identity;
	r->identity = true;
	build_tell_identity(r->g);
	reload_note(r, &(struct reload_note){.what = "identity", .done = "replaced"});
}

static void
apply_log(struct reload *r)
{
	struct config_names names;

	unsigned changed = config_diff("log", &r->before->log, &r->after->log, &names);

	/* In any case, since a command may have changed a level. */
	log_configure(&r->after->log.settings);
	if (changed)
		reload_note(r, &(struct reload_note){"log", NULL, names.text, "updated"});
}

static void
apply_gateway(struct reload *r)
{
	struct config_names names;

	r->global = config_diff("gateway", &r->before->gateway, &r->after->gateway, &names);
	if (r->global)
		reload_note(r, &(struct reload_note){"gateway", NULL, names.text,
						     r->global & EFFECT_START
							     ? "waits for the next start"
							     : "updated"});
	apply_identity(r);
	build_device(r->g);
	r->g->shared.state_dir = r->after->gateway.state_dir;
	if (r->global & EFFECT_GATEWAY)
		gateway_arm_health(r->g);
}

static void
apply_http(struct reload *r)
{
	const struct config_http *before = &r->before->http, *after = &r->after->http;
	bool both = before->enabled && after->enabled;
	struct config_names names = {.text = ""};
	const char *done = after->enabled ? "added" : "removed";

	if (r->g->http)
		http_reconfigure(r->g->http);
	if (both)
		done = config_diff("http", before, after, &names) ? "updated" : NULL;
	if (done && (before->enabled || after->enabled))
		reload_note(r, &(struct reload_note){"http", NULL, names.text, done});
}

/* Controllers. */

static const char *
apply_session(struct reload *r, struct controller *c, const struct config_controller *after,
	      unsigned effects)
{
	const struct dict *dict = c->next.config ? c->next.dict : c->dict;
	struct controller_setup setup;

	if (build_setup(r->g, after, &setup))
		return "failed, see the log";
	if (effects & EFFECT_SESSION || r->identity || setup.dict != dict) {
		controller_reopen(c, &setup);
		return "reopened";
	}
	tls_context_put(setup.tls);
	if (c->next.config)
		c->next.config = after;
	else
		c->config = after;
	return effects ? "updated" : NULL;
}

static void
apply_controller(struct reload *r, struct controller *c, const struct config_controller *after)
{
	struct config_names names;
	unsigned effects = config_diff(
		"controller", config_controller_named(r->before, after->name), after, &names);
	const char *done = apply_session(r, c, after, effects);

	build_records(r->g, c, after);
	if (done)
		reload_note(r, &(struct reload_note){"controller", after->name, names.text, done});
}

static struct controller *
add_controller(struct reload *r, const struct config_controller *after)
{
	struct controller *c = build_controller(r->g, after);

	reload_note(r, &(struct reload_note){"controller", after->name, NULL,
					     c ? "added" : "failed, see the log"});
	return c;
}

/* The controllers that are not in the configuration any more stop, and leave when they have. */
static void
remove_controllers(struct reload *r, struct controller **controllers, size_t n)
{
	struct gateway *g = r->g;

	for (size_t i = 0; i < n; i++) {
		struct controller *c = controllers[i];

		if (config_controller_named(r->after, c->config->name))
			continue;
		c->removed = true;
		g->leaving[g->n_leaving++] = c;
		gateway_clear_documents(g, c);
		controller_stop(c);
		reload_note(r,
			    &(struct reload_note){"controller", c->config->name, NULL, "removed"});
	}
}

static int
apply_controllers(struct reload *r)
{
	struct gateway *g = r->g;
	struct controller **before = g->controllers;
	size_t n_before = g->n_controllers, most = g->n_leaving + n_before;
	struct controller **leaving = reallocarray(g->leaving, most + 1, sizeof *leaving);
	struct controller **controllers = calloc(r->after->n_controllers + 1, sizeof *controllers);
	size_t n = 0;

	if (leaving)
		g->leaving = leaving;
	if (!leaving || !controllers) {
		free(controllers);
		return -1;
	}
	for (size_t i = 0; i < r->after->n_controllers; i++) {
		const struct config_controller *after = &r->after->controllers[i];
		struct controller *c = gateway_controller(g, after->name);

		if (c)
			apply_controller(r, c, after);
		else if ((c = add_controller(r, after)))
			controller_start(c);
		if (c)
			controllers[n++] = c;
	}
	g->controllers = controllers;
	g->n_controllers = n;
	remove_controllers(r, before, n_before);
	free(before);
	return 0;
}

/* What nothing refers to any more. */

static bool
uses_dict(const struct controller *c, const struct dict *dict)
{
	return c->dict == dict || c->next.dict == dict;
}

static bool
uses_config(const struct controller *c, const struct config *config)
{
	const struct config_controller *first = config->controllers;
	const struct config_controller *end = first + config->n_controllers;

	return (c->config >= first && c->config < end) ||
	       (c->next.config >= first && c->next.config < end);
}

static bool
is_dict_used(const struct gateway *g, const struct dict *dict)
{
	for (size_t i = 0; i < g->n_controllers; i++)
		if (uses_dict(g->controllers[i], dict))
			return true;
	for (size_t i = 0; i < g->n_leaving; i++)
		if (uses_dict(g->leaving[i], dict))
			return true;
	return false;
}

static bool
is_config_used(const struct gateway *g, const struct config *config)
{
	for (size_t i = 0; i < g->n_controllers; i++)
		if (uses_config(g->controllers[i], config))
			return true;
	for (size_t i = 0; i < g->n_leaving; i++)
		if (uses_config(g->leaving[i], config))
			return true;
	return false;
}

void
reload_sweep(struct gateway *g)
{
	size_t dicts = 0, configs = 0;

	for (size_t i = 0; i < g->n_dicts; i++) {
		struct gateway_dict *d = &g->dicts[i];

		if (d->current || is_dict_used(g, d->dict)) {
			g->dicts[dicts++] = *d;
			continue;
		}
		dictionary_free(d->dict);
		free(d->name);
	}
	g->n_dicts = dicts;
	for (size_t i = 0; i < g->n_old_configs; i++)
		if (is_config_used(g, g->old_configs[i]))
			g->old_configs[configs++] = g->old_configs[i];
		else
			config_free(g->old_configs[i]);
	g->n_old_configs = configs;
}

/* The whole. */

static void
collect_error(void *context, const char *file, int line, const char *message)
{
	json_t *error = json_pack("{s:s,s:s}", "file", file, "message", message);

	if (line > 0)
		json_object_set_new(error, "line", json_integer(line));
	json_array_append_new(context, error);
	if (line > 0)
		log_error("reload", "%s:%d: %s", file, line, message);
	else
		log_error("reload", "%s: %s", file, message);
}

/* Reads and checks the file; NULL with the errors. */
static struct config *
read_config(const struct gateway *g, json_t *errors)
{
	const struct report report = {.error = collect_error, .context = errors};
	struct config *config = NULL;

	if (g->n_handovers > 0)
		report.error(errors, g->config->path, 0, "the reload before is still under way");
	else
		config = config_load(g->config->path, &report);
	if (config && check_config(config, &report, true) == 0 &&
	    reload_check(g->config, config, &report) == 0)
		return config;
	config_free(config);
	return NULL;
}

static int
keep_old_config(struct gateway *g, struct config *config)
{
	struct config **configs =
		reallocarray(g->old_configs, g->n_old_configs + 1, sizeof *configs);

	if (!configs)
		return -1;
	g->old_configs = configs;
	configs[g->n_old_configs++] = g->config;
	g->config = config;
	return 0;
}

static void
apply(struct reload *r)
{
	struct gateway *g = r->g;

	g->edition++;
	tls_contexts_forget();
	for (size_t i = 0; i < g->n_dicts; i++)
		g->dicts[i].current = false;
	apply_log(r);
	apply_gateway(r);
	apply_http(r);
	if (reload_outputs(r) || apply_controllers(r))
		reload_note(r, &(struct reload_note){"gateway", NULL, NULL, "out of memory"});
	reload_sweep(g);
}

static void
finish(struct gateway *g, json_t *result, const char *key, json_t *list)
{
	char ts[TIMESTAMP_LENGTH + 1];

	timestamp_write(ts, timestamp_now());
	json_object_set_new(result, "ts", json_string(ts));
	json_object_set_new(result, key, list);
	json_decref(g->last_reload);
	g->last_reload = result;
	gateway_publish_info(g);
	supervisor_ready(&g->supervisor);
}

void
reload_run(struct gateway *g)
{
	json_t *errors = json_array();
	struct config *config;
	struct reload r = {.g = g, .before = g->config};

	supervisor_reloading(&g->supervisor);
	r.after = config = read_config(g, errors);
	if (!config || keep_old_config(g, config)) {
		config_free(config);
		log_error("reload", "%s is not used, everything stays as it was", g->config->path);
		finish(g, json_pack("{s:b}", "ok", 0), "errors", errors);
		return;
	}
	json_decref(errors);
	r.changes = json_array();
	apply(&r);
	log_info("reload", "%s: %zu changes", config->path, json_array_size(r.changes));
	finish(g, json_pack("{s:b}", "ok", 1), "changes", r.changes);
}

json_t *
reload_request(struct gateway *g)
{
	if (g->stopping)
		return json_pack("{s:s}", "error", "the gateway is stopping");
	reload_run(g);
	return json_incref(g->last_reload);
}

void
reload_fini(struct gateway *g)
{
	for (size_t i = 0; i < g->n_dicts; i++) {
		dictionary_free(g->dicts[i].dict);
		free(g->dicts[i].name);
	}
	for (size_t i = 0; i < g->n_old_configs; i++)
		config_free(g->old_configs[i]);
	config_free(g->config);
	json_decref(g->last_reload);
	free(g->dicts);
	free(g->old_configs);
}
