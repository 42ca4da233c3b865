/* SPDX-License-Identifier: ISC */
/* test_tail.c: live records: which are wanted, and what becomes of those that nobody reads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tail.h"

#define MAC UINT64_C(0xa483e7123456)

struct scene {
	struct tails tails;
	struct tail *tail;
	unsigned wakes;
};

static const struct tail_filter everything = {.kinds = 0};

static void
count_wake(void *context)
{
	((struct scene *)context)->wakes++;
}

/* With one that looks on. */
static struct scene *
scene_new(const struct tail_filter *filter)
{
	struct scene *scene = calloc(1, sizeof *scene);

	assert_non_null(scene);
	scene->tails.wake = count_wake;
	scene->tails.context = scene;
	scene->tail = tail_open(&scene->tails, filter);
	assert_non_null(scene->tail);
	return scene;
}

static void
scene_free(struct scene *scene)
{
	tail_close(scene->tail);
	assert_false(tails_any(&scene->tails));
	free(scene);
}

static void
offer(struct scene *scene, const char *text)
{
	struct tail_record record = {.kind = KIND_RSSI, .controller = "hq", .mac = MAC};

	record.text = buffer_new(text, strlen(text));
	assert_non_null(record.text);
	tails_offer(&scene->tails, &record);
	buffer_unref(record.text);
}

static void
offer_many(struct scene *scene, const char *text, unsigned n)
{
	while (n-- > 0)
		offer(scene, text);
}

/* Everything there is, read in pieces of a size; to be freed. */
static char *
read_all(const struct scene *scene, size_t piece)
{
	size_t size = 2 * TAIL_BYTES, n = 0, got;
	char *text = malloc(size);

	assert_non_null(text);
	while (n + piece < size && (got = tail_read(scene->tail, text + n, piece)) > 0)
		n += got;
	text[n] = '\0';
	return text;
}

static void
assert_read(const struct scene *scene, size_t piece, const char *expected)
{
	char *text = read_all(scene, piece);

	assert_string_equal(text, expected);
	free(text);
}

static void
test_kinds(void **state)
{
	struct tail_filter filter = {.kinds = 0};

	(void)state;
	assert_true(tail_filter_kinds(&filter, "rssi,wips"));
	assert_int_equal(filter.kinds, 1U << KIND_RSSI | 1U << KIND_WIPS);
	assert_false(tail_filter_kinds(&filter, "rssi,nonesuch"));
	assert_false(tail_filter_kinds(&filter, "rssi, info"));
	assert_false(tail_filter_kinds(&filter, ",rssi"));
	assert_false(tail_filter_kinds(&filter, "a-word-that-is-longer-than-any-kind-could-be"));
}

static void
test_macs(void **state)
{
	struct tail_filter filter = {.kinds = 0};

	(void)state;
	assert_true(tail_filter_mac(&filter, "A4:83"));
	assert_true(filter.mac == UINT64_C(0xa48300000000));
	assert_true(filter.mac_mask == UINT64_C(0xffff00000000));
	assert_true(tail_filter_mac(&filter, "a"));
	assert_true(filter.mac_mask == UINT64_C(0xf00000000000));
	assert_true(tail_filter_mac(&filter, "a483.e712.3456"));
	assert_true(filter.mac == MAC && filter.mac_mask == UINT64_C(0xffffffffffff));
	assert_false(tail_filter_mac(&filter, "a4:83:e7:12:34:56:7"));
	assert_false(tail_filter_mac(&filter, "a4:8g"));
}

static void
test_counts(void **state)
{
	struct tail_filter filter = {.kinds = 0};

	(void)state;
	assert_true(tail_filter_count(&filter, "100"));
	assert_int_equal(filter.count, 100);
	assert_false(tail_filter_count(&filter, "0"));
	assert_false(tail_filter_count(&filter, "-1"));
	assert_false(tail_filter_count(&filter, " 1"));
	assert_false(tail_filter_count(&filter, "1x"));
	assert_false(tail_filter_count(&filter, ""));
	assert_false(tail_filter_count(&filter, "99999999999999999999999"));
}

