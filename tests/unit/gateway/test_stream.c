/* SPDX-License-Identifier: ISC */
/* test_stream.c: frames out of bytes that are split and joined in any way */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/stream.h"
#include "tests/unit/support.h"

#define ECHO_FRAME "01000002 0000000e 00000001 0000"
#define RSSI_FRAME "0100000f 0000001b 00000000 0000 0100 [001122334455 01 01 00]"

/* What came out of a stream. */
struct taken {
	unsigned n;
	uint64_t bytes;
	uint64_t offsets[64];
	uint32_t ids[64];
	unsigned stop_at;   /* 0: never */
	struct stream *end; /* is ended by the taker */
};

static bool
take(void *context, const struct frame *frame, uint64_t offset)
{
	struct taken *taken = context;

	taken->offsets[taken->n] = offset;
	taken->ids[taken->n++] = frame->id;
	taken->bytes += frame->length;
	assert_int_equal(frame->body - frame->bytes, 14);
	if (taken->end)
		stream_fini(taken->end);
	return taken->n != taken->stop_at;
}

static int
feed(struct stream *stream, struct taken *taken, const uint8_t *bytes, size_t size)
{
	const struct stream_taker taker = {take, taken};
	struct fault fault;
	uint8_t *exact = malloc(size ? size : 1);
	int result;

	assert_non_null(exact);
	memcpy(exact, bytes, size);
	result = stream_feed(stream, exact, size, &taker, &fault);
	free(exact);
	if (result)
		assert_int_equal(fault.level, FAULT_FRAME);
	return result;
}

static void
test_frames_in_pieces_of_any_size(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	uint8_t bytes[256];
	size_t size = support_hex(ECHO_FRAME RSSI_FRAME ECHO_FRAME RSSI_FRAME, bytes, sizeof bytes);

	(void)state;
	for (size_t piece = 1; piece <= size; piece++) {
		struct taken taken = {0};
		struct stream stream;

		stream_init(&stream, dict);
		for (size_t at = 0; at < size; at += piece)
			assert_int_equal(feed(&stream, &taken, bytes + at,
					      at + piece < size ? piece : size - at),
					 0);
		assert_int_equal(taken.n, 4);
		assert_int_equal(taken.bytes, size);
		assert_int_equal(taken.offsets[1], 14);
		assert_int_equal(taken.offsets[3], 55);
		assert_int_equal(taken.ids[2], 2);
		assert_int_equal(stream.have, 0);
		assert_null(stream.pending);
		stream_fini(&stream);
	}
	dictionary_free(dict);
}

static void
test_nothing_is_held_between_whole_frames(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	struct taken taken = {0};
	struct stream stream;
	uint8_t bytes[64];
	size_t size = support_hex(ECHO_FRAME, bytes, sizeof bytes);

	(void)state;
	stream_init(&stream, dict);
	assert_int_equal(feed(&stream, &taken, bytes, 0), 0);
	assert_int_equal(feed(&stream, &taken, bytes, size), 0);
	assert_null(stream.pending);
	assert_int_equal(feed(&stream, &taken, bytes, 1), 0);
	assert_non_null(stream.pending);
	assert_int_equal(stream.offset, size);
	stream_fini(&stream);
	assert_null(stream.pending);
	dictionary_free(dict);
}

static void
test_no_more_than_a_frame_is_kept(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	uint8_t *bytes = calloc(1, 262144 + 14);
	struct taken taken = {0};
	struct stream stream;

	(void)state;
	support_hex("0100000f 00040000 00000000 0000 0000 0000", bytes, 32);
	support_hex(ECHO_FRAME, bytes + 262144 - 14, 28);
	stream_init(&stream, dict);
	for (size_t at = 0; at < 262144; at += 1000) {
		assert_int_equal(feed(&stream, &taken, bytes + at,
				      at + 1000 < 262144 ? 1000 : 262144 - at),
				 0);
		assert_true(stream.size <= 2 * 262144);
		assert_true(stream.have <= 262144);
	}
	assert_int_equal(taken.n, 1);
	assert_int_equal(taken.bytes, 262144);
	assert_null(stream.pending);
	free(bytes);
	dictionary_free(dict);
}

static void
test_a_frame_of_impossible_length_ends_it(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	uint8_t bytes[128];
	size_t size = support_hex(ECHO_FRAME "01000002 0000000d 00000001 0000" ECHO_FRAME, bytes,
				  sizeof bytes);

	(void)state;
	for (size_t split = 0; split <= size; split++) {
		struct taken taken = {0};
		struct stream stream;
		int result;

		stream_init(&stream, dict);
		result = feed(&stream, &taken, bytes, split);
		if (result == 0)
			result = feed(&stream, &taken, bytes + split, size - split);
		assert_int_equal(result, -1);
		assert_int_equal(taken.n, 1);
		assert_int_equal(stream.offset, 14);
		stream_fini(&stream);
	}
	dictionary_free(dict);
}

static void
test_the_taker_may_stop(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	struct taken taken = {.stop_at = 2};
	struct stream stream;
	uint8_t bytes[128];
	size_t size = support_hex(ECHO_FRAME ECHO_FRAME ECHO_FRAME, bytes, sizeof bytes);

	(void)state;
	stream_init(&stream, dict);
	assert_int_equal(feed(&stream, &taken, bytes, size), 0);
	assert_int_equal(taken.n, 2);
	assert_int_equal(stream.offset, 28);
	stream_fini(&stream);
	dictionary_free(dict);
}

static void
test_the_taker_may_end_the_stream(void **state)
{
	struct dict *dict = support_dict(BASELINE);
	uint8_t bytes[64];
	size_t size = support_hex(ECHO_FRAME ECHO_FRAME, bytes, sizeof bytes);

	(void)state;
	for (size_t split = 0; split < 14; split++) {
		struct stream stream;
		struct taken taken = {.stop_at = 1, .end = &stream};

		stream_init(&stream, dict);
		assert_int_equal(feed(&stream, &taken, bytes, split), 0);
		assert_int_equal(feed(&stream, &taken, bytes + split, size - split), 0);
		assert_int_equal(taken.n, 1);
		assert_null(stream.pending);
	}
	dictionary_free(dict);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_in_pieces_of_any_size),
		cmocka_unit_test(test_nothing_is_held_between_whole_frames),
		cmocka_unit_test(test_no_more_than_a_frame_is_kept),
		cmocka_unit_test(test_a_frame_of_impossible_length_ends_it),
		cmocka_unit_test(test_the_taker_may_stop),
		cmocka_unit_test(test_the_taker_may_end_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
