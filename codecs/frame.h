/* SPDX-License-Identifier: ISC */
/* frame.h: where one message ends and the next begins */
#ifndef NMSP_CODECS_FRAME_H
#define NMSP_CODECS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "codecs/fault.h"

/* One message as it came; `bytes` is not owned. */
struct frame {
	const uint8_t *bytes; /* from the first byte of the header */
	uint32_t length;      /* of header and body */
	const uint8_t *body;
	uint32_t body_length;
	uint64_t version;
	bool more; /* another message of this transaction follows */
	uint32_t id;
	uint32_t transaction; /* 0: a notification */
};

/* Looks for a frame at the start of `bytes`. Returns its length when it is complete, 0 when more
 * bytes are needed (frame->length is then the length that is needed, or 0 while the header is not
 * complete), or -1 with `fault` (level FAULT_FRAME) when its length cannot be true: nothing after
 * it can be read. */
long frame_parse(const struct dict *dict, const uint8_t *bytes, size_t size, struct frame *frame,
		 struct fault *fault);

#endif
