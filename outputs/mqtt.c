/* SPDX-License-Identifier: ISC */
/* mqtt.c: an output that publishes to an MQTT broker
 *
 * One thread with its own loop around libmosquitto. libmosquitto looks names up and connects
 * blocking, so each dial is made by a short-lived thread of its own, with a fresh handle, and given
 * up when it takes too long. Messages are held in `in_flight` from hand-over to acknowledgement; on
 * a lost connection all of them go back to the front of the queue.
 */
#define _GNU_SOURCE
#include "outputs/mqtt.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "gateway/log.h"
#include "outputs/backoff.h"
#include "outputs/document.h"
#include "outputs/mqtt_reason.h"
#include "outputs/window.h"

#define TICK_MS 1000
#define LINGER_MS                                                                       \
	1 /* how long an emptied queue is looked at again before a wake-up is asked for \
	   */
#define GOODBYE_MS    500
#define PUMP_MANY     1000  /* messages in a row before the loop does something else */
#define STABLE_MS     10000 /* a connection that held so long makes the next failure the first */
#define NO_SSL_VERIFY 0	    /* SSL_VERIFY_NONE */
#define CA_PATH	      "/etc/ssl/certs"

enum stage {
	STAGE_RUNNING,
	STAGE_FLUSHING, /* asked to stop: sending what is queued */
	STAGE_GOODBYE,	/* the last state is on its way */
	STAGE_ENDED,
};

struct mqtt;

/* One dial and the connection that it becomes. Belongs to the dialling thread until `dialled`, to
 * that thread for good when it was abandoned before. */
struct connection {
	struct mqtt *mqtt;
	struct mosquitto *handle;
	pthread_mutex_t lock; /* guards the next two */
	bool dialled;
	bool abandoned;
	char *host;
	int port;
	int keepalive_s;
	int result;
	int saved_errno;

	uv_poll_t poll;
	int fd; /* a duplicate: libmosquitto closes its own when it likes */
	int events;
	bool accepted; /* CONNACK */
	bool lost;
	bool stalled;	 /* given up by the watchdog */
	bool taken_over; /* another client has our client id */
	int max_qos;
	uint16_t receive_maximum;
	uint64_t accepted_ms;
	char reason[128];
	char complaint[128]; /* libmosquitto's last error */
};

struct mqtt {
	struct output output;
	struct mqtt_settings settings;
	char log_name[64];
	char *state_topic;
	mosquitto_property *record_properties;
	mosquitto_property *document_properties;

	uv_loop_t loop;
	uv_async_t wake;
	uv_timer_t tick; /* keepalive, watchdog */
	uv_timer_t dial; /* back-off, time limit of a dial */
	uv_timer_t linger;
	uv_timer_t deadline; /* of a stop */
	pthread_t thread;
	bool started;
	atomic_bool stopping;
	unsigned flush_ms;

	/* the thread's own */
	enum stage stage;
	struct connection *connection;
	struct backoff backoff;
	struct window window;
	struct buffer *goodbye;
	char told[128];	     /* why the last dial failed */
	uint32_t drops_told; /* a bit for each drop reason since CONNACK */

	pthread_mutex_t status_lock;
	struct output_status status;
};

static void dial_begin(struct mqtt *mqtt);
static void connection_welcome(struct mqtt *mqtt, struct connection *connection);
static void pump(struct mqtt *mqtt);

static struct mqtt *
mqtt_of(struct output *output)
{
	return (struct mqtt *)output;
}

static void
set_status(struct mqtt *mqtt, bool connected, const char *reason)
{
	pthread_mutex_lock(&mqtt->status_lock);
	mqtt->status.connected = connected;
	snprintf(mqtt->status.reason, sizeof(mqtt->status.reason), "%s", reason);
	pthread_mutex_unlock(&mqtt->status_lock);
}

__attribute__((format(printf, 2, 3))) static void
connection_blame(struct connection *connection, const char *format, ...)
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
		connection_blame(connection, "%s", connection->complaint);
	else if (fault == MOSQ_ERR_EAI)
		connection_blame(connection, "cannot look up the name: %s",
				 gai_strerror(saved_errno));
	else if (fault == MOSQ_ERR_ERRNO && saved_errno != 0)
		connection_blame(connection, "%s", strerror(saved_errno));
	else if (fault == MOSQ_ERR_CONN_LOST || fault == MOSQ_ERR_ERRNO)
		connection_blame(connection, "the broker closed the connection");
	else if (fault == MOSQ_ERR_KEEPALIVE)
		connection_blame(connection, "the broker does not answer pings");
	else
		connection_blame(connection, "%s", mosquitto_strerror(fault));
}

