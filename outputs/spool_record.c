/* SPDX-License-Identifier: ISC */
/* spool_record.c: a record as it lies in a spool */
#include "outputs/spool_record.h"

#include <string.h>

#define RECORD_VERSION	1
#define MAX_NAME_LENGTH UINT16_MAX

/* In the byte order of the machine, as everything that LMDB writes. */
struct header {
	uint64_t checksum; /* of everything behind it */
	uint64_t station;
	uint32_t records;
	uint32_t topic_length;
	uint16_t controller_length;
	uint8_t kind_length;
	uint8_t version;
	uint32_t received_ms;
};

_Static_assert(sizeof(struct header) == 32, "padding would be written to disk");

/* Every word goes through steps that can be undone, so that a single wrong word always shows. */
static uint64_t
checksum(const char *bytes, size_t length)
{
	uint64_t sum = length, word;

	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15U;
		sum ^= sum >> 29;
	}
	word = 0;
	memcpy(&word, bytes, length);
	sum = (sum ^ word) * 0x9e3779b97f4a7c15U;
	return sum ^ sum >> 32;
}

size_t
spool_record_size(const struct spool_record *record)
{
	if (record->controller_length > MAX_NAME_LENGTH || record->topic_length > UINT32_MAX)
		return 0;
	return sizeof(struct header) + strlen(kind_name(record->kind)) + record->controller_length +
	       record->topic_length + record->payload_length;
}

static char *
put(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return out + length;
}

void
spool_record_write(const struct spool_record *record, char *out)
{
	const char *kind = kind_name(record->kind);
	struct header header = {
		.station = record->station,
		.records = record->records,
		.topic_length = (uint32_t)record->topic_length,
		.controller_length = (uint16_t)record->controller_length,
		.kind_length = (uint8_t)strlen(kind),
		.version = RECORD_VERSION,
		.received_ms = record->received_ms,
	};
	char *end = put(out, (const char *)&header, sizeof(header));

	end = put(end, kind, header.kind_length);
	end = put(end, record->controller, record->controller_length);
	end = put(end, record->topic, record->topic_length);
	end = put(end, record->payload, record->payload_length);
	header.checksum = checksum(out + sizeof(header.checksum),
				   (size_t)(end - out) - sizeof(header.checksum));
	memcpy(out, &header.checksum, sizeof(header.checksum));
}

static bool
read_kind(enum kind *kind, const char *name, size_t length)
{
	char text[UINT8_MAX + 1];

	memcpy(text, name, length);
	text[length] = '\0';
	*kind = kind_named(text);
	return *kind < KIND_COUNT;
}

bool
spool_record_read(struct spool_record *record, const char *bytes, size_t length)
{
	struct header header;
	size_t before;

	if (length < sizeof(header))
		return false;
	memcpy(&header, bytes, sizeof(header));
	before = sizeof(header) + header.kind_length + header.controller_length +
		 (size_t)header.topic_length;
	if (header.version != RECORD_VERSION || before > length ||
	    header.checksum !=
		    checksum(bytes + sizeof(header.checksum), length - sizeof(header.checksum)))
		return false;
	record->controller = bytes + sizeof(header) + header.kind_length;
	record->controller_length = header.controller_length;
	record->topic = record->controller + header.controller_length;
	record->topic_length = header.topic_length;
	record->payload = bytes + before;
	record->payload_length = length - before;
	record->station = header.station;
	record->records = header.records;
	record->received_ms = header.received_ms;
	return read_kind(&record->kind, bytes + sizeof(header), header.kind_length);
}
