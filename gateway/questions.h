/* SPDX-License-Identifier: ISC */
/* questions.h: what one controller is asked by command, and how often it may be asked
 *
 * One request of a kind at a time, with a pause between two, and only so many about all stations in
 * a minute. What is over a limit is refused, not queued. Times are in ms of a clock that never goes
 * back.
 */
#ifndef NMSP_GATEWAY_QUESTIONS_H
#define NMSP_GATEWAY_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"

#define QUESTIONS_KINDS	    8	 /* kinds of requests */
#define QUESTIONS_PAUSE_MS  1000 /* between two requests of a kind */
#define QUESTIONS_ALL	    10	 /* requests about all stations in QUESTIONS_ALL_MS */
#define QUESTIONS_ALL_MS    60000
#define QUESTIONS_ANSWER_MS 10000 /* for the answer, or its next message */
#define QUESTIONS_WHOLE_MS  60000 /* for all messages of an answer */

/* A request of one kind, and what came in answer. */
struct question {
	const struct message_def *request; /* its kind; NULL: the slot was never used */
	uint32_t transaction;
	bool waiting; /* for its answer, or the rest of it */
	uint64_t asked_at;
	uint64_t answer_by;
	uint64_t answered_at; /* when the last message came */
	uint32_t messages;
	uint32_t records;
	char status[24]; /* name or digits; "": none came */
};

struct questions {
	struct question kinds[QUESTIONS_KINDS];
	uint64_t all_at[QUESTIONS_ALL]; /* when it was asked about all stations, in turn; 0: never
					 */
	size_t next_all;
};

/* What somebody wants to ask. */
struct question_wish {
	const struct message_def *request;
	bool all; /* about all stations */
};

/* Whether a wish may be granted at `now`; else false, with why not in `error`. */
bool questions_allow(const struct questions *questions, const struct question_wish *wish,
		     uint64_t now, char *error, size_t size);

/* Notes that a wish, which was allowed, is sent as `transaction`. */
void questions_ask(struct questions *questions, const struct question_wish *wish, uint64_t now,
		   uint32_t transaction);

/* Takes a message of the controller. Returns the question that it ends, else NULL. */
struct question *questions_take(struct questions *questions, const struct message *message,
				uint64_t now);

/* Ends a question whose answer is overdue and returns it, or NULL when there is none. */
struct question *questions_expire(struct questions *questions, uint64_t now);

/* When the next answer is overdue; UINT64_MAX: none is waited for. */
uint64_t questions_deadline(const struct questions *questions);

#endif
