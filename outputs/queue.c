/* SPDX-License-Identifier: ISC */
/* queue.c: what waits between the gateway's loop and one output's thread
 *
 * The consumer touches items that it has taken without the lock; what it finishes it keeps in
 * `finished` and hands back under the lock of its next call, so that a record costs two short
 * critical sections. The index finds the newest queued item of a station and from there the older
 * ones, oldest last.
 */
#include "outputs/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "outputs/queue_index.h"
#include "outputs/retained.h"
#include "outputs/timestamp.h"

#define MAX_SPARES    4096
#define FINISHED_MANY 256
#define SAME_TIME     16 /* items that may have been finished at the same time */

struct queue {
	pthread_mutex_t lock;
	size_t max_bytes;
	enum queue_policy policies[KIND_COUNT];

	struct queue_list ranks[QUEUE_RANKS];
	size_t bytes; /* queued and taken, of records */
	struct queue_list responses;
	size_t response_bytes;
	struct account response_account;
	size_t taken;
	uint64_t records; /* queued and taken */
	bool waiting;	  /* the consumer found nothing more and must be woken */

	struct queue_index index;
	struct retained retained;

	struct queue_item *spares;
	size_t n_spares;

	struct buffer **kept_topics;
	size_t n_kept_topics;

	struct queue_list finished;	       /* the consumer's, without the lock */
	struct histogram latency;	       /* the same */
	uint32_t finished_ms;		       /* when the last of some items was finished */
	atomic_uint_fast64_t finished_records; /* for others to read */
};

static const uint8_t rank_of_kind[KIND_COUNT] = {
	[KIND_RSSI] = 2,
	[KIND_STATISTICS] = 1,
};

void
queue_list_append(struct queue_list *list, struct queue_item *item)
{
	item->next = NULL;
	item->prev = list->last;
	if (list->last)
		list->last->next = item;
	else
		list->first = item;
	list->last = item;
	list->count++;
}

void
queue_list_prepend(struct queue_list *list, struct queue_item *item)
{
	item->prev = NULL;
	item->next = list->first;
	if (list->first)
		list->first->prev = item;
	else
		list->last = item;
	list->first = item;
	list->count++;
}

void
queue_list_remove(struct queue_list *list, struct queue_item *item)
{
	if (item->prev)
		item->prev->next = item->next;
	else
		list->first = item->next;
	if (item->next)
		item->next->prev = item->prev;
	else
		list->last = item->prev;
	list->count--;
}

static struct queue_item *
item_new(struct queue *queue)
{
	struct queue_item *item = queue->spares;

	if (!item)
		return calloc(1, sizeof(*item));
	queue->spares = item->next;
	queue->n_spares--;
	memset(item, 0, sizeof(*item));
	return item;
}

static void
item_set_text(struct queue_item *item, const struct publication *publication)
{
	bool counted = publication->topic && !publication->topic_kept;

	item->payload = buffer_ref(publication->payload);
	item->topic = counted ? buffer_ref(publication->topic) : publication->topic;
	item->topic_kept = publication->topic_kept;
	item->received_ms = (uint32_t)publication->received_at;
}

static void
item_drop_text(struct queue_item *item)
{
	buffer_unref(item->payload);
	if (!item->topic_kept)
		buffer_unref(item->topic);
}

static void
item_free(struct queue *queue, struct queue_item *item)
{
	*(item->is_response ? &queue->response_bytes : &queue->bytes) -= item->cost;
	item_drop_text(item);
	buffer_unref(item->correlation);
	if (queue->n_spares >= MAX_SPARES) {
		free(item);
		return;
	}
	item->next = queue->spares;
	queue->spares = item;
	queue->n_spares++;
}

static uint32_t
publication_cost(const struct publication *publication)
{
	size_t cost = sizeof(struct queue_item) + sizeof(struct buffer) + 1 +
		      publication->payload->length;

	if (publication->topic)
		cost += sizeof(struct buffer) + 1 + publication->topic->length;
	return (uint32_t)cost;
}

