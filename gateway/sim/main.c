/* SPDX-License-Identifier: ISC */
/* main.c: nmsp-sim, a simulated controller: start, signals, the clock of its world, stop */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

#include "conf/dictionary.h"
#include "gateway/log.h"
#include "gateway/sim/server.h"
#include "gateway/sim/truth.h"
#include "outputs/timestamp.h"

#define TICK_MS	     50
#define BULK_TICK_MS 10
#define TRUTH_MS     1000 /* of the world's time, between two positions of a station */
#define ARENA_LIMIT  (1 << 20)

enum { SIGNALS = 3 };

/* All that the program has. */
struct simulator {
	struct options options;
	struct dict *dict;
	struct world *world;
	struct peer_shared shared;
	struct tls_server *tls;
	struct server *server;
	FILE *truth;
	uint64_t truth_ms;
	uint64_t began_ns;
	bool certificate_changed;
	uv_loop_t loop;
	uv_timer_t timer;
	uv_signal_t signals[SIGNALS];
};

static void
print_error(void *context, const char *file, int line, const char *message)
{
	(void)context;
	if (line > 0)
		fprintf(stderr, "%s:%d: %s\n", file, line, message);
	else
		fprintf(stderr, "%s: %s\n", file, message);
}

static void
change_certificate(struct simulator *sim)
{
	const struct options_fault *fault = &sim->options.faults[FAULTY_CHANGED_CERTIFICATE];
	char error[256];

	if (!fault->on || sim->certificate_changed ||
	    server_busy_ms(sim->server) <= fault->argument * UINT64_C(1000))
		return;
	sim->certificate_changed = true;
	if (tls_server_renew(sim->tls, error, sizeof error) != 0)
		log_error("nmsp-sim", "%s", error);
	server_drop(sim->server, "the controller's certificate changed");
}

static void
set_clocks(struct simulator *sim)
{
	sim->shared.clock_ms = (uv_hrtime() - sim->began_ns) / 1000000;
	sim->shared.scaled_ms =
		(uint64_t)llround((double)sim->shared.clock_ms * sim->options.speed);
	sim->shared.feed.wall_ms = timestamp_now();
}

static void
on_tick(uv_timer_t *timer)
{
	struct simulator *sim = timer->data;

	set_clocks(sim);
	world_advance(sim->world, sim->shared.scaled_ms);
	if (sim->truth && sim->world->now_ms >= sim->truth_ms) {
		truth_write(sim->truth, sim->world, sim->shared.feed.wall_ms);
		sim->truth_ms = sim->world->now_ms + TRUTH_MS;
	}
	if (sim->options.rate)
		bulk_refresh(&sim->shared.bulk);
	change_certificate(sim);
	server_tick(sim->server);
}

static void
stop(struct simulator *sim)
{
	server_print(sim->server, stdout);
	server_stop(sim->server);
	uv_close((uv_handle_t *)&sim->timer, NULL);
	for (int i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&sim->signals[i], NULL);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct simulator *sim = handle->data;

	if (number == SIGUSR1)
		server_print(sim->server, stdout);
	else
		stop(sim);
}

static void
start_loop(struct simulator *sim)
{
	static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGUSR1};
	uint64_t tick_ms = sim->options.rate ? BULK_TICK_MS : TICK_MS;

	for (int i = 0; i < SIGNALS; i++) {
		uv_signal_init(&sim->loop, &sim->signals[i]);
		sim->signals[i].data = sim;
		uv_signal_start(&sim->signals[i], on_signal, numbers[i]);
	}
	uv_timer_init(&sim->loop, &sim->timer);
	sim->timer.data = sim;
	uv_timer_start(&sim->timer, on_tick, 0, tick_ms);
}

