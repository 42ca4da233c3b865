/* SPDX-License-Identifier: ISC */
/* controller_trace.c: lines at debug that cost something to make */
#include "gateway/controller_trace.h"

#include "gateway/log.h"

#define LIST_SIZE 512

void
controller_trace_message(const struct controller *c, const struct message *message)
{
	const struct frame *frame = &message->frame;
	char text[128];

	if (!log_enabled(c->log_name, LOG_LEVEL_DEBUG))
		return;
	if (message->fault.level != FAULT_NONE)
		log_debug(c->log_name, "receives message %u, %u bytes, which cannot be read: %s",
			  frame->id, frame->length, fault_text(&message->fault, text, sizeof text));
	else if (message->def)
		log_debug(c->log_name, "receives %s, %u bytes, transaction %u", message->def->name,
			  frame->length, frame->transaction);
	else
		log_debug(c->log_name, "receives message %u, %u bytes, which the dictionary lacks",
			  frame->id, frame->length);
}

static bool
is_offered(const struct subscription_item *item)
{
	return item->offered;
}

static bool
is_requested(const struct subscription_item *item)
{
	return item->requested;
}

static bool
is_granted(const struct subscription_item *item)
{
	return item->granted;
}

static void
trace_device(const struct controller *c)
{
	const struct offer *offer = &c->offer;

	if (*offer->name || *offer->model || *offer->software)
		log_debug(c->log_name, "the controller is \"%s\", model \"%s\", software \"%s\"",
			  offer->name, offer->model, offer->software);
}

void
controller_trace_offer(const struct controller *c)
{
	const struct subscription *subscription = &c->session.subscription;
	char list[LIST_SIZE];

	if (!c->session.connected || !log_enabled(c->log_name, LOG_LEVEL_DEBUG))
		return;
	if (subscription_list(subscription, is_granted, list, sizeof list) > 0) {
		log_debug(c->log_name, "granted: %s", list);
		return;
	}
	trace_device(c);
	subscription_list(subscription, is_offered, list, sizeof list);
	log_debug(c->log_name, "offered, of what is wanted: %s", list);
	subscription_list(subscription, is_requested, list, sizeof list);
	log_debug(c->log_name, "asked for: %s", list);
}
