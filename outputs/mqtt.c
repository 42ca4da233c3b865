/* SPDX-License-Identifier: ISC */
/* mqtt.c: one connection to an MQTT broker, through libmosquitto
 *
 * libmosquitto looks names up and connects blocking, so each dial is made by a short-lived thread
 * of its own, with a fresh handle, and given up when it takes too long. Messages are in the window
 * from hand-over to acknowledgement; on a lost connection all of them go back to the front of the
 * queue.
 */
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

#define LINGER_MS     1 /* how long an emptied queue is looked at before a wake-up is asked for */
#define PUMP_MANY     1000 /* messages in a row before the loop does something else */
#define RESPONSE_QOS  1
#define NO_SSL_VERIFY 0 /* SSL_VERIFY_NONE */
#define CA_PATH	      "/etc/ssl/certs"

static void connection_welcome(struct mqtt *mqtt, struct connection *connection);

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

/* Turns an error of libmosquitto into the reason of the loss. */
static void
connection_fault(struct connection *connection, int fault, int saved_errno)
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
	if (connection->taken_over)
		log_error(connection->mqtt->log_name,
			  "another client has connected with our client id %s; will wait",
			  connection->mqtt->settings.client_id);
	if (code >= MQTT_REASON_FIRST_FAILURE)
		mqtt_connection_blame(connection, "closed by the broker: %s",
				      mqtt_reason_text(code));
	else
		connection_fault(connection, code ? code : MOSQ_ERR_CONN_LOST, 0);
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

/* A message has come to its end: it was published, or is dropped for `reason`. */
static void
message_end(struct mqtt *mqtt, struct queue_item *item, enum outcome outcome,
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

static void
on_publish(struct mosquitto *handle, void *user, int id, int code,
	   const mosquitto_property *properties)
{
	struct connection *connection = user;
	struct queue_item *item = window_find(&connection->mqtt->window, id);

	(void)handle;
	(void)properties;
	if (item)
		message_end(connection->mqtt, item,
			    code < MQTT_REASON_FIRST_FAILURE ? OUTCOME_PUBLISHED : OUTCOME_DROPPED,
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

/* Asks for what is retained of the gateway and its controllers. Without the right to read, there is
 * nothing to clear.
 */
static void
read_back(struct mqtt *mqtt, struct connection *connection)
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

static int
no_passphrase(char *text, int size, int encrypting, void *user)
{
	(void)text;
	(void)size;
	(void)encrypting;
	(void)user;
	return 0;
}

static int
configure_tls(struct connection *connection, const struct mqtt_tls *tls)
{
	struct mosquitto *handle = connection->handle;
	int fault = mosquitto_tls_set(handle, tls->ca_file, tls->ca_file ? NULL : CA_PATH,
				      tls->certificate, tls->key, no_passphrase);

	if (fault)
		mqtt_connection_blame(connection, "cannot read ca_file, certificate or key");
	if (fault || tls->verify)
		return fault;
	fault = mosquitto_tls_opts_set(handle, NO_SSL_VERIFY, NULL, NULL);
	return fault ? fault : mosquitto_tls_insecure_set(handle, true);
}

static int
configure_will(struct mqtt *mqtt, struct mosquitto *handle)
{
	struct document_state state = {"offline", "connection lost", mqtt->settings.session,
				       mqtt->settings.version};
	struct buffer *text = document_will_new(&state);
	int fault = MOSQ_ERR_NOMEM;

	if (text)
		fault = mosquitto_will_set(handle, mqtt->state_topic, (int)text->length, text->data,
					   1, true);
	buffer_unref(text);
	return fault;
}

/* The first connection of a process begins anew: what an earlier one left is not ours. */
static bool
resumes_session(const struct mqtt *mqtt)
{
	return mqtt->settings.session_expiry_s > 0 && mqtt->welcomes > 0;
}

/* How long the broker is to keep the session. */
static int
configure_session(struct connection *connection, uint32_t expiry_s)
{
	if (expiry_s == 0)
		return MOSQ_ERR_SUCCESS;
	return mosquitto_property_add_int32(&connection->session, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
					    expiry_s);
}

static int
configure(struct mqtt *mqtt, struct connection *connection)
{
	const struct mqtt_settings *settings = &mqtt->settings;
	struct mosquitto *handle = connection->handle;
	int fault = mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION,
					 settings->protocol == 5 ? MQTT_PROTOCOL_V5
								 : MQTT_PROTOCOL_V311);

	mosquitto_connect_v5_callback_set(handle, on_connect);
	mosquitto_disconnect_v5_callback_set(handle, on_disconnect);
	mosquitto_publish_v5_callback_set(handle, on_publish);
	mosquitto_message_v5_callback_set(handle, on_message);
	mosquitto_subscribe_callback_set(handle, on_subscribe);
	mosquitto_log_callback_set(handle, on_log);
	mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, (int)settings->window);
	mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
	if (!fault && settings->username)
		fault = mosquitto_username_pw_set(handle, settings->username, settings->password);
	if (!fault && settings->tls.enabled)
		fault = configure_tls(connection, &settings->tls);
	if (!fault)
		fault = configure_session(connection, settings->session_expiry_s);
	return fault ? fault : configure_will(mqtt, handle);
}

static void
connection_free(struct connection *connection)
{
	if (connection->handle)
		mosquitto_destroy(connection->handle);
	if (connection->fd >= 0)
		close(connection->fd);
	pthread_mutex_destroy(&connection->lock);
	mosquitto_property_free_all(&connection->session);
	free(connection->host);
	free(connection);
}

static void
on_poll_closed(uv_handle_t *handle)
{
	connection_free(handle->data);
}

static const struct mqtt_broker *
broker_of(const struct mqtt *mqtt)
{
	return &mqtt->settings.brokers[mqtt->broker];
}

static struct connection *
connection_new(struct mqtt *mqtt)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->mqtt = mqtt;
	connection->fd = -1;
	connection->receive_maximum = UINT16_MAX;
	connection->host = strdup(broker_of(mqtt)->host);
	connection->port = broker_of(mqtt)->port;
	connection->keepalive_s = (int)mqtt->settings.keepalive_s;
	connection->handle =
		mosquitto_new(mqtt->settings.client_id, !resumes_session(mqtt), connection);
	pthread_mutex_init(&connection->lock, NULL);
	if (!connection->handle || !connection->host) {
		connection_free(connection);
		return NULL;
	}
	return connection;
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
		connection_free(connection);
}

