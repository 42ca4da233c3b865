/* SPDX-License-Identifier: ISC */
/* record_json.h: a record as JSON text, by the JSON contract (docs/json.md) and the dictionary's
 * names */
#ifndef NMSP_OUTPUTS_RECORD_JSON_H
#define NMSP_OUTPUTS_RECORD_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "codecs/message.h"
#include "outputs/jsonw.h"

/* The most bytes of an unknown record that are published. */
#define RECORD_UNKNOWN_BYTES 4096

/* Appends the members of a record, each with a comma before it (`,"entity":"client",…`), for an
 * object that the caller has begun. */
void record_json_members(struct jsonw *json, const struct message *message,
			 const struct record *record);

/* The members of an object inside a record, each with a comma before it; where they begin is
 * `start` for record_json_object_end, which makes an object of them and of what was appended since.
 */
void record_json_object_members(struct jsonw *json, const struct shape *shape,
				const struct value *slots);
void record_json_object_end(struct jsonw *json, size_t start);

/* When the source says that it happened, in ms since 1970: the record's own time, else the
 * message's less the record's age, else (for a record with an age) `received_at` less that. Returns
 * false when the source gave no time. */
bool record_json_time(const struct message *message, const struct record *record,
		      uint64_t received_at, uint64_t *ts);

#endif
