/* SPDX-License-Identifier: ISC */
/* decode.c: how long it takes from captured frames to JSON text
 *
 * The same capture goes three ways, one after the other and round about: the gateway's, with a tree
 * of jansson for each record in place of its writer, and as records that are decoded already
 * through a loop written by hand. All three must make the same bytes. Prints one JSON object.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codecs/encode.h"
#include "codecs/message.h"
#include "conf/dictionary.h"
#include "gateway/stream.h"
#include "outputs/envelope.h"
#include "outputs/jsonw.h"
#include "tests/bench/bare.h"
#include "tests/bench/tree.h"

#define CHUNK	    65536 /* what the gateway reads at once */
#define ARENA_LIMIT (4U << 20)
#define BEGAN_MS    UINT64_C(1790000000000) /* of the capture */
#define MESSAGE_MS  UINT64_C(50)
#define LATENCY_MS  123
#define MAX_ROUNDS  31
#define HEAD                                                                                 \
	"{\"schema\":\"nmsp.rssi/1\",\"gateway\":\"gw1\",\"controller\":\"hq\",\"session\":" \
	"\"6f2c91ab\",\"seq\":"

enum way {
	WAY_OURS,
	WAY_TREE,
	WAY_BARE,
	WAY_READ, /* ours without any JSON */
	WAYS,
};

static const char *const way_names[WAYS] = {"ours", "jansson", "bare", "decode_only"};

struct bench {
	uint32_t n_records, per_message, rounds;
	uint64_t seed;
	struct dict *dict;
	struct tree_places places;
	uint8_t *capture;
	size_t capture_size, capture_length;
	struct bare_record *bare;

	struct arena arena;
	struct envelope envelope;
	struct jsonw json;
	enum way way;
	bool compare;
	uint64_t records, bytes; /* of this round */
	uint64_t received_at;
};

__attribute__((noreturn)) static void
die(const char *what)
{
	fprintf(stderr, "decode: %s\n", what);
	exit(EXIT_FAILURE);
}

