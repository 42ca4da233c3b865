/* SPDX-License-Identifier: ISC */
/* mqtt_inbox.c: what the broker delivers to an output: commands, and what it keeps of an earlier
 * run or of another gateway */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "gateway/log.h"
#include "outputs/mqtt_connection.h"

/* The state of a gateway of our name: ours, or that of another one. Its session tells them apart.
 * At our first connection it may well be that of an earlier process. */
static void
look_for_double(struct connection *connection, const struct mqtt_delivery *delivery)
{
	struct mqtt *mqtt = connection->mqtt;
	char ours[64];

	snprintf(ours, sizeof(ours), "\"session\":\"%s\"", mqtt->settings.session);
	if (memmem(delivery->payload, delivery->length, ours, strlen(ours)) ||
	    (delivery->retained && mqtt->welcomes < 2))
		return;
	log_error(mqtt->log_name,
		  "another gateway publishes as %s, perhaps with client id %s too: give one of "
		  "them another name",
		  mqtt->settings.gateway, mqtt->settings.client_id);
	connection->taken_over = delivery->retained;
	if (delivery->retained)
		mqtt_connection_blame(connection, "another gateway of the same name is there");
}

/* A retained document of a controller that has no state here any more is cleared: the controller
 * left the configuration. */
static void
look_for_former(struct mqtt *mqtt, const char *topic)
{
	const char *suffix = topic + strlen(mqtt->root);
	char state[256];

	snprintf(state, sizeof(state), "%.*s/state", (int)strcspn(suffix, "/"), suffix);
	if (queue_has_document(mqtt->output.queue, state))
		return;
	log_info(mqtt->log_name, "clears %s, of a controller that is not configured", topic);
	queue_document(mqtt->output.queue, suffix, NULL, 1);
}

void
mqtt_inbox_take(struct connection *connection, const struct mqtt_delivery *delivery)
{
	struct mqtt *mqtt = connection->mqtt;

	if (mqtt_commands_on(mqtt, delivery->topic))
		mqtt_commands_take(mqtt, delivery);
	else if (delivery->length == 0)
		return;
	else if (strcmp(delivery->topic, mqtt->state_topic) == 0)
		look_for_double(connection, delivery);
	else if (delivery->retained)
		look_for_former(mqtt, delivery->topic);
}
