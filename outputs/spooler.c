/* SPDX-License-Identifier: ISC */
/* spooler.c: between an output's queue and its window: what is to be sent goes to disk first
 *
 * A commit waits for the disk, and nothing is sent meanwhile, so commits keep their distance: the
 * longer one takes, the more the next one carries.
 */
#include "outputs/spooler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/log.h"
#include "outputs/spool_item.h"
#include "outputs/spooler_parts.h"

#define TAKE_MANY    256
#define COMMIT_MS    20	 /* from one commit to the next, at least */
#define COMMIT_SHARE 2	 /* and so many times what the last one took */
#define REMOVE_MS    200 /* to a commit that only removes */
#define REMOVE_MANY  8192
#define FIRST_ENDED  256
#define RETRY_MS     10000

static uint64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
set_level(struct spooler *spooler, struct amount amount)
{
	atomic_store(&spooler->level.messages, amount.messages);
	atomic_store(&spooler->level.records, amount.records);
}

/* Notes that a record is to be removed. Without memory it stays until the next start, and is sent
 * again then. */
static void
note_ended(struct spooler *spooler, struct spool_place place)
{
	if (spooler->n_ended == spooler->max_ended) {
		size_t max = spooler->max_ended ? 2 * spooler->max_ended : FIRST_ENDED;
		struct spool_place *more = reallocarray(spooler->ended, max, sizeof(*more));

		if (!more)
			return;
		spooler->ended = more;
		spooler->max_ended = max;
	}
	spooler->ended[spooler->n_ended++] = place;
}

/* The disk failed: records pass through memory until the next try. */
static void
fail(struct spooler *spooler, enum spool_fault fault, const char *why)
{
	unsigned retry_ms = spooler->settings.retry_ms ? spooler->settings.retry_ms : RETRY_MS;

	queue_put_back(spooler->queue, &spooler->pending);
	spooler->pending_bytes = 0;
	spooler->writable = false;
	spooler->failing = true;
	spooler->retry_at = clock_ms() + retry_ms;
	if (strcmp(why, spooler->reason) != 0)
		log_error(spooler->log_name,
			  "spool %s: %s; records pass through memory only, will try again",
			  spooler->path, why);
	snprintf(spooler->reason, sizeof(spooler->reason), "%s", why);
	if (fault != SPOOL_BROKEN)
		return;
	spool_owner_lost(&spooler->owners);
	set_level(spooler, spooler->out);
	spooler->n_ended = 0;
	spooler->epoch++;
	spool_close(spooler->spool);
	spooler->spool = NULL;
}

static void
fail_spool(struct spooler *spooler, enum spool_fault fault)
{
	char why[SPOOL_ERROR_SIZE];

	snprintf(why, sizeof(why), "%s", spool_error(spooler->spool));
	fail(spooler, fault, why);
}

/* A record that an earlier run left. */
static bool
find(void *context, struct spool_place place, const struct spool_record *record)
{
	struct spooler *spooler = context;
	struct spool_owner *owner =
		spool_owner_get(&spooler->owners, record->controller, record->controller_length);

	(void)place;
	if (owner)
		owner->counts[record->kind].spooled += record->records;
	if (owner)
		spooler_raise(spooler, record->records);
	return true;
}

static void
find_nothing(void *context)
{
	struct spooler *spooler = context;

	spool_owner_forget(&spooler->owners);
	set_level(spooler, spooler->out);
}

static void
open_file(struct spooler *spooler)
{
	struct spool_report report;

	spooler->spool = spool_open(&spooler->settings, find, find_nothing, spooler, &report);
	spooler->damaged += report.damaged + (report.moved[0] != '\0');
	if (report.moved[0] != '\0')
		log_error(spooler->log_name, "spool %s: %s", spooler->path, report.moved);
	if (!spooler->spool) {
		find_nothing(spooler);
		fail(spooler, SPOOL_FAILED, report.error);
		return;
	}
	spooler->failing = false;
	spool_owner_found(&spooler->owners);
	spooler_forsake(&spooler->settings);
	snprintf(spooler->reason, sizeof(spooler->reason), "%s", report.moved);
	if (report.damaged > 0)
		log_error(spooler->log_name, "spool %s: %u records were damaged on disk",
			  spooler->path, report.damaged);
	log_info(spooler->log_name, "spool %s: %llu messages of an earlier run", spooler->path,
		 (unsigned long long)(atomic_load(&spooler->level.messages) -
				      spooler->out.messages));
}

static void
tell_recovery(struct spooler *spooler)
{
	if (!spooler->failing)
		return;
	log_info(spooler->log_name, "spool %s: is written to again", spooler->path);
	spooler->failing = false;
	spooler->reason[0] = '\0';
}

