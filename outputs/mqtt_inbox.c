/* SPDX-License-Identifier: ISC */
/* mqtt_inbox.c: what the broker delivers to an output: commands, and what it keeps of an earlier
 * run or of another gateway */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "gateway/log.h"
#include "outputs/mqtt_connection.h"

/* A retained document of a controller that has no state here any more is cleared: the controller
 * left the configuration, unless it is one of another gateway that has our name. */
static void
look_for_former(struct connection *connection, const char *topic)
{
	struct mqtt *mqtt = connection->mqtt;
	const char *suffix = topic + strlen(mqtt->root);
	char state[256];

	snprintf(state, sizeof(state), "%.*s/state", (int)strcspn(suffix, "/"), suffix);
	if (mqtt_rival_may_own(connection) || queue_has_document(mqtt->output.queue, state))
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
		mqtt_rival_look(connection, delivery);
	else if (delivery->retained)
		look_for_former(connection, delivery->topic);
}
