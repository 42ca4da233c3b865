/* SPDX-License-Identifier: ISC */
/* mqtt.c: one connection to an MQTT broker, through libmosquitto: what happens to it from CONNACK
 * to its end, and when it is made again */
#define _GNU_SOURCE
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/log.h"
#include "outputs/document.h"
#include "outputs/mqtt_connection.h"
#include "outputs/mqtt_reason.h"

static void connection_welcome(struct mqtt *mqtt, struct connection *connection);

const struct mqtt_broker *
mqtt_broker(const struct mqtt *mqtt)
{
	return &mqtt->settings.brokers[mqtt->broker];
}

void
mqtt_connection_blame(struct connection *connection, const char *format, ...)
{
	va_list arguments;

	connection->lost = true;
	if (connection->reason[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(connection->reason, sizeof(connection->reason), format, arguments);
	va_end(arguments);
}

void
mqtt_connection_fault(struct connection *connection, int fault, int saved_errno)
{
	if (connection->complaint[0] != '\0')
		mqtt_connection_blame(connection, "%s", connection->complaint);
	else if (fault == MOSQ_ERR_EAI)
		mqtt_connection_blame(connection, "cannot look up the name: %s",
				      gai_strerror(saved_errno));
	else if (fault == MOSQ_ERR_ERRNO && saved_errno != 0)
		mqtt_connection_blame(connection, "%s", strerror(saved_errno));
	else if (fault == MOSQ_ERR_CONN_LOST || fault == MOSQ_ERR_ERRNO)
		mqtt_connection_blame(connection, "the broker closed the connection");
	else if (fault == MOSQ_ERR_KEEPALIVE)
		mqtt_connection_blame(connection, "the broker does not answer pings");
	else
		mqtt_connection_blame(connection, "%s", mosquitto_strerror(fault));
}

/* CONNACK. libmosquitto's callbacks may not tear the connection down; what they find is looked at
 * when it returns. */
static void
on_connect(struct mosquitto *handle, void *user, int code, int flags,
	   const mosquitto_property *properties)
{
	struct connection *connection = user;
	uint8_t max_qos = 2;

	(void)flags;
	if (code != 0) {
		mqtt_connection_blame(connection, "refused by the broker: %s",
				      mqtt_reason_refusal(code));
		return;
	}
	mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
				      &connection->receive_maximum, false);
	mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS, &max_qos, false);
	connection->max_qos = max_qos;
	/* With a callback libmosquitto makes a line of text for every message. */
	mosquitto_log_callback_set(handle, NULL);
	connection->accepted = true;
	connection_welcome(connection->mqtt, connection);
}

static void
on_disconnect(struct mosquitto *handle, void *user, int code, const mosquitto_property *properties)
{
	struct connection *connection = user;

	(void)handle;
	(void)properties;
	/* called once more, with another code, when the socket is closed */
	if (connection->lost)
		return;
	connection->taken_over = code == MQTT_REASON_TAKEN_OVER;
	if (code >= MQTT_REASON_FIRST_FAILURE)
		mqtt_connection_blame(connection, "closed by the broker: %s",
				      mqtt_reason_text(code));
	else
		mqtt_connection_fault(connection, code ? code : MOSQ_ERR_CONN_LOST, 0);
}

static void
on_log(struct mosquitto *handle, void *user, int level, const char *text)
{
	struct connection *connection = user;

	(void)handle;
	if (level == MOSQ_LOG_ERR && connection->complaint[0] == '\0')
		snprintf(connection->complaint, sizeof(connection->complaint), "%s",
			 strncmp(text, "Error: ", 7) == 0 ? text + 7 : text);
}

static void
on_publish(struct mosquitto *handle, void *user, int id, int code,
	   const mosquitto_property *properties)
{
	struct connection *connection = user;
	struct queue_item *item = window_find(&connection->mqtt->window, id);

	(void)handle;
	(void)properties;
	if (item)
		mqtt_message_end(connection->mqtt, item,
				 code < MQTT_REASON_FIRST_FAILURE ? OUTCOME_PUBLISHED
								  : OUTCOME_DROPPED,
				 mqtt_reason_drop(code));
}

/* A message, with what MQTT 5 says of a response to it. */
static void
on_message(struct mosquitto *handle, void *user, const struct mosquitto_message *message,
	   const mosquitto_property *properties)
{
	struct mqtt_delivery delivery = {
		.topic = message->topic,
		.payload = message->payload,
		.length = (size_t)message->payloadlen,
		.retained = message->retain,
	};
	uint16_t length = 0;

	(void)handle;
	mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC,
				       &delivery.response_topic, false);
	mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA,
				       &delivery.correlation, &length, false);
	delivery.correlation_length = length;
	mqtt_inbox_take(user, &delivery);
	free(delivery.response_topic);
	free(delivery.correlation);
}

