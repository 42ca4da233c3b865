/* SPDX-License-Identifier: ISC */
/* routes.c: what the gateway's own HTTP answers to requests */
#include "gateway/routes.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "gateway/assets.h"
#include "gateway/command.h"
#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "gateway/parts.h"
#include "gateway/ready.h"
#include "gateway/status.h"

#define JSON_TYPE "application/json"
#define COMMANDS  "/api/v1/command/"

enum {
	OK = 200,
	BAD_REQUEST = 400,
	FORBIDDEN = 403,
	NOT_FOUND = 404,
	NOT_ALLOWED = 405,
	NOT_IMPLEMENTED = 501,
	UNAVAILABLE = 503,
};

struct resource {
	const char *method;
	const char *path; /* with a slash at its end: and what follows */
	void (*answer)(struct routes *routes, const struct request *request, struct reply *reply);
	const char *arguments; /* words; NULL: any, which mean nothing */
};

static void
reply_buffer(struct reply *reply, unsigned status, const char *type, struct buffer *buffer)
{
	*reply = (struct reply){.status = status, .type = type, .buffer = buffer};
	if (!buffer)
		return;
	reply->data = buffer->data;
	reply->length = buffer->length;
}

static void
reply_json(struct reply *reply, unsigned status, json_t *document)
{
	reply_buffer(reply, status, JSON_TYPE, parts_text(document));
}

void
reply_error(struct reply *reply, unsigned status, const char *sentence)
{
	reply_json(reply, status, json_pack("{s:s}", "error", sentence));
}

static void
answer_status(struct routes *routes, const struct request *request, struct reply *reply)
{
	struct gateway *g = routes->gateway;
	const char *name = request->argument(request->context, "controller");
	struct controller *c = name ? gateway_controller(g, name) : NULL;

	if (c)
		reply_json(reply, OK, status_of(g, c));
	else if (name)
		reply_error(reply, NOT_FOUND, "there is no controller of this name");
	else
		*reply = (struct reply){.status = OK, .type = JSON_TYPE, .draft = &g->status};
}

static void
answer_health(struct routes *routes, const struct request *request, struct reply *reply)
{
	(void)routes;
	(void)request;
	*reply = (struct reply){.status = OK, .type = "text/plain", .data = "ok\n", .length = 3};
}

static void
answer_ready(struct routes *routes, const struct request *request, struct reply *reply)
{
	const struct gateway *g = routes->gateway;

	(void)request;
	reply_buffer(reply, ready_now(g) ? OK : UNAVAILABLE, JSON_TYPE, ready_document(g));
}

static void
answer_metrics(struct routes *routes, const struct request *request, struct reply *reply)
{
	(void)request;
	*reply = (struct reply){
		.status = OK, .type = METRICS_TYPE, .draft = &routes->gateway->metrics};
}

static void
answer_asset(struct routes *routes, const struct request *request, struct reply *reply)
{
	struct asset asset;

	(void)routes;
	if (asset_find(&asset, request->path))
		*reply = (struct reply){.status = OK,
					.type = asset.type,
					.data = asset.data,
					.length = asset.length};
}

/* Fills in a filter; NULL, or what is wrong. */
static const char *
parse_filter(const struct request *request, struct tail_filter *filter)
{
	static const struct {
		const char *name;
		bool (*parse)(struct tail_filter *filter, const char *text);
		const char *wrong;
	} arguments[] = {
		{"kind", tail_filter_kinds, "kind: expected kinds of records, like rssi,info"},
		{"mac", tail_filter_mac,
		 "mac: expected a MAC address or how it begins, like a4:83"},
		{"n", tail_filter_count, "n: expected a number of records, from 1 on"},
		{"controller", tail_filter_controller, "controller: the name is too long"},
	};

	for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
		const char *text = request->argument(request->context, arguments[i].name);

		if (text && !arguments[i].parse(filter, text))
			return arguments[i].wrong;
	}
	return NULL;
}

static void
answer_tail(struct routes *routes, const struct request *request, struct reply *reply)
{
	struct tail_filter filter = {.kinds = 0};
	const char *wrong = parse_filter(request, &filter);

	if (wrong) {
		reply_error(reply, BAD_REQUEST, wrong);
	} else if (*filter.controller && !gateway_controller(routes->gateway, filter.controller)) {
		reply_error(reply, NOT_FOUND, "there is no controller of this name");
	} else {
		*reply = (struct reply){.status = OK, .type = "application/x-ndjson"};
		reply->tail = tail_open(&routes->gateway->tails, &filter);
		if (!reply->tail)
			reply_error(reply, UNAVAILABLE, "as many look on as may");
	}
}