/* Commits a batch; false when the disk failed. */
static bool
commit(struct spooler *spooler)
{
	uint64_t began = clock_ms();
	size_t n;
	enum spool_fault fault = spooler_write(spooler, &n);

	spooler->committed_at = clock_ms();
	spooler->commit_ms = spooler->committed_at - began;
	if (!fault) {
		spooler_settle(spooler, n);
		tell_recovery(spooler);
		return true;
	}
	spool_owner_stays(&spooler->owners);
	fail_spool(spooler, fault);
	return false;
}

/* How long after the last commit the next may come. Even with a full batch, sending gets as much
 * time as writing took. */
static uint64_t
commit_distance(const struct spooler *spooler)
{
	uint64_t distance = COMMIT_SHARE * spooler->commit_ms;

	if (spooler->pending_bytes >= spool_batch_bytes(spooler->spool) ||
	    spooler->n_ended >= REMOVE_MANY)
		return spooler->commit_ms;
	if (distance < COMMIT_MS)
		distance = COMMIT_MS;
	if (!spooler->pending.first && distance < REMOVE_MS)
		distance = REMOVE_MS;
	return distance;
}

/* After how many ms there is something to commit. */
static uint64_t
due_in(const struct spooler *spooler)
{
	uint64_t since = clock_ms() - spooler->committed_at;
	uint64_t distance = commit_distance(spooler);

	if (!spooler->pending.first && spooler->n_ended == 0)
		return SPOOLER_NEVER;
	return since >= distance ? 0 : distance - since;
}

/* Takes what is queued, up to a batch. */
static void
take_pending(struct spooler *spooler)
{
	size_t most = spool_batch_bytes(spooler->spool), got = TAKE_MANY;

	while (got == TAKE_MANY && spooler->pending_bytes < most) {
		struct queue_list taken = {0};

		got = queue_take_records(spooler->queue, &taken, TAKE_MANY,
					 !spooler->pending.first);
		while (taken.first) {
			struct queue_item *item = taken.first;

			queue_list_remove(&taken, item);
			queue_list_append(&spooler->pending, item);
			spooler->pending_bytes += item->cost;
		}
	}
}

/* One commit at most, so that sending goes on; looked at again at once if there is more. */
static uint64_t
pump_open(struct spooler *spooler)
{
	uint64_t wait;

	take_pending(spooler);
	wait = due_in(spooler);
	if (wait > 0)
		return wait;
	if (!commit(spooler))
		return spooler->retry_at - clock_ms();
	take_pending(spooler);
	return due_in(spooler);
}

uint64_t
spooler_pump(struct spooler *spooler)
{
	uint64_t now = clock_ms();

	if (!spooler->writable && now >= spooler->retry_at && !spooler->spool)
		open_file(spooler);
	if (!spooler->writable && now < spooler->retry_at)
		return spooler->retry_at - now;
	spooler->writable = true;
	return pump_open(spooler);
}

/* What was read from a disk that was lost then is nowhere any more when this spooler ends. */
static void
drop_lost(struct spooler *spooler)
{
	for (unsigned rank = 0; rank < QUEUE_RANKS; rank++) {
		struct queue_list *list = &spooler->returned[rank];

		for (struct queue_item *item = list->first, *next; item; item = next) {
			next = item->next;
			if (item->spool_epoch != spooler->epoch)
				spooler_finish(spooler, list, item, OUTCOME_DROPPED,
					       DROP_SPOOL_LOST);
		}
	}
}

void
spooler_end(struct spooler *spooler)
{
	while (spooler->writable) {
		take_pending(spooler);
		if ((!spooler->pending.first && spooler->n_ended == 0) || !commit(spooler))
			break;
	}
	spooler->writable = false;
	spooler->retry_at = SPOOLER_NEVER;
	drop_lost(spooler);
	spool_owner_leave(&spooler->owners);
	spool_close(spooler->spool);
	spooler->spool = NULL;
}

/* A record off the disk becomes an item to be sent; without memory it is read again later. */
static bool
receive(void *context, struct spool_place place, const struct spool_record *record)
{
	struct spooler *spooler = context;
	struct spool_owner *owner;
	struct queue_item *item;

	if (!record) {
		note_ended(spooler, place);
		return true;
	}
	owner = spool_owner_get(&spooler->owners, record->controller, record->controller_length);
	item = owner ? spool_item_new(owner, place, record) : NULL;
	if (!item)
		return false;
	item->spool_epoch = spooler->epoch;
	owner->counts[record->kind].read += record->records;
	spooler->out.messages++;
	spooler->out.records += record->records;
	queue_list_append(spooler->into, item);
	return true;
}

