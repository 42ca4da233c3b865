/* SPDX-License-Identifier: ISC */
/* questions.c: what one controller is asked by command, and how often it may be asked */
#include "gateway/questions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The slot of a kind, else a free one, else NULL. */
static const struct question *
find_kind(const struct questions *questions, const struct message_def *request)
{
	const struct question *free = NULL;

	for (size_t i = 0; i < QUESTIONS_KINDS; i++) {
		const struct question *question = &questions->kinds[i];

		if (question->request == request)
			return question;
		if (!question->request && !free)
			free = question;
	}
	return free;
}

/* Whether the oldest of the last requests about all stations is too young for another one. */
static bool
asks_too_much(const struct questions *questions, uint64_t now)
{
	uint64_t oldest = questions->all_at[questions->next_all];

	return oldest && now - oldest < QUESTIONS_ALL_MS;
}

bool
questions_allow(const struct questions *questions, const struct question_wish *wish, uint64_t now,
		char *error, size_t size)
{
	const struct question *question = find_kind(questions, wish->request);
	uint64_t since = question ? now - question->asked_at : 0;

	if (!question)
		snprintf(error, size, "no room for another kind of request");
	else if (question->waiting)
		snprintf(error, size, "the %s of %" PRIu64 " ms ago is not answered yet",
			 wish->request->name, since);
	else if (question->request && since < QUESTIONS_PAUSE_MS)
		snprintf(error, size,
			 "the last %s was %" PRIu64 " ms ago, expected at least %d ms between two",
			 wish->request->name, since, QUESTIONS_PAUSE_MS);
	else if (wish->all && asks_too_much(questions, now))
		snprintf(error, size,
			 "was asked about all stations %d times within %d s, expected no more; "
			 "ask for single MACs, or later",
			 QUESTIONS_ALL, QUESTIONS_ALL_MS / 1000);
	else
		return true;
	return false;
}

void
questions_ask(struct questions *questions, const struct question_wish *wish, uint64_t now,
	      uint32_t transaction)
{
	size_t place = (size_t)(find_kind(questions, wish->request) - questions->kinds);

	questions->kinds[place] = (struct question){
		.request = wish->request,
		.transaction = transaction,
		.waiting = true,
		.asked_at = now,
		.answer_by = now + QUESTIONS_ANSWER_MS,
	};
	if (!wish->all)
		return;
	questions->all_at[questions->next_all] = now;
	questions->next_all = (questions->next_all + 1) % QUESTIONS_ALL;
}

static void
read_status(struct question *question, const struct message *message)
{
	const char *name = message_choice(message, "status");
	const struct value *status = message_value(message, "status");

	if (name)
		snprintf(question->status, sizeof question->status, "%s", name);
	else if (status)
		snprintf(question->status, sizeof question->status, "%" PRIu64, status->u);
}

static struct question *
find_transaction(struct questions *questions, uint32_t transaction)
{
	for (size_t i = 0; i < QUESTIONS_KINDS; i++)
		if (questions->kinds[i].waiting && questions->kinds[i].transaction == transaction)
			return &questions->kinds[i];
	return NULL;
}

struct question *
questions_take(struct questions *questions, const struct message *message, uint64_t now)
{
	struct question *question = find_transaction(questions, message->frame.transaction);
	uint64_t latest;

	if (!question || !message->def || !message->def->answers ||
	    strcmp(message->def->answers, question->request->name) != 0)
		return NULL;
	question->messages++;
	question->records += message_count(message);
	question->answered_at = now;
	read_status(question, message);
	latest = question->asked_at + QUESTIONS_WHOLE_MS;
	question->answer_by = now + QUESTIONS_ANSWER_MS;
	if (question->answer_by > latest)
		question->answer_by = latest;
	if (message->frame.more)
		return NULL;
	question->waiting = false;
	return question;
}

struct question *
questions_expire(struct questions *questions, uint64_t now)
{
	for (size_t i = 0; i < QUESTIONS_KINDS; i++) {
		struct question *question = &questions->kinds[i];

		if (question->waiting && now >= question->answer_by) {
			question->waiting = false;
			return question;
		}
	}
	return NULL;
}

uint64_t
questions_deadline(const struct questions *questions)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < QUESTIONS_KINDS; i++)
		if (questions->kinds[i].waiting && questions->kinds[i].answer_by < first)
			first = questions->kinds[i].answer_by;
	return first;
}
