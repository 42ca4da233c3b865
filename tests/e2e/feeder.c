/* SPDX-License-Identifier: ISC */
/* feeder.c: an MQTT output with a spool, fed with numbers
 *
 * feeder PORT SPOOL FIRST COUNT RATE publishes {"n":FIRST} and so on at RATE a second to
 * nmsp/gw1/hq/rssi at QoS 1, prints each number that it has handed over, in hundreds, and ends when
 * all are acknowledged, with its account as JSON.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "outputs/mqtt.h"

#define TICK_MS	 5
#define FLUSH_MS 2000
#define TOPIC	 "nmsp/gw1/hq/rssi"

static struct account_set hq, former;

static struct account_set *
accounts_of(void *context, const char *controller)
{
	(void)context;
	return strcmp(controller, "hq") == 0 ? &hq : &former;
}

static struct output *
make_output(const char *port, const char *path)
{
	const struct mqtt_broker broker = {"127.0.0.1", (uint16_t)atoi(port)};
	const struct mqtt_settings settings = {
		.name = "main",
		.brokers = &broker,
		.n_brokers = 1,
		.protocol = 5,
		.keepalive_s = 30,
		.qos = 1,
		.topic = "{prefix}/{gateway}/{controller}/{kind}",
		.prefix = "nmsp",
		.gateway = "gw1",
		.session = "01234567",
		.version = "test",
		.queue_size = 64U << 20,
		.backoff_min_ms = 100,
		.backoff_max_ms = 200,
		.spool = {.path = path,
			  .max_size = (size_t)1 << 30,
			  .sync = true,
			  .accounts = accounts_of},
	};
	char error[256];
	struct output *output = mqtt_output_new(&settings, error, sizeof error);

	if (!output)
		fprintf(stderr, "feeder: %s\n", error);
	return output;
}

static void
publish(struct output *output, struct buffer *topic, unsigned long number)
{
	struct publication record = {.kind = KIND_RSSI,
				     .records = 1,
				     .topic = topic,
				     .account = &hq.kinds[KIND_RSSI],
				     .controller = "hq"};
	char text[700];
	int length = snprintf(text, sizeof text, "{\"n\":%lu,\"filler\":\"%0600d\"}", number, 0);

	record.payload = buffer_new(text, (size_t)length);
	output_publish(output, &record);
	buffer_unref(record.payload);
	if (number % 100 == 0)
		printf("%lu\n", number);
}

static void
feed(struct output *output, unsigned long first, unsigned long count, unsigned long rate)
{
	struct buffer *topic = buffer_new(TOPIC, strlen(TOPIC));
	unsigned long a_tick = rate * TICK_MS / 1000;

	for (unsigned long i = 0; i < count; i++) {
		publish(output, topic, first + i);
		if (i % a_tick == a_tick - 1)
			usleep(TICK_MS * 1000);
	}
	buffer_unref(topic);
}

static struct account_view
view(void)
{
	struct account_view view;

	account_view(&hq.kinds[KIND_RSSI], &view);
	return view;
}

int
main(int argc, char **argv)
{
	struct output *output;

	if (argc != 6 || !(output = make_output(argv[1], argv[2])))
		return EXIT_FAILURE;
	setlinebuf(stdout);
	if (output_start(output) < 0)
		return EXIT_FAILURE;
	feed(output, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
	     strtoul(argv[5], NULL, 10));
	puts("fed");
	while (view().queued > 0)
		usleep(10000);
	output_stop(output, FLUSH_MS);
	printf("{\"received\":%lu,\"published\":%lu,\"queued\":%lu}\n",
	       (unsigned long)view().received, (unsigned long)view().published,
	       (unsigned long)view().queued);
	output_free(output);
	return EXIT_SUCCESS;
}