/* Gives up to `n` records of a rank: what was put back first. */
static void
take_rank(struct spooler *spooler, uint8_t rank, struct queue_list *list, size_t n)
{
	struct queue_list *returned = &spooler->returned[rank];
	enum spool_fault fault = SPOOL_OK;

	for (; n > 0 && returned->first; n--) {
		struct queue_item *item = returned->first;

		queue_list_remove(returned, item);
		queue_list_append(list, item);
	}
	spooler->into = list;
	if (n > 0 && spooler->spool)
		fault = spool_read(spooler->spool, rank, n, receive, spooler);
	if (fault)
		fail_spool(spooler, fault);
}

size_t
spooler_take(struct spooler *spooler, struct queue_list *list, size_t n, bool wait)
{
	size_t before = list->count;

	while (queue_take_urgent(spooler->queue, list, TAKE_MANY) == TAKE_MANY)
		;
	for (uint8_t rank = 0; rank < QUEUE_RANKS; rank++)
		if (list->count - before < n)
			take_rank(spooler, rank, list, n - (list->count - before));
	if (!spooler->writable && list->count - before < n)
		queue_take_records(spooler->queue, list, n - (list->count - before),
				   wait && list->count == before);
	return list->count - before;
}

void
spooler_finish(struct spooler *spooler, struct queue_list *list, struct queue_item *item,
	       enum outcome outcome, enum drop_reason reason)
{
	struct spool_count *count = &item->owner->counts[item->kind];

	queue_list_remove(list, item);
	account_add(outcome == OUTCOME_PUBLISHED ? &item->account->published
						 : &item->account->dropped[reason],
		    item->records);
	if (outcome == OUTCOME_PUBLISHED)
		queue_note_latency(spooler->queue, item);
	spooler_lower(spooler, (struct amount){1, item->records});
	spooler->out.messages--;
	spooler->out.records -= item->records;
	if (item->spool_epoch == spooler->epoch) {
		count->spooled -= item->records;
		count->read -= item->records;
		note_ended(spooler, (struct spool_place){item->spool_number, item->rank});
	}
	spool_item_free(item);
}

void
spooler_put_back(struct spooler *spooler, struct queue_list *list)
{
	for (struct queue_item *item = list->last, *prev; item; item = prev) {
		prev = item->prev;
		if (!item->owner)
			continue;
		queue_list_remove(list, item);
		queue_list_prepend(&spooler->returned[item->rank], item);
	}
}

bool
spooler_is_active(const struct spooler *spooler)
{
	return spooler->writable;
}

void
spooler_level(const struct spooler *spooler, struct spool_status *status)
{
	status->messages = atomic_load(&spooler->level.messages);
	status->records = atomic_load(&spooler->level.records);
}

void
spooler_status(const struct spooler *spooler, struct spool_status *status)
{
	status->configured = true;
	status->active = spooler->writable && !spooler->failing;
	spooler_level(spooler, status);
	status->bytes = spooler->spool ? spool_bytes(spooler->spool) : 0;
	status->damaged = spooler->damaged;
	snprintf(status->reason, sizeof(status->reason), "%s", spooler->reason);
}

struct spooler *
spooler_new(const struct spool_settings *settings, struct queue *queue, const char *log_name)
{
	struct spooler *spooler = calloc(1, sizeof(*spooler));

	if (!spooler)
		return NULL;
	spooler->path = strdup(settings->path);
	if (!spooler->path) {
		free(spooler);
		return NULL;
	}
	spooler->settings = *settings;
	spooler->settings.path = spooler->path;
	spooler->queue = queue;
	spooler->log_name = log_name;
	spooler->owners.accounts = settings->accounts;
	spooler->owners.context = settings->context;
	return spooler;
}

/* Of one controller. */
static void
forsake(struct account_set *accounts)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct account *account = &accounts->kinds[kind];

		account_add(&account->dropped[DROP_SPOOL_LOST], atomic_exchange(&account->left, 0));
	}
}

void
spooler_forsake(const struct spool_settings *settings)
{
	if (settings->each)
		settings->each(settings->context, forsake);
}

void
spooler_free(struct spooler *spooler)
{
	if (!spooler)
		return;
	queue_put_back(spooler->queue, &spooler->pending);
	for (unsigned rank = 0; rank < QUEUE_RANKS; rank++)
		while (spooler->returned[rank].first) {
			struct queue_item *item = spooler->returned[rank].first;

			queue_list_remove(&spooler->returned[rank], item);
			spool_item_free(item);
		}
	spool_close(spooler->spool);
	spool_owner_fini(&spooler->owners);
	free(spooler->ended);
	free(spooler->path);
	free(spooler);
}
