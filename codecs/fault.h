/* SPDX-License-Identifier: ISC */
/* fault.h: what went wrong with bytes off the wire, how far it reaches, and where */
#ifndef NMSP_CODECS_FAULT_H
#define NMSP_CODECS_FAULT_H

#include <stddef.h>
#include <stdint.h>

/* How much is lost: one record, one message, or the session. */
enum fault_level {
	FAULT_NONE,
	FAULT_RECORD,
	FAULT_MESSAGE,
	FAULT_FRAME,
};

enum fault_why {
	FAULT_SHORT,	 /* the value ends before the field does */
	FAULT_LEFT_OVER, /* the value goes on after its last field */
	FAULT_LENGTH,	 /* a length that cannot be true */
	FAULT_COUNT,	 /* a count of more than the bytes that are left */
	FAULT_SIZE,	 /* a value of a size that its type cannot have */
	FAULT_MISSING,	 /* a required element is not there */
	FAULT_MEMORY,	 /* the memory for one message is used up */
};

struct fault {
	enum fault_level level;
	enum fault_why why;
	const char *what; /* name of the field or element in the dictionary, or of a part of the
			     frame; static */
	uint32_t offset;  /* from the first byte of the frame */
};

/* Writes "<what>: <why> at byte <offset>" to `text` (`size` bytes, NUL-terminated, cut when too
 * small); returns `text`. */
char *fault_text(const struct fault *fault, char *text, size_t size);

/* The name of a level as counters and tests use it: "none", "record", "message", "frame". */
const char *fault_level_name(enum fault_level level);

#endif