static uint64_t
draw(struct bench *bench)
{
	uint64_t z = bench->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* The capture. */

static void
make_reading(struct bench *bench, struct bare_reading *reading)
{
	uint64_t u = draw(bench);
	int dbm = -40 - (int)(u % 50);

	*reading = (struct bare_reading){
		.ap = UINT64_C(0x2c5741000000) | (draw(bench) % 600) << 4,
		.slot = (uint8_t)(u >> 8 & 1),
		.band = (uint8_t)(u >> 8 & 1 ? 2 : 1),
		.source = (uint8_t)(u >> 10 & 3 ? 1 : 0),
		.antennas_dbm = {(int8_t)dbm, (int8_t)(dbm - 4 + (int)(u >> 16 & 7))},
		.snr_db = (int8_t)(dbm + 95),
		.age_ms = (uint32_t)(u >> 24) % 30000,
	};
	if ((u >> 20 & 7) == 0)
		reading->antennas_dbm[1] = BARE_NONE;
	if ((u >> 56 & 31) == 0)
		reading->snr_db = BARE_NONE;
}

static void
make_record(struct bench *bench, struct bare_record *record)
{
	uint64_t station = draw(bench) % 150000;
	bool local = station % 3 == 0;

	record->mac = (local ? UINT64_C(0xda4119000000) : UINT64_C(0xa483e7000000)) + station;
	record->entity = station % 20 == 0 ? 2 : 1;
	record->associated = station % 4 != 0;
	for (unsigned i = 0; i < BARE_READINGS; i++)
		make_reading(bench, &record->readings[i]);
}

static void
set_int(struct value *slot, int64_t i)
{
	*slot = (struct value){.i = i, .count = 1, .present = true};
}

static void
fill_reading(const struct tree_places *at, struct value *slots, const struct bare_reading *reading)
{
	set_int(&slots[at->ap], (int64_t)reading->ap);
	set_int(&slots[at->slot], reading->slot);
	set_int(&slots[at->band], reading->band);
	set_int(&slots[at->source], reading->source);
	set_int(&slots[at->antennas], reading->antennas_dbm[0]);
	set_int(&slots[at->antennas + 1], reading->antennas_dbm[1]);
	set_int(&slots[at->snr], reading->snr_db);
	set_int(&slots[at->age], reading->age_ms);
}

static void
encode_record(struct bench *bench, struct encoder *encoder, const struct bare_record *record)
{
	const struct tree_places *at = &bench->places;
	const struct field *field = shape_field(&bench->dict->elements, "measurement");
	struct value *object = object_new(&bench->arena, at->record);
	struct value *readings = object_list(&bench->arena, at->reading, BARE_READINGS);

	if (!object || !readings)
		die("no memory");
	set_int(&object[at->mac], (int64_t)record->mac);
	set_int(&object[at->entity], record->entity);
	set_int(&object[at->flags], record->associated);
	object_child(object, at->record, "readings", readings, BARE_READINGS);
	for (unsigned i = 0; i < BARE_READINGS; i++)
		fill_reading(at, readings + (size_t)i * at->reading->n_slots, &record->readings[i]);
	encode_element(encoder, field,
		       &(struct value){.items = object, .count = 1, .present = true});
}

static int
strength(const struct bare_reading *reading)
{
	int a = reading->antennas_dbm[0], b = reading->antennas_dbm[1];

	return a > b ? a : b;
}

/* Strongest first, else as on the wire. */
static void
sort_readings(struct bare_record *record)
{
	struct bare_reading *all = record->readings;

	for (unsigned i = 1; i < BARE_READINGS; i++) {
		struct bare_reading one = all[i];
		unsigned k = i;

		for (; k > 0 && strength(&all[k - 1]) < strength(&one); k--)
			all[k] = all[k - 1];
		all[k] = one;
	}
}

static void
encode_message(struct bench *bench, uint32_t first, uint32_t count)
{
	struct encoder encoder;
	size_t length;

	arena_reset(&bench->arena);
	encode_init(&encoder, bench->dict, bench->capture + bench->capture_length,
		    bench->capture_size - bench->capture_length);
	encode_header(&encoder, dict_message_named(bench->dict, "measurement_notification"), 0,
		      false);
	encode_uint(&encoder, "controller_time",
		    BEGAN_MS + first / bench->per_message * MESSAGE_MS);
	for (uint32_t i = first; i < first + count; i++) {
		make_record(bench, &bench->bare[i]);
		encode_record(bench, &encoder, &bench->bare[i]);
		sort_readings(&bench->bare[i]);
	}
	length = encode_end(&encoder);
	if (!length)
		die("cannot encode the capture");
	bench->capture_length += length;
}

static void
make_capture(struct bench *bench)
{
	bench->capture_size = (size_t)bench->n_records * 160 + 4096;
	bench->capture = malloc(bench->capture_size);
	bench->bare = calloc(bench->n_records, sizeof *bench->bare);
	if (!bench->capture || !bench->bare)
		die("no memory");
	for (uint32_t done = 0; done < bench->n_records; done += bench->per_message) {
		uint32_t left = bench->n_records - done;

		encode_message(bench, done, left < bench->per_message ? left : bench->per_message);
	}
}

static size_t
write_tree(const struct bench *bench, const struct message *message, const struct record *record,
	   const char *expected)
{
	struct tree_envelope envelope = {bench->records, bench->received_at, message->time_ms};
	json_t *object = tree_record(&bench->places, &envelope, record->slots);
	char *text = json_dumps(object, JSON_COMPACT);
	size_t length = text ? strlen(text) : 0;

	if (!text || (expected && strncmp(text, expected, length + 1) != 0))
		die("jansson's text is another");
	json_decref(object);
	free(text);
	return length;
}

static size_t
write_bare(const struct bench *bench, char *text)
{
	struct bare_envelope envelope = {HEAD, sizeof HEAD - 1, bench->records, bench->received_at,
					 bench->received_at - LATENCY_MS};
	char *end = bare_put_record(text, &envelope, &bench->bare[bench->records - 1]);

	__asm__ volatile("" ::"r"(text) : "memory");
	return (size_t)(end - text);
}

/* The ways. */

static void
compare(const struct bench *bench, const struct message *message, const struct record *record)
{
	char text[4096];
	size_t length = write_bare(bench, text);

	text[length] = '\0';
	if (length != bench->json.length || memcmp(text, bench->json.data, length) != 0) {
		fprintf(stderr, "%.*s\n%s\n", (int)bench->json.length, bench->json.data, text);
		die("the bare loop's text is another");
	}
	if (bench->records % 101 == 0)
		write_tree(bench, message, record, text);
}

static void
take_record(struct bench *bench, const struct message *message, const struct record *record)
{
	struct jsonw *json = &bench->json;

	bench->records++;
	if (bench->way == WAY_TREE) {
		bench->bytes += write_tree(bench, message, record, NULL);
		return;
	}
	if (bench->way == WAY_READ)
		return;
	json->length = 0;
	envelope_record(&bench->envelope, json,
			&(struct envelope_item){message, record, bench->records, bench->received_at,
						NULL});
	bench->bytes += json->length;
	if (bench->compare)
		compare(bench, message, record);
}

static bool
take_frame(void *context, const struct frame *frame, uint64_t offset)
{
	struct bench *bench = context;
	struct message message;
	struct record record;

	(void)offset;
	arena_reset(&bench->arena);
	message_open(&message, bench->dict, frame, &bench->arena);
	bench->received_at = message.time_ms + LATENCY_MS;
	while (message_next(&message, &record)) {
		if (record.kind != KIND_RSSI)
			die("a record was not understood");
		take_record(bench, &message, &record);
	}
	return true;
}

static void
read_capture(struct bench *bench)
{
	const struct stream_taker taker = {take_frame, bench};
	struct stream stream;
	struct fault fault;

	stream_init(&stream, bench->dict);
	for (size_t done = 0; done < bench->capture_length; done += CHUNK) {
		size_t left = bench->capture_length - done;

		if (stream_feed(&stream, bench->capture + done, left < CHUNK ? left : CHUNK, &taker,
				&fault))
			die("the capture is broken");
	}
	stream_fini(&stream);
}

static void
write_structs(struct bench *bench)
{
	char text[4096];

	for (uint32_t i = 0; i < bench->n_records; i++) {
		if (i % bench->per_message == 0)
			bench->received_at =
				BEGAN_MS + LATENCY_MS + i / bench->per_message * MESSAGE_MS;
		bench->records++;
		bench->bytes += write_bare(bench, text);
	}
}

static double
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Goes one way once; returns the time for a record in ns. */
static double
measure(struct bench *bench, enum way way)
{
	double began;

	bench->way = way;
	bench->records = bench->bytes = 0;
	began = cpu_ns();
	if (way == WAY_BARE)
		write_structs(bench);
	else
		read_capture(bench);
	if (bench->records != bench->n_records)
		die("records are missing");
	return (cpu_ns() - began) / bench->n_records;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(const double *values, uint32_t n)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, values, n * sizeof *values);
	qsort(sorted, n, sizeof *sorted, compare_doubles);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* The median of the ratios of two ways within each round. */
static double
ratio(const double *over, const double *under, uint32_t n)
{
	double ratios[MAX_ROUNDS];

	for (uint32_t i = 0; i < n; i++)
		ratios[i] = over[i] / under[i];
	return median(ratios, n);
}

static void
print(const struct bench *bench, double ns[WAYS][MAX_ROUNDS], uint64_t bytes)
{
	uint32_t n = bench->rounds;
	double text = (double)bytes / bench->n_records;

	printf("{\"records\":%u,\"readings\":%d,\"per_message\":%u,\"rounds\":%u", bench->n_records,
	       BARE_READINGS, bench->per_message, n);
	printf(",\"frame_bytes\":%.1f,\"text_bytes\":%.1f,\"ns\":{",
	       (double)bench->capture_length / bench->n_records, text);
	for (int way = 0; way < WAYS; way++)
		printf("%s\"%s\":%.1f", way ? "," : "", way_names[way], median(ns[way], n));
	printf("},\"text_mb_s\":{");
	for (int way = 0; way < WAY_READ; way++)
		printf("%s\"%s\":%.1f", way ? "," : "", way_names[way],
		       text * 1e3 / median(ns[way], n));
	printf("},\"frame_mb_s\":%.1f,\"jansson_over_ours\":%.2f,\"ours_over_bare\":%.2f}\n",
	       (double)bench->capture_length / bench->n_records * 1e3 / median(ns[WAY_OURS], n),
	       ratio(ns[WAY_TREE], ns[WAY_OURS], n), ratio(ns[WAY_OURS], ns[WAY_BARE], n));
}

static void
run(struct bench *bench, unsigned ways)
{
	static double ns[WAYS][MAX_ROUNDS];
	uint64_t bytes;

	bench->compare = true;
	measure(bench, WAY_OURS);
	bench->compare = false;
	bytes = bench->bytes;
	for (uint32_t i = 0; i < bench->rounds; i++)
		for (int way = 0; way < WAYS; way++)
			if (ways & 1U << way)
				ns[way][i] = measure(bench, (enum way)way);
	print(bench, ns, bytes);
}

static void
pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one))
		die("cannot stay on one core");
}

