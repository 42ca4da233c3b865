/* SPDX-License-Identifier: ISC */
/* test_spooler.c: what a spool gives back, in which order, and how it is accounted */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "gateway/log.h"
#include "spool_rig.h"

#define MEGABYTE (1U << 20)

static void
test_ranks_and_order(void **state)
{
	struct rig *rig = rig_new(0);

	(void)state;
	rig_publish_all(rig, KIND_RSSI, "r1 r2 r3");
	rig_publish_all(rig, KIND_STATISTICS, "s1 s2");
	rig_publish_all(rig, KIND_INFO, "i1");
	rig_publish_all(rig, KIND_AP, "a1");
	rig_settle(rig);
	assert_int_equal(rig_status(rig).messages, 7);
	assert_int_equal(rig_view(rig, KIND_RSSI).queued, 3);
	assert_int_equal(feed_messages(rig->queue), 0);
	assert_string_equal(rig_drain(rig), "i1 a1 s1 s2 r1 r2 r3");
	assert_int_equal(rig_view(rig, KIND_RSSI).published, 3);
	assert_int_equal(rig_view(rig, KIND_RSSI).queued, 0);
	rig_settle(rig);
	assert_int_equal(rig_status(rig).bytes, 0);
	rig_free(rig);
}

/* Records are sent from the disk only; documents never touch it. */
static void
test_nothing_is_given_before_it_is_written(void **state)
{
	struct rig *rig = rig_new(0);

	(void)state;
	rig_publish(rig, KIND_INFO, "i1");
	feed_document(rig->queue, "state", "up");
	assert_string_equal(rig_drain(rig), "nmsp/state=up");
	spooler_pump(rig->spooler);
	assert_string_equal(rig_drain(rig), "i1");
	rig_free(rig);
}

/* Nor do responses, which are as urgent. */
static void
test_responses_pass_by_the_disk(void **state)
{
	struct rig *rig = rig_new(0);
	struct account_view responses;

	(void)state;
	rig_publish(rig, KIND_INFO, "i1");
	rig_settle(rig);
	assert_true(feed_respond(rig->queue, "yes", NULL));
	rig_settle(rig);
	assert_int_equal(rig_status(rig).messages, 1);
	assert_string_equal(rig_drain(rig), "yes i1");
	queue_responses(rig->queue, &responses);
	assert_int_equal(responses.published, 1);
	assert_int_equal(rig_view(rig, KIND_INFO).received, 1);
	rig_free(rig);
}

static void
test_all_of_a_record_comes_back(void **state)
{
	struct rig *rig = rig_new(0);
	struct queue_list list = {0};
	struct publication record = {.kind = KIND_WIPS,
				     .records = 12,
				     .payload = buffer_new("a\0b", 3),
				     .topic = buffer_new("nmsp/hq/wips", 12),
				     .account = &rig->hq.kinds[KIND_WIPS],
				     .controller = "hq",
				     .station = UINT64_MAX};

	(void)state;
	queue_publish(rig->queue, &record);
	assert_int_equal(feed_records(rig->queue), 12);
	rig_settle(rig);
	assert_int_equal(feed_records(rig->queue), 0);
	assert_int_equal(rig_status(rig).records, 12);
	assert_int_equal(spooler_take(rig->spooler, &list, 5, false), 1);
	assert_int_equal(list.first->payload->length, 3);
	assert_memory_equal(list.first->payload->data, "a\0b", 4);
	assert_string_equal(list.first->topic->data, "nmsp/hq/wips");
	assert_int_equal(list.first->records, 12);
	assert_int_equal(list.first->station, UINT64_MAX);
	assert_ptr_equal(list.first->account, record.account);
	spooler_finish(rig->spooler, &list, list.first, OUTCOME_DROPPED, DROP_TOO_LARGE);
	assert_int_equal(rig_view(rig, KIND_WIPS).dropped[DROP_TOO_LARGE], 12);
	assert_int_equal(rig_status(rig).records, 0);
	buffer_unref(record.payload);
	buffer_unref(record.topic);
	rig_free(rig);
}

