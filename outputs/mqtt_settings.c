/* SPDX-License-Identifier: ISC */
/* mqtt_settings.c: settings of an MQTT output that outlive the configuration they came from */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outputs/mqtt.h"

static const size_t texts[] = {
	offsetof(struct mqtt_settings, name),
	offsetof(struct mqtt_settings, client_id),
	offsetof(struct mqtt_settings, username),
	offsetof(struct mqtt_settings, password),
	offsetof(struct mqtt_settings, topic),
	offsetof(struct mqtt_settings, prefix),
	offsetof(struct mqtt_settings, gateway),
	offsetof(struct mqtt_settings, session),
	offsetof(struct mqtt_settings, version),
	offsetof(struct mqtt_settings, tls.ca_file),
	offsetof(struct mqtt_settings, tls.certificate),
	offsetof(struct mqtt_settings, tls.key),
	offsetof(struct mqtt_settings, spool.path),
};

#define N_TEXTS (sizeof(texts) / sizeof(*texts))

static const char **
text_at(struct mqtt_settings *settings, size_t i)
{
	return (const char **)((char *)settings + texts[i]);
}

/* Replaces each text by a copy; what is not set becomes NULL. -1 when one could not be made. */
static int
copy_texts(struct mqtt_settings *copy)
{
	int fault = 0;

	for (size_t i = 0; i < N_TEXTS; i++) {
		const char **text = text_at(copy, i);
		bool set = *text && **text;

		*text = set ? strdup(*text) : NULL;
		if (set && !*text)
			fault = -1;
	}
	return fault;
}

/* Replaces the list of brokers by a copy. */
static int
copy_brokers(struct mqtt_settings *copy)
{
	struct mqtt_broker *brokers = calloc(copy->n_brokers + 1, sizeof(*brokers));
	int fault = brokers ? 0 : -1;

	for (size_t i = 0; brokers && i < copy->n_brokers; i++) {
		brokers[i].host = strdup(copy->brokers[i].host);
		brokers[i].port = copy->brokers[i].port;
		if (!brokers[i].host)
			fault = -1;
	}
	copy->brokers = brokers;
	return fault;
}

/* Client ids are unique at a broker, so gateway and output make up the one that is not set. */
static int
default_client_id(struct mqtt_settings *copy)
{
	char *made;

	if (copy->client_id)
		return 0;
	if (asprintf(&made, "nmsp2mqtt-%s-%s", copy->gateway, copy->name) < 0)
		return -1;
	copy->client_id = made;
	return 0;
}

static void
default_to(unsigned *value, unsigned otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

int
mqtt_settings_copy(struct mqtt_settings *copy, const struct mqtt_settings *settings)
{
	int fault;

	*copy = *settings;
	fault = copy_brokers(copy);
	if (copy_texts(copy) < 0 || fault < 0 || default_client_id(copy) < 0) {
		mqtt_settings_fini(copy);
		return -1;
	}
	default_to(&copy->progress_timeout_s, 30);
	default_to(&copy->dial_timeout_ms, 15000);
	default_to(&copy->backoff_min_ms, 1000);
	default_to(&copy->backoff_max_ms, 60000);
	default_to(&copy->window, 100);
	return 0;
}

void
mqtt_settings_fini(struct mqtt_settings *copy)
{
	for (size_t i = 0; copy->brokers && i < copy->n_brokers; i++)
		free((void *)copy->brokers[i].host);
	free((void *)copy->brokers);
	for (size_t i = 0; i < N_TEXTS; i++)
		free((void *)*text_at(copy, i));
}
