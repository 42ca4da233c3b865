/* SPDX-License-Identifier: ISC */
/* encode.h: from values to frames, the inverse of message.h
 *
 * Used by sessions for requests and by the simulator for everything. An encoder writes into memory
 * of the caller; its first failure (no room, a value that does not fit its field) sticks and shows
 * in encode_end().
 */
#ifndef NMSP_CODECS_ENCODE_H
#define NMSP_CODECS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/arena.h"
#include "codecs/dict.h"

struct encoder {
	const struct dict *dict;
	uint8_t *data;
	size_t size;
	size_t length;
	bool failed;
};

/* Prepares an encoder to write one message to `data` (`size` bytes). */
void encode_init(struct encoder *encoder, const struct dict *dict, void *data, size_t size);

/* Writes the header; `more` says that another message of the transaction follows. A `def` of NULL
 * is a failure. */
void encode_header(struct encoder *encoder, const struct message_def *def, uint32_t transaction,
		   bool more);

/* Appends one top-level element. For a field that `repeat`s the value is one member, not the list.
 * Absent values inside structs are written as the field's `none`, else 0; absent elements of groups
 * are left out. WIRE_CIVIC and WIRE_GEO take raw bytes. */
void encode_element(struct encoder *encoder, const struct field *field, const struct value *value);

/* Appends the top-level element `name` holding the unsigned integer or MAC `u`; a dictionary
 * without it is a failure. */
void encode_uint(struct encoder *encoder, const char *name, uint64_t u);

/* Fills in the length. Returns the length of the whole message, or 0 when anything failed. */
size_t encode_end(struct encoder *encoder);

/* A cleared object of a shape in `arena`, to be filled with the functions below; NULL without
 * memory. */
struct value *object_new(struct arena *arena, const struct shape *shape);

/* `count` cleared objects one behind the other; the one at index i begins at i * shape->n_slots. */
struct value *object_list(struct arena *arena, const struct shape *shape, uint32_t count);

/* Set the field `name`; false when the shape has none of that name (or it is of another wire type).
 * Integers are taken as they are, enumerated ones by number; object_text and object_bytes keep the
 * pointer; object_child sets an object (count 1) or a list of `count`. The field that counts a list
 * or holds a length is set along with it. */
bool object_uint(struct value *object, const struct shape *shape, const char *name, uint64_t u);
bool object_int(struct value *object, const struct shape *shape, const char *name, int64_t i);
bool object_text(struct value *object, const struct shape *shape, const char *name,
		 const char *text);
bool object_bytes(struct value *object, const struct shape *shape, const char *name,
		  const void *bytes, size_t length);
bool object_child(struct value *object, const struct shape *shape, const char *name,
		  struct value *items, uint32_t count);

#endif
