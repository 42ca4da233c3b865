/* SPDX-License-Identifier: ISC */
/* mqtt_dial.c: how a connection to an MQTT broker begins
 *
 * libmosquitto looks names up and connects blocking, so each dial is made by a short-lived thread
 * of its own, with a fresh handle, and given up when it takes too long.
 */
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outputs/document.h"
#include "outputs/mqtt_connection.h"

#define NO_SSL_VERIFY 0 /* SSL_VERIFY_NONE */
#define CA_PATH	      "/etc/ssl/certs"

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

/* The first connection of a process to each broker begins anew: what an earlier one left is not
 * ours. */
static bool
resumes_session(const struct mqtt *mqtt)
{
	return mqtt->settings.session_expiry_s > 0 && mqtt->sessions[mqtt->broker];
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

	mqtt_connection_listen(connection);
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

void
mqtt_connection_free(struct connection *connection)
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

static struct connection *
connection_new(struct mqtt *mqtt)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->mqtt = mqtt;
	connection->fd = -1;
	connection->receive_maximum = UINT16_MAX;
	connection->host = strdup(mqtt_broker(mqtt)->host);
	connection->port = mqtt_broker(mqtt)->port;
	connection->keepalive_s = (int)mqtt->settings.keepalive_s;
	connection->handle =
		mosquitto_new(mqtt->settings.client_id, !resumes_session(mqtt), connection);
	pthread_mutex_init(&connection->lock, NULL);
	if (!connection->handle || !connection->host) {
		mqtt_connection_free(connection);
		return NULL;
	}
	return connection;
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
		mqtt_connection_free(connection);
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
		mqtt_connection_fault(connection, fault, errno);
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
	mqtt_connection_expect(mqtt);
}

void
mqtt_connection_library(bool begin)
{
	if (begin)
		mosquitto_lib_init();
	else if (atomic_load(&dialling) == 0)
		mosquitto_lib_cleanup();
}