/* CONNACK. libmosquitto's callbacks may not tear the connection down; what they find is looked at
 * when it returns. */
static void
on_connect(struct mosquitto *handle, void *user, int code, int flags,
	   const mosquitto_property *properties)
{
	struct connection *connection = user;
	uint8_t max_qos = 2;

	(void)handle;
	(void)flags;
	if (code != 0) {
		connection_blame(connection, "refused by the broker: %s",
				 mqtt_reason_refusal(code));
		return;
	}
	mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
				      &connection->receive_maximum, false);
	mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS, &max_qos, false);
	connection->max_qos = max_qos;
	connection->accepted = true;
	connection_welcome(connection->mqtt, connection);
}

static void
on_disconnect(struct mosquitto *handle, void *user, int code, const mosquitto_property *properties)
{
	struct connection *connection = user;

	(void)handle;
	(void)properties;
	connection->taken_over = code == MQTT_REASON_TAKEN_OVER;
	if (connection->taken_over)
		log_error(
			connection->mqtt->log_name,
			"another client has connected with our client id %s; the next try comes later",
			connection->mqtt->settings.client_id);
	if (code >= MQTT_REASON_FIRST_FAILURE)
		connection_blame(connection, "closed by the broker: %s", mqtt_reason_text(code));
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
		connection_blame(connection, "cannot read ca_file, certificate or key");
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
	mosquitto_log_callback_set(handle, on_log);
	mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, (int)settings->window);
	mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
	if (!fault && settings->username)
		fault = mosquitto_username_pw_set(handle, settings->username, settings->password);
	if (!fault && settings->tls.enabled)
		fault = configure_tls(connection, &settings->tls);
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
	free(connection->host);
	free(connection);
}

static void
on_poll_closed(uv_handle_t *handle)
{
	connection_free(handle->data);
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
	connection->host = strdup(mqtt->settings.host);
	connection->port = mqtt->settings.port;
	connection->keepalive_s = (int)mqtt->settings.keepalive_s;
	connection->handle = mosquitto_new(mqtt->settings.client_id, true, connection);
	pthread_mutex_init(&connection->lock, NULL);
	if (!connection->handle || !connection->host) {
		connection_free(connection);
		return NULL;
	}
	return connection;
}

/* Lets go of the connection: at once, or when the dialling thread is done with it. */
static void
connection_drop(struct mqtt *mqtt)
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
	const struct mqtt_settings *settings = &mqtt->settings;

	set_status(mqtt, false, reason);
	if (accepted)
		log_warning(mqtt->log_name,
			    "connection to %s:%u lost: %s; %zu messages were not acknowledged",
			    settings->host, settings->port, reason, unacknowledged);
	else if (strcmp(reason, mqtt->told) != 0)
		log_warning(mqtt->log_name, "cannot connect to %s:%u: %s", settings->host,
			    settings->port, reason);
	snprintf(mqtt->told, sizeof(mqtt->told), "%s", accepted ? "" : reason);
}

static void
on_dial_timer(uv_timer_t *timer)
{
	struct mqtt *mqtt = timer->data;
	struct connection *connection = mqtt->connection;

	if (!connection) {
		dial_begin(mqtt);
		return;
	}
	connection_blame(connection, "no answer within %u ms", mqtt->settings.dial_timeout_ms);
	pump(mqtt);
}

/* Ends a connection or a dial that failed and plans the next one. */
static void
connection_end(struct mqtt *mqtt, const char *reason)
{
	struct connection *connection = mqtt->connection;
	struct queue_item *suspect = NULL;
	unsigned wait_ms = backoff_next(&mqtt->backoff);

	if (connection) {
		uint64_t lasted_ms = uv_now(&mqtt->loop) - connection->accepted_ms;

		tell_loss(mqtt, reason, connection->accepted, mqtt->window.in_flight.count);
		if (connection->accepted && !connection->stalled)
			suspect = window_suspect(&mqtt->window);
		if (suspect)
			message_end(mqtt, suspect, OUTCOME_DROPPED, DROP_REFUSED);
		if (connection->taken_over)
			wait_ms = mqtt->settings.backoff_max_ms;
		if (connection->accepted && lasted_ms >= STABLE_MS)
			backoff_reset(&mqtt->backoff);
		connection_drop(mqtt);
	} else {
		tell_loss(mqtt, reason, false, 0);
	}
	window_put_back(&mqtt->window);
	uv_timer_start(&mqtt->dial, on_dial_timer, wait_ms, 0);
}

