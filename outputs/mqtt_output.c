/* SPDX-License-Identifier: ISC */
/* mqtt_output.c: an output that publishes to an MQTT broker: its thread, from start to stop */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"
#include "outputs/document.h"
#include "outputs/mqtt_connection.h"

#define TICK_MS	   1000
#define GOODBYE_MS 500

static struct mqtt *
mqtt_of(struct output *output)
{
	return (struct mqtt *)output;
}

void
mqtt_set_status(struct mqtt *mqtt, bool connected, const char *reason)
{
	pthread_mutex_lock(&mqtt->status_lock);
	mqtt->status.connected = connected;
	if (connected)
		mqtt->status.reconnects = mqtt->welcomes - 1;
	snprintf(mqtt->status.reason, sizeof(mqtt->status.reason), "%s", reason);
	pthread_mutex_unlock(&mqtt->status_lock);
}

static void
close_handle(uv_handle_t *handle, void *user)
{
	(void)user;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void
tell_spool(struct mqtt *mqtt)
{
	pthread_mutex_lock(&mqtt->status_lock);
	spooler_status(mqtt->spooler, &mqtt->status.spool);
	pthread_mutex_unlock(&mqtt->status_lock);
}

/* Ends the thread's loop. Without an acknowledged goodbye the broker is left to publish the will.
 */
static void
finish(struct mqtt *mqtt, bool said_goodbye)
{
	if (mqtt->connection && said_goodbye)
		mqtt_connection_goodbye(mqtt->connection);
	if (mqtt->connection)
		mqtt_connection_drop(mqtt);
	window_put_back(&mqtt->window);
	if (mqtt->spooler) {
		spooler_end(mqtt->spooler);
		tell_spool(mqtt);
	}
	mqtt_set_status(mqtt, false, "stopped");
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
	mqtt_pump(mqtt);
}

/* Whether waiting would be of no use to a stop: everything is published, or on disk and no broker
 * there. */
static bool
is_flushed(struct mqtt *mqtt)
{
	struct spool_status spool = {0};
	struct queue_level level;

	queue_level(mqtt->output.queue, &level);
	if (level.messages > 0 || !mqtt->spooler)
		return level.messages == 0;
	spooler_status(mqtt->spooler, &spool);
	return spool.messages == 0 || !is_connected(mqtt);
}

/* Takes the next step of a stop, when it is time for it. */
static void
advance_stop(struct mqtt *mqtt)
{
	if (mqtt->stage == STAGE_RUNNING && atomic_load(&mqtt->stopping)) {
		mqtt->stage = STAGE_FLUSHING;
		uv_timer_start(&mqtt->deadline, on_deadline, mqtt->flush_ms, 0);
		if (!mqtt->connection)
			mqtt_connection_dial_in(mqtt, 0);
	}
	if (mqtt->stage == STAGE_FLUSHING && is_flushed(mqtt))
		uv_timer_start(&mqtt->deadline, on_deadline, 0, 0);
	if (mqtt->stage == STAGE_GOODBYE && !is_connected(mqtt))
		uv_timer_start(&mqtt->deadline, on_deadline, 0, 0);
	if (mqtt->stage == STAGE_ENDED)
		finish(mqtt, true);
}

static void
on_write(uv_timer_t *timer)
{
	mqtt_pump(timer->data);
}

/* Writes to the spool what is due. The disk may have taken its time. */
static void
pump_spool(struct mqtt *mqtt)
{
	uint64_t wait_ms = spooler_pump(mqtt->spooler);

	uv_update_time(&mqtt->loop);
	if (wait_ms == SPOOLER_NEVER)
		uv_timer_stop(&mqtt->write);
	else
		uv_timer_start(&mqtt->write, on_write, wait_ms, 0);
}

/* What is to be done after any event. */
void
mqtt_pump(struct mqtt *mqtt)
{
	struct connection *connection = mqtt->connection;

	if (mqtt->spooler && mqtt->stage != STAGE_ENDED)
		pump_spool(mqtt);
	if (connection && mqtt_connection_is_dialled(connection)) {
		if (connection->fd < 0 && !connection->lost)
			mqtt_connection_take(mqtt, connection);
		if (connection->accepted && !connection->lost)
			mqtt_connection_send(mqtt, connection);
		if (!connection->lost)
			mqtt_connection_watch(connection);
	}
	if (connection && connection->lost)
		mqtt_connection_end(mqtt, connection->reason);
	advance_stop(mqtt);
}

static void
on_wake(uv_async_t *wake)
{
	mqtt_pump(wake->data);
}

static void
on_tick(uv_timer_t *timer)
{
	struct mqtt *mqtt = timer->data;
	struct connection *connection = mqtt->connection;
	unsigned timeout_s = mqtt->settings.progress_timeout_s;

	if (mqtt->spooler)
		tell_spool(mqtt);
	if (!is_connected(mqtt))
		return;
	mqtt_connection_keep_alive(connection);
	mqtt_rival_review(connection);
	if (window_stuck(&mqtt->window, uv_now(&mqtt->loop), timeout_s * 1000ULL)) {
		connection->stalled = true;
		mqtt_connection_blame(connection, "no acknowledgement within %u s", timeout_s);
	}
	mqtt_pump(mqtt);
}

static void *
run(void *user)
{
	struct mqtt *mqtt = user;

	if (!mqtt->spooler)
		spooler_forsake(&mqtt->settings.spool);
	mqtt_connection_dial(mqtt);
	mqtt_pump(mqtt);
	if (mqtt->spooler)
		tell_spool(mqtt);
	uv_run(&mqtt->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void
init_handles(struct mqtt *mqtt)
{
	uv_timer_t *timers[] = {&mqtt->tick, &mqtt->dial, &mqtt->linger, &mqtt->deadline,
				&mqtt->write};

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
	if (mqtt->spooler)
		spooler_level(mqtt->spooler, &copy->spool);
}

static void
mqtt_free(struct output *output)
{
	struct mqtt *mqtt = mqtt_of(output);

	stop(output, 0);
	spooler_free(mqtt->spooler);
	topic_free(output->topic);
	buffer_unref(mqtt->goodbye);
	mqtt_connection_properties_free(&mqtt->record_properties);
	mqtt_connection_properties_free(&mqtt->document_properties);
	mqtt_settings_fini(&mqtt->settings);
	free(mqtt->root);
	free(mqtt->state_topic);
	free(mqtt->sessions);
	pthread_mutex_destroy(&mqtt->status_lock);
	free(mqtt);
	mqtt_connection_library(false);
}

static const struct output_ops ops = {
	.type = "mqtt",
	.start = start,
	.wake = wake,
	.stop = stop,
	.status = status,
	.free = mqtt_free,
};

/* The queue, with documents below {prefix}/{gateway}/. */
static int
make_queue(struct mqtt *mqtt)
{
	const struct mqtt_settings *settings = &mqtt->settings;
	struct queue_settings queue = {.max_bytes = settings->queue_size};
	char gateway[128];

	memcpy(queue.policies, settings->policies, sizeof(queue.policies));
	topic_level(settings->gateway, gateway, sizeof(gateway));
	if (asprintf(&mqtt->root, "%s/%s/", settings->prefix, gateway) < 0 ||
	    asprintf(&mqtt->state_topic, "%sstate", mqtt->root) < 0)
		return -1;
	mqtt->output.document_root = queue.document_root = mqtt->root;
	if (settings->queue)
		queue_limit(settings->queue, &queue);
	mqtt->output.queue = settings->queue ? settings->queue : queue_new(&queue);
	mqtt->window.queue = mqtt->output.queue;
	return mqtt->output.queue ? 0 : -1;
}

/* Behind the queue, if there is to be one. */
static int
make_spooler(struct mqtt *mqtt)
{
	const struct mqtt_settings *settings = &mqtt->settings;

	if (!settings->spool.path)
		return 0;
	if (settings->qos == 0) {
		log_warning(mqtt->log_name, "the spool is not used at QoS 0");
		return 0;
	}
	mqtt->spooler = spooler_new(&settings->spool, mqtt->output.queue, mqtt->log_name);
	mqtt->window.spooler = mqtt->spooler;
	return mqtt->spooler ? 0 : -1;
}

/* Everything that needs memory; 0 or -1. */
static int
make_parts(struct mqtt *mqtt)
{
	struct mqtt_settings *settings = &mqtt->settings;

	mqtt->sessions = calloc(settings->n_brokers, sizeof(*mqtt->sessions));
	if (!mqtt->sessions || make_queue(mqtt) < 0 || make_spooler(mqtt) < 0)
		return -1;
	if (settings->protocol == 5 &&
	    (mqtt_connection_properties(&mqtt->record_properties, settings->expiry_s) < 0 ||
	     mqtt_connection_properties(&mqtt->document_properties, 0) < 0))
		return -1;
	return 0;
}

/* Frees an output that could not be made, but not the queue that it was given. */
static void
discard(struct mqtt *mqtt, const struct queue *given)
{
	struct queue *queue = output_release(&mqtt->output);

	if (queue != given)
		queue_free(queue);
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
	mqtt_connection_library(true);
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
	discard(mqtt, settings->queue);
	return NULL;
}
