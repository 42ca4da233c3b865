/* SPDX-License-Identifier: ISC */
/* mqtt_connection.h: what the parts of an MQTT output share: mqtt.c, which alone knows libmosquitto
 * and keeps one connection to the broker, mqtt_output.c, which begins and ends it, mqtt_inbox.c and
 * mqtt_commands.c, which look at what the broker delivers
 *
 * Everything here is for the output's own thread, but for mqtt_connection_library().
 */
#ifndef NMSP_OUTPUTS_MQTT_CONNECTION_H
#define NMSP_OUTPUTS_MQTT_CONNECTION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "outputs/backoff.h"
#include "outputs/mqtt.h"
#include "outputs/spooler.h"
#include "outputs/window.h"

struct mosquitto;
struct mqtt5__property; /* mosquitto_property */

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
	struct mqtt5__property *session; /* what CONNECT says of it, or NULL */
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
	int commands_id; /* of the message that subscribes to commands */
	uint16_t receive_maximum;
	uint64_t accepted_ms;
	char reason[128];
	char complaint[128]; /* libmosquitto's last error */
};

struct mqtt {
	struct output output;
	struct mqtt_settings settings;
	char log_name[64];
	char *root; /* of documents, "nmsp/gw1/" */
	char *state_topic;
	struct mqtt5__property *record_properties;
	struct mqtt5__property *document_properties;

	uv_loop_t loop;
	uv_async_t wake;
	uv_timer_t tick; /* keepalive, watchdog */
	uv_timer_t dial; /* back-off, time limit of a dial */
	uv_timer_t linger;
	uv_timer_t deadline; /* of a stop */
	uv_timer_t write;    /* to the spool */
	pthread_t thread;
	bool started;
	atomic_bool stopping;
	unsigned flush_ms;

	/* the thread's own */
	enum stage stage;
	struct connection *connection;
	size_t broker; /* that is dialled or connected to, in settings.brokers */
	struct backoff backoff;
	struct window window;
	struct spooler *spooler; /* NULL: none */
	struct buffer *goodbye;
	unsigned welcomes;   /* CONNACKs since the start */
	char told[128];	     /* why the last dial failed */
	uint32_t drops_told; /* a bit for each drop reason since CONNACK */

	pthread_mutex_t status_lock;
	struct output_status status;
};

/* A message that the broker delivers. */
struct mqtt_delivery {
	const char *topic;
	const void *payload;
	size_t length;
	bool retained;
	char *response_topic; /* MQTT 5; NULL: none */
	void *correlation;    /* MQTT 5; NULL: none */
	size_t correlation_length;
};

/* By mqtt_inbox.c: looks at a delivery: a command, a document of an earlier run, or the state of
 * another gateway of our name. */
void mqtt_inbox_take(struct connection *connection, const struct mqtt_delivery *delivery);

/* By mqtt_commands.c: whether a topic is one of commands, and commands are taken. */
bool mqtt_commands_on(const struct mqtt *mqtt, const char *topic);

/* By mqtt_commands.c: passes a command on, or responds why not. */
void mqtt_commands_take(struct mqtt *mqtt, const struct mqtt_delivery *delivery);

/* By mqtt_output.c: does what is to be done after any event. */
void mqtt_pump(struct mqtt *mqtt);

/* By mqtt_output.c: what output_status() tells from now on. */
void mqtt_set_status(struct mqtt *mqtt, bool connected, const char *reason);

/* Begins a dial, in a short-lived thread, since libmosquitto may block. */
void mqtt_connection_dial(struct mqtt *mqtt);

/* Begins one after so many ms. */
void mqtt_connection_dial_in(struct mqtt *mqtt, unsigned wait_ms);

/* Whether the dialling thread is done. */
bool mqtt_connection_is_dialled(struct connection *connection);

/* Takes the connection over from the dialling thread. */
void mqtt_connection_take(struct mqtt *mqtt, struct connection *connection);

/* Hands over as much as window and socket take. */
void mqtt_connection_send(struct mqtt *mqtt, struct connection *connection);

/* Watches the socket for what libmosquitto waits for. */
void mqtt_connection_watch(struct connection *connection);

/* Answers and sends pings when they are due. */
void mqtt_connection_keep_alive(struct connection *connection);

/* Marks the connection as lost; the first reason counts. */
void mqtt_connection_blame(struct connection *connection, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends a connection or a dial that failed and plans the next one. */
void mqtt_connection_end(struct mqtt *mqtt, const char *reason);

/* Says goodbye to the broker, so that it does not publish the will. */
void mqtt_connection_goodbye(struct connection *connection);

/* Lets go of the connection: at once, or when the dialling thread is done with it. */
void mqtt_connection_drop(struct mqtt *mqtt);

/* What every publication carries with MQTT 5 (expiry 0: none), to be freed; 0, or -1 without
 * memory. */
int mqtt_connection_properties(struct mqtt5__property **properties, uint32_t expiry_s);

/* Frees them; takes a pointer to NULL. */
void mqtt_connection_properties_free(struct mqtt5__property **properties);

/* Begins or ends the use of libmosquitto; counted. */
void mqtt_connection_library(bool begin);

#endif
