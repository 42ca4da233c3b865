/* SPDX-License-Identifier: ISC */
/* variant.h: the ways in which outputs want a record written: which of its readings, enriched with
 * what
 *
 * Outputs that want the same share the text.
 */
#ifndef NMSP_GATEWAY_VARIANT_H
#define NMSP_GATEWAY_VARIANT_H

#include <stdbool.h>

#include "gateway/enrich.h"
#include "gateway/filter.h"
#include "outputs/envelope.h"

struct variant {
	int floor_dbm;	 /* FILTER_NO_FLOOR for none */
	unsigned fields; /* enum config_enrich */
};

/* A record that is shown as a variant wants it. */
struct variant_view {
	struct value *readings; /* NULL: nothing was changed */
	struct value before;
};

/* What comes out of two filters one behind the other; NULL for none. */
struct variant variant_of(const struct filter *controller, const struct filter *output);

/* Whether two variants are written alike. */
bool variant_same(const struct variant *a, const struct variant *b);

/* Has the item's record show what a variant wants until variant_end; `more` is room for members
 * that it gets from `enrich`. */
void variant_begin(const struct variant *variant, struct variant_view *view,
		   struct envelope_item *item, struct enrich *enrich, struct jsonw *more);
void variant_end(struct variant_view *view, struct envelope_item *item);

#endif
