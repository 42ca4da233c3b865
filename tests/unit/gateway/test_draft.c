/* SPDX-License-Identifier: ISC */
/* test_draft.c: long documents that are made in steps */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gateway/draft.h"
#include "gateway/gateway.h"

#define STEP_NS 300000 /* that each takes */

/* A document of `steps` lines. */
struct rig {
	struct gateway gateway;
	unsigned steps;
	unsigned place;
	unsigned begun;
	unsigned open; /* begun and not ended */
	bool no_memory;
	bool lacking;
	struct draft draft;
};

struct reader {
	struct draft_waiter waiter;
	unsigned called;
	struct pages *text;
};

static void *
begin(struct gateway *g)
{
	struct rig *rig = (void *)((char *)g - offsetof(struct rig, gateway));

	rig->begun++;
	rig->place = 0;
	if (rig->no_memory)
		return NULL;
	rig->open++;
	return rig;
}

static bool
step(void *work, FILE *out)
{
	struct rig *rig = work;

	for (uint64_t began = uv_hrtime(); uv_hrtime() - began < STEP_NS;)
		continue;
	fprintf(out, "%u.%u\n", rig->begun, rig->place);
	return ++rig->place < rig->steps;
}

static bool
end(void *work)
{
	struct rig *rig = work;

	rig->open--;
	return !rig->lacking;
}

static const struct draft_maker maker = {begin, step, end};

static struct rig *
rig_new(unsigned steps)
{
	struct rig *rig = calloc(1, sizeof *rig);

	assert_non_null(rig);
	rig->steps = steps;
	assert_int_equal(uv_loop_init(&rig->gateway.loop), 0);
	draft_init(&rig->draft, &rig->gateway, &maker);
	return rig;
}

static void
rig_free(struct rig *rig)
{
	draft_close(&rig->draft);
	uv_run(&rig->gateway.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&rig->gateway.loop), 0);
	assert_int_equal(rig->open, 0);
	free(rig);
}

static void
ready(struct draft_waiter *waiter, struct pages *text)
{
	struct reader *reader = (struct reader *)waiter;

	reader->called++;
	reader->text = text ? pages_ref(text) : NULL;
}

static struct reader
ask(struct rig *rig)
{
	struct reader reader = {.waiter.ready = ready};

	draft_ask(&rig->draft, &reader.waiter);
	return reader;
}

/* Lets the loop turn once; what is made takes many turns. */
static void
turn(struct rig *rig)
{
	uv_run(&rig->gateway.loop, UV_RUN_NOWAIT);
}

static unsigned
turns_until_called(struct rig *rig, const struct reader *reader)
{
	unsigned turns = 0;

	for (; !reader->called && turns < 1000; turns++)
		turn(rig);
	assert_int_equal(reader->called, 1);
	return turns;
}

static void
assert_text(struct reader *reader, const char *expected)
{
	struct buffer *whole;

	assert_non_null(reader->text);
	whole = pages_join("", reader->text, "");
	assert_string_equal(whole->data, expected);
	buffer_unref(whole);
	pages_unref(reader->text);
	reader->text = NULL;
}

static void
test_a_short_one_is_made_at_once(void **state)
{
	struct rig *rig = rig_new(1);
	struct reader reader = ask(rig);

	(void)state;
	assert_int_equal(reader.called, 1);
	assert_text(&reader, "1.0\n");
	rig_free(rig);
}

/* The loop turns in between, and all who ask get the same. */
static void
test_a_long_one_is_made_in_turns(void **state)
{
	struct rig *rig = rig_new(40);
	struct reader first = {.waiter.ready = ready}, second = first, late;

	(void)state;
	draft_ask(&rig->draft, &first.waiter);
	assert_int_equal(first.called, 0);
	turn(rig);
	draft_ask(&rig->draft, &second.waiter);
	/* no more than 3 steps and one are in a turn */
	assert_true(turns_until_called(rig, &first) >= 40 / 4 - 2);
	assert_int_equal(second.called, 1);
	assert_ptr_equal(first.text, second.text);
	assert_int_equal(first.text->n, 1);
	assert_int_equal(rig->open, 0);
	late = ask(rig); /* within nine times as long */
	assert_ptr_equal(late.text, first.text);
	assert_int_equal(rig->begun, 1);
	pages_unref(first.text);
	pages_unref(second.text);
	pages_unref(late.text);
	rig_free(rig);
}

static void
test_who_leaves_is_not_called(void **state)
{
	struct rig *rig = rig_new(20);
	struct reader first = {.waiter.ready = ready}, second = first;

	(void)state;
	draft_ask(&rig->draft, &first.waiter);
	draft_cancel(&rig->draft, &first.waiter);
	draft_cancel(&rig->draft, &second.waiter);
	turn(rig);
	draft_ask(&rig->draft, &second.waiter);
	turns_until_called(rig, &second);
	assert_int_equal(first.called, 0);
	assert_int_equal(rig->begun, 1);
	pages_unref(second.text);
	rig_free(rig);
}

static void
test_a_reload_begins_anew(void **state)
{
	struct rig *rig = rig_new(10);
	struct reader reader = {.waiter.ready = ready};

	(void)state;
	draft_ask(&rig->draft, &reader.waiter);
	turn(rig);
	assert_int_equal(reader.called, 0);
	rig->gateway.edition++;
	rig->steps = 3;
	turns_until_called(rig, &reader);
	assert_text(&reader, "2.0\n2.1\n2.2\n");
	rig_free(rig);
}

/* Who asks is told, and the next one may have more luck. */
static void
test_no_memory(void **state)
{
	struct rig *rig = rig_new(1);
	struct reader reader;

	(void)state;
	rig->no_memory = true;
	reader = ask(rig);
	assert_int_equal(reader.called, 1);
	assert_null(reader.text);
	rig->no_memory = false;
	rig->lacking = true;
	reader = ask(rig);
	assert_int_equal(reader.called, 1);
	assert_null(reader.text);
	rig->lacking = false;
	reader = ask(rig);
	assert_text(&reader, "3.0\n");
	rig_free(rig);
}

static void
test_the_end_is_told(void **state)
{
	struct rig *rig = rig_new(1000);
	struct reader reader = {.waiter.ready = ready};

	(void)state;
	draft_ask(&rig->draft, &reader.waiter);
	rig_free(rig);
	assert_int_equal(reader.called, 1);
	assert_null(reader.text);
}

static void
test_pages(void **state)
{
	FILE *out;
	struct pages *pages = pages_new(&out);
	struct buffer *whole;

	(void)state;
	assert_non_null(pages);
	for (unsigned i = 0; i < 30000; i++)
		fprintf(out, "%09u\n", i);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(pages->length, 300000);
	assert_int_equal(pages->n, 300000 / PAGES_SIZE + 1);
	whole = pages_join("[", pages, "]");
	assert_int_equal(whole->length, 300002);
	assert_memory_equal(whole->data, "[000000000\n", 11);
	assert_string_equal(whole->data + 300002 - 11, "000029999\n]");
	for (unsigned i = 0; i < 30000; i++)
		assert_int_equal(strtoul(whole->data + 1 + (size_t)i * 10, NULL, 10), i);
	buffer_unref(whole);
	pages_unref(pages);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_short_one_is_made_at_once),
		cmocka_unit_test(test_a_long_one_is_made_in_turns),
		cmocka_unit_test(test_who_leaves_is_not_called),
		cmocka_unit_test(test_a_reload_begins_anew),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_the_end_is_told),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