/* Takes a queued record out and frees it, counting its records in `counter`. */
static void
record_discard(struct queue *queue, struct queue_item *item, atomic_uint_fast64_t *counter)
{
	account_add(counter, item->records);
	queue->records -= item->records;
	queue_index_remove(&queue->index, item);
	queue_list_remove(&queue->ranks[item->rank], item);
	item_free(queue, item);
}

/* Discards from the front of the ranks, lowest first, down to `rank`, until `cost` more bytes fit;
 * false when they cannot. */
static bool
make_room(struct queue *queue, uint8_t rank, uint32_t cost)
{
	if (cost > queue->max_bytes)
		return false;
	for (int lowest = QUEUE_RANKS - 1; lowest >= rank; lowest--) {
		struct queue_list *list = &queue->ranks[lowest];

		while (queue->bytes + cost > queue->max_bytes && list->first)
			record_discard(queue, list->first,
				       &list->first->account->dropped[DROP_QUEUE_FULL]);
	}
	return queue->bytes + cost <= queue->max_bytes;
}

/* Puts the publication in the place of the oldest that is queued of its station; the others leave.
 * False when there is none. */
static bool
conflate(struct queue *queue, const struct publication *publication, uint32_t cost)
{
	struct queue_item *item =
		queue_index_find(&queue->index, publication->account, publication->station);

	if (!item)
		return false;
	while (item->older) {
		struct queue_item *older = item->older;

		record_discard(queue, item, &publication->account->conflated);
		item = older;
	}
	account_add(&publication->account->conflated, item->records);
	item_drop_text(item);
	item_set_text(item, publication);
	queue->records += publication->records;
	queue->records -= item->records;
	item->records = publication->records;
	queue->bytes += cost;
	queue->bytes -= item->cost;
	item->cost = cost;
	return true;
}

enum queue_policy
queue_policy_of(const struct queue *queue, enum kind kind)
{
	if (queue->policies[kind] != POLICY_DEFAULT)
		return queue->policies[kind];
	return kind == KIND_RSSI ? POLICY_CONFLATE : POLICY_DROP_OLDEST;
}

/* Finds a place in a full queue. Returns true when the publication still has to be appended. */
static bool
squeeze(struct queue *queue, const struct publication *publication, uint32_t cost)
{
	uint8_t rank = rank_of_kind[publication->kind];
	enum queue_policy policy = queue_policy_of(queue, publication->kind);

	if (policy == POLICY_CONFLATE && cost <= queue->max_bytes && publication->station != 0 &&
	    conflate(queue, publication, cost)) {
		make_room(queue, rank, 0);
		return false;
	}
	if (policy != POLICY_DROP_NEWEST && make_room(queue, rank, cost))
		return true;
	account_add(&publication->account->dropped[DROP_QUEUE_FULL], publication->records);
	return false;
}

static void
append(struct queue *queue, const struct publication *publication, uint32_t cost)
{
	struct queue_item *item = item_new(queue);

	if (!item) {
		account_add(&publication->account->dropped[DROP_NO_MEMORY], publication->records);
		return;
	}
	item_set_text(item, publication);
	item->account = publication->account;
	item->controller = publication->controller;
	item->kind = (uint8_t)publication->kind;
	item->station = publication->station;
	item->records = publication->records;
	item->cost = cost;
	item->rank = rank_of_kind[publication->kind];
	queue->bytes += cost;
	queue->records += item->records;
	queue_list_append(&queue->ranks[item->rank], item);
	if (item->station != 0 && queue_policy_of(queue, publication->kind) == POLICY_CONFLATE)
		queue_index_insert(&queue->index, item);
}

/* True once for every time that the consumer began to wait. */
static bool
must_wake(struct queue *queue)
{
	bool waiting = queue->waiting;

	queue->waiting = false;
	return waiting;
}

