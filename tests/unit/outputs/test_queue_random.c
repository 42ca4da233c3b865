/* SPDX-License-Identifier: ISC */
/* test_queue_random.c: long random lives of a queue beside a plain model of it
 *
 * The model keeps every record in one array and looks through all of it, where the queue has lists,
 * an index and shared counters. After every step both must agree on bytes and messages; whatever is
 * taken must be what the model says; and the accounts must add up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "outputs/queue.h"
#include "tests/unit/outputs/queue_feed.h"

#define MOST	    2000 /* records queued or taken */
#define CONTROLLERS 2
#define STATIONS    12
#define DOCUMENTS   4
#define STEPS	    40000
#define COLLECTED   256 /* finished items after which their bytes are given back */

struct entry {
	unsigned number; /* its text */
	struct account *account;
	uint64_t station;
	unsigned records;
	size_t cost;
	int rank;
	int document; /* -1: a record */
	bool fresh;   /* never taken: may be conflated */
};

struct entries {
	struct entry at[MOST];
	size_t n;
};

struct model {
	struct queue *queue;
	struct queue_settings settings;
	struct account_set sets[CONTROLLERS];
	struct account_set expected[CONTROLLERS];
	uint64_t random;
	unsigned number;

	struct entries queued; /* as it will be taken: by rank, then by age */
	struct entries taken;
	struct queue_list list; /* what `taken` is in fact */
	size_t bytes;
	size_t n_finished, finished_bytes; /* not given back yet */
	unsigned newest[DOCUMENTS];	   /* text of each document; 0: none yet */
	bool dirty[DOCUMENTS];
};

static uint32_t
chance(struct model *model, uint32_t below)
{
	return feed_random(&model->random, below);
}

static int
rank_of(enum kind kind)
{
	return kind == KIND_RSSI ? 2 : kind == KIND_STATISTICS ? 1 : 0;
}

static enum queue_policy
policy_of(const struct model *model, enum kind kind)
{
	if (model->settings.policies[kind] != POLICY_DEFAULT)
		return model->settings.policies[kind];
	return kind == KIND_RSSI ? POLICY_CONFLATE : POLICY_DROP_OLDEST;
}

static void
entries_insert(struct entries *entries, size_t i, struct entry entry)
{
	assert_true(entries->n < MOST);
	memmove(&entries->at[i + 1], &entries->at[i], (entries->n - i) * sizeof(entry));
	entries->at[i] = entry;
	entries->n++;
}

static struct entry
entries_remove(struct entries *entries, size_t i)
{
	struct entry entry = entries->at[i];

	entries->n--;
	memmove(&entries->at[i], &entries->at[i + 1], (entries->n - i) * sizeof(entry));
	return entry;
}

/* The place before the first of this rank. */
static size_t
front_of(const struct entries *entries, int rank)
{
	size_t i = 0;

	while (i < entries->n && entries->at[i].rank < rank)
		i++;
	return i;
}

/* The account that the model keeps beside a real one. */
static struct account *
expected_of(struct model *model, const struct account *account)
{
	return (struct account *)((char *)model->expected +
				  ((const char *)account - (const char *)model->sets));
}

static void
model_drop(struct model *model, size_t i)
{
	struct entry entry = entries_remove(&model->queued, i);

	expected_of(model, entry.account)->dropped[DROP_QUEUE_FULL] += entry.records;
	model->bytes -= entry.cost;
}

static bool
model_make_room(struct model *model, int rank, size_t cost)
{
	if (cost > model->settings.max_bytes)
		return false;
	while (model->bytes + cost > model->settings.max_bytes) {
		if (model->queued.n == 0 || model->queued.at[model->queued.n - 1].rank < rank)
			return false;
		model_drop(model,
			   front_of(&model->queued, model->queued.at[model->queued.n - 1].rank));
	}
	return true;
}

static bool
is_same_station(const struct entry *entry, const struct entry *record)
{
	return entry->fresh && entry->account == record->account &&
	       entry->station == record->station;
}

static bool
model_conflate(struct model *model, const struct entry *record)
{
	struct entries *queued = &model->queued;
	size_t oldest = 0;

	while (oldest < queued->n && !is_same_station(&queued->at[oldest], record))
		oldest++;
	if (oldest == queued->n)
		return false;
	for (size_t i = queued->n; i-- > oldest;) {
		struct entry gone;

		if (!is_same_station(&queued->at[i], record))
			continue;
		gone = entries_remove(queued, i);
		model->bytes -= gone.cost;
		expected_of(model, record->account)->conflated += gone.records;
	}
	entries_insert(queued, oldest, *record);
	model->bytes += record->cost;
	model_make_room(model, record->rank, 0);
	return true;
}

