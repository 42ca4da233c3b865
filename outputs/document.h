/* SPDX-License-Identifier: ISC */
/* document.h: the low-rate documents that an output makes itself */
#ifndef NMSP_OUTPUTS_DOCUMENT_H
#define NMSP_OUTPUTS_DOCUMENT_H

#include "outputs/buffer.h"

struct document_state {
	const char *state;   /* "online", "offline" */
	const char *reason;  /* NULL: none */
	const char *session; /* 8 hex digits, new with every start of the process */
	const char *version;
};

/* The text of {prefix}/{gateway}/state: will, birth and goodbye; `ts` is now. A will has no `ts`:
 * its time is not known. NULL without memory. */
struct buffer *document_state_new(const struct document_state *state);
struct buffer *document_will_new(const struct document_state *state);

/* The response to a command that could not be passed on: its name and a sentence. NULL without
 * memory. */
struct buffer *document_refusal_new(const char *command, const char *error);

#endif