bool
queue_publish(struct queue *queue, const struct publication *publication)
{
	uint32_t cost = publication_cost(publication);
	bool wake;

	account_add(&publication->account->received, publication->records);
	pthread_mutex_lock(&queue->lock);
	if (queue->bytes + cost <= queue->max_bytes || squeeze(queue, publication, cost))
		append(queue, publication, cost);
	wake = must_wake(queue);
	pthread_mutex_unlock(&queue->lock);
	return wake;
}

static struct queue_item *
response_new(struct queue *queue, const struct queue_response *response)
{
	struct queue_item *item = item_new(queue);

	if (!item)
		return NULL;
	item->is_response = true;
	item->records = 1;
	item->account = &queue->response_account;
	item->topic = buffer_ref(response->topic);
	item->payload = buffer_ref(response->payload);
	item->correlation = response->correlation ? buffer_ref(response->correlation) : NULL;
	item->cost = (uint32_t)sizeof(*item) + response->topic->length + response->payload->length;
	return item;
}

bool
queue_respond(struct queue *queue, const struct queue_response *response, bool *wake)
{
	struct account *account = &queue->response_account;
	struct queue_item *item = NULL;
	bool room;

	account_add(&account->received, 1);
	pthread_mutex_lock(&queue->lock);
	room = queue->response_bytes < QUEUE_RESPONSE_BYTES;
	if (room)
		item = response_new(queue, response);
	if (item) {
		queue->response_bytes += item->cost;
		queue_list_append(&queue->responses, item);
	}
	*wake = item && must_wake(queue);
	pthread_mutex_unlock(&queue->lock);
	if (!item)
		account_add(&account->dropped[room ? DROP_NO_MEMORY : DROP_QUEUE_FULL], 1);
	return item != NULL;
}

void
queue_responses(struct queue *queue, struct account_view *view)
{
	account_view(&queue->response_account, view);
}

bool
queue_keep_topic(struct queue *queue, struct buffer *topic)
{
	struct buffer **kept;

	pthread_mutex_lock(&queue->lock);
	kept = realloc(queue->kept_topics, (queue->n_kept_topics + 1) * sizeof(struct buffer *));
	if (kept) {
		kept[queue->n_kept_topics++] = buffer_ref(topic);
		queue->kept_topics = kept;
	}
	pthread_mutex_unlock(&queue->lock);
	return kept != NULL;
}

bool
queue_document(struct queue *queue, const char *suffix, struct buffer *payload, uint8_t qos)
{
	bool wake;

	pthread_mutex_lock(&queue->lock);
	wake = retained_set(&queue->retained, suffix, payload, qos) && must_wake(queue);
	pthread_mutex_unlock(&queue->lock);
	return wake;
}

bool
queue_close_documents(struct queue *queue)
{
	bool wake;

	pthread_mutex_lock(&queue->lock);
	retained_close(&queue->retained);
	wake = must_wake(queue);
	pthread_mutex_unlock(&queue->lock);
	return wake;
}

bool
queue_has_document(struct queue *queue, const char *suffix)
{
	bool has;

	pthread_mutex_lock(&queue->lock);
	has = retained_has(&queue->retained, suffix);
	pthread_mutex_unlock(&queue->lock);
	return has;
}

void
queue_renew_documents(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	retained_renew(&queue->retained);
	pthread_mutex_unlock(&queue->lock);
}

/* The first document that is to be published, as an item; NULL when there is none, or no memory. */
static struct queue_item *
document_take(struct queue *queue)
{
	struct queue_item *item = queue->retained.first_dirty ? item_new(queue) : NULL;

	if (!item)
		return NULL;
	item->document = retained_take(&queue->retained);
	item->payload = item->document->payload ? buffer_ref(item->document->payload) : NULL;
	item->topic = buffer_ref(item->document->topic);
	item->qos = item->document->qos;
	return item;
}

static struct queue_item *
response_take(struct queue *queue)
{
	struct queue_item *item = queue->responses.first;

	if (item)
		queue_list_remove(&queue->responses, item);
	return item;
}