/* The dialling thread: looks up, connects and begins TLS, all of which may block for minutes. */
static void *
dial(void *user)
{
	struct connection *connection = user;
	bool abandoned;

	errno = 0;
	connection->result = mosquitto_connect(connection->handle, connection->host,
					       connection->port, connection->keepalive_s);
	connection->saved_errno = errno;
	pthread_mutex_lock(&connection->lock);
	connection->dialled = true;
	abandoned = connection->abandoned;
	if (!abandoned)
		uv_async_send(&connection->mqtt->wake);
	pthread_mutex_unlock(&connection->lock);
	if (abandoned)
		connection_free(connection);
	return NULL;
}

static void
dial_begin(struct mqtt *mqtt)
{
	struct connection *connection = connection_new(mqtt);
	pthread_t thread;
	int fault;

	if (!connection) {
		connection_end(mqtt, "no memory");
		return;
	}
	mqtt->connection = connection;
	connection->dialled = true;
	fault = configure(mqtt, connection);
	if (fault) {
		connection_fault(connection, fault, errno);
		connection_end(mqtt, connection->reason);
		return;
	}
	connection->dialled = false;
	if (pthread_create(&thread, NULL, dial, connection) != 0) {
		connection->dialled = true;
		connection_end(mqtt, "cannot start a thread");
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
	mqtt->drops_told = 0;
	mqtt->told[0] = '\0';
	if (birth)
		queue_document(mqtt->output.queue, "state", birth, 1);
	buffer_unref(birth);
	queue_renew_documents(mqtt->output.queue);
	set_status(mqtt, true, "");
	log_info(mqtt->log_name, "connected to %s:%u as %s", mqtt->settings.host,
		 mqtt->settings.port, mqtt->settings.client_id);
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

/* Hands a message over. At QoS 0 it may have come to its end when this returns. */
static void
hand_over(struct mqtt *mqtt, struct connection *connection, struct queue_item *item)
{
	bool document = item->document != NULL;
	int qos = document ? item->qos : mqtt->settings.qos;
	int fault = mosquitto_publish_v5(
		connection->handle, &item->id, item->topic->data,
		item->payload ? (int)item->payload->length : 0,
		item->payload ? item->payload->data : NULL,
		qos < connection->max_qos ? qos : connection->max_qos, document,
		document ? mqtt->document_properties : mqtt->record_properties);

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
	pump(timer->data);
}

/* Hands over as much as window and socket take. An emptied queue is looked at once more after a
 * moment, so that a busy producer need not wake this thread for each record. */
static void
send_messages(struct mqtt *mqtt, struct connection *connection)
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
		connection_blame(connection, "closed by the broker before it answered");
	pump(connection->mqtt);
}

static void
watch(struct connection *connection)
{
	int events = UV_READABLE | (mosquitto_want_write(connection->handle) ? UV_WRITABLE : 0);

	if (events == connection->events)
		return;
	connection->events = events;
	uv_poll_start(&connection->poll, events, on_poll);
}

/* The dialling thread is done: takes the connection over. */
static void
dial_end(struct mqtt *mqtt, struct connection *connection)
{
	if (connection->result != MOSQ_ERR_SUCCESS) {
		connection_fault(connection, connection->result, connection->saved_errno);
		return;
	}
	connection->fd = dup(mosquitto_socket(connection->handle));
	if (connection->fd < 0) {
		connection_blame(connection, "%s", strerror(errno));
		return;
	}
	if (uv_poll_init(&mqtt->loop, &connection->poll, connection->fd) < 0) {
		close(connection->fd);
		connection->fd = -1;
		connection_blame(connection, "cannot watch the socket");
		return;
	}
	connection->poll.data = connection;
}

static bool
is_dialled(struct connection *connection)
{
	bool dialled;

	pthread_mutex_lock(&connection->lock);
	dialled = connection->dialled;
	pthread_mutex_unlock(&connection->lock);
	return dialled;
}

static void
close_handle(uv_handle_t *handle, void *user)
{
	(void)user;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Ends the thread's loop. Without an acknowledged goodbye the broker is left to publish the will.
 */
static void
finish(struct mqtt *mqtt, bool said_goodbye)
{
	if (mqtt->connection && said_goodbye)
		mosquitto_disconnect(mqtt->connection->handle);
	if (mqtt->connection)
		connection_drop(mqtt);
	window_put_back(&mqtt->window);
	queue_give_up(mqtt->output.queue, DROP_SHUTDOWN);
	set_status(mqtt, false, "stopped");
	uv_walk(&mqtt->loop, close_handle, NULL);
}

static bool
is_connected(const struct mqtt *mqtt)
{
	return mqtt->connection && mqtt->connection->accepted && !mqtt->connection->lost;
}

static void
on_deadline(uv_timer_t *timer)
{
	struct mqtt *mqtt = timer->data;
	struct document_state state = {"offline", "stopped", mqtt->settings.session,
				       mqtt->settings.version};

	if (mqtt->stage == STAGE_FLUSHING && is_connected(mqtt))
		mqtt->goodbye = document_state_new(&state);
	if (!mqtt->goodbye || mqtt->stage != STAGE_FLUSHING) {
		finish(mqtt, false);
		return;
	}
	mqtt->stage = STAGE_GOODBYE;
	queue_document(mqtt->output.queue, "state", mqtt->goodbye, 1);
	uv_timer_start(&mqtt->deadline, on_deadline, GOODBYE_MS, 0);
	pump(mqtt);
}

/* Takes the next step of a stop, when it is time for it. */
static void
advance_stop(struct mqtt *mqtt)
{
	size_t bytes, messages;

	if (mqtt->stage == STAGE_RUNNING && atomic_load(&mqtt->stopping)) {
		mqtt->stage = STAGE_FLUSHING;
		uv_timer_start(&mqtt->deadline, on_deadline, mqtt->flush_ms, 0);
		if (!mqtt->connection)
			uv_timer_start(&mqtt->dial, on_dial_timer, 0, 0);
	}
	if (mqtt->stage == STAGE_FLUSHING) {
		queue_level(mqtt->output.queue, &bytes, &messages);
		if (messages == 0)
			uv_timer_start(&mqtt->deadline, on_deadline, 0, 0);
	}
	if (mqtt->stage == STAGE_GOODBYE && !is_connected(mqtt))
		uv_timer_start(&mqtt->deadline, on_deadline, 0, 0);
	if (mqtt->stage == STAGE_ENDED)
		finish(mqtt, true);
}

/* What is to be done after any event. */
static void
pump(struct mqtt *mqtt)
{
	struct connection *connection = mqtt->connection;

	if (connection && is_dialled(connection)) {
		if (connection->fd < 0 && !connection->lost)
			dial_end(mqtt, connection);
		if (connection->accepted && !connection->lost)
			send_messages(mqtt, connection);
		if (!connection->lost)
			watch(connection);
	}
	if (connection && connection->lost)
		connection_end(mqtt, connection->reason);
	advance_stop(mqtt);
}

static void
on_wake(uv_async_t *wake)
{
	pump(wake->data);
}

static void
on_tick(uv_timer_t *timer)
{
	struct mqtt *mqtt = timer->data;
	struct connection *connection = mqtt->connection;
	unsigned timeout_s = mqtt->settings.progress_timeout_s;
	int fault;

	if (!is_connected(mqtt))
		return;
	fault = mosquitto_loop_misc(connection->handle);
	if (fault)
		connection_fault(connection, fault, errno);
	if (window_stuck(&mqtt->window, uv_now(&mqtt->loop), timeout_s * 1000ULL)) {
		connection->stalled = true;
		connection_blame(connection, "no acknowledgement within %u s", timeout_s);
	}
	pump(mqtt);
}

static void *
run(void *user)
{
	struct mqtt *mqtt = user;

	dial_begin(mqtt);
	uv_run(&mqtt->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void
init_handles(struct mqtt *mqtt)
{
	uv_timer_t *timers[] = {&mqtt->tick, &mqtt->dial, &mqtt->linger, &mqtt->deadline};

	for (size_t i = 0; i < sizeof(timers) / sizeof(*timers); i++) {
		uv_timer_init(&mqtt->loop, timers[i]);
		timers[i]->data = mqtt;
	}
	mqtt->wake.data = mqtt;
	uv_timer_start(&mqtt->tick, on_tick, TICK_MS, TICK_MS);
}

/* Begins the thread with all signals blocked; SIGPIPE of a broken TLS connection then stays without
 * effect too. */
static int
start_thread(struct mqtt *mqtt)
{
	sigset_t all, before;
	int fault;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fault = pthread_create(&mqtt->thread, NULL, run, mqtt);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fault;
}

static int
start(struct output *output)
{
	struct mqtt *mqtt = mqtt_of(output);

	if (uv_loop_init(&mqtt->loop) < 0 || uv_async_init(&mqtt->loop, &mqtt->wake, on_wake) < 0) {
		log_error(mqtt->log_name, "cannot start: no loop");
		return -1;
	}
	init_handles(mqtt);
	if (start_thread(mqtt) != 0) {
		log_error(mqtt->log_name, "cannot start: no thread");
		uv_walk(&mqtt->loop, close_handle, NULL);
		uv_run(&mqtt->loop, UV_RUN_DEFAULT);
		uv_loop_close(&mqtt->loop);
		return -1;
	}
	mqtt->started = true;
	return 0;
}

static void
wake(struct output *output)
{
	if (mqtt_of(output)->started)
		uv_async_send(&mqtt_of(output)->wake);
}

static void
stop(struct output *output, unsigned flush_ms)
{
	struct mqtt *mqtt = mqtt_of(output);

	if (!mqtt->started)
		return;
	mqtt->flush_ms = flush_ms;
	atomic_store(&mqtt->stopping, true);
	uv_async_send(&mqtt->wake);
	pthread_join(mqtt->thread, NULL);
	uv_loop_close(&mqtt->loop);
	mqtt->started = false;
}

static void
status(struct output *output, struct output_status *copy)
{
	struct mqtt *mqtt = mqtt_of(output);

	pthread_mutex_lock(&mqtt->status_lock);
	*copy = mqtt->status;
	pthread_mutex_unlock(&mqtt->status_lock);
}

static void
mqtt_free(struct output *output)
{
	struct mqtt *mqtt = mqtt_of(output);

	stop(output, 0);
	queue_free(output->queue);
	topic_free(output->topic);
	buffer_unref(mqtt->goodbye);
	mosquitto_property_free_all(&mqtt->record_properties);
	mosquitto_property_free_all(&mqtt->document_properties);
	mqtt_settings_fini(&mqtt->settings);
	free(mqtt->state_topic);
	pthread_mutex_destroy(&mqtt->status_lock);
	free(mqtt);
	mosquitto_lib_cleanup();
}

static const struct output_ops ops = {
	.type = "mqtt",
	.start = start,
	.wake = wake,
	.stop = stop,
	.status = status,
	.free = mqtt_free,
};

/* What every publication carries with MQTT 5; 0, or -1 without memory. */
static int
make_properties(mosquitto_property **properties, uint32_t expiry_s)
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

/* The queue, with documents below {prefix}/{gateway}/. */
static int
make_queue(struct mqtt *mqtt)
{
	const struct mqtt_settings *settings = &mqtt->settings;
	struct queue_settings queue = {.max_bytes = settings->queue_size};
	char gateway[128];
	char *root = NULL;

	memcpy(queue.policies, settings->policies, sizeof(queue.policies));
	topic_level(settings->gateway, gateway, sizeof(gateway));
	if (asprintf(&root, "%s/%s/", settings->prefix, gateway) < 0 ||
	    asprintf(&mqtt->state_topic, "%sstate", root) < 0)
		return -1;
	queue.document_root = root;
	mqtt->output.queue = mqtt->window.queue = queue_new(&queue);
	free(root);
	return mqtt->output.queue ? 0 : -1;
}

/* Everything that needs memory; 0 or -1. */
static int
make_parts(struct mqtt *mqtt)
{
	struct mqtt_settings *settings = &mqtt->settings;

	if (make_queue(mqtt) < 0)
		return -1;
	if (settings->protocol == 5 &&
	    (make_properties(&mqtt->record_properties, settings->expiry_s) < 0 ||
	     make_properties(&mqtt->document_properties, 0) < 0))
		return -1;
	return 0;
}

struct output *
mqtt_output_new(const struct mqtt_settings *settings, char *error, size_t size)
{
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));

	if (!mqtt || mqtt_settings_copy(&mqtt->settings, settings) < 0) {
		snprintf(error, size, "no memory");
		free(mqtt);
		return NULL;
	}
	settings = &mqtt->settings;
	mosquitto_lib_init();
	pthread_mutex_init(&mqtt->status_lock, NULL);
	snprintf(mqtt->log_name, sizeof(mqtt->log_name), "mqtt %s", settings->name);
	mqtt->output.ops = &ops;
	mqtt->output.name = mqtt->log_name + strlen("mqtt ");
	mqtt->output.mode = settings->mode;
	mqtt->backoff.min_ms = settings->backoff_min_ms;
	mqtt->backoff.max_ms = settings->backoff_max_ms;
	mqtt->output.topic =
		topic_new(settings->topic, settings->prefix, settings->gateway, error, size);
	if (mqtt->output.topic && make_parts(mqtt) == 0)
		return &mqtt->output;
	if (mqtt->output.topic)
		snprintf(error, size, "no memory");
	mqtt_free(&mqtt->output);
	return NULL;
}
