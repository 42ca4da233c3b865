/* SPDX-License-Identifier: ISC */
/* test_spool.c: a spool's file that is not what was written: never a crash, never a wrong record */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

#include "gateway/log.h"
#include "spool_rig.h"

#define RECORDS 400
#define LENGTH	5000 /* of the longest payload, which has pages of its own */

static char text_of[RECORDS + 1][LENGTH + 1];

/* Fills a spool so that it has branches, large values and free pages, and reads the file. */
static char *
make_file(size_t *size)
{
	uint64_t random = 99;
	struct rig *rig = rig_new(0);
	char *bytes;
	int fd;

	for (unsigned i = 1; i <= RECORDS; i++) {
		unsigned length = feed_random(&random, 20) ? 300 + feed_random(&random, 600) : 4900;
		int head = snprintf(text_of[i], sizeof text_of[i], "%u ", i);

		memset(text_of[i] + head, 'a' + (int)i % 26, length);
		text_of[i][(unsigned)head + length] = '\0';
		rig_publish(rig, i % 3 ? KIND_RSSI : KIND_INFO, text_of[i]);
		if (i % 100 == 0) {
			struct queue_list list = {0};

			rig_settle(rig);
			spooler_take(rig->spooler, &list, 10, false);
			while (list.first)
				spooler_finish(rig->spooler, &list, list.first, OUTCOME_PUBLISHED,
					       DROP_COUNT);
		}
	}
	rig_settle(rig);
	assert_int_equal(rig_status(rig).messages, RECORDS - 40);
	rig_free(rig);
	*size = rig_file_size();
	bytes = malloc(*size);
	assert_non_null(bytes);
	fd = open(rig_path, O_RDONLY);
	assert_int_equal(read(fd, bytes, *size), *size);
	close(fd);
	return bytes;
}

static void
write_file(const char *bytes, size_t size)
{
	int fd;

	assert_int_equal(rig_clean(NULL), 0);
	fd = open(rig_path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* Opens what is there, reads and writes all of it: whatever comes out was put in. Returns how many
 * records came. */
static unsigned
use_file(uint64_t *damaged)
{
	struct rig *rig = rig_new(0);
	struct queue_list list = {0};
	uint64_t found = rig_status(rig).messages;
	unsigned n = 0;

	assert_true(rig_status(rig).active);
	while (spooler_take(rig->spooler, &list, 50, false) > 0)
		for (; list.first; n++) {
			const char *text = list.first->payload->data;
			unsigned long number = strtoul(text, NULL, 10);

			assert_in_range(number, 1, RECORDS);
			assert_string_equal(text, text_of[number]);
			spooler_finish(rig->spooler, &list, list.first, OUTCOME_PUBLISHED,
				       DROP_COUNT);
		}
	assert_int_equal(n, found);
	rig_publish(rig, KIND_RSSI, text_of[1]);
	spooler_end(rig->spooler);
	assert_int_equal(rig_status(rig).messages, 1);
	assert_int_equal(rig_view(rig, KIND_RSSI).queued, 1);
	*damaged = rig_status(rig).damaged;
	rig_free(rig);
	return n;
}

static void
assert_moved_aside(const char *how)
{
	uint64_t damaged;

	assert_int_equal(use_file(&damaged), 0);
	assert_int_equal(damaged, 1);
	assert_int_equal(rig_files(how), 1);
}

static void
test_garbage(void **state)
{
	char bytes[20000];
	uint64_t random = 5;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)feed_random(&random, 256);
	write_file(bytes, sizeof bytes);
	assert_moved_aside("spool.damaged-2");
	write_file("hello\n", 6);
	assert_moved_aside("spool.damaged-2");
	memset(bytes, 0, sizeof bytes);
	write_file(bytes, sizeof bytes);
	assert_moved_aside("spool.damaged-2");
}

static void
test_truncated(void **state)
{
	size_t size;
	char *bytes = make_file(&size);
	uint64_t damaged;

	(void)state;
	write_file(bytes, size);
	assert_int_equal(use_file(&damaged), RECORDS - 40);
	assert_int_equal(damaged, 0);
	for (size_t length = 1; length < size; length += 4096 + length / 8) {
		write_file(bytes, length);
		if (use_file(&damaged) < RECORDS - 40)
			assert_int_equal(rig_files("spool.damaged-2"), 1);
	}
	write_file(bytes, 0);
	assert_int_equal(use_file(&damaged), 0);
	assert_int_equal(damaged, 0);
	free(bytes);
}

/* Single bits anywhere, most of them where the structure is. */
static void
test_flipped_bits(void **state)
{
	size_t size;
	char *bytes = make_file(&size);
	uint64_t random = 1, damaged;
	unsigned moved = 0, lost_records = 0;

	(void)state;
	for (int i = 0; i < 1500; i++) {
		size_t page = feed_random(&random, i % 4 ? (uint32_t)(size / 4096) : 2) * 4096;
		size_t at = page + feed_random(&random, i % 3 ? 4096 : 160);
		char bit = (char)(1 << feed_random(&random, 8));
		unsigned n;

		bytes[at] = (char)(bytes[at] ^ bit);
		write_file(bytes, size);
		n = use_file(&damaged);
		/* the transaction before may come back, with what the last one removed */
		assert_true(n >= RECORDS - 40 || damaged > 0);
		moved += n == 0;
		lost_records += n > 0 && n < RECORDS - 40;
		bytes[at] = (char)(bytes[at] ^ bit);
	}
	assert_in_range(moved, 100, 1400);
	assert_in_range(lost_records, 100, 1400);
	free(bytes);
}

static void
test_later_version(void **state)
{
	static const char version[] = "version\1\0\0";
	size_t size, changed = 0;
	char *bytes = make_file(&size);

	(void)state;
	for (size_t i = 0; i + sizeof version < size; i++)
		if (memcmp(bytes + i, version, sizeof version) == 0) {
			bytes[i + strlen("version")] = 2;
			changed++;
		}
	assert_true(changed > 0);
	write_file(bytes, size);
	assert_moved_aside("spool.newer-2");
	free(bytes);
}

static void
test_not_a_file(void **state)
{
	struct rig *rig;

	(void)state;
	assert_int_equal(mkdir(rig_path, 0700), 0);
	rig = rig_new(0);
	assert_false(rig_status(rig).active);
	assert_string_equal(rig_status(rig).reason, "Is a directory");
	rig_publish_all(rig, KIND_INFO, "i1");
	spooler_pump(rig->spooler);
	assert_string_equal(rig_drain(rig), "i1");
	rig_free(rig);
}

static int
begin(void **state)
{
	const struct log_settings quiet = {.level = LOG_LEVEL_ERROR};

	log_configure(&quiet);
	return rig_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_garbage, rig_clean),
		cmocka_unit_test_teardown(test_truncated, rig_clean),
		cmocka_unit_test_teardown(test_flipped_bits, rig_clean),
		cmocka_unit_test_teardown(test_later_version, rig_clean),
		cmocka_unit_test_teardown(test_not_a_file, rig_clean),
	};

	return cmocka_run_group_tests(tests, begin, rig_end);
}
