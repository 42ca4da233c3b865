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
#include "outputs/spool_owner.h"

#define TAKE_MANY    256
#define COMMIT_MS    20	 /* from one commit to the next, at least */
#define COMMIT_SHARE 2	 /* and so many times what the last one took */
#define REMOVE_MS    200 /* to a commit that only removes */
#define REMOVE_MANY  8192
#define FIRST_ENDED  256
#define RETRY_MS     10000

struct spooler {
	struct spool_settings settings;
	char *path;
	struct queue *queue;
	const char *log_name;
	struct spool *spool; /* NULL: closed */
	bool writable;
	bool failing;	   /* no commit was made since the last failure */
	uint64_t retry_at; /* while not writable */
	uint64_t committed_at;
	uint64_t commit_ms; /* what the last commit took */
	uint32_t epoch;	    /* of the file; items of an earlier one are not in it */
	struct spool_owners owners;

	struct queue_list pending; /* taken from the queue, not on disk */
	size_t pending_bytes;
	struct queue_list returned[QUEUE_RANKS]; /* read, to be given again */
	struct queue_list *into;		 /* where what is read goes */
	struct spool_place *ended;		 /* to be removed */
	size_t n_ended, max_ended;

	uint64_t messages;
	struct spool_leaving leaving; /* messages */
	uint64_t damaged;
	char reason[SPOOL_ERROR_SIZE];
};

static uint64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
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
	spooler->messages = 0;
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
	spooler->messages++;
	return true;
}

static void
find_nothing(void *context)
{
	struct spooler *spooler = context;

	spool_owner_forget(&spooler->owners);
	spooler->messages = 0;
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
	snprintf(spooler->reason, sizeof(spooler->reason), "%s", report.moved);
	if (report.damaged > 0)
		log_error(spooler->log_name, "spool %s: %u records were damaged on disk",
			  spooler->path, report.damaged);
	log_info(spooler->log_name, "spool %s: %llu messages of an earlier run", spooler->path,
		 (unsigned long long)spooler->messages);
}

/* Where to count that a record leaves, if its transaction is committed; NULL: it counts nowhere,
 * being damaged. */
static struct spool_leaving *
leaving_of(struct spooler *spooler, const struct spool_record *record)
{
	struct spool_owner *owner = record ? spool_owner_get(&spooler->owners, record->controller,
							     record->controller_length)
					   : NULL;

	return owner ? &owner->counts[record->kind].leaving : NULL;
}

static bool
count_drop(void *context, struct spool_place place, const struct spool_record *record)
{
	struct spooler *spooler = context;
	struct spool_leaving *leaving = leaving_of(spooler, record);

	(void)place;
	if (leaving) {
		leaving->dropped += record->records;
		spooler->leaving.dropped++;
	}
	return true;
}

static bool
count_conflation(void *context, struct spool_place place, const struct spool_record *record)
{
	struct spooler *spooler = context;
	struct spool_leaving *leaving = leaving_of(spooler, record);

	(void)place;
	if (leaving) {
		leaving->conflated += record->records;
		spooler->leaving.conflated++;
	}
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
	const char *controller = item->controller ? item->controller : "";
	const struct spool_record record = {
		.kind = item->kind,
		.controller = controller,
		.controller_length = strlen(controller),
		.topic = item->topic ? item->topic->data : "",
		.topic_length = item->topic ? item->topic->length : 0,
		.payload = item->payload->data,
		.payload_length = item->payload->length,
		.station = item->station,
		.records = item->records,
		.received_ms = item->received_ms,
	};
	size_t size = spool_record_size(&record);
	struct spool_place place = {.rank = item->rank};
	enum spool_fault fault = SPOOL_OK;

	if (size > 0 && spool_could_hold(spooler->spool, size) &&
	    spool_owner_get(&spooler->owners, controller, record.controller_length))
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
		spooler->messages++;
	}
	spooler->pending_bytes -= item->cost;
	queue_finish(spooler->queue, &spooler->pending, item,
		     stored ? OUTCOME_SPOOLED : OUTCOME_DROPPED, DROP_SPOOL_FULL);
}