void
mqtt_connection_read_back(struct mqtt *mqtt, struct connection *connection)
{
	static const char *const levels[] = {"state", "+/state", "+/capability"};
	int options = mqtt->settings.protocol == 5 ? MQTT_SUB_OPT_NO_LOCAL : 0;
	char filter[512];

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		snprintf(filter, sizeof(filter), "%s%s", mqtt->root, levels[i]);
		mosquitto_subscribe_v5(connection->handle, NULL, filter, 0, options, NULL);
	}
}

/* Subscribes to commands; SUBACK says whether we may. */
static void
ask_for_commands(struct mqtt *mqtt, struct connection *connection)
{
	/* A flag that is told at once, not only after the next connection. */
	int options = mqtt->settings.protocol == 5
			      ? MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_RETAIN_AS_PUBLISHED
			      : 0;
	char filter[512];

	if (!mqtt->settings.commands.take)
		return;
	snprintf(filter, sizeof(filter), "%scommand/#", mqtt->root);
	mosquitto_subscribe_v5(connection->handle, &connection->commands_id, filter, 1, options,
			       NULL);
}

static void
on_subscribe(struct mosquitto *handle, void *user, int id, int n_granted, const int *granted)
{
	struct connection *connection = user;
	struct mqtt *mqtt = connection->mqtt;

	(void)handle;
	if (id != connection->commands_id || n_granted < 1)
		return;
	if (granted[0] < MQTT_REASON_FIRST_FAILURE)
		log_info(mqtt->log_name, "takes commands");
	else
		log_warning(mqtt->log_name, "the broker does not let us subscribe to commands: %s",
			    mqtt->settings.protocol == 5 ? mqtt_reason_text(granted[0])
							 : "refused");
}

void
mqtt_connection_listen(struct connection *connection)
{
	struct mosquitto *handle = connection->handle;

	mosquitto_connect_v5_callback_set(handle, on_connect);
	mosquitto_disconnect_v5_callback_set(handle, on_disconnect);
	mosquitto_publish_v5_callback_set(handle, on_publish);
	mosquitto_message_v5_callback_set(handle, on_message);
	mosquitto_subscribe_callback_set(handle, on_subscribe);
	mosquitto_log_callback_set(handle, on_log);
}

static void
on_poll_closed(uv_handle_t *handle)
{
	mqtt_connection_free(handle->data);
}

/* Lets go of the connection: at once, or when the dialling thread is done with it. */
void
mqtt_connection_drop(struct mqtt *mqtt)
{
	struct connection *connection = mqtt->connection;
	bool dialled;

	mqtt->connection = NULL;
	pthread_mutex_lock(&connection->lock);
	dialled = connection->dialled;
	connection->abandoned = true;
	pthread_mutex_unlock(&connection->lock);
	if (!dialled)
		return;
	if (connection->fd >= 0)
		uv_close((uv_handle_t *)&connection->poll, on_poll_closed);
	else
		mqtt_connection_free(connection);
}

/* Logs a change of state, but not the same failure again and again. */
static void
tell_loss(struct mqtt *mqtt, const char *reason, bool accepted, size_t unacknowledged)
{
	const struct mqtt_broker *broker = mqtt_broker(mqtt);

	mqtt_set_status(mqtt, false, reason);
	if (accepted)
		log_warning(mqtt->log_name,
			    "connection to %s:%u lost: %s; %zu messages were not acknowledged",
			    broker->host, broker->port, reason, unacknowledged);
	else if (strcmp(reason, mqtt->told) != 0)
		log_warning(mqtt->log_name, "cannot connect to %s:%u: %s", broker->host,
			    broker->port, reason);
	snprintf(mqtt->told, sizeof(mqtt->told), "%s", accepted ? "" : reason);
}

static void
on_dial_timer(uv_timer_t *timer)
{
	struct mqtt *mqtt = timer->data;
	struct connection *connection = mqtt->connection;

	if (!connection) {
		mqtt_connection_dial(mqtt);
		return;
	}
	mqtt_connection_blame(connection, "no answer within %u ms", mqtt->settings.dial_timeout_ms);
	mqtt_pump(mqtt);
}

void
mqtt_connection_dial_in(struct mqtt *mqtt, unsigned wait_ms)
{
	uv_timer_start(&mqtt->dial, on_dial_timer, wait_ms, 0);
}

void
mqtt_connection_expect(struct mqtt *mqtt)
{
	uv_timer_start(&mqtt->dial, on_dial_timer, mqtt->settings.dial_timeout_ms, 0);
}

/* Chooses the next broker: the one after one that did not let us in, at once; after the last of
 * them, or a connection that was lost, the first, after a pause. Returns the pause. */
static unsigned
next_broker(struct mqtt *mqtt, bool accepted)
{
	if (!accepted && mqtt->broker + 1 < mqtt->settings.n_brokers) {
		mqtt->broker++;
		return 0;
	}
	mqtt->broker = 0;
	return backoff_next(&mqtt->backoff);
}

