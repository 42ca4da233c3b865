/* SPDX-License-Identifier: ISC */
/* bulk.h: measurement notifications made beforehand, to be sent as fast as somebody wants them */
#ifndef NMSP_SIM_BULK_H
#define NMSP_SIM_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/sim/feed.h"

#define BULK_MESSAGES 64
#define BULK_READINGS 6

struct bulk_message {
	uint8_t *bytes;
	size_t length;
};

/* A ring of messages with `batch` records each; all sessions send from it. */
struct bulk {
	struct feed *feed;
	const struct message_def *def;
	struct bulk_message messages[BULK_MESSAGES];
	uint32_t next_made;   /* the message to be made anew next */
	uint32_t next_client; /* and the client that its first record is about */
};

/* Makes all messages. Returns 0, or -1 when the world or the dictionary has nothing to make them
 * of. */
int bulk_init(struct bulk *bulk, struct feed *feed);

/* Frees what it owns. */
void bulk_fini(struct bulk *bulk);

/* Makes one of the messages anew, for the world has moved. */
void bulk_refresh(struct bulk *bulk);

/* Makes a single message of `records` records in `buffer`; returns its length, 0 on failure. */
size_t bulk_make(struct bulk *bulk, uint32_t records, uint8_t *buffer, size_t size);

#endif