static void
test_what_is_wanted(void **state)
{
	static const struct {
		struct tail_filter filter;
		bool wanted;
	} cases[] = {
		{{.kinds = 0}, true},
		{{.kinds = 1U << KIND_RSSI}, true},
		{{.kinds = 1U << KIND_INFO}, false},
		{{.controller = "hq"}, true},
		{{.controller = "h"}, false},
		{{.mac = MAC, .mac_mask = UINT64_C(0xffffffffffff)}, true},
		{{.mac = 0, .mac_mask = UINT64_C(0xff0000000000)}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene *scene = scene_new(&cases[i].filter);

		offer(scene, "one");
		assert_read(scene, 10, cases[i].wanted ? "one\n" : "");
		scene_free(scene);
	}
}

static void
test_lines_are_cut_anywhere(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 12; piece++) {
		struct scene *scene = scene_new(&everything);

		offer(scene, "first");
		offer(scene, "2nd");
		offer(scene, "third");
		assert_read(scene, piece, "first\n2nd\nthird\n");
		scene_free(scene);
	}
}

/* One call for all that came since it was read dry. */
static void
test_who_waits_is_woken_once(void **state)
{
	struct scene *scene = scene_new(&everything);

	(void)state;
	offer(scene, "one");
	assert_int_equal(scene->wakes, 0);
	assert_read(scene, 50, "one\n");
	offer(scene, "two");
	offer(scene, "three");
	assert_int_equal(scene->wakes, 1);
	assert_true(tail_ready(scene->tail));
	assert_read(scene, 50, "two\nthree\n");
	assert_false(tail_ready(scene->tail));
	scene_free(scene);
}

static void
test_the_end(void **state)
{
	struct scene *scene = scene_new(&(struct tail_filter){.count = 2});

	(void)state;
	offer(scene, "one");
	offer(scene, "two");
	offer(scene, "three");
	assert_false(tail_ended(scene->tail));
	assert_read(scene, 50, "one\ntwo\n");
	assert_true(tail_ended(scene->tail));
	scene_free(scene);
}

static unsigned
count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* So many lines, and then how many are missing. */
static void
assert_missed(const struct scene *scene, unsigned lines, const char *missed)
{
	char *text = read_all(scene, 1000);

	assert_int_equal(count_lines(text), lines + 1);
	assert_string_equal(strrchr(text, '{'), missed);
	free(text);
}

static void
test_slow_readers_miss_lines(void **state)
{
	struct scene *scene = scene_new(&everything);

	(void)state;
	offer_many(scene, "line", TAIL_LINES + 1000);
	assert_missed(scene, TAIL_LINES, "{\"missed\":1000}\n");
	offer(scene, "again");
	assert_read(scene, 1000, "again\n");
	scene_free(scene);
}

/* What is missing is told in its place, between the lines around it. */
static void
test_missing_lines_have_a_place(void **state)
{
	struct scene *scene = scene_new(&everything);
	char begin[50], *text;

	(void)state;
	offer_many(scene, "line", TAIL_LINES + 7);
	assert_int_equal(tail_read(scene->tail, begin, sizeof begin), sizeof begin);
	offer(scene, "last");
	text = read_all(scene, 1000);
	assert_non_null(strstr(text, "line\n{\"missed\":7}\nlast\n"));
	free(text);
	scene_free(scene);
}

static void
test_bytes_are_bounded(void **state)
{
	struct scene *scene = scene_new(&everything);
	char *line = malloc(TAIL_BYTES / 2 + 1);

	(void)state;
	assert_non_null(line);
	memset(line, 'x', TAIL_BYTES / 2);
	line[TAIL_BYTES / 2] = '\0';
	offer_many(scene, line, 5);
	assert_missed(scene, 2, "{\"missed\":3}\n");
	free(line);
	scene_free(scene);
}

static void
test_so_many_and_no_more(void **state)
{
	struct scene *scene = scene_new(&everything);
	struct tail *others[TAIL_CLIENTS - 1];

	(void)state;
	for (unsigned i = 0; i < TAIL_CLIENTS - 1; i++) {
		others[i] = tail_open(&scene->tails, &everything);
		assert_non_null(others[i]);
	}
	assert_null(tail_open(&scene->tails, &everything));
	offer(scene, "left unread");
	tail_close(others[3]);
	others[3] = tail_open(&scene->tails, &everything);
	assert_non_null(others[3]);
	for (unsigned i = 0; i < TAIL_CLIENTS - 1; i++)
		tail_close(others[i]);
	scene_free(scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_what_is_wanted),
		cmocka_unit_test(test_lines_are_cut_anywhere),
		cmocka_unit_test(test_who_waits_is_woken_once),
		cmocka_unit_test(test_the_end),
		cmocka_unit_test(test_slow_readers_miss_lines),
		cmocka_unit_test(test_missing_lines_have_a_place),
		cmocka_unit_test(test_bytes_are_bounded),
		cmocka_unit_test(test_so_many_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
