/* SPDX-License-Identifier: ISC */
/* session_ask.c: what an operator wants to know of a controller now, as a request of its session */
#include "gateway/session_ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/session_send.h"

/* Where a sentence goes. */
struct complaint {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static bool
refuse(struct complaint error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error.text, error.size, format, arguments);
	va_end(arguments);
	return false;
}

static const struct message_def *
find_request(const struct session *s, const char *service_name)
{
	const struct service *service = dict_service_named(s->dict, service_name);

	return service ? service->request_def : NULL;
}

/* "client, tag, ap" */
static void
list_names(const struct enumeration *values, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < values->n_values && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 values->values[i].name);
}

/* Checks a name that is asked for against the values of an element of the request, whose number
 * then is in `number`. Without a name anything will do. */
static bool
check_name(const struct session *s, const struct session_request *request, const char *element,
	   const char *name, struct complaint error)
{
	const struct field *field = shape_field(&request->def->body, element);
	char known[256];

	if (!name)
		return true;
	if (!field || !field->values)
		return refuse(error, "%s of dictionary %s has no %s", request->def->name,
			      s->dict->name, element);
	if (enumeration_named(field->values, name))
		return true;
	list_names(field->values, known, sizeof known);
	return refuse(error, "dictionary %s has no %s \"%.64s\", expected one of %s", s->dict->name,
		      element, name, known);
}

static bool
check_names(const struct session *s, const struct session_request *request,
	    const struct session_ask *ask, struct complaint error)
{
	if (request->n_macs && !shape_field(&request->def->body, "mac"))
		return refuse(error, "%s of dictionary %s takes no MAC, it asks for all",
			      request->def->name, s->dict->name);
	return check_name(s, request, "entity", ask->entity, error) &&
	       check_name(s, request, "detail", ask->detail, error) &&
	       check_name(s, request, "location_type", ask->location_type, error);
}

static void
set_entity(struct session_request *request, const char *name)
{
	const struct field *field = shape_field(&request->def->body, "entity");
	const struct enumeration_value *value =
		field && field->values ? enumeration_named(field->values, name) : NULL;

	request->has_entity = value != NULL;
	request->entity = value ? value->number : 0;
}

static bool
check_state(const struct session *s, struct complaint error)
{
	if (!s->stopping && (s->state == SESSION_SUBSCRIBED || s->state == SESSION_STALLED))
		return true;
	return refuse(error, "not subscribed: its state is %s", session_state_name(s->state));
}

static bool
check_wish(const struct session *s, const struct question_wish *wish, uint64_t now,
	   struct complaint error)
{
	if (s->initial_transaction && s->initial_request == wish->request)
		return refuse(error, "the %s after subscribing is not answered yet",
			      wish->request->name);
	return questions_allow(&s->questions, wish, now, error.text, error.size);
}

uint32_t
session_ask(struct session *s, uint64_t now, const struct session_ask *ask, char *text, size_t size)
{
	struct complaint error = {text, size};
	struct session_request request = {
		.def = find_request(s, ask->service),
		.detail = ask->detail ? ask->detail : "full",
		.location_type = ask->location_type ? ask->location_type : "any",
		.macs = ask->macs,
		.n_macs = ask->n_macs,
	};
	const struct question_wish wish = {request.def, request.n_macs == 0};
	uint32_t transaction;

	if (!request.def) {
		refuse(error, "dictionary %s has no request of service %s", s->dict->name,
		       ask->service);
		return 0;
	}
	if (!check_names(s, &request, ask, error) || !check_state(s, error) ||
	    !check_wish(s, &wish, now, error))
		return 0;
	set_entity(&request, ask->entity ? ask->entity : "client");
	transaction = session_send_request(s, &request);
	if (transaction)
		questions_ask(&s->questions, &wish, now, transaction);
	else
		refuse(error, "%s could not be sent", request.def->name);
	return transaction;
}

void
session_ask_message(struct session *s, uint64_t now, const struct message *message)
{
	const struct question *question = questions_take(&s->questions, message, now);

	if (question)
		s->actions->answered(s->context, question, NULL);
}

void
session_ask_tick(struct session *s, uint64_t now)
{
	const struct question *question;

	while ((question = questions_expire(&s->questions, now)))
		s->actions->answered(s->context, question,
				     question->messages
					     ? "the rest of the answer did not come in time"
					     : "no answer in time");
}

void
session_ask_lost(struct session *s, const char *reason)
{
	const struct question *question;

	while ((question = questions_expire(&s->questions, UINT64_MAX)))
		s->actions->answered(s->context, question, reason);
}
