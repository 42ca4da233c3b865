/* SPDX-License-Identifier: ISC */
/* schema.h: JSON Schema (2020-12) of what is published */
#ifndef NMSP_OUTPUTS_SCHEMA_H
#define NMSP_OUTPUTS_SCHEMA_H

#include "codecs/dict.h"

/* The schema of one kind: of its single records and of its batches, with the fields, ranges and
 * names of `dict`. Returns text that ends in a newline, for the caller to free; NULL without
 * memory. */
char *schema_text(const struct dict *dict, enum kind kind);

#endif
