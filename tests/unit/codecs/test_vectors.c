/* SPDX-License-Identifier: ISC */
/* test_vectors.c: every vector in one process: whole, split, cut short, and with every byte changed
 *
 * Each run has its bytes in memory of their own size, so that a sanitizer sees a read past them.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <time.h>

#include "gateway/stream.h"
#include "outputs/envelope.h"
#include "tests/unit/support.h"

#define VECTORS	   "tests/vectors/*.json"
#define MAX_STREAM 4096
#define MAX_CASES  100

struct vector {
	const char *name;
	uint8_t bytes[MAX_STREAM];
	size_t size;
	json_t *records;
	json_t *faults;
	uint64_t received_at;
	const char *received_text;
};

/* All vectors, and what decoding them needs. */
struct bench {
	struct dict *dict;
	struct arena arena;
	struct envelope envelope;
	struct jsonw json;
	json_t *documents;
	struct vector vectors[MAX_CASES];
	size_t n_vectors;

	/* of the run that is under way */
	const struct vector *vector;
	json_t *records;
	uint64_t seq[KIND_COUNT];
	uint64_t handed_out;
	unsigned faults[FAULT_FRAME + 1];
};

static uint64_t
parse_time(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	assert_non_null(rest);
	return (uint64_t)timegm(&tm) * 1000 + (uint64_t)strtoul(rest + 1, NULL, 10);
}

static void
load_case(struct bench *bench, json_t *document, json_t *object)
{
	struct vector *vector = &bench->vectors[bench->n_vectors++];
	size_t i;
	json_t *hex;

	assert_true(bench->n_vectors <= MAX_CASES);
	vector->name = json_string_value(json_object_get(object, "name"));
	vector->records = json_object_get(object, "records");
	vector->faults = json_object_get(object, "faults");
	vector->received_text = json_string_value(json_object_get(document, "received_at"));
	vector->received_at = parse_time(vector->received_text);
	json_array_foreach(json_object_get(object, "hex"), i, hex)
		vector->size += support_hex(json_string_value(hex), vector->bytes + vector->size,
					    sizeof vector->bytes - vector->size);
}

static void
load_vectors(struct bench *bench)
{
	glob_t files;

	bench->documents = json_array();
	assert_int_equal(glob(VECTORS, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		json_error_t error;
		json_t *document = json_load_file(files.gl_pathv[i], 0, &error), *object;
		size_t place;

		if (!document)
			fail_msg("%s: %s", files.gl_pathv[i], error.text);
		json_array_append_new(bench->documents, document);
		json_array_foreach(json_object_get(document, "cases"), place, object)
			load_case(bench, document, object);
	}
	globfree(&files);
	assert_true(bench->n_vectors >= 30);
}

/* Checks the envelope and leaves what vectors tell of a record. */
static void
strip(const struct bench *bench, json_t *record, enum kind kind)
{
	static const char *const members[] = {"gateway", "controller", "session", "seq",
					      "received_at"};
	json_t *seq = json_object_get(record, "seq");
	const char *received_at = json_string_value(json_object_get(record, "received_at"));

	assert_int_equal(json_integer_value(seq), bench->seq[kind]);
	assert_string_equal(received_at, bench->vector->received_text);
	for (size_t i = 0; i < COUNT(members); i++)
		assert_int_equal(json_object_del(record, members[i]), 0);
	if (kind == KIND_UNKNOWN)
		json_object_del(record, "detail");
}

/* Checks that a line is JSON in valid UTF-8 and keeps its record where that is wanted. */
static void
take_line(struct bench *bench, enum kind kind)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL |
		       (bench->records ? 0 : JSON_DECODE_INT_AS_REAL);
	json_error_t error;
	json_t *record = json_loadb(bench->json.data, bench->json.length, flags, &error);

	if (!record)
		fail_msg("%s: %s: %.*s", bench->vector->name, error.text, (int)bench->json.length,
			 bench->json.data);
	assert_null(memchr(bench->json.data, '\n', bench->json.length));
	if (bench->records) {
		strip(bench, record, kind);
		json_array_append(bench->records, record);
	}
	json_decref(record);
}

static bool
take_frame(void *context, const struct frame *frame, uint64_t offset)
{
	struct bench *bench = context;
	struct message message;
	struct record record;
	struct envelope_item item = {&message, &record, 0, bench->vector->received_at, NULL};

	assert_int_equal(offset, bench->handed_out);
	bench->handed_out += frame->length;
	arena_reset(&bench->arena);
	message_open(&message, bench->dict, frame, &bench->arena);
	while (message_next(&message, &record)) {
		if (record.kind == KIND_UNKNOWN && record.reason == UNKNOWN_MALFORMED) {
			bench->faults[record.fault.level]++;
			assert_true(record.fault.offset <= frame->length);
		}
		bench->json.length = 0;
		item.seq = ++bench->seq[record.kind];
		envelope_record(&bench->envelope, &bench->json, &item);
		take_line(bench, record.kind);
	}
	return true;
}

/* Feeds `size` bytes in two pieces and checks that each is accounted for. Returns how many are
 * pending. */
