/* SPDX-License-Identifier: ISC */
/* spooler_write.c: what a batch does to a spool: what goes, what comes, and what has to make room
 *
 * Nothing is counted before its transaction was committed.
 */
#include "outputs/spool_item.h"
#include "outputs/spooler_parts.h"

#include <string.h>

void
spooler_raise(struct spooler *spooler, uint32_t records)
{
	atomic_fetch_add(&spooler->level.messages, 1);
	atomic_fetch_add(&spooler->level.records, records);
}

void
spooler_lower(struct spooler *spooler, struct amount amount)
{
	atomic_fetch_sub(&spooler->level.messages, amount.messages);
	atomic_fetch_sub(&spooler->level.records, amount.records);
}

/* Counts that a record leaves if its transaction is committed. Returns where to count why, or NULL:
 * a damaged one counts nowhere. */
static struct spool_leaving *
count_leaving(struct spooler *spooler, const struct spool_record *record)
{
	struct spool_owner *owner = record ? spool_owner_get(&spooler->owners, record->controller,
							     record->controller_length)
					   : NULL;

	if (!owner)
		return NULL;
	spooler->leaving.messages++;
	spooler->leaving.records += record->records;
	return &owner->counts[record->kind].leaving;
}

static bool
count_drop(void *context, struct spool_place place, const struct spool_record *record)
{
	struct spool_leaving *leaving = count_leaving(context, record);

	(void)place;
	if (leaving)
		leaving->dropped += record->records;
	return true;
}

static bool
count_conflation(void *context, struct spool_place place, const struct spool_record *record)
{
	struct spooler *spooler = context;
	struct spool_leaving *leaving = count_leaving(spooler, record);

	(void)place;
	if (leaving)
		leaving->conflated += record->records;
	return true;
}

/* Drops from the front of the ranks, lowest first, down to `least`, until a record of so many bytes
 * fits. */
static enum spool_fault
make_room(struct spooler *spooler, uint8_t least, size_t size, bool *fits)
{
	*fits = spool_has_room(spooler->spool, size);
	for (int rank = QUEUE_RANKS - 1; rank >= least; rank--) {
		bool found = true;

		while (!*fits && found) {
			enum spool_fault fault = spool_drop(spooler->spool, (uint8_t)rank,
							    count_drop, spooler, &found);

			if (fault)
				return fault;
			*fits = spool_has_room(spooler->spool, size);
		}
	}
	return SPOOL_OK;
}

/* Finds a record its place: at the end, or in a full spool where its policy says. `place` gets its
 * number; 0: it is to be dropped. */
static enum spool_fault
squeeze(struct spooler *spooler, const struct spool_record *record, struct spool_place *place)
{
	enum queue_policy policy = queue_policy_of(spooler->queue, record->kind);
	size_t size = spool_record_size(record);
	bool fits = spool_has_room(spooler->spool, size);
	enum spool_fault fault = SPOOL_OK;

	if (!fits && policy == POLICY_CONFLATE)
		fault = spool_replace(spooler->spool, record, place, count_conflation, spooler);
	if (!fault && place->number > 0)
		return make_room(spooler, place->rank, 0, &fits);
	if (!fault && !fits && policy != POLICY_DROP_NEWEST)
		fault = make_room(spooler, place->rank, size, &fits);
	if (!fault && fits)
		fault = spool_append(spooler->spool, record, place);
	return fault;
}

/* Writes an item; it has a number afterwards unless it is to be dropped. */
static enum spool_fault
store(struct spooler *spooler, struct queue_item *item)
{
	struct spool_record record = spool_item_record(item);
	size_t size = spool_record_size(&record);
	struct spool_place place = {.rank = item->rank};
	enum spool_fault fault = SPOOL_OK;

	if (size > 0 && spool_could_hold(spooler->spool, size) &&
	    spool_owner_get(&spooler->owners, record.controller, record.controller_length))
		fault = squeeze(spooler, &record, &place);
	item->spool_number = place.number;
	return fault;
}

/* An item is on disk now, or dropped because there was no room. */
static void
settle_item(struct spooler *spooler, struct queue_item *item)
{
	const char *controller = item->controller ? item->controller : "";
	bool stored = item->spool_number != 0;

	if (stored) {
		spool_owner_get(&spooler->owners, controller, strlen(controller))
			->counts[item->kind]
			.spooled += item->records;
		spooler_raise(spooler, item->records);
	}
	spooler->pending_bytes -= item->cost;
	queue_finish(spooler->queue, &spooler->pending, item,
		     stored ? OUTCOME_SPOOLED : OUTCOME_DROPPED, DROP_SPOOL_FULL);
}

void
spooler_settle(struct spooler *spooler, size_t n)
{
	for (; n > 0; n--)
		settle_item(spooler, spooler->pending.first);
	if (spooler->leaving.messages > 0)
		spool_owner_left(&spooler->owners);
	spooler_lower(spooler, spooler->leaving);
	spooler->n_ended = 0;
}

enum spool_fault
spooler_write(struct spooler *spooler, size_t *n)
{
	size_t most = spool_batch_bytes(spooler->spool), bytes = 0;
	enum spool_fault fault = spool_begin(spooler->spool);

	*n = 0;
	spooler->leaving = (struct amount){0};
	for (size_t i = 0; !fault && i < spooler->n_ended; i++)
		fault = spool_remove(spooler->spool, spooler->ended[i]);
	for (struct queue_item *item = spooler->pending.first;
	     !fault && item && bytes < most && spool_can_replace(spooler->spool);
	     item = item->next) {
		fault = store(spooler, item);
		bytes += item->cost;
		++*n;
	}
	if (!fault)
		return spool_commit(spooler->spool);
	spool_abort(spooler->spool);
	return fault;
}
