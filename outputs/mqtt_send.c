/* SPDX-License-Identifier: ISC */
/* mqtt_send.c: messages on their way to an MQTT broker, from hand-over to their end
 *
 * They are in the window until they are acknowledged; on a lost connection all of them go back to
 * the front of the queue.
 */
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "gateway/log.h"
#include "outputs/mqtt_connection.h"
#include "outputs/mqtt_reason.h"

#define LINGER_MS    1	  /* how long an emptied queue is looked at before a wake-up is asked for */
#define PUMP_MANY    1000 /* messages in a row before the loop does something else */
#define RESPONSE_QOS 1

void
mqtt_message_end(struct mqtt *mqtt, struct queue_item *item, enum outcome outcome,
		 enum drop_reason reason)
{
	uint32_t bit = 1U << reason;

	if (mqtt->stage == STAGE_GOODBYE && item->payload == mqtt->goodbye)
		mqtt->stage = STAGE_ENDED;
	if (outcome == OUTCOME_DROPPED && !(mqtt->drops_told & bit)) {
		mqtt->drops_told |= bit;
		log_warning(mqtt->log_name,
			    "dropped a message to %s: %s; more like it are only counted",
			    item->topic->data, drop_reason_name(reason));
	}
	window_finish(&mqtt->window, item, outcome, reason);
}

/* What a message that libmosquitto did not take is counted as; DROP_COUNT when the connection is to
 * blame. */
static enum drop_reason
rejection(int fault)
{
	switch (fault) {
	case MOSQ_ERR_OVERSIZE_PACKET:
	case MOSQ_ERR_PAYLOAD_SIZE:
		return DROP_TOO_LARGE;
	case MOSQ_ERR_NOMEM:
		return DROP_NO_MEMORY;
	case MOSQ_ERR_INVAL:
	case MOSQ_ERR_MALFORMED_UTF8:
	case MOSQ_ERR_NOT_SUPPORTED:
	case MOSQ_ERR_QOS_NOT_SUPPORTED:
		return DROP_REFUSED;
	default:
		return DROP_COUNT;
	}
}

/* What goes with one message, unlike any other. */
static int
response_properties(const struct mqtt *mqtt, const struct queue_item *item,
		    mosquitto_property **properties)
{
	const struct buffer *correlation = item->correlation;

	if (mqtt->settings.protocol != 5)
		return MOSQ_ERR_SUCCESS;
	if (mqtt_connection_properties(properties, 0) < 0)
		return MOSQ_ERR_NOMEM;
	return correlation ? mosquitto_property_add_binary(properties, MQTT_PROP_CORRELATION_DATA,
							   correlation->data,
							   (uint16_t)correlation->length)
			   : MOSQ_ERR_SUCCESS;
}

static int
publish(struct connection *connection, struct queue_item *item, int qos,
	const mosquitto_property *properties)
{
	return mosquitto_publish_v5(connection->handle, &item->id, item->topic->data,
				    item->payload ? (int)item->payload->length : 0,
				    item->payload ? item->payload->data : NULL,
				    qos < connection->max_qos ? qos : connection->max_qos,
				    item->document != NULL, properties);
}

static int
publish_response(struct mqtt *mqtt, struct connection *connection, struct queue_item *item)
{
	mosquitto_property *properties = NULL;
	int fault = response_properties(mqtt, item, &properties);

	if (!fault)
		fault = publish(connection, item, RESPONSE_QOS, properties);
	mosquitto_property_free_all(&properties);
	return fault;
}

/* Hands a message over. At QoS 0 it may have come to its end when this returns. */
static void
hand_over(struct mqtt *mqtt, struct connection *connection, struct queue_item *item)
{
	int fault;

	if (item->is_response)
		fault = publish_response(mqtt, connection, item);
	else if (item->document)
		fault = publish(connection, item, item->qos, mqtt->document_properties);
	else
		fault = publish(connection, item, mqtt->settings.qos, mqtt->record_properties);
	if (fault == MOSQ_ERR_SUCCESS)
		return;
	if (rejection(fault) != DROP_COUNT)
		mqtt_message_end(mqtt, item, OUTCOME_DROPPED, rejection(fault));
	else
		mqtt_connection_fault(connection, fault, errno);
}

static void
on_linger(uv_timer_t *timer)
{
	mqtt_pump(timer->data);
}

void
mqtt_connection_send(struct mqtt *mqtt, struct connection *connection)
{
	uint64_t now_ms = uv_now(&mqtt->loop);
	bool lingering = uv_is_active((uv_handle_t *)&mqtt->linger);
	unsigned sent = 0;

	while (!connection->lost && sent < PUMP_MANY && !mosquitto_want_write(connection->handle)) {
		struct queue_item *item =
			window_next(&mqtt->window, now_ms, sent == 0 && !lingering);

		if (!item)
			break;
		hand_over(mqtt, connection, item);
		sent++;
	}
	if (sent > 0)
		uv_timer_start(&mqtt->linger, on_linger, sent < PUMP_MANY ? LINGER_MS : 0, 0);
}

int
mqtt_connection_properties(mosquitto_property **properties, uint32_t expiry_s)
{
	int fault = mosquitto_property_add_byte(properties, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1);

	if (!fault)
		fault = mosquitto_property_add_string(properties, MQTT_PROP_CONTENT_TYPE,
						      "application/json");
	if (!fault && expiry_s > 0)
		fault = mosquitto_property_add_int32(properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
						     expiry_s);
	return fault ? -1 : 0;
}

void
mqtt_connection_properties_free(struct mqtt5__property **properties)
{
	mosquitto_property_free_all(properties);
}
