/* SPDX-License-Identifier: ISC */
/* spool_record.h: a record as it lies in a spool
 *
 * A header with the sizes of what follows, then kind and controller by name, topic and payload. A
 * checksum over all of it tells what the disk did not keep.
 */
#ifndef NMSP_OUTPUTS_SPOOL_RECORD_H
#define NMSP_OUTPUTS_SPOOL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"

/* Text is not terminated when it was read from a spool. */
struct spool_record {
	enum kind kind;
	const char *controller;
	size_t controller_length;
	const char *topic;
	size_t topic_length;
	const char *payload;
	size_t payload_length;
	uint64_t station;
	uint32_t records;
	uint32_t received_ms; /* the low bits of ms since 1970; 0: not known */
};

/* The bytes that a record takes; 0 for one with a name or topic that is too long. */
size_t spool_record_size(const struct spool_record *record);

/* Writes spool_record_size() bytes. */
void spool_record_write(const struct spool_record *record, char *out);

/* Reads a record, which then points into the bytes. False when they are not what was written, or of
 * a later version. */
bool spool_record_read(struct spool_record *record, const char *bytes, size_t length);

#endif
