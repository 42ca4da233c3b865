/* SPDX-License-Identifier: ISC */
/* bulk.c: measurement notifications made beforehand */
#include "gateway/sim/bulk.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_ROOM 512 /* one of BULK_READINGS readings, with its element's header, is shorter */

size_t
bulk_make(struct bulk *bulk, uint32_t records, uint8_t *buffer, size_t size)
{
	struct encoder encoder;

	encode_init(&encoder, bulk->feed->dict, buffer, size);
	encode_header(&encoder, bulk->def, 0, false);
	for (uint32_t i = 0; i < records; i++)
		if (!feed_bulk(bulk->feed, bulk->next_client++, BULK_READINGS, &encoder))
			return 0;
	return encode_end(&encoder);
}

void
bulk_refresh(struct bulk *bulk)
{
	struct bulk_message *message = &bulk->messages[bulk->next_made++ % BULK_MESSAGES];
	size_t size = (size_t)(bulk->feed->batch + 1) * RECORD_ROOM;

	if (!message->bytes)
		message->bytes = malloc(size);
	if (message->bytes)
		message->length = bulk_make(bulk, bulk->feed->batch, message->bytes, size);
}

int
bulk_init(struct bulk *bulk, struct feed *feed)
{
	*bulk = (struct bulk){.feed = feed};
	bulk->def = dict_message_named(feed->dict, "measurement_notification");
	for (int i = 0; i < BULK_MESSAGES; i++) {
		bulk_refresh(bulk);
		if (bulk->messages[i].length == 0)
			return -1;
	}
	return 0;
}

void
bulk_fini(struct bulk *bulk)
{
	for (int i = 0; i < BULK_MESSAGES; i++)
		free(bulk->messages[i].bytes);
}
