/* SPDX-License-Identifier: ISC */
/* stream.c: from bytes as they arrive to whole frames */
#include "gateway/stream.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 512

void
stream_init(struct stream *stream, const struct dict *dict)
{
	*stream = (struct stream){.dict = dict};
}

static void
drop_pending(struct stream *stream)
{
	free(stream->pending);
	stream->pending = NULL;
	stream->have = 0;
	stream->size = 0;
}

void
stream_fini(struct stream *stream)
{
	drop_pending(stream);
}

static int
keep(struct stream *stream, const uint8_t *bytes, size_t size, struct fault *fault)
{
	size_t need = stream->have + size;
	size_t room = need > FIRST_SIZE ? need : FIRST_SIZE;
	uint8_t *pending = stream->pending;

	if (size == 0)
		return 0;
	if (need > stream->size) {
		room = room < 2 * stream->size ? 2 * stream->size : room;
		pending = realloc(stream->pending, room);
		if (!pending) {
			*fault = (struct fault){FAULT_FRAME, FAULT_MEMORY, "frame", 0};
			return -1;
		}
		stream->pending = pending;
		stream->size = room;
	}
	memcpy(pending + stream->have, bytes, size);
	stream->have = need;
	return 0;
}

/* How many bytes the pending frame lacks, as far as is known: those of the header first. */
static size_t
lacking(const struct stream *stream, const struct frame *frame)
{
	size_t whole = frame->length ? frame->length : stream->dict->frame.header;

	return whole - stream->have;
}

static bool
take(struct stream *stream, const struct frame *frame, const struct stream_taker *taker)
{
	uint64_t offset = stream->offset;

	stream->offset += frame->length;
	return taker->frame(taker->context, frame, offset);
}

/* Adds to the pending frame until it is whole, then hands it out. Returns -1 on a fault, 0 to stop,
 * 1 to go on. */
static int
complete_pending(struct stream *stream, const uint8_t **bytes, size_t *size,
		 const struct stream_taker *taker, struct fault *fault)
{
	struct frame frame;
	uint8_t *whole;
	bool go_on;
	long length;

	while ((length = frame_parse(stream->dict, stream->pending, stream->have, &frame, fault)) ==
	       0) {
		size_t some = lacking(stream, &frame);

		some = some < *size ? some : *size;
		if (some == 0)
			return 0;
		if (keep(stream, *bytes, some, fault))
			return -1;
		*bytes += some;
		*size -= some;
	}
	if (length < 0)
		return -1;
	/* The taker may end the stream. */
	whole = stream->pending;
	stream->pending = NULL;
	drop_pending(stream);
	go_on = take(stream, &frame, taker);
	free(whole);
	return go_on;
}

int
stream_feed(struct stream *stream, const uint8_t *bytes, size_t size,
	    const struct stream_taker *taker, struct fault *fault)
{
	struct frame frame;
	long length;

	if (stream->have) {
		int go_on = complete_pending(stream, &bytes, &size, taker, fault);

		if (go_on <= 0)
			return go_on;
	}
	while ((length = frame_parse(stream->dict, bytes, size, &frame, fault)) > 0) {
		bytes += length;
		size -= (size_t)length;
		if (!take(stream, &frame, taker))
			return 0;
	}
	return length < 0 ? -1 : keep(stream, bytes, size, fault);
}
