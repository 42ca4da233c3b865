/* SPDX-License-Identifier: ISC */
/* decode.h: from the bytes of one field to its value, as the dictionary describes it */
#ifndef NMSP_CODECS_DECODE_H
#define NMSP_CODECS_DECODE_H

#include <stdbool.h>

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/dict.h"
#include "codecs/fault.h"
#include "codecs/message.h"

/* What decoding one record or control element works with. */
struct decoder {
	const struct dict *dict;
	struct arena *arena;
	const uint8_t *frame; /* offsets of faults count from here */
	struct unrecognized
		*unrecognized; /* elements that no group knew, in the order of the frame */
	struct unrecognized *last;
	struct fault fault; /* why decoding failed */
};

/* One element's place: its number and value. */
struct element {
	uint32_t type;
	struct cursor value;
};

/* Takes the next element of a body or group. `start` is where that begins (elements are aligned
 * from there). Returns false, with the cursor failed, when its length cannot be true. */
bool element_next(const struct dict *dict, const uint8_t *start, struct cursor *rest,
		  struct element *element);

/* Decodes all of `window` as `field` into the value at `slot` (and the following, for `times`).
 * Returns false with decoder->fault. */
bool decode_field(struct decoder *decoder, const struct field *field, struct cursor window,
		  struct value *slot);

/* A group that is being read. */
struct group_place {
	const uint8_t *start; /* where it begins */
	struct cursor rest;   /* from behind the present element */
	struct value *slots;
};

/* Decodes an element of a group as `child`: into its slot, or as the next of its list, for which
 * the elements in `rest` are counted first. Returns false with decoder->fault. */
bool decode_child(struct decoder *decoder, const struct field *child, const struct element *element,
		  const struct group_place *group);

/* Records a fault at `at`; returns false. */
bool decode_fail(struct decoder *decoder, enum fault_why why, const char *what, const uint8_t *at);

#endif
