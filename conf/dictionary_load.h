/* SPDX-License-Identifier: ISC */
/* dictionary_load.h: what the parts of the dictionary's loader share; private to conf/dictionary*.c
 */
#ifndef NMSP_CONF_DICTIONARY_LOAD_H
#define NMSP_CONF_DICTIONARY_LOAD_H

#include <stdbool.h>

#include "codecs/dict.h"
#include "conf/source.h"

struct loader {
	struct dict *dict;
	struct source source;
	bool no_memory;
};

/* Fills loader->dict from the parsed file and reports every value that is wrong in itself: words,
 * numbers, syntax. Enumerations and used elements are looked up here; what could not be read is
 * left empty. */
void dictionary_read(struct loader *loader, struct cfg_t *root);

/* Reports what is wrong between the parts of loader->dict, read from `root` without an error:
 * references to nothing, numbers and keys given twice, widths, fields that cannot be told apart on
 * the wire. */
void dictionary_check(struct loader *loader, struct cfg_t *root);

/* The part of dictionary_check that looks at a struct's fields or a group's elements, with all that
 * is in them; `part` is "field" or "element", the subsections of `section` that `shape` was read
 * from. */
void dictionary_check_shape(struct loader *loader, struct cfg_t *section, const char *part,
			    const struct shape *shape);

/* The field with this name in a shape that is not compiled yet, or NULL. */
const struct field *dictionary_find_field(const struct shape *shape, const char *name);

/* Reports an error at value `index` of `option` of a section, or at the section's beginning when
 * `option` is NULL; the message begins with the section's kind and title. */
void loader_error(struct loader *loader, struct cfg_t *section, const char *option, unsigned index,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
