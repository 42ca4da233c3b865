/* SPDX-License-Identifier: ISC */
/* variant.c: the ways in which outputs want a record written */
#include "gateway/variant.h"

struct variant
variant_of(const struct filter *controller, const struct filter *output)
{
	const struct filter *const filters[] = {controller, output};
	struct variant variant = {.floor_dbm = FILTER_NO_FLOOR};

	for (unsigned i = 0; i < 2; i++) {
		if (!filters[i])
			continue;
		variant.fields |= filters[i]->enrich;
		if (filters[i]->floor_dbm > variant.floor_dbm)
			variant.floor_dbm = filters[i]->floor_dbm;
	}
	return variant;
}

bool
variant_same(const struct variant *a, const struct variant *b)
{
	return a->floor_dbm == b->floor_dbm && a->fields == b->fields;
}

static void
add_members(const struct variant *variant, struct variant_view *view, struct envelope_item *item,
	    struct enrich *enrich, struct jsonw *more)
{
	const struct enrich_wish wish = {item->record, variant->fields, item->received_at};

	if (more->failed)
		jsonw_fini(more);
	more->length = 0;
	item->more = more;
	if (enrich_write(enrich, &wish, more) && view->readings)
		view->readings->present = false;
}

void
variant_begin(const struct variant *variant, struct variant_view *view, struct envelope_item *item,
	      struct enrich *enrich, struct jsonw *more)
{
	bool has_floor = variant->floor_dbm != FILTER_NO_FLOOR;

	view->readings = NULL;
	if (item->record->kind != KIND_RSSI || (!has_floor && !variant->fields))
		return;
	view->readings = subject_readings(item->record);
	if (view->readings)
		view->before = *view->readings;
	if (view->readings && has_floor)
		view->readings->count = subject_reaching(item->record, variant->floor_dbm);
	if (variant->fields)
		add_members(variant, view, item, enrich, more);
}

void
variant_end(struct variant_view *view, struct envelope_item *item)
{
	if (view->readings)
		*view->readings = view->before;
	item->more = NULL;
}
