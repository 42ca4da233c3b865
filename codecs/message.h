/* SPDX-License-Identifier: ISC */
/* message.h: from a frame to its control elements and, one after the other, its records */
#ifndef NMSP_CODECS_MESSAGE_H
#define NMSP_CODECS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/dict.h"
#include "codecs/fault.h"
#include "codecs/frame.h"

/* Why a record is of KIND_UNKNOWN. */
enum unknown_reason {
	UNKNOWN_MESSAGE,
	UNKNOWN_ELEMENT,
	UNKNOWN_MALFORMED,
};

/* An element of a group that the dictionary lacks (or that came too often), kept as it is. */
struct unrecognized {
	struct unrecognized *next;
	uint32_t type;
	const uint8_t *bytes;
	uint32_t length;
};

/* One record. Everything it points to lives until the next message_next() or the arena's reset, and
 * in the frame. */
struct record {
	enum kind kind;
	const struct field *element; /* KIND_UNKNOWN: NULL */
	struct value *slots;	     /* of element->shape */
	struct unrecognized *unrecognized;

	/* KIND_UNKNOWN only */
	enum unknown_reason reason;
	bool has_type; /* it is about one element, of this number */
	uint32_t type;
	const uint8_t *bytes; /* value of the element, or body of the message */
	uint32_t length;
	struct fault fault; /* of UNKNOWN_MALFORMED */
};

/* A message that is being read. */
struct message {
	const struct dict *dict;
	struct frame frame;
	const struct message_def *def; /* NULL: not in the dictionary */
	struct value *body;	       /* slots of def->body: the control elements */
	bool solicited;		       /* it answers a request */
	bool has_time;
	uint64_t time_ms;   /* the controller's clock, ms since 1970 */
	struct fault fault; /* of the whole message, level FAULT_MESSAGE, else FAULT_NONE */

	struct cursor rest; /* for message_next */
	struct arena *arena;
	struct arena_mark mark;
	bool bad_control;
	bool spent;
};

/* Begins to read a frame: checks that its elements add up, and decodes its control elements into
 * `arena`. Never fails: a message that does not add up or is unknown yields one record of
 * KIND_UNKNOWN. An arena without memory is a fault of the message. */
void message_open(struct message *message, const struct dict *dict, const struct frame *frame,
		  struct arena *arena);

/* Decodes the next record in the order of the frame; what the record before pointed to is gone.
 * Returns false at the end. */
bool message_next(struct message *message, struct record *record);

/* The value of the control element `name` of the message, or NULL when it has none. */
const struct value *message_value(const struct message *message, const char *name);

/* The name of the value of an enumerated control element ("success" of "status"); NULL when the
 * message has no such element or the dictionary no name for its value. */
const char *message_choice(const struct message *message, const char *name);

/* How many records the message has from its start on, malformed ones counted; 0 for a message that
 * is unknown or does not add up. */
uint32_t message_count(const struct message *message);

/* The name in JSON of an unknown_reason. */
const char *unknown_reason_name(enum unknown_reason reason);

#endif
