/* SPDX-License-Identifier: ISC */
/* test_spooler_random.c: long random lives of a spooler: whatever happens in whatever order,
 * nothing that was received vanishes, nothing overtakes a newer one of its station, and the counts
 * agree
 *
 * Commits fail, brokers do not acknowledge, processes end. How much a file holds is LMDB's affair,
 * so what is conflated or dropped is not foretold here: it is what did not arrive in the end.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>

#include "gateway/log.h"
#include "spool_rig.h"

#define MEGABYTE    (1U << 20)
#define STATIONS    20
#define CONTROLLERS 2
#define MOST	    40000 /* records' messages in one life */

static const enum kind kinds[] = {KIND_RSSI, KIND_STATISTICS, KIND_INFO, KIND_AP};

#define KINDS (sizeof kinds / sizeof kinds[0])

/* A message that was published; its number is its text. */
struct sent {
	uint32_t records;
	uint8_t key;
	bool given; /* once or more often */
	bool arrived;
};

struct chance {
	struct rig *rig;
	uint64_t random;
	struct queue_list list; /* in flight */
	bool only_rssi;
	struct sent sent[MOST];
	unsigned number;
	unsigned given[KINDS * CONTROLLERS * STATIONS]; /* the newest number that was given once */
	unsigned failures;
};

static unsigned
number_of(const struct queue_item *item)
{
	return (unsigned)strtoul(item->payload->data, NULL, 10);
}

static void
chance_finish(struct chance *chance, struct queue_item *item, enum outcome outcome)
{
	struct rig *rig = chance->rig;

	chance->sent[number_of(item)].arrived = true;
	if (item->owner)
		spooler_finish(rig->spooler, &chance->list, item, outcome, DROP_REFUSED);
	else
		queue_finish(rig->queue, &chance->list, item, outcome, DROP_REFUSED);
}

static void
chance_put_back(struct chance *chance)
{
	spooler_put_back(chance->rig->spooler, &chance->list);
	queue_put_back(chance->rig->queue, &chance->list);
}

static struct account *
account_of(struct chance *chance, unsigned controller, enum kind kind)
{
	struct rig *rig = chance->rig;

	return &(controller ? &rig->former : &rig->hq)->kinds[kind];
}

/* At every moment: what is queued by the accounts is what is in the queue or on disk. */
static void
chance_check(struct chance *chance)
{
	struct rig *rig = chance->rig;
	struct queue_list none = {0};
	uint64_t queued = 0;

	for (unsigned i = 0; i < KINDS * CONTROLLERS; i++)
		queued += feed_view(account_of(chance, i % CONTROLLERS, kinds[i / CONTROLLERS]))
				  .queued;
	queue_put_back(rig->queue, &none); /* what is finished counts no longer */
	assert_int_equal(queued, rig_status(rig).messages + feed_messages(rig->queue));
}

static void
chance_publish(struct chance *chance)
{
	unsigned kind = chance->only_rssi ? 0 : feed_random(&chance->random, KINDS);
	unsigned controller = feed_random(&chance->random, 4) == 0;
	unsigned station = feed_random(&chance->random, STATIONS);
	struct publication record = {.kind = kinds[kind],
				     .records = 1,
				     .account = account_of(chance, controller, kinds[kind]),
				     .controller = controller ? "gone" : "hq",
				     .station = station + chance->only_rssi};
	char text[3100];

	assert_true(++chance->number < MOST);
	chance->sent[chance->number] = (struct sent){
		.records = record.records,
		.key = (uint8_t)((kind * CONTROLLERS + controller) * STATIONS + station)};
	snprintf(text, sizeof text, "%u %*s", chance->number,
		 (int)feed_random(&chance->random, 2000), "");
	feed_publish(chance->rig->queue, record, text);
}

/* Of a station the older one is given first; what was given before comes again. */
static void
chance_take(struct chance *chance)
{
	struct queue_item *item = chance->list.last;

	spooler_take(chance->rig->spooler, &chance->list, 1 + feed_random(&chance->random, 9),
		     true);
	for (item = item ? item->next : chance->list.first; item; item = item->next) {
		struct sent *sent = &chance->sent[number_of(item)];

		assert_true(sent->given || number_of(item) > chance->given[sent->key]);
		if (!sent->given)
			chance->given[sent->key] = number_of(item);
		sent->given = true;
	}
}

/* Nothing can be written behind the first two pages. */
static void
chance_fail(struct chance *chance)
{
	struct rlimit before, limit;

	usleep(1000 * (useconds_t)feed_random(&chance->random, 30));
	getrlimit(RLIMIT_FSIZE, &before);
	limit = (struct rlimit){8192, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &limit);
	spooler_pump(chance->rig->spooler);
	setrlimit(RLIMIT_FSIZE, &before);
	chance->failures += !spooler_is_active(chance->rig->spooler);
}