static void
test_put_back_is_given_first(void **state)
{
	struct rig *rig = rig_new(0);
	struct queue_list list = {0};

	(void)state;
	feed_document(rig->queue, "state", "up");
	rig_publish_all(rig, KIND_RSSI, "r1 r2 r3 r4");
	rig_publish_all(rig, KIND_INFO, "i1 i2");
	rig_settle(rig);
	spooler_take(rig->spooler, &list, 5, false);
	assert_string_equal(feed_text(&list), "nmsp/state=up i1 i2 r1 r2");
	spooler_finish(rig->spooler, &list, list.first->next, OUTCOME_PUBLISHED, DROP_COUNT);
	list.last->attempts = 2;
	spooler_put_back(rig->spooler, &list);
	queue_put_back(rig->queue, &list);
	rig_publish_all(rig, KIND_INFO, "i3");
	rig_settle(rig);
	assert_string_equal(rig_drain(rig), "nmsp/state=up i2 i3 r1 r2 r3 r4");
	rig_free(rig);
}

/* What a run leaves is received, queued and sent first in the next, also of a controller that is no
 * longer configured. */
static void
test_restart(void **state)
{
	struct rig *rig = rig_new(0);

	(void)state;
	rig_publish_all(rig, KIND_RSSI, "r1 r2 !r3");
	rig_publish_all(rig, KIND_INFO, "i1");
	rig_settle(rig);
	assert_string_equal(rig_drain(rig), "i1 r1 r2 !r3");
	rig_publish_all(rig, KIND_RSSI, "r4 !r5");
	spooler_end(rig->spooler);
	assert_int_equal(rig_view(rig, KIND_RSSI).queued, 1);
	rig_free(rig);

	rig = rig_new(0);
	assert_int_equal(rig_status(rig).messages, 2);
	assert_int_equal(rig_view(rig, KIND_RSSI).received, 1);
	assert_int_equal(rig_view(rig, KIND_RSSI).queued, 1);
	assert_int_equal(feed_view(&rig->former.kinds[KIND_RSSI]).queued, 1);
	rig_publish_all(rig, KIND_RSSI, "r6");
	rig_settle(rig);
	assert_string_equal(rig_drain(rig), "r4 !r5 r6");
	assert_int_equal(feed_view(&rig->former.kinds[KIND_RSSI]).published, 1);
	rig_settle(rig);
	rig_free(rig);
	rig = rig_new(0);
	assert_int_equal(rig_status(rig).messages, 0);
	rig_free(rig);
}

/* An output that is made anew in the same process, on the same file, counts nothing twice. */
static void
test_reopened(void **state)
{
	struct rig *rig = rig_new(0);

	(void)state;
	rig_publish_all(rig, KIND_INFO, "i1 i2 !i3");
	rig_settle(rig);
	spooler_end(rig->spooler);
	assert_int_equal(rig_status(rig).records, 3);
	rig_close(rig);
	rig_open(rig);
	assert_int_equal(rig_status(rig).records, 3);
	assert_int_equal(rig_view(rig, KIND_INFO).received, 2);
	assert_int_equal(rig_view(rig, KIND_INFO).queued, 2);
	assert_int_equal(feed_view(&rig->former.kinds[KIND_INFO]).queued, 1);
	assert_string_equal(rig_drain(rig), "i1 i2 !i3");
	assert_int_equal(rig_view(rig, KIND_INFO).queued, 0);
	rig_settle(rig);
	spooler_end(rig->spooler);
	rig_close(rig);
	rig_open(rig);
	assert_int_equal(rig_view(rig, KIND_INFO).received, 2);
	rig_free(rig);
}

