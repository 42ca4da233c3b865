/* SPDX-License-Identifier: ISC */
/* test_spool_random.c: long random lives of a spool beside a plain model of it
 *
 * The model is one array of records, looked through from end to end, where the spool has a file, an
 * index and transactions. Of these some are given up and some fail, for a disk that takes no more;
 * from time to time the file is closed and opened. Whatever is read must be what the model has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>

#include "spool_rig.h"

#define MOST	   3000 /* records; dropped from 1,000 on */
#define MANY	   1000
#define STEPS	   3000
#define STATIONS   9
#define CONFLATING (1U << KIND_RSSI | 1U << KIND_INFO)

struct entry {
	struct spool_place place;
	enum kind kind;
	unsigned controller;
	uint64_t station;
	unsigned text;
	uint32_t records;
};

struct entries {
	struct entry at[MOST];
	size_t n;
	uint64_t next[SPOOL_RANKS];
};

struct model {
	struct spool *spool;
	struct spool_settings settings;
	uint64_t random;
	unsigned text;
	struct entries now, before; /* the transaction */
	uint64_t read[SPOOL_RANKS];
	size_t visited; /* entries, in the visit that goes on */
	uint8_t rank;	/* of that visit; SPOOL_RANKS: any */
	struct entry expected;
	unsigned replaced, failed;
};

static const char *const controllers[] = {"hq", "hq2"};

static uint32_t
chance(struct model *model, uint32_t below)
{
	return feed_random(&model->random, below);
}

static void
entries_remove(struct entries *entries, size_t i)
{
	entries->n--;
	memmove(&entries->at[i], &entries->at[i + 1], (entries->n - i) * sizeof(struct entry));
}

/* Behind all of its rank. */
static void
entries_append(struct entries *entries, struct entry entry)
{
	size_t i = entries->n;

	assert_true(entries->n < MOST);
	while (i > 0 && entries->at[i - 1].place.rank > entry.place.rank)
		i--;
	memmove(&entries->at[i + 1], &entries->at[i], (entries->n - i) * sizeof entry);
	entries->at[i] = entry;
	entries->n++;
}

static bool
is_read(const struct model *model, const struct entry *entry)
{
	return entry->place.number <= model->read[entry->place.rank];
}

static void
assert_is(const struct entry *entry, struct spool_place place, const struct spool_record *record)
{
	assert_non_null(record);
	assert_int_equal(place.number, entry->place.number);
	assert_int_equal(place.rank, entry->place.rank);
	assert_int_equal(record->kind, entry->kind);
	assert_int_equal(record->station, entry->station);
	assert_int_equal(record->records, entry->records);
	assert_int_equal(strtoul(record->payload, NULL, 10), entry->text);
	assert_int_equal(record->controller_length, strlen(controllers[entry->controller]));
	assert_memory_equal(record->controller, controllers[entry->controller],
			    record->controller_length);
}

static bool
visit_expected(void *context, struct spool_place place, const struct spool_record *record)
{
	struct model *model = context;

	assert_is(&model->expected, place, record);
	model->visited++;
	return true;
}

/* The next entry of the rank that is visited, which was not read. */
static bool
visit_next(void *context, struct spool_place place, const struct spool_record *record)
{
	struct model *model = context;
	const struct entry *entry = &model->now.at[model->visited];

	while (model->visited < model->now.n && model->rank < SPOOL_RANKS &&
	       (entry->place.rank != model->rank || is_read(model, entry)))
		entry = &model->now.at[++model->visited];
	assert_true(model->visited < model->now.n);
	assert_is(entry, place, record);
	model->visited++;
	if (model->rank < SPOOL_RANKS)
		model->read[place.rank] = place.number;
	return true;
}

static struct entry
random_entry(struct model *model)
{
	static const enum kind kinds[SPOOL_RANKS][2] = {
		{KIND_INFO, KIND_AP}, {KIND_STATISTICS, KIND_STATISTICS}, {KIND_RSSI, KIND_RSSI}};
	uint8_t rank = (uint8_t)chance(model, SPOOL_RANKS);

	return (struct entry){.place.rank = rank,
			      .kind = kinds[rank][chance(model, 2)],
			      .controller = chance(model, 2),
			      .station = chance(model, STATIONS),
			      .records = 1 + chance(model, 5),
			      .text = ++model->text};
}

/* The record of an entry; its payload is valid until the next call. */
static struct spool_record
record_of(struct model *model, const struct entry *entry)
{
	static char text[6000];
	int length = snprintf(text, sizeof text, "%u %*s", entry->text,
			      (int)chance(model, chance(model, 20) ? 700 : 5000), "");

	return (struct spool_record){.kind = entry->kind,
				     .controller = controllers[entry->controller],
				     .controller_length = strlen(controllers[entry->controller]),
				     .topic = "t",
				     .topic_length = 1,
				     .payload = text,
				     .payload_length = (size_t)length,
				     .station = entry->station,
				     .records = entry->records};
}

static void
append(struct model *model)
{
	struct entry entry = random_entry(model);
	struct spool_record record = record_of(model, &entry);
	struct spool_place place = {.rank = entry.place.rank};

	assert_int_equal(spool_append(model->spool, &record, &place), SPOOL_OK);
	entry.place.number = model->now.next[place.rank]++;
	assert_int_equal(place.number, entry.place.number);
	entries_append(&model->now, entry);
}

