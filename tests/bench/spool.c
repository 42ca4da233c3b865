/* SPDX-License-Identifier: ISC */
/* spool.c: how many records a second go through a spool
 *
 * Records go from a queue through a spooler as an output's thread would move them, with nothing
 * sent: first each is written, read and removed as it comes (through), then all of them are written
 * (fill) and after that read and removed (drain). Prints one JSON object.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "outputs/spooler.h"

#define AT_ONCE	   100 /* records that are queued, or taken, in a row */
#define QUEUE_SIZE (64U << 20)
#define TOPIC	   "nmsp/gw1/hq/rssi"

struct bench {
	struct queue *queue;
	struct spooler *spooler;
	struct publication record;
	struct account_set accounts;
	uint64_t published, finished;
};

__attribute__((noreturn)) static void
die(const char *what)
{
	fprintf(stderr, "spool: %s\n", what);
	exit(EXIT_FAILURE);
}

static double
seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct account_set *
accounts_of(void *context, const char *controller)
{
	(void)controller;
	return context;
}

static void
publish(struct bench *bench, uint64_t n)
{
	for (; n > 0; n--, bench->published++)
		queue_publish(bench->queue, &bench->record);
}

/* Takes and ends what a window would hold; how many. */
static size_t
consume(struct bench *bench)
{
	struct queue_list list = {0};
	size_t got = spooler_take(bench->spooler, &list, AT_ONCE, false);

	while (list.first)
		spooler_finish(bench->spooler, &list, list.first, OUTCOME_PUBLISHED, DROP_COUNT);
	bench->finished += got;
	return got;
}

static void
wait_for_disk(uint64_t wait_ms)
{
	if (wait_ms > 0 && wait_ms != SPOOLER_NEVER)
		usleep((useconds_t)wait_ms * 1000);
}

/* Everything at once, as fast as it goes: the queue is never empty for long. */
static void
through(struct bench *bench, uint64_t n)
{
	uint64_t end = bench->published + n;

	while (bench->finished < end) {
		if (bench->published < end && bench->published - bench->finished < 20 * AT_ONCE * 4)
			publish(bench, AT_ONCE);
		if (spooler_pump(bench->spooler) > 0 && consume(bench) == 0 &&
		    bench->published == end)
			wait_for_disk(1);
	}
}

static void
fill(struct bench *bench, uint64_t n)
{
	struct spool_status status = {0};

	for (; n > 0; n -= AT_ONCE) {
		publish(bench, AT_ONCE);
		spooler_pump(bench->spooler);
	}
	do {
		wait_for_disk(spooler_pump(bench->spooler));
		spooler_status(bench->spooler, &status);
	} while (status.messages < bench->published - bench->finished);
}

static void
drain(struct bench *bench)
{
	while (bench->finished < bench->published) {
		consume(bench);
		spooler_pump(bench->spooler);
	}
}

static double
rate(uint64_t n, double began)
{
	return (double)n / (seconds(CLOCK_MONOTONIC) - began);
}

/* Memory that is not a part of the file. */
static double
anonymous_mb(void)
{
	unsigned long size, resident = 0, shared = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%lu %lu %lu", &size, &resident, &shared) != 3)
		die("cannot read /proc/self/statm");
	fclose(file);
	return (double)(resident - shared) * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void
run(struct bench *bench, uint64_t n, size_t bytes, bool sync)
{
	double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct spool_status status = {0};
	double throughs, fills, drains, anonymous;

	through(bench, n);
	throughs = rate(n, began);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	began = seconds(CLOCK_MONOTONIC);
	fill(bench, n);
	fills = rate(n, began);
	spooler_status(bench->spooler, &status);
	anonymous = anonymous_mb();
	began = seconds(CLOCK_MONOTONIC);
	drain(bench);
	drains = rate(n, began);
	printf("{\"records\":%llu,\"bytes\":%zu,\"sync\":\"%s\",\"through_per_s\":%.0f,"
	       "\"through_cpu_us\":%.3f,\"fill_per_s\":%.0f,\"drain_per_s\":%.0f,"
	       "\"disk_bytes_a_record\":%.0f,\"anonymous_mb\":%.1f}\n",
	       (unsigned long long)n, bytes, sync ? "batch" : "none", throughs,
	       cpu * 1e6 / (double)n, fills, drains, (double)status.bytes / (double)n, anonymous);
}

static void
begin(struct bench *bench, size_t bytes, const struct spool_settings *settings)
{
	const struct queue_settings queue = {.max_bytes = QUEUE_SIZE};
	char *text = malloc(bytes + 1);

	if (!text)
		die("no memory");
	memset(text, 'x', bytes);
	bench->record = (struct publication){.kind = KIND_RSSI,
					     .records = 1,
					     .payload = buffer_new(text, bytes),
					     .topic = buffer_new(TOPIC, strlen(TOPIC)),
					     .account = &bench->accounts.kinds[KIND_RSSI],
					     .controller = "hq"};
	free(text);
	bench->queue = queue_new(&queue);
	bench->spooler = spooler_new(settings, bench->queue, "spool");
	if (!bench->record.payload || !bench->record.topic || !bench->queue || !bench->spooler)
		die("no memory");
	spooler_pump(bench->spooler);
	if (!spooler_is_active(bench->spooler))
		die("cannot open the spool");
}

static void
end(struct bench *bench)
{
	struct account_view view;

	spooler_end(bench->spooler);
	spooler_free(bench->spooler);
	queue_free(bench->queue);
	buffer_unref(bench->record.payload);
	buffer_unref(bench->record.topic);
	account_view(&bench->accounts.kinds[KIND_RSSI], &view);
	if (view.published != bench->published || view.received != bench->published)
		die("not all records came through");
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	struct spool_settings settings = {.sync = true,
					  .max_size = (size_t)4 << 30,
					  .accounts = accounts_of,
					  .context = &bench.accounts};
	uint64_t n = 500000;
	size_t bytes = 650;
	int option;

	while ((option = getopt(argc, argv, "b:n:u")) != -1) {
		if (option == 'b')
			bytes = strtoul(optarg, NULL, 10);
		else if (option == 'n')
			n = strtoull(optarg, NULL, 10) / AT_ONCE * AT_ONCE;
		else if (option == 'u')
			settings.sync = false;
		else
			return EXIT_FAILURE;
	}
	if (optind + 1 != argc)
		die("usage: spool [-n records] [-b bytes] [-u (no sync)] file");
	settings.path = argv[optind];
	unlink(settings.path);
	begin(&bench, bytes, &settings);
	run(&bench, n, bytes, settings.sync);
	end(&bench);
	unlink(settings.path);
	return EXIT_SUCCESS;
}