/* What a commit did to the first `n` that were pending is true now. */
static void
settle(struct spooler *spooler, size_t n)
{
	for (; n > 0; n--)
		settle_item(spooler, spooler->pending.first);
	if (spooler->leaving.dropped + spooler->leaving.conflated > 0)
		spool_owner_left(&spooler->owners);
	spooler->messages -= spooler->leaving.dropped + spooler->leaving.conflated;
	spooler->leaving = (struct spool_leaving){0};
	spooler->n_ended = 0;
}

/* Removes what has ended and writes what is pending, up to a batch; `n`: so many items. */
static enum spool_fault
write_batch(struct spooler *spooler, size_t *n)
{
	size_t most = spool_batch_bytes(spooler->spool), bytes = 0;
	size_t replaced = spool_batch_replaced(spooler->spool);
	enum spool_fault fault = spool_begin(spooler->spool);

	*n = 0;
	for (size_t i = 0; !fault && i < spooler->n_ended; i++)
		fault = spool_remove(spooler->spool, spooler->ended[i]);
	for (struct queue_item *item = spooler->pending.first;
	     !fault && item && bytes < most && spooler->leaving.conflated < replaced;
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
	enum spool_fault fault = write_batch(spooler, &n);

	spooler->committed_at = clock_ms();
	spooler->commit_ms = spooler->committed_at - began;
	if (!fault) {
		settle(spooler, n);
		tell_recovery(spooler);
		return true;
	}
	spool_owner_stays(&spooler->owners);
	spooler->leaving = (struct spool_leaving){0};
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
	spool_close(spooler->spool);
	spooler->spool = NULL;
}

static void
item_free(struct queue_item *item)
{
	buffer_unref(item->payload);
	buffer_unref(item->topic);
	free(item);
}

/* A record off the disk becomes an item to be sent; without memory it is read again later. */
static bool
receive(void *context, struct spool_place place, const struct spool_record *record)
{
	struct spooler *spooler = context;
	struct queue_item *item;

	if (!record) {
		note_ended(spooler, place);
		return true;
	}
	item = calloc(1, sizeof(*item));
	if (!item)
		return false;
	item->owner =
		spool_owner_get(&spooler->owners, record->controller, record->controller_length);
	item->payload = buffer_new(record->payload, record->payload_length);
	item->topic = buffer_new(record->topic, record->topic_length);
	if (!item->owner || !item->payload || !item->topic) {
		item_free(item);
		return false;
	}
	item->controller = item->owner->name;
	item->account = &item->owner->accounts->kinds[record->kind];
	item->kind = (uint8_t)record->kind;
	item->records = record->records;
	item->received_ms = record->received_ms;
	item->station = record->station;
	item->rank = place.rank;
	item->spool_number = place.number;
	item->spool_epoch = spooler->epoch;
	item->owner->counts[record->kind].read += record->records;
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
	if (item->spool_epoch == spooler->epoch) {
		count->spooled -= item->records;
		count->read -= item->records;
		spooler->messages--;
		note_ended(spooler, (struct spool_place){item->spool_number, item->rank});
	}
	item_free(item);
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
spooler_status(const struct spooler *spooler, struct spool_status *status)
{
	status->configured = true;
	status->active = spooler->writable && !spooler->failing;
	status->messages = spooler->messages;
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
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		if (queue_policy_of(queue, (enum kind)kind) == POLICY_CONFLATE)
			spooler->settings.conflating |= 1U << kind;
	spooler->queue = queue;
	spooler->log_name = log_name;
	spooler->owners.accounts = settings->accounts;
	spooler->owners.context = settings->context;
	return spooler;
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
			item_free(item);
		}
	spool_close(spooler->spool);
	spool_owner_fini(&spooler->owners);
	free(spooler->ended);
	free(spooler->path);
	free(spooler);
}