/* The newest of the same station, kind and controller that was not read; NULL: none. */
static struct entry *
find_newest(struct model *model, const struct entry *like)
{
	for (size_t i = model->now.n; i-- > 0;) {
		struct entry *entry = &model->now.at[i];

		if (!is_read(model, entry) && entry->kind == like->kind && like->station != 0 &&
		    entry->station == like->station && entry->controller == like->controller)
			return entry;
	}
	return NULL;
}

static void
replace(struct model *model)
{
	struct entry entry = random_entry(model);
	struct spool_record record = record_of(model, &entry);
	struct spool_place place = {.rank = entry.place.rank};
	struct entry *old = CONFLATING >> entry.kind & 1 ? find_newest(model, &entry) : NULL;

	model->visited = 0;
	if (old)
		model->expected = *old;
	assert_int_equal(spool_replace(model->spool, &record, &place, visit_expected, model),
			 SPOOL_OK);
	assert_int_equal(model->visited, old != NULL);
	assert_int_equal(place.number, old ? old->place.number : 0);
	if (!old)
		return;
	entry.place = old->place;
	*old = entry;
	model->replaced++;
}

static void
drop(struct model *model)
{
	uint8_t rank = (uint8_t)chance(model, SPOOL_RANKS);
	size_t i = 0;
	bool found;

	while (i < model->now.n &&
	       (model->now.at[i].place.rank != rank || is_read(model, &model->now.at[i])))
		i++;
	if (i < model->now.n)
		model->expected = model->now.at[i];
	assert_int_equal(spool_drop(model->spool, rank, visit_expected, model, &found), SPOOL_OK);
	assert_int_equal(found, i < model->now.n);
	if (found)
		entries_remove(&model->now, i);
}

/* As what was acknowledged. */
static void
remove_one(struct model *model)
{
	size_t i = model->now.n ? chance(model, (uint32_t)model->now.n) : 0;

	if (i == model->now.n || !is_read(model, &model->now.at[i]))
		return;
	assert_int_equal(spool_remove(model->spool, model->now.at[i].place), SPOOL_OK);
	entries_remove(&model->now, i);
}

/* Nothing can be written behind the first two pages. */
static enum spool_fault
commit_without_disk(struct model *model)
{
	struct rlimit before, limit;
	enum spool_fault fault;

	getrlimit(RLIMIT_FSIZE, &before);
	limit = (struct rlimit){8192, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &limit);
	fault = spool_commit(model->spool);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_not_equal(fault, SPOOL_BROKEN);
	return fault;
}

static void
transaction(struct model *model)
{
	uint32_t end = chance(model, 10);
	bool kept = end > 1;

	model->before = model->now;
	assert_int_equal(spool_begin(model->spool), SPOOL_OK);
	for (uint32_t n = chance(model, 30); n > 0; n--) {
		uint32_t dice = chance(model, 100);

		if (dice < 40 && model->now.n < MANY)
			append(model);
		else if (dice < 80)
			replace(model);
		else if (dice < 85 || model->now.n >= MANY)
			drop(model);
		else
			remove_one(model);
	}
	if (end == 0)
		spool_abort(model->spool);
	else if (end == 1)
		kept = commit_without_disk(model) == SPOOL_OK;
	else
		assert_int_equal(spool_commit(model->spool), SPOOL_OK);
	model->failed += end == 1 && !kept;
	if (!kept)
		model->now = model->before;
}

static void
read_some(struct model *model)
{
	model->visited = 0;
	model->rank = (uint8_t)chance(model, SPOOL_RANKS);
	assert_int_equal(spool_read(model->spool, model->rank, 1 + chance(model, 9), visit_next,
				    model),
			 SPOOL_OK);
}

static void
reset(void *context)
{
	(void)context;
	fail();
}

static void
open_again(struct model *model)
{
	struct spool_report report;

	spool_close(model->spool);
	model->visited = 0;
	model->rank = SPOOL_RANKS;
	model->spool = spool_open(&model->settings, visit_next, reset, model, &report);
	assert_non_null(model->spool);
	assert_int_equal(model->visited, model->now.n);
	for (unsigned rank = 0; rank < SPOOL_RANKS; rank++) {
		model->read[rank] = 0;
		model->now.next[rank] = 1;
	}
	for (size_t i = 0; i < model->now.n; i++)
		model->now.next[model->now.at[i].place.rank] = model->now.at[i].place.number + 1;
}

static void
live(uint64_t seed)
{
	struct model *model = calloc(1, sizeof *model);

	assert_non_null(model);
	model->random = seed;
	model->settings = (struct spool_settings){
		.path = rig_path, .max_size = 64U << 20, .conflating = CONFLATING};
	open_again(model);
	for (int step = 0; step < STEPS; step++) {
		uint32_t dice = chance(model, 300);

		if (dice == 0)
			open_again(model);
		else if (dice < 100)
			read_some(model);
		else
			transaction(model);
	}
	open_again(model);
	assert_true(model->replaced > STEPS / 2);
	assert_true(model->failed > STEPS / 50);
	spool_close(model->spool);
	free(model);
}

static void
test_seeds(void **state)
{
	signal(SIGXFSZ, SIG_IGN);
	for (uint64_t seed = 1; seed <= 6; seed++) {
		live(seed);
		rig_clean(state);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_seeds, rig_clean)};

	return cmocka_run_group_tests(tests, rig_begin, rig_end);
}
