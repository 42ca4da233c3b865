/* SPDX-License-Identifier: ISC */
/* publish.c: how fast libmosquitto alone publishes the same payloads
 *
 * The loop that the gateway's output has too, with nothing around it: own poll(), a window of
 * unacknowledged messages, nothing more handed over while the socket is full. The payloads are the
 * lines of a file, again and again for some seconds. Prints one JSON object.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IN_A_ROW   1000
#define KEEPALIVE  60
#define POLL_MS	   1000
#define LAST_TOPIC "nmsp/bench/last"

struct line {
	const char *text;
	int length;
};

struct bench {
	struct mosquitto *handle;
	mosquitto_property *properties;
	const char *host, *topic;
	int port, qos, protocol;
	double seconds;
	struct line *lines;
	size_t n_lines;
	char *text;

	bool accepted;
	uint64_t window, sent, done, bytes;
};

__attribute__((noreturn)) static void
die(const char *what, int fault)
{
	fprintf(stderr, "publish: %s%s%s\n", what, fault ? ": " : "",
		fault ? mosquitto_strerror(fault) : "");
	exit(EXIT_FAILURE);
}

static void
must(const char *what, int fault)
{
	if (fault)
		die(what, fault);
}

static double
seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
split_lines(struct bench *bench, char *text)
{
	char *rest = NULL;

	for (char *at = text; (at = strtok_r(at, "\n", &rest)); at = NULL) {
		bench->lines = reallocarray(bench->lines, bench->n_lines + 1, sizeof *bench->lines);
		if (!bench->lines)
			die("no memory", 0);
		bench->lines[bench->n_lines++] = (struct line){at, (int)strlen(at)};
	}
	if (bench->n_lines == 0)
		die("there are no payloads", 0);
}

static void
read_lines(struct bench *bench, const char *path)
{
	FILE *file = fopen(path, "r");
	size_t size = 0;

	if (!file || getdelim(&bench->text, &size, '\0', file) < 0)
		die("cannot read the payloads", 0);
	fclose(file);
	split_lines(bench, bench->text);
}

static void
on_connect(struct mosquitto *handle, void *user, int code, int flags,
	   const mosquitto_property *properties)
{
	struct bench *bench = user;
	uint16_t most = UINT16_MAX;

	(void)handle;
	(void)flags;
	if (code)
		die("refused by the broker", 0);
	mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &most, false);
	if (bench->window > most)
		bench->window = most;
	bench->accepted = true;
}

static void
on_publish(struct mosquitto *handle, void *user, int id, int code,
	   const mosquitto_property *properties)
{
	(void)handle;
	(void)id;
	(void)properties;
	if (code >= 128)
		die("the broker did not take a message", 0);
	((struct bench *)user)->done++;
}

/* One turn of the loop. */
static void
turn(struct bench *bench, int wait_ms)
{
	bool full = mosquitto_want_write(bench->handle);
	struct pollfd watched = {
		.fd = mosquitto_socket(bench->handle),
		.events = (short)(POLLIN | (full ? POLLOUT : 0)),
	};

	poll(&watched, 1, wait_ms);
	if (watched.revents & ~POLLOUT)
		must("reading", mosquitto_loop_read(bench->handle, 1));
	if (mosquitto_want_write(bench->handle))
		must("writing", mosquitto_loop_write(bench->handle, 1));
}

static void
hand_over(struct bench *bench, const char *topic, const struct line *line, int qos)
{
	must("publishing", mosquitto_publish_v5(bench->handle, NULL, topic, line->length,
						line->text, qos, false, bench->properties));
	bench->sent++;
	bench->bytes += (uint64_t)line->length;
}

/* Hands over what window and socket take; returns how many. */
static unsigned
fill(struct bench *bench)
{
	unsigned n = 0;

	while (n < IN_A_ROW && bench->sent - bench->done < bench->window &&
	       !mosquitto_want_write(bench->handle)) {
		hand_over(bench, bench->topic, &bench->lines[bench->sent % bench->n_lines],
			  bench->qos);
		n++;
	}
	return n;
}

static void
wait_for_all(struct bench *bench)
{
	while (bench->done < bench->sent)
		turn(bench, POLL_MS);
}

/* A last message is acknowledged when the broker has read all before it, at QoS 0 too. */
static void
run(struct bench *bench)
{
	static const struct line last = {"{}", 2};
	double began = seconds(CLOCK_MONOTONIC), took;

	while (seconds(CLOCK_MONOTONIC) < began + bench->seconds)
		turn(bench, fill(bench) == IN_A_ROW ? 0 : POLL_MS);
	wait_for_all(bench);
	hand_over(bench, LAST_TOPIC, &last, 1);
	wait_for_all(bench);
	took = seconds(CLOCK_MONOTONIC) - began;
	printf("{\"messages\":%llu,\"seconds\":%.3f,\"messages_per_s\":%.0f,\"mb_per_s\":%.1f,"
	       "\"cpu_us\":%.3f}\n",
	       (unsigned long long)bench->sent, took, (double)bench->sent / took,
	       (double)bench->bytes / took / 1e6,
	       seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e6 / (double)bench->sent);
}

static void
begin(struct bench *bench)
{
	struct mosquitto *handle = mosquitto_new(NULL, true, bench);

	if (!handle)
		die("no memory", 0);
	bench->handle = handle;
	must("protocol",
	     mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION,
				  bench->protocol == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311));
	mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, (int)bench->window);
	mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_v5_callback_set(handle, on_connect);
	mosquitto_publish_v5_callback_set(handle, on_publish);
	if (bench->protocol == 5) {
		mosquitto_property_add_byte(&bench->properties, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR,
					    1);
		mosquitto_property_add_string(&bench->properties, MQTT_PROP_CONTENT_TYPE,
					      "application/json");
	}
	must("connecting", mosquitto_connect(handle, bench->host, bench->port, KEEPALIVE));
	while (!bench->accepted)
		turn(bench, POLL_MS);
}

static void
end(struct bench *bench)
{
	mosquitto_disconnect(bench->handle);
	mosquitto_destroy(bench->handle);
	mosquitto_property_free_all(&bench->properties);
	free(bench->lines);
	free(bench->text);
}

int
main(int argc, char **argv)
{
	struct bench bench = {.host = "127.0.0.1",
			      .topic = "nmsp/gw1/hq/rssi",
			      .port = 1883,
			      .protocol = 5,
			      .seconds = 3,
			      .window = 100};
	int option;

	while ((option = getopt(argc, argv, "p:q:s:t:V:w:")) != -1) {
		if (option == 'p')
			bench.port = atoi(optarg);
		else if (option == 'q')
			bench.qos = atoi(optarg);
		else if (option == 's')
			bench.seconds = atof(optarg);
		else if (option == 't')
			bench.topic = optarg;
		else if (option == 'V')
			bench.protocol = atoi(optarg);
		else if (option == 'w')
			bench.window = strtoul(optarg, NULL, 10);
		else
			return EXIT_FAILURE;
	}
	if (optind + 1 != argc)
		die("usage: publish [-p port] [-q qos] [-s seconds] [-t topic] [-V 5|3] "
		    "[-w window] payloads",
		    0);
	read_lines(&bench, argv[optind]);
	mosquitto_lib_init();
	begin(&bench);
	run(&bench);
	end(&bench);
	mosquitto_lib_cleanup();
	return EXIT_SUCCESS;
}
