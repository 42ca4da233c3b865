/* SPDX-License-Identifier: ISC */
/* spool.c: how many records a second go through a spool
 *
 * Records go from a queue through a spooler as an output's thread would move them, with nothing
 * sent: first each is written, read and removed as it comes (through), then all of them are written
 * (fill) and after that read and removed (drain). Then they come once more to a spool that is full,
 * so that each takes the place of an older one of its station: with the stations in the same order
 * each time (full), and in no order (scattered). Prints one JSON object.
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

#define AT_ONCE	    100 /* records that are queued, or taken, in a row */
#define MOST_QUEUED 50000
#define QUEUE_SIZE  (64U << 20)
#define ROOMY	    ((size_t)4 << 30)
#define TOPIC	    "nmsp/gw1/hq/rssi"

struct bench {
	struct queue *queue;
	struct spooler *spooler;
	struct publication record;
	uint64_t stations;
	bool scattered;
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

static uint64_t
next_station(const struct bench *bench)
{
	uint64_t turn = bench->published;

	if (bench->scattered)
		turn = turn * 0x9e3779b97f4a7c15U >> 20;
	return 1 + turn % bench->stations;
}

static void
publish(struct bench *bench, uint64_t n)
{
	for (; n > 0; n--, bench->published++) {
		bench->record.station = next_station(bench);
		queue_publish(bench->queue, &bench->record);
	}
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

/* Pumps until no more than so many wait to be written. */
static void
write_all_but(struct bench *bench, size_t most)
{
	struct queue_level level;

	for (;;) {
		uint64_t wait_ms = spooler_pump(bench->spooler);

		queue_level(bench->queue, &level);
		if (level.messages <= most)
			return;
		wait_for_disk(wait_ms);
	}
}

static void
fill(struct bench *bench, uint64_t n)
{
	for (; n > 0; n -= AT_ONCE) {
		publish(bench, AT_ONCE);
		write_all_but(bench, MOST_QUEUED);
	}
	write_all_but(bench, 0);
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

/* Opens a spool of at most so many bytes in a new file. */
static void
begin(struct bench *bench, const char *path, size_t max_size, bool sync)
{
	const struct queue_settings queue = {.max_bytes = QUEUE_SIZE};
	const struct spool_settings settings = {.path = path,
						.sync = sync,
						.max_size = max_size,
						.accounts = accounts_of,
						.context = &bench->accounts};

	unlink(path);
	bench->queue = queue_new(&queue);
	bench->spooler = bench->queue ? spooler_new(&settings, bench->queue, "spool") : NULL;
	if (!bench->spooler)
		die("no memory");
	spooler_pump(bench->spooler);
	if (!spooler_is_active(bench->spooler))
		die("cannot open the spool");
}

/* Closes it; the accounts of all that was published since the last time. */
static struct account_view
end(struct bench *bench, const char *path)
{
	struct account_view view;

	spooler_end(bench->spooler);
	spooler_free(bench->spooler);
	queue_free(bench->queue);
	unlink(path);
	account_view(&bench->accounts.kinds[KIND_RSSI], &view);
	if (view.received != bench->published)
		die("records were not counted");
	bench->accounts = (struct account_set){0};
	bench->published = bench->finished = 0;
	return view;
}

static void
run_roomy(struct bench *bench, uint64_t n, const char *path, bool sync)
{
	double began, cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct spool_status status = {0};

	begin(bench, path, ROOMY, sync);
	began = seconds(CLOCK_MONOTONIC);
	through(bench, n);
	printf("{\"records\":%llu,\"bytes\":%u,\"sync\":\"%s\",\"through_per_s\":%.0f,"
	       "\"through_cpu_us\":%.3f,",
	       (unsigned long long)n, bench->record.payload->length, sync ? "batch" : "none",
	       rate(n, began), (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / (double)n);
	began = seconds(CLOCK_MONOTONIC);
	fill(bench, n);
	spooler_status(bench->spooler, &status);
	printf("\"fill_per_s\":%.0f,\"disk_bytes_a_record\":%.0f,\"anonymous_mb\":%.1f,",
	       rate(n, began), (double)status.bytes / (double)n, anonymous_mb());
	began = seconds(CLOCK_MONOTONIC);
	drain(bench);
	printf("\"drain_per_s\":%.0f,", rate(n, began));
	if (end(bench, path).published != 2 * n)
		die("not all records came through");
}

static void
run_full(struct bench *bench, uint64_t n, const char *path, bool sync, const char *name)
{
	struct account_view view;
	double began, per_s;

	begin(bench, path, n / 2 * bench->record.payload->length, sync);
	fill(bench, n);
	began = seconds(CLOCK_MONOTONIC);
	fill(bench, n);
	per_s = rate(n, began);
	view = end(bench, path);
	printf("\"%s_per_s\":%.0f,\"%s_conflated\":%llu,\"%s_dropped\":%llu,", name, per_s, name,
	       (unsigned long long)view.conflated, name,
	       (unsigned long long)view.dropped[DROP_SPOOL_FULL]);
}

static void
make_record(struct bench *bench, size_t bytes)
{
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
	if (!bench->record.payload || !bench->record.topic)
		die("no memory");
}

int
main(int argc, char **argv)
{
	static struct bench bench = {.stations = 10000};
	uint64_t n = 500000;
	size_t bytes = 650;
	bool sync = true;
	int option;

	while ((option = getopt(argc, argv, "b:n:s:u")) != -1) {
		if (option == 'b')
			bytes = strtoul(optarg, NULL, 10);
		else if (option == 'n')
			n = strtoull(optarg, NULL, 10) / AT_ONCE * AT_ONCE;
		else if (option == 's')
			bench.stations = strtoull(optarg, NULL, 10);
		else if (option == 'u')
			sync = false;
		else
			return EXIT_FAILURE;
	}
	if (optind + 1 != argc || bench.stations == 0)
		die("usage: spool [-n records] [-b bytes] [-s stations] [-u (no sync)] file");
	make_record(&bench, bytes);
	run_roomy(&bench, n, argv[optind], sync);
	run_full(&bench, n, argv[optind], sync, "full");
	bench.scattered = true;
	run_full(&bench, n, argv[optind], sync, "scattered");
	printf("\"stations\":%llu}\n", (unsigned long long)bench.stations);
	buffer_unref(bench.record.payload);
	buffer_unref(bench.record.topic);
	return EXIT_SUCCESS;
}