static void
model_publish(struct model *model, const struct entry *record, enum queue_policy policy)
{
	struct account *expected = expected_of(model, record->account);

	expected->received += record->records;
	if (model->bytes + record->cost > model->settings.max_bytes) {
		if (policy == POLICY_CONFLATE && record->station != 0 &&
		    record->cost <= model->settings.max_bytes && model_conflate(model, record))
			return;
		if (policy == POLICY_DROP_NEWEST ||
		    !model_make_room(model, record->rank, record->cost)) {
			expected->dropped[DROP_QUEUE_FULL] += record->records;
			return;
		}
	}
	entries_insert(&model->queued, front_of(&model->queued, record->rank + 1), *record);
	model->bytes += record->cost;
}

static void
step_publish(struct model *model)
{
	enum kind kind = chance(model, 2) ? KIND_RSSI : (enum kind)chance(model, KIND_COUNT);
	struct publication record = {
		.kind = kind,
		.records = 1 + chance(model, 3),
		.account = &model->sets[chance(model, CONTROLLERS)].kinds[kind],
		.station = chance(model, STATIONS),
	};
	char text[400];
	int length = snprintf(text, sizeof text, "%u %*s", ++model->number,
			      (int)chance(model, chance(model, 20) ? 60 : 380), "");
	struct entry entry = {
		.number = model->number,
		.account = record.account,
		.station = policy_of(model, kind) == POLICY_CONFLATE ? record.station : 0,
		.records = record.records,
		.cost = feed_cost((size_t)length),
		.rank = rank_of(kind),
		.document = -1,
		.fresh = policy_of(model, kind) == POLICY_CONFLATE,
	};

	feed_publish(model->queue, record, text);
	model_publish(model, &entry, policy_of(model, kind));
}

static void
step_document(struct model *model)
{
	int which = (int)chance(model, DOCUMENTS);
	char suffix[2] = {(char)('a' + which), '\0'};
	char text[16];

	snprintf(text, sizeof text, "%u", ++model->number);
	feed_document(model->queue, suffix, text);
	model->newest[which] = model->number;
	model->dirty[which] = true;
}

static void
model_collect(struct model *model)
{
	model->bytes -= model->finished_bytes;
	model->finished_bytes = 0;
	model->n_finished = 0;
}

/* Checks one item that was taken, and moves it in the model. */
static void
model_take(struct model *model, const struct queue_item *item)
{
	unsigned number = (unsigned)strtoul(item->payload->data, NULL, 10);
	struct entry entry = {.document = item->document ? item->topic->data[0] - 'a' : -1};

	if (entry.document >= 0) {
		assert_true(model->dirty[entry.document]);
		model->dirty[entry.document] = false;
		entry.number = model->newest[entry.document];
	} else {
		for (int i = 0; i < DOCUMENTS; i++)
			assert_false(model->dirty[i]);
		assert_true(model->queued.n > 0);
		entry = entries_remove(&model->queued, 0);
		entry.fresh = false;
		assert_ptr_equal(item->account, entry.account);
		assert_int_equal(item->records, entry.records);
	}
	assert_int_equal(number, entry.number);
	entries_insert(&model->taken, model->taken.n, entry);
}

static void
step_take(struct model *model)
{
	size_t wanted = 1 + chance(model, 8);
	const struct queue_item *last = model->list.last;
	size_t got = queue_take(model->queue, &model->list, wanted, chance(model, 2));

	model_collect(model);
	for (const struct queue_item *item = last ? last->next : model->list.first; item;
	     item = item->next)
		model_take(model, item);
	assert_int_equal(model->list.count, model->taken.n);
	if (got < wanted)
		assert_int_equal(model->queued.n, 0);
}

static void
step_finish(struct model *model)
{
	size_t i = chance(model, chance(model, 2) ? 1 : (uint32_t)model->taken.n);
	bool published = chance(model, 4) != 0;
	enum drop_reason reason = (enum drop_reason)chance(model, DROP_COUNT);
	struct queue_item *item = model->list.first;
	struct entry entry = entries_remove(&model->taken, i);

	while (i-- > 0)
		item = item->next;
	queue_finish(model->queue, &model->list, item,
		     published ? OUTCOME_PUBLISHED : OUTCOME_DROPPED, reason);
	model->finished_bytes += entry.cost;
	if (++model->n_finished == COLLECTED)
		model_collect(model);
	if (entry.document >= 0)
		return;
	if (published)
		expected_of(model, entry.account)->published += entry.records;
	else
		expected_of(model, entry.account)->dropped[reason] += entry.records;
}