static size_t
play(struct bench *bench, const uint8_t *bytes, size_t size, size_t split)
{
	const struct stream_taker taker = {take_frame, bench};
	struct stream stream;
	struct fault fault = {.level = FAULT_NONE};
	size_t pending;
	int result;

	memset(bench->seq, 0, sizeof bench->seq);
	memset(bench->faults, 0, sizeof bench->faults);
	bench->handed_out = 0;
	stream_init(&stream, bench->dict);
	result = stream_feed(&stream, bytes, split, &taker, &fault);
	if (result == 0 && split < size)
		result = stream_feed(&stream, bytes + split, size - split, &taker, &fault);
	pending = stream.have;
	assert_int_equal(stream.offset, bench->handed_out);
	if (result == 0) {
		assert_int_equal(bench->handed_out + pending, size);
	} else {
		assert_int_equal(fault.level, FAULT_FRAME);
		assert_true(bench->handed_out + fault.offset < size);
		bench->faults[FAULT_FRAME]++;
	}
	stream_fini(&stream);
	return pending;
}

/* The same for a copy in memory of just that size. */
static size_t
play_copy(struct bench *bench, const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t pending;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	pending = play(bench, copy, size, size);
	free(copy);
	return pending;
}

static unsigned
expected_faults(const struct vector *vector, enum fault_level level)
{
	json_t *count = json_object_get(vector->faults, fault_level_name(level));

	return (unsigned)json_integer_value(count);
}

/* Fails unless the records are the first `n` of the vector's. */
static void
assert_records(const struct bench *bench, size_t n)
{
	const json_t *expected = bench->vector->records;

	assert_true(n <= json_array_size(expected));
	assert_int_equal(json_array_size(bench->records), n);
	for (size_t i = 0; i < n; i++) {
		json_t *actual = json_array_get(bench->records, i);

		if (support_json_equal(actual, json_array_get(expected, i)))
			continue;
		fail_msg("%s: record %zu is %s", bench->vector->name, i,
			 json_dumps(actual, JSON_COMPACT));
	}
}

static void
test_every_vector_becomes_its_records(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < bench->n_vectors; i++) {
		const struct vector *vector = &bench->vectors[i];
		size_t pending;

		bench->vector = vector;
		bench->records = json_array();
		pending = play_copy(bench, vector->bytes, vector->size);
		assert_records(bench, json_array_size(vector->records));
		for (int level = FAULT_RECORD; level <= FAULT_FRAME; level++)
			assert_int_equal(bench->faults[level],
					 expected_faults(vector, (enum fault_level)level));
		assert_int_equal(pending != 0, strstr(vector->name, "cut off") != NULL);
		json_decref(bench->records);
		bench->records = NULL;
	}
}

static void
test_split_anywhere_the_records_are_the_same(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < bench->n_vectors; i++) {
		const struct vector *vector = &bench->vectors[i];

		bench->vector = vector;
		for (size_t split = 0; split <= vector->size; split++) {
			bench->records = json_array();
			play(bench, vector->bytes, vector->size, split);
			assert_records(bench, json_array_size(vector->records));
			json_decref(bench->records);
		}
		bench->records = NULL;
	}
}

static void
test_cut_anywhere_what_came_before_is_there(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < bench->n_vectors; i++) {
		const struct vector *vector = &bench->vectors[i];
		size_t most = 0;

		bench->vector = vector;
		for (size_t size = 0; size < vector->size; size++) {
			bench->records = json_array();
			play_copy(bench, vector->bytes, size);
			assert_true(json_array_size(bench->records) >= most);
			most = json_array_size(bench->records);
			assert_records(bench, most);
			json_decref(bench->records);
		}
		bench->records = NULL;
	}
}

static void
test_any_byte_changed_the_output_is_still_json(void **state)
{
	static const uint8_t changes[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
	struct bench *bench = *state;
	uint8_t bytes[MAX_STREAM];

	for (size_t i = 0; i < bench->n_vectors; i++) {
		const struct vector *vector = &bench->vectors[i];

		bench->vector = vector;
		memcpy(bytes, vector->bytes, vector->size);
		for (size_t at = 0; at < vector->size; at++)
			for (size_t k = 0; k < COUNT(changes); k++) {
				bytes[at] ^= changes[k];
				play_copy(bench, bytes, vector->size);
				bytes[at] = vector->bytes[at];
			}
	}
}

/* Lengths stay what they were, what they count is less. */
static void
test_any_byte_left_out_the_output_is_still_json(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[MAX_STREAM];

	for (size_t i = 0; i < bench->n_vectors; i++) {
		const struct vector *vector = &bench->vectors[i];

		bench->vector = vector;
		for (size_t at = 0; at < vector->size; at++) {
			memcpy(bytes, vector->bytes, at);
			memcpy(bytes + at, vector->bytes + at + 1, vector->size - at - 1);
			play_copy(bench, bytes, vector->size - 1);
		}
	}
}

static int
setup(void **state)
{
	static const struct envelope_source source = {"gw1", "hq", "00000000", NULL, 0};
	static struct bench bench;

	bench.dict = support_dict(BASELINE);
	arena_init(&bench.arena, (size_t)16 * 1024 * 1024);
	jsonw_init(&bench.json);
	load_vectors(&bench);
	*state = &bench;
	return envelope_init(&bench.envelope, &source);
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	json_decref(bench->documents);
	envelope_fini(&bench->envelope);
	jsonw_fini(&bench->json);
	arena_fini(&bench->arena);
	dictionary_free(bench->dict);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_vector_becomes_its_records),
		cmocka_unit_test(test_split_anywhere_the_records_are_the_same),
		cmocka_unit_test(test_cut_anywhere_what_came_before_is_there),
		cmocka_unit_test(test_any_byte_changed_the_output_is_still_json),
		cmocka_unit_test(test_any_byte_left_out_the_output_is_still_json),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