static void
chance_restart(struct chance *chance)
{
	struct rig *rig = chance->rig;
	uint64_t left;

	chance_put_back(chance);
	usleep(2000); /* for a spool that failed to be tried again */
	rig_settle(rig);
	spooler_end(rig->spooler);
	left = rig_status(rig).messages;
	rig_close(rig);
	memset(&rig->hq, 0, sizeof rig->hq);
	memset(&rig->former, 0, sizeof rig->former);
	rig_open(rig);
	assert_int_equal(rig_status(rig).messages, left);
}

static void
chance_step(struct chance *chance)
{
	bool first = feed_random(&chance->random, 4);

	switch (feed_random(&chance->random, 40)) {
	case 0:
		chance_put_back(chance);
		break;
	case 1:
		if (feed_random(&chance->random, 10) == 0)
			chance_fail(chance);
		break;
	case 2 ... 5:
		chance_take(chance);
		break;
	case 6 ... 14:
		if (chance->list.first)
			chance_finish(chance, first ? chance->list.first : chance->list.last,
				      feed_random(&chance->random, 9) ? OUTCOME_PUBLISHED
								      : OUTCOME_DROPPED);
		break;
	case 15 ... 17:
		spooler_pump(chance->rig->spooler);
		break;
	default:
		chance_publish(chance);
	}
}

/* Until nothing is left, on disk or in memory. */
static void
chance_drain(struct chance *chance)
{
	do {
		usleep(2000);
		rig_settle(chance->rig);
		do {
			while (chance->list.first)
				chance_finish(chance, chance->list.first, OUTCOME_PUBLISHED);
			chance_take(chance);
		} while (chance->list.first);
	} while (rig_status(chance->rig).messages + feed_messages(chance->rig->queue) > 0);
	chance_check(chance);
}

/* What did not arrive was conflated or dropped, account by account. */
static void
assert_all_accounted(struct chance *chance, unsigned first)
{
	for (unsigned i = 0; i < KINDS * CONTROLLERS; i++) {
		struct account_view view =
			feed_view(account_of(chance, i % CONTROLLERS, kinds[i / CONTROLLERS]));
		uint64_t missing = 0;

		for (unsigned n = first; n <= chance->number; n++)
			if (chance->sent[n].key / STATIONS == i && !chance->sent[n].arrived)
				missing += chance->sent[n].records;
		assert_int_equal(view.queued, 0);
		assert_int_equal(missing, view.conflated + view.dropped[DROP_QUEUE_FULL] +
						  view.dropped[DROP_SPOOL_FULL]);
	}
}

/* The newest of a station is never conflated. */
static void
assert_newest_arrived(const struct chance *chance)
{
	bool seen[sizeof chance->given / sizeof chance->given[0]] = {0};

	for (unsigned n = chance->number; n > 0; n--) {
		assert_true(seen[chance->sent[n].key] || chance->sent[n].arrived);
		seen[chance->sent[n].key] = true;
	}
}

static struct chance *
chance_new(uint64_t seed, bool only_rssi)
{
	struct chance *chance = calloc(1, sizeof *chance);

	assert_non_null(chance);
	chance->rig = rig_new(MEGABYTE);
	chance->random = seed;
	chance->only_rssi = only_rssi;
	rig_close(chance->rig);
	chance->rig->settings.retry_ms = 1;
	chance->rig->queue_settings.policies[KIND_INFO] = POLICY_CONFLATE;
	chance->rig->queue_settings.policies[KIND_AP] = POLICY_DROP_NEWEST;
	chance->rig->queue_settings.max_bytes = 200000;
	rig_open(chance->rig);
	return chance;
}

static void
chance_free(struct chance *chance)
{
	chance_put_back(chance);
	rig_free(chance->rig);
	free(chance);
}

static void
test_all_kinds(void **state)
{
	struct chance *chance = chance_new(4711, false);

	(void)state;
	for (int life = 0; life < 6; life++) {
		unsigned first = chance->number + 1;

		for (int i = 0; i < 5000; i++) {
			chance_step(chance);
			chance_check(chance);
		}
		if (life % 2) {
			chance_drain(chance);
			assert_all_accounted(chance, first);
		}
		chance_restart(chance);
		chance_drain(chance);
		chance_restart(chance);
	}
	assert_true(chance->failures > 0);
	chance_free(chance);
}

/* Where all may be conflated and stations are few, none of them loses its newest. */
static void
test_no_station_is_lost(void **state)
{
	struct chance *chance = chance_new(42, true);

	(void)state;
	for (int i = 0; i < 40000; i++) {
		chance_step(chance);
		chance_check(chance);
	}
	chance_drain(chance);
	assert_all_accounted(chance, 1);
	assert_newest_arrived(chance);
	assert_true(rig_view(chance->rig, KIND_RSSI).conflated >
		    10 * rig_view(chance->rig, KIND_RSSI).dropped[DROP_SPOOL_FULL]);
	assert_true(chance->failures > 0);
	chance_free(chance);
}

static int
begin(void **state)
{
	signal(SIGXFSZ, SIG_IGN);
	log_set_level(NULL, LOG_LEVEL_ERROR);
	return rig_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_all_kinds, rig_clean),
		cmocka_unit_test_teardown(test_no_station_is_lost, rig_clean),
	};

	return cmocka_run_group_tests(tests, begin, rig_end);
}
