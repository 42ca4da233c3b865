/* SPDX-License-Identifier: ISC */
/* mqtt_rival.c: another gateway of our name at the broker: telling it from an earlier run of this
 * one, and who of the two goes first
 *
 * Both publish as the same gateway, and with the same client id each takes the connection from the
 * other. Without an order both would fight, or both would wait: the one with the greater session
 * goes first, which both know. The other one tries again now and then, and stays when nobody is
 * there any more.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "gateway/log.h"
#include "outputs/mqtt_connection.h"

static bool
says(const struct mqtt_delivery *delivery, const char *text)
{
	return memmem(delivery->payload, delivery->length, text, strlen(text)) != NULL;
}

/* The session in a gateway's state document; empty: none, or not one of a gateway. */
static void
read_session(const struct mqtt_delivery *delivery, char *session, size_t size)
{
	static const char key[] = "\"session\":\"";
	const char *end = (const char *)delivery->payload + delivery->length;
	const char *text = memmem(delivery->payload, delivery->length, key, strlen(key));
	size_t length = 0;

	if (text) {
		text += strlen(key);
		while (text + length < end && text[length] != '"' && length < size - 1)
			length++;
		memcpy(session, text, length);
	}
	session[length] = '\0';
}

static void
tell(struct mqtt *mqtt, const char *session)
{
	if (strcmp(mqtt->rival, session) == 0)
		return;
	snprintf(mqtt->rival, sizeof(mqtt->rival), "%s", session);
	log_error(mqtt->log_name,
		  "another gateway publishes as %s, perhaps with client id %s too: give one of "
		  "them another name",
		  mqtt->settings.gateway, mqtt->settings.client_id);
}

void
mqtt_rival_look(struct connection *connection, const struct mqtt_delivery *delivery)
{
	struct mqtt *mqtt = connection->mqtt;
	/* What the first connection to a broker finds may well be of an earlier process. */
	bool earlier = delivery->retained && connection->first;
	char session[sizeof(mqtt->rival)];

	read_session(delivery, session, sizeof(session));
	if (strcmp(session, mqtt->settings.session) == 0)
		return;
	if (says(delivery, "\"reason\":\"stopped\"")) {
		if (strcmp(mqtt->rival, session) == 0)
			mqtt->rival[0] = '\0';
		return;
	}
	connection->doubt = says(delivery, "\"state\":\"online\"") ? DOUBT_OTHER : DOUBT_LOST;
	if (!earlier)
		tell(mqtt, session);
}

bool
mqtt_rival_may_own(const struct connection *connection)
{
	return connection->doubt != DOUBT_NONE || connection->mqtt->rival[0] != '\0';
}

void
mqtt_rival_review(struct connection *connection)
{
	struct mqtt *mqtt = connection->mqtt;

	if (connection->doubt != DOUBT_LOST || mqtt->rival[0] != '\0' ||
	    uv_now(&mqtt->loop) - connection->accepted_ms < mqtt->settings.backoff_max_ms)
		return;
	connection->doubt = DOUBT_NONE;
	mqtt_connection_read_back(mqtt, connection);
}

bool
mqtt_rival_goes_first(const struct connection *connection)
{
	struct mqtt *mqtt = connection->mqtt;
	bool held = uv_now(&mqtt->loop) - connection->accepted_ms >= mqtt->settings.backoff_max_ms;
	bool known = mqtt->rival[0] != '\0';

	if (connection->taken_over && !known)
		log_error(mqtt->log_name,
			  "another client has connected with our client id %s; will wait",
			  mqtt->settings.client_id);
	if (!known)
		return connection->taken_over;
	/* Nobody took the connection in all that time. */
	if (held)
		mqtt->rival[0] = '\0';
	return !held && strcmp(mqtt->settings.session, mqtt->rival) < 0;
}