static struct queue_item *
record_take(struct queue *queue)
{
	for (int rank = 0; rank < QUEUE_RANKS; rank++) {
		struct queue_item *item = queue->ranks[rank].first;

		if (item) {
			queue_index_remove(&queue->index, item);
			queue_list_remove(&queue->ranks[rank], item);
			return item;
		}
	}
	return NULL;
}

/* Frees what the consumer finished since the last time. */
static void
collect_finished(struct queue *queue)
{
	queue->taken -= queue->finished.count;
	queue->records -= atomic_exchange(&queue->finished_records, 0);
	for (struct queue_item *item = queue->finished.first, *next; item; item = next) {
		next = item->next;
		if (item->document)
			retained_return(&queue->retained, item->document, false);
		item_free(queue, item);
	}
	queue->finished = (struct queue_list){0};
}

/* Moves up to `n` items to the end of `list`, under the lock. */
static size_t
take(struct queue *queue, struct queue_list *list, size_t n,
     struct queue_item *(*next)(struct queue *queue))
{
	size_t got = 0;
	struct queue_item *item;

	while (got < n && (item = next(queue))) {
		queue_list_append(list, item);
		got++;
	}
	queue->taken += got;
	return got;
}

/* Documents, then responses. */
static size_t
take_urgent(struct queue *queue, struct queue_list *list, size_t n)
{
	size_t got = take(queue, list, n, document_take);

	return got + take(queue, list, n - got, response_take);
}

size_t
queue_take(struct queue *queue, struct queue_list *list, size_t n, bool wait)
{
	size_t got;

	pthread_mutex_lock(&queue->lock);
	collect_finished(queue);
	got = take_urgent(queue, list, n);
	got += take(queue, list, n - got, record_take);
	queue->waiting = wait && got == 0;
	pthread_mutex_unlock(&queue->lock);
	return got;
}

size_t
queue_take_urgent(struct queue *queue, struct queue_list *list, size_t n)
{
	size_t got;

	pthread_mutex_lock(&queue->lock);
	collect_finished(queue);
	got = take_urgent(queue, list, n);
	pthread_mutex_unlock(&queue->lock);
	return got;
}

size_t
queue_take_records(struct queue *queue, struct queue_list *list, size_t n, bool wait)
{
	size_t got;

	pthread_mutex_lock(&queue->lock);
	collect_finished(queue);
	got = take(queue, list, n, record_take);
	queue->waiting = wait && got == 0;
	pthread_mutex_unlock(&queue->lock);
	return got;
}

static void
note_latency(struct queue *queue, const struct queue_item *item, uint32_t now_ms)
{
	uint32_t ms = now_ms - item->received_ms;

	if (!item->received_ms)
		return;
	/* A clock that was set back. */
	if (ms > INT32_MAX)
		ms = 0;
	histogram_add(&queue->latency, ms, item->records);
}

void
queue_note_latency(struct queue *queue, const struct queue_item *item)
{
	note_latency(queue, item, (uint32_t)timestamp_now());
}

struct histogram *
queue_latency(struct queue *queue)
{
	return &queue->latency;
}

static void
count_outcome(struct account *account, uint32_t records, enum outcome outcome,
	      enum drop_reason reason)
{
	switch (outcome) {
	case OUTCOME_PUBLISHED:
		account_add(&account->published, records);
		break;
	case OUTCOME_DROPPED:
		account_add(&account->dropped[reason], records);
		break;
	case OUTCOME_SPOOLED:
		break;
	}
}

void
queue_finish(struct queue *queue, struct queue_list *list, struct queue_item *item,
	     enum outcome outcome, enum drop_reason reason)
{
	queue_list_remove(list, item);
	if (item->account)
		count_outcome(item->account, item->records, outcome, reason);
	/* Acknowledgements come in clusters, and asking for the time costs more than the rest. */
	if (queue->finished.count % SAME_TIME == 0)
		queue->finished_ms = (uint32_t)timestamp_now();
	if (item->account && !item->is_response && outcome == OUTCOME_PUBLISHED)
		note_latency(queue, item, queue->finished_ms);
	if (!item->is_response)
		account_add(&queue->finished_records, item->records);
	queue_list_append(&queue->finished, item);
	if (queue->finished.count < FINISHED_MANY)
		return;
	pthread_mutex_lock(&queue->lock);
	collect_finished(queue);
	pthread_mutex_unlock(&queue->lock);
}

