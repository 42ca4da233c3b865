/* SPDX-License-Identifier: ISC */
/* stream.h: from bytes as they arrive to whole frames */
#ifndef NMSP_GATEWAY_STREAM_H
#define NMSP_GATEWAY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "codecs/fault.h"
#include "codecs/frame.h"

/* A stream of frames, split and joined in any way. Holds memory only while a frame is incomplete,
 * at most one frame of it. */
struct stream {
	const struct dict *dict;
	uint8_t *pending;
	size_t have;
	size_t size;
	uint64_t offset; /* of the first byte not yet given out as a frame */
};

/* Who takes the frames. `frame` returns false to stop reading; the frame's bytes are valid during
 * the call only, `offset` is where it began in the stream. */
struct stream_taker {
	bool (*frame)(void *context, const struct frame *frame, uint64_t offset);
	void *context;
};

/* Begins at offset 0; stream_fini frees. */
void stream_init(struct stream *stream, const struct dict *dict);
void stream_fini(struct stream *stream);

/* Hands every frame that is complete to `taker`. Returns 0, or -1 with `fault` (its offset counted
 * from the frame, which began at stream->offset) when a length cannot be true or memory is used up:
 * nothing after that can be read. */
int stream_feed(struct stream *stream, const uint8_t *bytes, size_t size,
		const struct stream_taker *taker, struct fault *fault);

#endif
