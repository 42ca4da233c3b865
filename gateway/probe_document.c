/* SPDX-License-Identifier: ISC */
/* probe_document.c: what a probe has found, as JSON */
#include "gateway/probe_document.h"

#include <jansson.h>

static void
set_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(object, key, json_string(text));
}

static json_t *
step_object(enum probe_step step, const struct probe_finding *finding)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(probe_step_name(step)));
	if (finding->verdict == PROBE_OPEN) {
		json_object_set_new(object, "ok", json_null());
		return object;
	}
	json_object_set_new(object, "ok", json_boolean(finding->verdict == PROBE_GOOD));
	if (finding->verdict == PROBE_WARNING)
		json_object_set_new(object, "warning", json_true());
	set_text(object, "text", finding->text);
	set_text(object, "hint", finding->hint);
	json_object_set_new(object, "ms", json_integer((json_int_t)finding->ms));
	return object;
}

char *
probe_document_text(const struct probe_report *report)
{
	json_t *document = json_object(), *steps = json_array();
	char *text;

	for (enum probe_step step = PROBE_NAME; step < PROBE_STEPS; step++)
		json_array_append_new(steps, step_object(step, &report->steps[step]));
	json_object_set_new(document, "controller", json_string(report->controller));
	json_object_set_new(document, "exit", json_integer(probe_exit(report)));
	json_object_set_new(document, "steps", steps);
	text = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	return text;
}
