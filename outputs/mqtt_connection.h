/* SPDX-License-Identifier: ISC */
/* mqtt_connection.h: what the parts of an MQTT output share
 *
 * mqtt_output.c begins and ends it. Three know libmosquitto: mqtt_dial.c begins a connection,
 * mqtt.c keeps it, mqtt_send.c publishes. mqtt_inbox.c, mqtt_commands.c and mqtt_rival.c look at
 * what the broker delivers.
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

/* Why a retained document may not be ours to clear. */
enum doubt {
	DOUBT_NONE,
	DOUBT_LOST,  /* the last one of our name did not say goodbye: an earlier process, or one
			that we took the session from */
	DOUBT_OTHER, /* another one is there */
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
	bool first;	 /* of this process to its broker */
	enum doubt doubt;
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
	bool *sessions;	     /* for each broker: whether it let this process in */
	char rival[32];	     /* the session of another gateway of our name; empty: none */
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

/* By mqtt_rival.c: looks at the state of a gateway of our name, which may be another one's. */
void mqtt_rival_look(struct connection *connection, const struct mqtt_delivery *delivery);

/* By mqtt_rival.c: whether retained documents below our name may be another gateway's. */
bool mqtt_rival_may_own(const struct connection *connection);

/* By mqtt_rival.c: asks once more for what is retained, when the connection has held for so long
 * that nobody else can be there. */
void mqtt_rival_review(struct connection *connection);

/* By mqtt_rival.c: whether a connection that was lost is to be left to another gateway. */
bool mqtt_rival_goes_first(const struct connection *connection);

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

/* The broker that is dialled or connected to. */
const struct mqtt_broker *mqtt_broker(const struct mqtt *mqtt);

/* By mqtt_dial.c: begins a dial, in a short-lived thread, since libmosquitto may block. */
void mqtt_connection_dial(struct mqtt *mqtt);

/* Gives a dial up when it takes too long. */
void mqtt_connection_expect(struct mqtt *mqtt);

/* Has libmosquitto tell mqtt.c what happens. */
void mqtt_connection_listen(struct connection *connection);

/* By mqtt_dial.c: frees what nobody uses any more. */
void mqtt_connection_free(struct connection *connection);

/* Begins one after so many ms. */
void mqtt_connection_dial_in(struct mqtt *mqtt, unsigned wait_ms);

/* Whether the dialling thread is done. */
bool mqtt_connection_is_dialled(struct connection *connection);

/* Takes the connection over from the dialling thread. */
void mqtt_connection_take(struct mqtt *mqtt, struct connection *connection);

/* By mqtt_send.c: hands over as much as window and socket take. An emptied queue is looked at once
 * more after a moment, so that a busy producer need not wake this thread for each record. */
void mqtt_connection_send(struct mqtt *mqtt, struct connection *connection);

/* Watches the socket for what libmosquitto waits for. */
void mqtt_connection_watch(struct connection *connection);

/* Answers and sends pings when they are due. */
void mqtt_connection_keep_alive(struct connection *connection);

/* Marks the connection as lost; the first reason counts. */
void mqtt_connection_blame(struct connection *connection, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Marks it as lost for an error of libmosquitto. */
void mqtt_connection_fault(struct connection *connection, int fault, int saved_errno);

/* Asks for what is retained of the gateway and its controllers. Without the right to read, there is
 * nothing to clear. */
void mqtt_connection_read_back(struct mqtt *mqtt, struct connection *connection);

/* By mqtt_send.c: a message was published, or is dropped for `reason`. */
void mqtt_message_end(struct mqtt *mqtt, struct queue_item *item, enum outcome outcome,
		      enum drop_reason reason);

/* Ends a connection or a dial that failed and plans the next one. */
void mqtt_connection_end(struct mqtt *mqtt, const char *reason);

/* Says goodbye to the broker, so that it does not publish the will. */
void mqtt_connection_goodbye(struct connection *connection);

/* Lets go of the connection: at once, or when the dialling thread is done with it. */
void mqtt_connection_drop(struct mqtt *mqtt);

/* By mqtt_send.c: what every publication carries with MQTT 5 (expiry 0: none), to be freed; 0, or
 * -1 without memory. */
int mqtt_connection_properties(struct mqtt5__property **properties, uint32_t expiry_s);

/* Frees them; takes a pointer to NULL. */
void mqtt_connection_properties_free(struct mqtt5__property **properties);

/* By mqtt_dial.c: begins or ends the use of libmosquitto; counted. */
void mqtt_connection_library(bool begin);

#endif
