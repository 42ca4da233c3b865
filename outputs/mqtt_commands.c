/* SPDX-License-Identifier: ISC */
/* mqtt_commands.c: from a message on a topic of commands to a request that is passed on
 *
 * Whatever cannot be passed on is responded to here, so that no sender waits in vain.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"
#include "outputs/document.h"
#include "outputs/mqtt_connection.h"

#define COMMAND	     "command"
#define RESPONSE     "response"
#define MOST_PAYLOAD 65536

bool
mqtt_commands_on(const struct mqtt *mqtt, const char *topic)
{
	const char *suffix = topic + strlen(mqtt->root);

	return mqtt->settings.commands.take &&
	       strncmp(topic, mqtt->root, strlen(mqtt->root)) == 0 &&
	       strncmp(suffix, COMMAND, strlen(COMMAND)) == 0 &&
	       (suffix[strlen(COMMAND)] == '/' || suffix[strlen(COMMAND)] == '\0');
}

/* {prefix}/{gateway}/response and what follows "command" in the topic of the request. */
static struct buffer *
response_topic(const struct mqtt *mqtt, const char *topic)
{
	size_t root = strlen(mqtt->root);
	const char *rest = topic + root + strlen(COMMAND);
	struct buffer *made = buffer_new(NULL, root + strlen(RESPONSE) + strlen(rest));

	if (!made)
		return NULL;
	memcpy(made->data, topic, root);
	memcpy(made->data + root, RESPONSE, strlen(RESPONSE));
	memcpy(made->data + root + strlen(RESPONSE), rest, strlen(rest));
	return made;
}

/* Whether the gateway's own topics are safe from a response topic that a sender asks for. */
static bool
is_harmless(const struct mqtt *mqtt, const char *topic)
{
	size_t root = strlen(mqtt->root);

	if (*topic == '\0' || strpbrk(topic, "+#"))
		return false;
	return strncmp(topic, mqtt->root, root) != 0 ||
	       strncmp(topic + root, RESPONSE "/", strlen(RESPONSE "/")) == 0;
}

static struct buffer *
text_new(const char *text)
{
	return buffer_new(text, strlen(text));
}

/* The topic that the sender asks for, unless it is the usual one. NULL with `*complete` false
 * without memory. */
static struct buffer *
other_topic(const struct mqtt *mqtt, const struct mqtt_delivery *delivery,
	    const struct buffer *usual, bool *complete)
{
	struct buffer *made;

	if (!delivery->response_topic || strcmp(delivery->response_topic, usual->data) == 0 ||
	    !is_harmless(mqtt, delivery->response_topic))
		return NULL;
	made = text_new(delivery->response_topic);
	*complete &= made != NULL;
	return made;
}

static struct command_request *
request_new(const struct mqtt *mqtt, const struct mqtt_delivery *delivery)
{
	struct command_request *request = calloc(1, sizeof(*request));
	const char *name = delivery->topic + strlen(mqtt->root) + strlen(COMMAND);
	bool complete;

	if (!request)
		return NULL;
	request->output = text_new(mqtt->settings.name);
	request->topic = text_new(delivery->topic);
	request->name = text_new(*name == '/' ? name + 1 : name);
	request->payload = buffer_new(delivery->payload,
				      delivery->length <= MOST_PAYLOAD ? delivery->length : 0);
	request->response_topic = response_topic(mqtt, delivery->topic);
	complete = request->output && request->topic && request->name && request->payload &&
		   request->response_topic;
	if (complete)
		request->other_response_topic =
			other_topic(mqtt, delivery, request->response_topic, &complete);
	if (complete && delivery->correlation) {
		request->correlation =
			buffer_new(delivery->correlation, delivery->correlation_length);
		complete = request->correlation != NULL;
	}
	if (complete)
		return request;
	command_request_free(request);
	return NULL;
}

static void
tell(struct mqtt *mqtt, const char *topic, const char *why)
{
	log_warning(mqtt->log_name, "%.100s: %s", topic, why);
}

/* Responds why a command is not passed on. */
static void
refuse(struct mqtt *mqtt, const struct command_request *request, const char *why)
{
	struct buffer *text = document_refusal_new(request->name->data, why);

	tell(mqtt, request->topic->data, why);
	if (!text || !output_respond(&mqtt->output, request, text))
		tell(mqtt, request->topic->data, "no room for a response");
	buffer_unref(text);
}

/* What is wrong with a message, whatever it asks for; NULL: nothing. */
static const char *
look_at(const struct mqtt_delivery *delivery)
{
	if (delivery->retained)
		return "not run, because it is retained: it would be run at every connection; "
		       "expected a request without the retain flag";
	if (delivery->length > MOST_PAYLOAD)
		return "too large, expected a request of at most 65536 bytes";
	return NULL;
}

void
mqtt_commands_take(struct mqtt *mqtt, const struct mqtt_delivery *delivery)
{
	const struct command_taker *taker = &mqtt->settings.commands;
	struct command_request *request;
	const char *why = look_at(delivery);

	/* That is how a retained message is cleared. */
	if (delivery->retained && delivery->length == 0)
		return;
	request = request_new(mqtt, delivery);
	if (!request) {
		tell(mqtt, delivery->topic, "no memory for a command");
		return;
	}
	if (!why)
		why = taker->take(taker->context, request);
	if (!why)
		return;
	refuse(mqtt, request, why);
	command_request_free(request);
}