/* What is left in a file that another one took the place of is lost to this process. */
static void
test_forsaken(void **state)
{
	struct rig *rig = rig_new(0);

	(void)state;
	rig_publish_all(rig, KIND_INFO, "i1 i2 !i3");
	rig_settle(rig);
	spooler_end(rig->spooler);
	rig_close(rig);
	assert_int_equal(unlink(rig_path), 0);
	rig_open(rig);
	assert_int_equal(rig_view(rig, KIND_INFO).queued, 0);
	assert_int_equal(rig_view(rig, KIND_INFO).dropped[DROP_SPOOL_LOST], 2);
	assert_int_equal(feed_view(&rig->former.kinds[KIND_INFO]).dropped[DROP_SPOOL_LOST], 1);
	assert_int_equal(rig_status(rig).records, 0);
	rig_free(rig);
}

/* Runs `part` in a process of its own, which is killed when it returns. */
static void
run_and_kill(void (*part)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		part();
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
send_some(void)
{
	struct rig *rig = rig_new(0);
	struct queue_list list = {0};

	rig_publish_all(rig, KIND_INFO, "i1 i2 i3 i4");
	rig_settle(rig);
	spooler_take(rig->spooler, &list, 3, false);
	spooler_finish(rig->spooler, &list, list.first, OUTCOME_PUBLISHED, DROP_COUNT);
	rig_settle(rig); /* removed */
	spooler_finish(rig->spooler, &list, list.first, OUTCOME_PUBLISHED, DROP_COUNT);
	rig_publish_all(rig, KIND_INFO, "i5");
}

/* i1 is gone, i2 was acknowledged but not removed, i5 had not reached the disk. */
static void
test_kill_between_commit_and_acknowledgement(void **state)
{
	struct rig *rig;

	(void)state;
	run_and_kill(send_some);
	rig = rig_new(0);
	assert_string_equal(rig_drain(rig), "i2 i3 i4");
	rig_free(rig);
}

static const char *
numbered(char *text, size_t size, char prefix, unsigned number, unsigned length)
{
	int head = snprintf(text, size, "%c%08u", prefix, number);

	memset(text + head, '.', length);
	text[(unsigned)head + length] = '\0';
	return text;
}

/* Publishes records of about 1,000 bytes from `first` on. */
static void
publish_many(struct rig *rig, enum kind kind, unsigned first, unsigned n)
{
	char text[1100];

	for (unsigned i = first; i < first + n; i++)
		rig_publish(rig, kind, numbered(text, sizeof text, 'x', i, 990));
	rig_settle(rig);
}

/* The number of the next record to send; 0 when there is none. It is published. */
static unsigned
next_number(struct rig *rig)
{
	struct queue_list list = {0};
	unsigned number;

	if (spooler_take(rig->spooler, &list, 1, false) == 0)
		return 0;
	number = (unsigned)strtoul(list.first->payload->data + 1, NULL, 10);
	rig_finish(rig, &list, OUTCOME_PUBLISHED);
	return number;
}

static void
test_full_drops_the_oldest_of_the_lowest_rank(void **state)
{
	struct rig *rig = rig_new(MEGABYTE);
	struct account_view rssi, info;
	unsigned number, n = 0;

	(void)state;
	rig_close(rig);
	rig->queue_settings.policies[KIND_RSSI] = POLICY_DROP_OLDEST;
	rig_open(rig);
	publish_many(rig, KIND_RSSI, 1, 500);
	assert_int_equal(rig_view(rig, KIND_RSSI).dropped[DROP_SPOOL_FULL], 0);
	publish_many(rig, KIND_INFO, 1, 300);
	rssi = rig_view(rig, KIND_RSSI);
	assert_in_range(rssi.dropped[DROP_SPOOL_FULL], 100, 350);
	assert_int_equal(rig_view(rig, KIND_INFO).dropped[DROP_SPOOL_FULL], 0);
	publish_many(rig, KIND_INFO, 301, 900);
	info = rig_view(rig, KIND_INFO);
	rssi = rig_view(rig, KIND_RSSI);
	assert_int_equal(rssi.queued, 0);
	assert_int_equal(rssi.dropped[DROP_SPOOL_FULL], 500);
	assert_int_equal(info.queued, rig_status(rig).messages);
	assert_int_equal(info.queued + info.dropped[DROP_SPOOL_FULL], 1200);
	assert_true(rig_file_size() <= MEGABYTE);
	publish_many(rig, KIND_RSSI, 501, 100); /* nothing is below them */
	rssi = rig_view(rig, KIND_RSSI);
	assert_in_range(rssi.dropped[DROP_SPOOL_FULL], 590, 600);
	assert_int_equal(rig_view(rig, KIND_INFO).queued, info.queued);
	for (; (number = next_number(rig)); n++)
		if (n < info.queued)
			assert_int_equal(number, 1200 - info.queued + 1 + n);
	assert_int_equal(n, info.queued + rssi.queued);
	rig_free(rig);
}

static void
test_full_drops_the_newest(void **state)
{
	struct rig *rig = rig_new(MEGABYTE);
	char huge[MEGABYTE];
	struct account_view view;

	(void)state;
	rig_close(rig);
	rig->queue_settings.policies[KIND_INFO] = POLICY_DROP_NEWEST;
	rig_open(rig);
	publish_many(rig, KIND_INFO, 1, 1200);
	view = rig_view(rig, KIND_INFO);
	assert_in_range(view.queued, 500, 800);
	assert_int_equal(view.queued + view.dropped[DROP_SPOOL_FULL], 1200);
	for (unsigned i = 1; i <= view.queued; i++)
		assert_int_equal(next_number(rig), i);
	assert_int_equal(next_number(rig), 0);
	rig_settle(rig);
	rig_publish(rig, KIND_RSSI, numbered(huge, sizeof huge, 'x', 1, MEGABYTE - 100));
	rig_settle(rig);
	assert_int_equal(rig_view(rig, KIND_RSSI).dropped[DROP_SPOOL_FULL], 1);
	rig_publish(rig, KIND_RSSI, numbered(huge, sizeof huge, 'x', 2, MEGABYTE / 4));
	rig_settle(rig);
	assert_int_equal(next_number(rig), 2);
	rig_free(rig);
}

/* Publishes rssi of about 1,000 bytes from `first` on, of stations 1 to 10 in turns. */
static void
publish_in_turns(struct rig *rig, unsigned first, unsigned n)
{
	char text[1100];

	for (unsigned i = first; i < first + n; i++) {
		struct publication record = {.kind = KIND_RSSI,
					     .records = 3,
					     .account = &rig->hq.kinds[KIND_RSSI],
					     .controller = "hq",
					     .station = 1 + i % 10};

		feed_publish(rig->queue, record, numbered(text, sizeof text, 'x', i, 990));
	}
	rig_settle(rig);
}

/* Fails unless so many are left and come in order, but for the newest of each station, which has
 * the place of an older one. */
static void
assert_newest_in_place(struct rig *rig, unsigned left, unsigned last)
{
	unsigned number = 0;

	for (unsigned i = 1; i <= left; i++) {
		number = next_number(rig);
		if (i <= left - 10)
			assert_in_range(number, 1, last - 10);
		else
			assert_int_equal(number % 10, i % 10);
		if (i > left - 10)
			assert_in_range(number, last - 9, last);
	}
	assert_int_equal(next_number(rig), 0);
}

static void
test_full_conflates(void **state)
{
	struct rig *rig = rig_new(MEGABYTE);
	struct account_view view;
	unsigned left;

	(void)state;
	publish_in_turns(rig, 1, 2000);
	view = rig_view(rig, KIND_RSSI);
	left = (unsigned)rig_status(rig).messages;
	assert_in_range(left, 500, 800);
	assert_int_equal(view.queued, 3 * left);
	assert_int_equal(view.conflated, 3 * (2000 - left));
	assert_int_equal(view.dropped[DROP_SPOOL_FULL], 0);
	assert_true(rig_file_size() <= MEGABYTE);
	assert_newest_in_place(rig, left, 2000);
	rig_free(rig);
}

/* Also the places of what an earlier run left are taken. */
static void
test_full_conflates_after_a_restart(void **state)
{
	struct rig *rig = rig_new(MEGABYTE);
	unsigned left;

	(void)state;
	publish_in_turns(rig, 1, 1000);
	left = (unsigned)rig_status(rig).messages;
	rig_free(rig);
	rig = rig_new(MEGABYTE);
	publish_in_turns(rig, 1001, 10);
	assert_int_equal(rig_view(rig, KIND_RSSI).conflated, 30);
	assert_int_equal(rig_status(rig).messages, left);
	assert_newest_in_place(rig, left, 1010);
	rig_free(rig);
}

/* What was read keeps its place; with none to replace, the oldest go. */
static void
test_full_conflates_only_what_was_not_read(void **state)
{
	struct rig *rig = rig_new(MEGABYTE);
	struct queue_list list = {0};
	struct account_view view;
	unsigned left;

	(void)state;
	publish_in_turns(rig, 1, 1000);
	left = (unsigned)rig_status(rig).messages;
	view = rig_view(rig, KIND_RSSI);
	spooler_take(rig->spooler, &list, left - 5, false);
	publish_in_turns(rig, 1001 + left % 10,
			 5); /* of stations that have none but what was read */
	assert_int_equal(rig_view(rig, KIND_RSSI).conflated, view.conflated);
	assert_in_range(rig_view(rig, KIND_RSSI).dropped[DROP_SPOOL_FULL], 15, 30);
	while (spooler_take(rig->spooler, &list, 100, false) > 0)
		;
	publish_in_turns(rig, 1006, 10);
	assert_int_equal(rig_view(rig, KIND_RSSI).conflated, view.conflated);
	assert_true(rig_view(rig, KIND_RSSI).queued >= 3 * (left - 5));
	for (unsigned i = 0; i < left - 5; i++) {
		assert_true(strtoul(list.first->payload->data + 1, NULL, 10) <= 1000);
		spooler_finish(rig->spooler, &list, list.first, OUTCOME_PUBLISHED, DROP_COUNT);
	}
	while (list.first)
		spooler_finish(rig->spooler, &list, list.first, OUTCOME_PUBLISHED, DROP_COUNT);
	rig_free(rig);
}

/* What is being sent is not dropped. */
static void
test_full_spares_what_is_in_flight(void **state)
{
	struct rig *rig = rig_new(MEGABYTE);
	struct queue_list list = {0};
	unsigned first = 1;

	(void)state;
	publish_many(rig, KIND_INFO, 1, 500);
	spooler_take(rig->spooler, &list, 10, false);
	publish_many(rig, KIND_INFO, 501, 1000);
	for (; list.first; first++) {
		assert_int_equal(strtoul(list.first->payload->data + 1, NULL, 10), first);
		spooler_finish(rig->spooler, &list, list.first, OUTCOME_PUBLISHED, DROP_COUNT);
	}
	assert_int_equal(rig_view(rig, KIND_INFO).queued, rig_status(rig).messages);
	assert_true(next_number(rig) > 500);
	rig_free(rig);
}

/* A limit that is lower than what is there drops down to it with the first record that comes. */
static void
test_a_lower_limit(void **state)
{
	struct rig *rig = rig_new(0);

	(void)state;
	publish_many(rig, KIND_INFO, 1, 2000);
	rig_free(rig);
	rig = rig_new(MEGABYTE);
	assert_int_equal(rig_view(rig, KIND_INFO).queued, 2000);
	publish_many(rig, KIND_INFO, 2001, 1);
	assert_in_range(rig_view(rig, KIND_INFO).queued, 500, 800);
	assert_true(rig_status(rig).bytes <= MEGABYTE);
	rig_free(rig);
}

/* While another has the file, records pass through memory; then they are spooled. */
static void
test_locked(void **state)
{
	struct rig *first = rig_new(0), *second = rig_new(0);

	(void)state;
	assert_false(rig_status(second).active);
	assert_string_equal(rig_status(second).reason, "in use by another process");
	rig_publish_all(second, KIND_INFO, "i1 i2");
	spooler_pump(second->spooler);
	assert_string_equal(rig_drain(second), "i1 i2");
	assert_int_equal(rig_view(second, KIND_INFO).published, 2);
	rig_publish_all(first, KIND_INFO, "f1");
	rig_settle(first);
	rig_free(first);
	rig_publish_all(second, KIND_INFO, "i3");
	rig_settle(second);
	assert_true(rig_status(second).active);
	assert_string_equal(rig_drain(second), "f1 i3");
	assert_int_equal(rig_files("damaged"), 0);
	rig_free(second);
}

/* As a disk that is full: the file cannot grow. */
static void
test_disk_full(void **state)
{
	struct rlimit before, limit;
	struct rig *rig = rig_new(0);
	struct account_view view;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	publish_many(rig, KIND_INFO, 1, 100);
	limit = (struct rlimit){rig_file_size() + 4096, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &limit);
	for (unsigned i = 101; i <= 300; i++) {
		char text[1100];

		rig_publish(rig, KIND_INFO, numbered(text, sizeof text, 'x', i, 990));
	}
	usleep(30000);
	spooler_pump(rig->spooler);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_false(rig_status(rig).active);
	assert_string_not_equal(rig_status(rig).reason, "");
	assert_int_equal(feed_messages(rig->queue), 200);
	for (unsigned i = 1; i <= 300; i++)
		assert_int_equal(next_number(rig), i);
	usleep(40000);
	publish_many(rig, KIND_INFO, 301, 1);
	assert_true(rig_status(rig).active);
	assert_string_equal(rig_status(rig).reason, "");
	assert_int_equal(next_number(rig), 301);
	view = rig_view(rig, KIND_INFO);
	assert_int_equal(view.published, 301);
	assert_int_equal(view.queued, 0);
	rig_free(rig);
}

static void
in_a_folder_that_cannot_be_written(void)
{
	struct rig *rig;

	if (chmod(rig_folder, 0555) != 0 || (geteuid() == 0 && seteuid(65534) != 0))
		_exit(2);
	rig = rig_new(0);
	if (rig_status(rig).active)
		_exit(3);
	rig_publish_all(rig, KIND_INFO, "i1 i2");
	spooler_pump(rig->spooler);
	if (strcmp(rig_drain(rig), "i1 i2") != 0 || rig_view(rig, KIND_INFO).published != 2)
		_exit(4);
}

static void
test_read_only(void **state)
{
	(void)state;
	run_and_kill(in_a_folder_that_cannot_be_written);
	assert_int_equal(chmod(rig_folder, 0700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_ranks_and_order, rig_clean),
		cmocka_unit_test_teardown(test_nothing_is_given_before_it_is_written, rig_clean),
		cmocka_unit_test_teardown(test_responses_pass_by_the_disk, rig_clean),
		cmocka_unit_test_teardown(test_all_of_a_record_comes_back, rig_clean),
		cmocka_unit_test_teardown(test_put_back_is_given_first, rig_clean),
		cmocka_unit_test_teardown(test_restart, rig_clean),
		cmocka_unit_test_teardown(test_reopened, rig_clean),
		cmocka_unit_test_teardown(test_forsaken, rig_clean),
		cmocka_unit_test_teardown(test_kill_between_commit_and_acknowledgement, rig_clean),
		cmocka_unit_test_teardown(test_full_drops_the_oldest_of_the_lowest_rank, rig_clean),
		cmocka_unit_test_teardown(test_full_drops_the_newest, rig_clean),
		cmocka_unit_test_teardown(test_full_conflates, rig_clean),
		cmocka_unit_test_teardown(test_full_conflates_after_a_restart, rig_clean),
		cmocka_unit_test_teardown(test_full_conflates_only_what_was_not_read, rig_clean),
		cmocka_unit_test_teardown(test_full_spares_what_is_in_flight, rig_clean),
		cmocka_unit_test_teardown(test_a_lower_limit, rig_clean),
		cmocka_unit_test_teardown(test_locked, rig_clean),
		cmocka_unit_test_teardown(test_disk_full, rig_clean),
		cmocka_unit_test_teardown(test_read_only, rig_clean),
	};

	return cmocka_run_group_tests(tests, rig_begin, rig_end);
}
