/* SPDX-License-Identifier: ISC */
/* spool_item.h: between an item of a queue and a record on disk */
#ifndef NMSP_OUTPUTS_SPOOL_ITEM_H
#define NMSP_OUTPUTS_SPOOL_ITEM_H

#include "outputs/queue.h"
#include "outputs/spool.h"
#include "outputs/spool_owner.h"

/* The record that an item is to be on disk; it points into the item. */
struct spool_record spool_item_record(const struct queue_item *item);

/* A new item of what was read at a place; NULL without memory. */
struct queue_item *spool_item_new(struct spool_owner *owner, struct spool_place place,
				  const struct spool_record *record);

/* Frees an item of spool_item_new(). */
void spool_item_free(struct queue_item *item);

#endif