/* Ends a connection or a dial that failed and plans the next one. */
void
mqtt_connection_end(struct mqtt *mqtt, const char *reason)
{
	struct connection *connection = mqtt->connection;
	struct queue_item *suspect = NULL;
	bool accepted = connection && connection->accepted;
	bool yields = accepted && mqtt_rival_goes_first(connection);

	if (yields)
		reason = "another gateway has our client id";
	if (connection) {
		uint64_t lasted_ms = uv_now(&mqtt->loop) - connection->accepted_ms;

		tell_loss(mqtt, reason, connection->accepted, mqtt->window.in_flight.count);
		if (connection->accepted && !connection->stalled)
			suspect = window_suspect(&mqtt->window);
		if (suspect)
			mqtt_message_end(mqtt, suspect, OUTCOME_DROPPED, DROP_REFUSED);
		if (connection->accepted)
			backoff_held(&mqtt->backoff, lasted_ms);
		mqtt_connection_drop(mqtt);
	} else {
		tell_loss(mqtt, reason, false, 0);
	}
	window_put_back(&mqtt->window);
	mqtt_connection_dial_in(mqtt, yields ? mqtt->settings.backoff_max_ms
					     : next_broker(mqtt, accepted));
}

/* CONNACK: says who is here, and publishes all documents again. */
static void
connection_welcome(struct mqtt *mqtt, struct connection *connection)
{
	struct document_state state = {"online", NULL, mqtt->settings.session,
				       mqtt->settings.version};
	struct buffer *birth = document_state_new(&state);
	size_t limit = mqtt->settings.window;

	uv_timer_stop(&mqtt->dial);
	connection->accepted_ms = uv_now(&mqtt->loop);
	if (limit > connection->receive_maximum)
		limit = connection->receive_maximum;
	window_open(&mqtt->window, limit);
	mqtt->welcomes++;
	connection->first = !mqtt->sessions[mqtt->broker];
	mqtt->sessions[mqtt->broker] = true;
	mqtt->drops_told = 0;
	mqtt->told[0] = '\0';
	if (birth)
		queue_document(mqtt->output.queue, "state", birth, 1);
	buffer_unref(birth);
	queue_renew_documents(mqtt->output.queue);
	mqtt_connection_read_back(mqtt, connection);
	ask_for_commands(mqtt, connection);
	mqtt_set_status(mqtt, true, "");
	log_info(mqtt->log_name, "connected to %s:%u as %s", mqtt_broker(mqtt)->host,
		 mqtt_broker(mqtt)->port, mqtt->settings.client_id);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct connection *connection = poll->data;
	int fault = status < 0 ? MOSQ_ERR_CONN_LOST : MOSQ_ERR_SUCCESS;
	char byte;

	errno = 0;
	if (!fault && ((events & UV_READABLE) || !connection->accepted))
		fault = mosquitto_loop_read(connection->handle, 1);
	if (!fault && !connection->lost && mosquitto_want_write(connection->handle))
		fault = mosquitto_loop_write(connection->handle, 1);
	if (fault)
		mqtt_connection_fault(connection, fault, errno);
	/* during a TLS handshake libmosquitto does not see that the peer has gone */
	if (!connection->accepted && !connection->lost &&
	    recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		mqtt_connection_blame(connection, "closed by the broker before it answered");
	mqtt_pump(connection->mqtt);
}

void
mqtt_connection_watch(struct connection *connection)
{
	int events = UV_READABLE | (mosquitto_want_write(connection->handle) ? UV_WRITABLE : 0);

	if (events == connection->events)
		return;
	connection->events = events;
	uv_poll_start(&connection->poll, events, on_poll);
}

/* The dialling thread is done: takes the connection over. */
void
mqtt_connection_take(struct mqtt *mqtt, struct connection *connection)
{
	if (connection->result != MOSQ_ERR_SUCCESS) {
		mqtt_connection_fault(connection, connection->result, connection->saved_errno);
		return;
	}
	connection->fd = dup(mosquitto_socket(connection->handle));
	if (connection->fd < 0) {
		mqtt_connection_blame(connection, "%s", strerror(errno));
		return;
	}
	if (uv_poll_init(&mqtt->loop, &connection->poll, connection->fd) < 0) {
		close(connection->fd);
		connection->fd = -1;
		mqtt_connection_blame(connection, "cannot watch the socket");
		return;
	}
	connection->poll.data = connection;
}

bool
mqtt_connection_is_dialled(struct connection *connection)
{
	bool dialled;

	pthread_mutex_lock(&connection->lock);
	dialled = connection->dialled;
	pthread_mutex_unlock(&connection->lock);
	return dialled;
}

void
mqtt_connection_keep_alive(struct connection *connection)
{
	int fault = mosquitto_loop_misc(connection->handle);

	if (fault)
		mqtt_connection_fault(connection, fault, errno);
}

void
mqtt_connection_goodbye(struct connection *connection)
{
	mosquitto_property *properties = NULL;

	/* The session ends with us. */
	if (connection->session)
		mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 0);
	mosquitto_disconnect_v5(connection->handle, 0, properties);
	mosquitto_property_free_all(&properties);
}
