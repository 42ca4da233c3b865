/* SPDX-License-Identifier: ISC */
/* mqtt.h: an output that publishes to an MQTT broker */
#ifndef NMSP_OUTPUTS_MQTT_H
#define NMSP_OUTPUTS_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outputs/output.h"
#include "outputs/queue.h"
#include "outputs/spool.h"

/* TLS to the broker. Text that is not set is "" or NULL. */
struct mqtt_tls {
	bool enabled;
	const char *ca_file;	 /* PEM; not set: the system's */
	const char *certificate; /* PEM; not set: none, and no key */
	const char *key;
	bool verify; /* the broker's certificate and name */
};

struct mqtt_broker {
	const char *host;
	uint16_t port;
};

struct mqtt_settings {
	const char *name;		   /* of the output */
	const struct mqtt_broker *brokers; /* tried in order */
	size_t n_brokers;
	int protocol;	       /* 3 (3.1.1) or 5 */
	const char *client_id; /* not set: nmsp2mqtt-<gateway>-<name> */
	const char *username;  /* not set: none */
	const char *password;
	unsigned keepalive_s; /* 0: none; else at least 5 */
	int qos;	      /* of records */
	enum publish_mode mode;
	const char *topic; /* template of records' topics */
	const char *prefix;
	const char *gateway;
	const char *session; /* 8 hex digits, new with every start of the process */
	const char *version; /* of the program */
	unsigned expiry_s;   /* MQTT 5: of records; 0: none */
	size_t queue_size;   /* bytes */
	enum queue_policy policies[KIND_COUNT];
	struct queue *queue;	     /* of another output, to go on with; NULL: a new one */
	unsigned window;	     /* unacknowledged messages at once */
	unsigned progress_timeout_s; /* dial again when a message is not acknowledged for so long;
					0: 30 */
	unsigned dial_timeout_ms;    /* from the look-up of the name to CONNACK; 0: 15,000 */
	unsigned backoff_min_ms;     /* 0: 1,000 */
	unsigned backoff_max_ms;     /* 0: 60,000 */
	unsigned session_expiry_s;   /* MQTT 5: a broker that is reached again resumes the session
					that   is not older; 0: each begins anew */
	struct mqtt_tls tls;
	struct spool_settings spool;   /* not used at QoS 0 */
	struct command_taker commands; /* with `take`: commands are subscribed to */
};

/* Returns a new output, not started; the settings are copied, the queue is taken over. NULL with a
 * sentence in `error` when they are wrong; a given queue stays the caller's then. */
struct output *mqtt_output_new(const struct mqtt_settings *settings, char *error, size_t size);

/* Copies settings with their text, fills in the defaults; 0, or -1 without memory (nothing to free
 * then). */
int mqtt_settings_copy(struct mqtt_settings *copy, const struct mqtt_settings *settings);

/* Frees the text of copied settings. */
void mqtt_settings_fini(struct mqtt_settings *copy);

#endif