/* Logs a change of state, but not the same failure again and again. */
static void
tell_loss(struct mqtt *mqtt, const char *reason, bool accepted, size_t unacknowledged)
{
	const struct mqtt_broker *broker = broker_of(mqtt);

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
	bool taken_over = connection && connection->taken_over;

	if (connection) {
		uint64_t lasted_ms = uv_now(&mqtt->loop) - connection->accepted_ms;

		tell_loss(mqtt, reason, connection->accepted, mqtt->window.in_flight.count);
		if (connection->accepted && !connection->stalled)
			suspect = window_suspect(&mqtt->window);
		if (suspect)
			message_end(mqtt, suspect, OUTCOME_DROPPED, DROP_REFUSED);
		if (connection->accepted)
			backoff_held(&mqtt->backoff, lasted_ms);
		mqtt_connection_drop(mqtt);
	} else {
		tell_loss(mqtt, reason, false, 0);
	}
	window_put_back(&mqtt->window);
	mqtt_connection_dial_in(mqtt, taken_over ? mqtt->settings.backoff_max_ms
						 : next_broker(mqtt, accepted));
}

/* Dialling threads of all outputs: one that was abandoned still uses libmosquitto. */
static atomic_int dialling;

/* The dialling thread: looks up, connects and begins TLS, all of which may block for minutes. */
static void *
dial(void *user)
{
	struct connection *connection = user;
	bool abandoned;

	errno = 0;
	connection->result = mosquitto_connect_bind_v5(connection->handle, connection->host,
						       connection->port, connection->keepalive_s,
						       NULL, connection->session);
	connection->saved_errno = errno;
	pthread_mutex_lock(&connection->lock);
	connection->dialled = true;
	abandoned = connection->abandoned;
	if (!abandoned)
		uv_async_send(&connection->mqtt->wake);
	pthread_mutex_unlock(&connection->lock);
	if (abandoned)
		connection_free(connection);
	atomic_fetch_sub(&dialling, 1);
	return NULL;
}

void
mqtt_connection_dial(struct mqtt *mqtt)
{
	struct connection *connection = connection_new(mqtt);
	pthread_t thread;
	int fault;

	if (!connection) {
		mqtt_connection_end(mqtt, "no memory");
		return;
	}
	mqtt->connection = connection;
	connection->dialled = true;
	fault = configure(mqtt, connection);
	if (fault) {
		connection_fault(connection, fault, errno);
		mqtt_connection_end(mqtt, connection->reason);
		return;
	}
	connection->dialled = false;
	atomic_fetch_add(&dialling, 1);
	if (pthread_create(&thread, NULL, dial, connection) != 0) {
		atomic_fetch_sub(&dialling, 1);
		connection->dialled = true;
		mqtt_connection_end(mqtt, "cannot start a thread");
		return;
	}
	pthread_detach(thread);
	uv_timer_start(&mqtt->dial, on_dial_timer, mqtt->settings.dial_timeout_ms, 0);
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
	mqtt->drops_told = 0;
	mqtt->told[0] = '\0';
	if (birth)
		queue_document(mqtt->output.queue, "state", birth, 1);
	buffer_unref(birth);
	queue_renew_documents(mqtt->output.queue);
	read_back(mqtt, connection);
	ask_for_commands(mqtt, connection);
	mqtt_set_status(mqtt, true, "");
	log_info(mqtt->log_name, "connected to %s:%u as %s", broker_of(mqtt)->host,
		 broker_of(mqtt)->port, mqtt->settings.client_id);
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
		message_end(mqtt, item, OUTCOME_DROPPED, rejection(fault));
	else
		connection_fault(connection, fault, errno);
}

static void
on_linger(uv_timer_t *timer)
{
	mqtt_pump(timer->data);
}

/* Hands over as much as window and socket take. An emptied queue is looked at once more after a
 * moment, so that a busy producer need not wake this thread for each record. */
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
		connection_fault(connection, fault, errno);
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
		connection_fault(connection, connection->result, connection->saved_errno);
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
		connection_fault(connection, fault, errno);
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

void
mqtt_connection_library(bool begin)
{
	if (begin)
		mosquitto_lib_init();
	else if (atomic_load(&dialling) == 0)
		mosquitto_lib_cleanup();
}