/* As many connections as the machine lets us have; clients that go away are no reason to die. */
static void
prepare_process(void)
{
	struct rlimit limit;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Says which word of a list names no service. Returns 0 or -1. */
static int
init_catalogs(struct simulator *sim)
{
	struct peer_shared *shared = &sim->shared;
	const char *wrong = catalog_init(&shared->offered, sim->dict, sim->options.services);

	if (!wrong)
		wrong = catalog_init(&shared->granted, sim->dict, sim->options.granted);
	if (wrong)
		fprintf(stderr, "nmsp-sim: %s: no such service\n", wrong);
	return wrong ? -1 : 0;
}

/* The dictionary and the world, and what is said of them. Returns 0, or -1 after saying why. */
static int
init_shared(struct simulator *sim)
{
	const struct options *options = &sim->options;
	const struct report report = {print_error, NULL};
	struct peer_shared *shared = &sim->shared;
	char error[512];

	sim->dict = dictionary_load(options->dictionary, &report);
	sim->world = world_new(&options->size);
	if (!sim->dict || !sim->world)
		return -1;
	shared->options = options;
	shared->dict = sim->dict;
	shared->buffer_size = sim->dict->frame.max_length;
	shared->buffer = malloc(shared->buffer_size);
	arena_init(&shared->arena, ARENA_LIMIT);
	feed_init(&shared->feed, sim->dict, sim->world, options->batch);
	if (!shared->buffer || init_catalogs(sim) != 0)
		return -1;
	if (options->script &&
	    script_load(&shared->script, options->script, error, sizeof error) != 0) {
		fprintf(stderr, "nmsp-sim: %s\n", error);
		return -1;
	}
	if (options->rate && bulk_init(&shared->bulk, &shared->feed) != 0) {
		fprintf(stderr, "nmsp-sim: the dictionary has no measurements to make load of\n");
		return -1;
	}
	return 0;
}

static int
init_server(struct simulator *sim)
{
	char error[512];

	sim->tls = tls_server_new(&sim->options.tls, &sim->options.authlist, error, sizeof error);
	if (sim->tls)
		sim->server = server_new(&sim->loop, &sim->shared, sim->tls, error, sizeof error);
	if (sim->server)
		return 0;
	fprintf(stderr, "nmsp-sim: %s\n", error);
	return -1;
}

static int
init_truth(struct simulator *sim)
{
	if (!sim->options.truth)
		return 0;
	sim->truth = fopen(sim->options.truth, "w");
	if (!sim->truth)
		perror(sim->options.truth);
	return sim->truth ? 0 : -1;
}

static void
simulator_fini(struct simulator *sim)
{
	server_free(sim->server);
	tls_server_free(sim->tls);
	if (sim->truth)
		fclose(sim->truth);
	bulk_fini(&sim->shared.bulk);
	script_fini(&sim->shared.script);
	feed_fini(&sim->shared.feed);
	arena_fini(&sim->shared.arena);
	free(sim->shared.buffer);
	world_free(sim->world);
	dictionary_free(sim->dict);
	options_fini(&sim->options);
}

static void
announce(const struct simulator *sim)
{
	const struct options *options = &sim->options;

	if (!options->authlist.allow_all && options->authlist.n_entries == 0)
		log_warning("nmsp-sim",
			    "the authorisation list is empty: every client will be refused");
	printf("listening on %s:%u\n", options->address, server_port(sim->server));
	fflush(stdout);
}

static void
prepare_log(const struct options *options)
{
	struct log_settings settings = {.level = LOG_LEVEL_INFO};

	if (options->quiet)
		settings.level = LOG_LEVEL_WARNING;
	if (options->verbose)
		settings.level = LOG_LEVEL_DEBUG;
	log_configure(&settings);
}

int
main(int argc, char **argv)
{
	static struct simulator sim;
	int result = EXIT_FAILURE;

	switch (options_parse(&sim.options, argc, argv)) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_DONE:
		return EXIT_SUCCESS;
	case OPTIONS_WRONG:
		options_fini(&sim.options);
		return EXIT_FAILURE;
	}
	prepare_log(&sim.options);
	prepare_process();
	uv_loop_init(&sim.loop);
	sim.began_ns = uv_hrtime();
	if (init_shared(&sim) == 0 && init_truth(&sim) == 0 && init_server(&sim) == 0) {
		set_clocks(&sim);
		start_loop(&sim);
		announce(&sim);
		uv_run(&sim.loop, UV_RUN_DEFAULT);
		result = EXIT_SUCCESS;
	}
	uv_loop_close(&sim.loop);
	simulator_fini(&sim);
	return result;
}
