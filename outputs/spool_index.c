/* SPDX-License-Identifier: ISC */
/* spool_index.c: finds the newest record of a station in a spool
 *
 * Open addressing with linear probing. Nothing is ever taken out: an entry whose place is gone is
 * left behind when the table is made anew, which is when it is three quarters full.
 */
#include "outputs/spool_index.h"

#include <stdbool.h>
#include <assert.h>
#include <stdlib.h>

#define FIRST_ENTRIES 1024
#define MOST_ENTRIES  (SPOOL_INDEX_MOST / 3 * 4)
#define FIRST_UNDO    256
#define RANK_BITS     2
#define FACTOR	      0x9e3779b97f4a7c15U

uint64_t
spool_index_key(const struct spool_record *record)
{
	uint64_t sum = record->station * FACTOR ^ (uint64_t)record->kind;

	for (size_t i = 0; i < record->controller_length; i++)
		sum = (sum ^ (uint8_t)record->controller[i]) * 0x100000001b3U;
	sum = (sum ^ sum >> 32) * FACTOR;
	sum ^= sum >> 29;
	return sum ? sum : 1;
}

/* The entry of a key, or the free one where it would be. */
static struct spool_index_entry *
find_entry(const struct spool_index *index, uint64_t key)
{
	size_t mask = index->n_entries - 1;
	size_t i = key & mask;

	while (index->entries[i].key != 0 && index->entries[i].key != key)
		i = (i + 1) & mask;
	return &index->entries[i];
}

static struct spool_place
unpack(uint64_t place)
{
	return (struct spool_place){.number = place >> RANK_BITS,
				    .rank = (uint8_t)(place & ((1U << RANK_BITS) - 1))};
}

static bool
is_gone(const struct spool_index *index, uint64_t place)
{
	struct spool_place at = unpack(place);

	return at.number <= index->gone[at.rank];
}

static size_t
count_kept(const struct spool_index *index)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n_entries; i++)
		n += index->entries[i].key != 0 && !is_gone(index, index->entries[i].place);
	return n;
}

/* Makes the table anew without what is gone, larger if it would be more than half full. False when
 * there is no room to be had; that is not looked into again soon, since a look takes its time. */
static bool
renew(struct spool_index *index)
{
	struct spool_index old = *index;
	size_t kept = count_kept(&old), n = old.n_entries ? old.n_entries : FIRST_ENTRIES;

	if (kept > n / 2 && n < MOST_ENTRIES)
		n *= 2;
	index->entries = kept > n / 8 * 5 ? NULL : calloc(n, sizeof(*index->entries));
	if (!index->entries) {
		index->entries = old.entries;
		index->refusals = n / 8;
		return false;
	}
	index->n_entries = n;
	index->n_used = kept;
	for (size_t i = 0; i < old.n_entries; i++)
		if (old.entries[i].key != 0 && !is_gone(&old, old.entries[i].place))
			*find_entry(index, old.entries[i].key) = old.entries[i];
	free(old.entries);
	return true;
}

/* The entry of a key, made when it is new; NULL without room. */
static struct spool_index_entry *
find_or_make(struct spool_index *index, uint64_t key)
{
	struct spool_index_entry *entry = index->n_entries ? find_entry(index, key) : NULL;

	if (entry && entry->key != 0)
		return entry;
	if (index->n_used >= index->n_entries / 4 * 3) {
		if (index->refusals > 0) {
			index->refusals--;
			return NULL;
		}
		if (!renew(index))
			return NULL;
		entry = find_entry(index, key);
	}
	assert(entry);
	*entry = (struct spool_index_entry){.key = key};
	index->n_used++;
	return entry;
}

static bool
note_undo(struct spool_index *index, const struct spool_index_entry *entry)
{
	if (index->n_undo == index->max_undo) {
		size_t max = index->max_undo ? 2 * index->max_undo : FIRST_UNDO;
		struct spool_index_entry *more = reallocarray(index->undo, max, sizeof(*more));

		if (!more)
			return false;
		index->undo = more;
		index->max_undo = max;
	}
	index->undo[index->n_undo++] = *entry;
	return true;
}

struct spool_place
spool_index_find(const struct spool_index *index, uint64_t key)
{
	uint64_t place = index->n_entries ? find_entry(index, key)->place : 0;

	if (is_gone(index, place))
		return (struct spool_place){.number = 0};
	return unpack(place);
}

void
spool_index_set(struct spool_index *index, uint64_t key, struct spool_place place)
{
	struct spool_index_entry *entry = find_or_make(index, key);

	if (entry)
		entry->place = note_undo(index, entry) ? place.number << RANK_BITS | place.rank : 0;
}

void
spool_index_keep(struct spool_index *index)
{
	index->n_undo = 0;
}

void
spool_index_undo(struct spool_index *index)
{
	while (index->n_undo > 0) {
		const struct spool_index_entry *before = &index->undo[--index->n_undo];
		struct spool_index_entry *entry = find_or_make(index, before->key);

		if (entry)
			entry->place = before->place;
	}
}

void
spool_index_clear(struct spool_index *index)
{
	free(index->entries);
	free(index->undo);
	*index = (struct spool_index){0};
}