static void
tell(void *context, const char *file, int line, const char *message)
{
	(void)context;
	fprintf(stderr, "%s:%d: %s\n", file, line, message);
}

static uint32_t
number(const char *text, uint32_t most)
{
	char *rest;
	unsigned long u = strtoul(text, &rest, 10);

	if (*rest || u == 0 || u > most)
		die("expected a number above 0");
	return (uint32_t)u;
}

int
main(int argc, char **argv)
{
	static const struct report report = {.error = tell};
	static const struct envelope_source source = {
		.gateway = "gw1", .controller = "hq", .session = "6f2c91ab"};
	struct bench bench = {.n_records = 1000000, .per_message = 16, .rounds = 5, .seed = 1};
	unsigned ways = (1U << WAYS) - 1;
	int option;

	while ((option = getopt(argc, argv, "n:m:r:w:")) != -1) {
		if (option == 'n')
			bench.n_records = number(optarg, 10000000);
		else if (option == 'm')
			bench.per_message = number(optarg, 1000);
		else if (option == 'r')
			bench.rounds = number(optarg, MAX_ROUNDS);
		else if (option == 'w')
			ways = number(optarg, ways);
		else
			die("usage: decode [-n records] [-m records in a message] [-r rounds] "
			    "[-w mask of ways]");
	}
	pin(sched_getcpu());
	bench.dict = dictionary_load("baseline", &report);
	if (!bench.dict || envelope_init(&bench.envelope, &source))
		die("cannot begin");
	arena_init(&bench.arena, ARENA_LIMIT);
	jsonw_init(&bench.json);
	bench.places = tree_places_find(bench.dict);
	make_capture(&bench);
	run(&bench, ways);
	jsonw_fini(&bench.json);
	arena_fini(&bench.arena);
	envelope_fini(&bench.envelope);
	dictionary_free(bench.dict);
	free(bench.bare);
	free(bench.capture);
	return EXIT_SUCCESS;
}
