/* SPDX-License-Identifier: ISC */
/* retained.h: the retained documents of one output, a slot per topic, the newest text wins */
#ifndef NMSP_OUTPUTS_RETAINED_H
#define NMSP_OUTPUTS_RETAINED_H

#include <stdbool.h>
#include <stdint.h>

#include "outputs/buffer.h"

struct document {
	struct document *next;
	struct document *next_dirty;
	struct buffer *topic;
	struct buffer *payload; /* NULL: to be cleared on the broker, then forgotten */
	uint8_t qos;
	bool dirty;	/* still to be published */
	unsigned taken; /* times that it is being published now */
};

struct retained {
	char *root; /* of the topics, "nmsp/gw1/"; NULL: there are no documents */
	struct document *documents;
	struct document *first_dirty;
	struct document **last_dirty;
	bool closed;
};

/* Prepares for documents under `root` (NULL: for none). 0, or -1 without memory. */
int retained_init(struct retained *retained, const char *root);

/* Frees all documents. */
void retained_fini(struct retained *retained);

/* Forgets all documents and opens again when the root is to be another one. None may be taken. 0,
 * or -1 without memory. */
int retained_reroot(struct retained *retained, const char *root);

/* Clears every document but `state`, and takes none but that any more. */
void retained_close(struct retained *retained);

/* Sets the text of the document `suffix`, or clears it (NULL). False where there are no documents,
 * they are closed, or without memory. */
bool retained_set(struct retained *retained, const char *suffix, struct buffer *payload,
		  uint8_t qos);

/* Whether there is a document `suffix` with a text. */
bool retained_has(const struct retained *retained, const char *suffix);

/* Every document is to be published again, in the order in which they came to be. */
void retained_renew(struct retained *retained);

/* The next document to publish, or NULL; it must be returned. */
struct document *retained_take(struct retained *retained);

/* Ends what retained_take() began; `again`: it was not published and is the next. */
void retained_return(struct retained *retained, struct document *document, bool again);

#endif