void
queue_put_back(struct queue *queue, struct queue_list *list)
{
	pthread_mutex_lock(&queue->lock);
	collect_finished(queue);
	queue->taken -= list->count;
	for (struct queue_item *item = list->last, *prev; item; item = prev) {
		prev = item->prev;
		if (item->document) {
			retained_return(&queue->retained, item->document, true);
			item_free(queue, item);
		} else {
			queue_list_prepend(item->is_response ? &queue->responses
							     : &queue->ranks[item->rank],
					   item);
		}
	}
	*list = (struct queue_list){0};
	pthread_mutex_unlock(&queue->lock);
}

static void
give_up_responses(struct queue *queue, enum drop_reason reason)
{
	struct queue_item *item = queue->responses.first;

	queue->responses = (struct queue_list){0};
	for (struct queue_item *next; item; item = next) {
		next = item->next;
		account_add(&item->account->dropped[reason], 1);
		item_free(queue, item);
	}
}

void
queue_give_up(struct queue *queue, enum drop_reason reason)
{
	pthread_mutex_lock(&queue->lock);
	collect_finished(queue);
	for (int rank = 0; rank < QUEUE_RANKS; rank++)
		for (struct queue_list *list = &queue->ranks[rank]; list->first;)
			record_discard(queue, list->first, &list->first->account->dropped[reason]);
	give_up_responses(queue, reason);
	pthread_mutex_unlock(&queue->lock);
}

void
queue_level(struct queue *queue, struct queue_level *level)
{
	pthread_mutex_lock(&queue->lock);
	level->bytes = queue->bytes;
	level->messages = queue->taken + queue->responses.count;
	level->records = queue->records - atomic_load(&queue->finished_records);
	for (int rank = 0; rank < QUEUE_RANKS; rank++)
		level->messages += queue->ranks[rank].count;
	pthread_mutex_unlock(&queue->lock);
}

size_t
queue_size(const struct queue *queue)
{
	return queue->max_bytes;
}

struct queue *
queue_new(const struct queue_settings *settings)
{
	struct queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->max_bytes = settings->max_bytes;
	memcpy(queue->policies, settings->policies, sizeof(queue->policies));
	pthread_mutex_init(&queue->lock, NULL);
	if (retained_init(&queue->retained, settings->document_root) < 0 ||
	    queue_index_init(&queue->index) < 0) {
		queue_free(queue);
		return NULL;
	}
	return queue;
}

void
queue_limit(struct queue *queue, const struct queue_settings *settings)
{
	pthread_mutex_lock(&queue->lock);
	queue->max_bytes = settings->max_bytes;
	memcpy(queue->policies, settings->policies, sizeof(queue->policies));
	pthread_mutex_unlock(&queue->lock);
}

int
queue_reroot(struct queue *queue, const char *document_root)
{
	int fault;

	pthread_mutex_lock(&queue->lock);
	collect_finished(queue);
	fault = retained_reroot(&queue->retained, document_root);
	pthread_mutex_unlock(&queue->lock);
	return fault;
}

void
queue_free(struct queue *queue)
{
	if (!queue)
		return;
	queue_give_up(queue, DROP_SHUTDOWN);
	assert(queue->taken == 0);
	for (struct queue_item *item = queue->spares, *next; item; item = next) {
		next = item->next;
		free(item);
	}
	for (size_t i = 0; i < queue->n_kept_topics; i++)
		buffer_unref(queue->kept_topics[i]);
	free(queue->kept_topics);
	pthread_mutex_destroy(&queue->lock);
	retained_fini(&queue->retained);
	queue_index_fini(&queue->index);
	free(queue);
}
