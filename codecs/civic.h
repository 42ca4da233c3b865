/* SPDX-License-Identifier: ISC */
/* civic.h: civic location as in RFC 4776, with the names of RFC 5139 */
#ifndef NMSP_CODECS_CIVIC_H
#define NMSP_CODECS_CIVIC_H

#include <stdbool.h>

#include "codecs/arena.h"
#include "codecs/cursor.h"
#include "codecs/value.h"

/* Decodes `what`, country code and civic address elements (RFC 4776 section 3.1) into a map:
 * value->items holds value->count pairs of key and text: "source", "country", then one per element
 * under RFC 5139's name, or "ca<number>". Returns false when an element is longer than what is
 * left, or memory is used up; `window` has failed in the first case only. */
bool civic_decode(struct cursor *window, struct arena *arena, struct value *value);

#endif