/* What an action returned. */
static void
reply_action(struct reply *reply, json_t *result)
{
	bool failed = json_object_get(result, "error") ||
		      json_is_false(json_object_get(result, "ok"));

	if (result)
		reply_json(reply, failed ? BAD_REQUEST : OK, result);
	else
		reply_error(reply, UNAVAILABLE, "out of memory");
}

static void
answer_reload(struct routes *routes, const struct request *request, struct reply *reply)
{
	const struct http_actions *actions = &routes->actions;

	(void)request;
	if (actions->reload)
		reply_action(reply, actions->reload(actions->context));
	else
		reply_error(reply, NOT_IMPLEMENTED, "not available");
}

/* A body without anything is an object without members. */
static void
answer_command(struct routes *routes, const struct request *request, struct reply *reply)
{
	bool empty = request->body_length == 0;
	struct buffer *body = buffer_new(empty ? "{}" : request->body,
					 empty ? strlen("{}") : request->body_length);

	if (!body) {
		reply_error(reply, UNAVAILABLE, "out of memory");
		return;
	}
	*reply = (struct reply){.asked = true};
	command_run(routes->gateway, request->path + strlen(COMMANDS), body, request->asker);
	buffer_unref(body);
}

void
reply_command(struct reply *reply, bool ok, struct buffer *response)
{
	reply_buffer(reply, ok ? OK : BAD_REQUEST, JSON_TYPE, response);
}

static const struct resource resources[] = {
	{"GET", "/healthz", answer_health, NULL},
	{"GET", "/readyz", answer_ready, NULL},
	{"GET", "/metrics", answer_metrics, NULL},
	{"GET", "/api/v1/status", answer_status, "controller"},
	{"GET", "/api/v1/tail", answer_tail, "kind mac n controller"},
	{"POST", "/api/v1/reload", answer_reload, NULL},
	{"POST", COMMANDS, answer_command, NULL},
};

static const struct resource page = {"GET", "/", answer_asset, NULL};

static bool
leads_to(const struct resource *resource, const char *path)
{
	size_t length = strlen(resource->path);

	if (length > 1 && resource->path[length - 1] == '/')
		return strncmp(path, resource->path, length) == 0 && path[length];
	return strcmp(path, resource->path) == 0;
}

static const struct resource *
find_resource(const char *path)
{
	struct asset asset;

	for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
		if (leads_to(&resources[i], path))
			return &resources[i];
	return asset_find(&asset, path) ? &page : NULL;
}

static bool
takes_method(const struct resource *resource, const char *method)
{
	return strcmp(resource->method, method) == 0 ||
	       (strcmp(resource->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

bool
routes_take_body(const struct request *request)
{
	const struct resource *resource = find_resource(request->path);

	return request->control && resource && strcmp(resource->method, "POST") == 0 &&
	       takes_method(resource, request->method);
}

static bool
knows_arguments(const struct resource *resource, const struct request *request, struct reply *reply)
{
	const char *stranger = resource->arguments
				       ? request->stranger(request->context, resource->arguments)
				       : NULL;
	char sentence[256];

	if (!stranger)
		return true;
	snprintf(sentence, sizeof sentence, "unknown argument \"%.64s\", expected one of: %s",
		 stranger, resource->arguments);
	reply_error(reply, BAD_REQUEST, sentence);
	return false;
}

void
routes_answer(struct routes *routes, const struct request *request, struct reply *reply)
{
	const struct resource *resource = find_resource(request->path);
	bool posts = resource && strcmp(resource->method, "POST") == 0;

	if (!resource) {
		reply_error(reply, NOT_FOUND, "there is nothing here");
	} else if (posts && !request->control) {
		reply_error(reply, FORBIDDEN, "only over the control socket");
	} else if (!takes_method(resource, request->method)) {
		reply_error(reply, NOT_ALLOWED, posts ? "expected POST" : "expected GET or HEAD");
		reply->allow = posts ? "POST" : "GET, HEAD";
	} else if (knows_arguments(resource, request, reply)) {
		resource->answer(routes, request, reply);
	}
}