static void
step_put_back(struct model *model)
{
	queue_put_back(model->queue, &model->list);
	model_collect(model);
	while (model->taken.n > 0) {
		struct entry entry = entries_remove(&model->taken, model->taken.n - 1);

		if (entry.document >= 0)
			model->dirty[entry.document] = true;
		else
			entries_insert(&model->queued, front_of(&model->queued, entry.rank), entry);
	}
}

static void
step_give_up(struct model *model)
{
	queue_give_up(model->queue, DROP_SHUTDOWN);
	model_collect(model);
	while (model->queued.n > 0) {
		struct entry entry = entries_remove(&model->queued, model->queued.n - 1);

		expected_of(model, entry.account)->dropped[DROP_SHUTDOWN] += entry.records;
		model->bytes -= entry.cost;
	}
}

static void
random_step(struct model *model)
{
	uint32_t dice = chance(model, 1000);

	if (dice < 600)
		step_publish(model);
	else if (dice < 620)
		step_document(model);
	else if (dice < 760)
		step_take(model);
	else if (dice < 980 && model->taken.n > 0)
		step_finish(model);
	else if (dice >= 980 && dice < 999)
		step_put_back(model);
	else if (dice == 999 && chance(model, 10) == 0)
		step_give_up(model);
}

static uint64_t
waiting_records(const struct entries *entries, const struct account *account)
{
	uint64_t records = 0;

	for (size_t i = 0; i < entries->n; i++)
		if (entries->at[i].document < 0 && entries->at[i].account == account)
			records += entries->at[i].records;
	return records;
}

/* received = published + filtered + conflated + dropped + queued, and each is as in the model. */
static void
check_account(struct model *model, struct account *account)
{
	struct account_view view = feed_view(account);
	struct account_view expected = feed_view(expected_of(model, account));

	assert_int_equal(view.received, expected.received);
	assert_int_equal(view.published, expected.published);
	assert_int_equal(view.conflated, expected.conflated);
	for (int reason = 0; reason < DROP_COUNT; reason++)
		assert_int_equal(view.dropped[reason], expected.dropped[reason]);
	assert_int_equal(view.queued, waiting_records(&model->queued, account) +
					      waiting_records(&model->taken, account));
}

static void
check_accounts(struct model *model)
{
	for (int controller = 0; controller < CONTROLLERS; controller++)
		for (int kind = 0; kind < KIND_COUNT; kind++)
			check_account(model, &model->sets[controller].kinds[kind]);
}

static uint64_t
all_records(const struct entries *entries)
{
	uint64_t records = 0;

	for (size_t i = 0; i < entries->n; i++)
		records += entries->at[i].records;
	return records;
}

static void
check_level(struct model *model)
{
	struct queue_level level;

	queue_level(model->queue, &level);
	assert_true(level.bytes <= model->settings.max_bytes);
	assert_int_equal(level.bytes, model->bytes);
	assert_int_equal(level.messages, model->queued.n + model->taken.n + model->n_finished);
	assert_int_equal(level.records, all_records(&model->queued) + all_records(&model->taken));
}

static void
live(uint64_t seed, size_t max_bytes, bool defaults)
{
	struct model *model = calloc(1, sizeof *model);

	assert_non_null(model);
	model->random = seed;
	model->settings = (struct queue_settings){.max_bytes = max_bytes, .document_root = ""};
	for (int kind = 0; kind < KIND_COUNT && !defaults; kind++)
		model->settings.policies[kind] = (enum queue_policy)chance(model, 4);
	model->queue = queue_new(&model->settings);
	assert_non_null(model->queue);
	for (int step = 0; step < STEPS; step++) {
		random_step(model);
		check_level(model);
		if (step % 100 == 0)
			check_accounts(model);
	}
	step_put_back(model);
	check_accounts(model);
	queue_free(model->queue);
	model->queued.n = 0;
	for (int controller = 0; controller < CONTROLLERS; controller++)
		for (int kind = 0; kind < KIND_COUNT; kind++)
			assert_int_equal(feed_view(&model->sets[controller].kinds[kind]).queued, 0);
	free(model);
}

static void
test_small(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		live(seed, seed * 300, seed % 2 == 0);
}

static void
test_medium(void **state)
{
	(void)state;
	for (uint64_t seed = 11; seed <= 16; seed++)
		live(seed, 10000 + seed, seed % 2 == 0);
}

static void
test_large(void **state)
{
	(void)state;
	live(21, 100000, true);
	live(22, 100000, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_medium),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
