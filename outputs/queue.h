/* SPDX-License-Identifier: ISC */
/* queue.h: what waits between the gateway's loop and one output's thread
 *
 * Bounded in bytes, and the producer never waits. Retained documents come first (a slot per topic,
 * the newest text wins, never dropped), then responses to commands, so that who reads one finds the
 * documents up to date, then three ranks of records: everything that is rare, statistics, rssi.
 * What happened to each record is counted in its account, once; responses have an account of their
 * own.
 */
#ifndef NMSP_OUTPUTS_QUEUE_H
#define NMSP_OUTPUTS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "outputs/histogram.h"
#include "outputs/output.h"

#define QUEUE_RANKS 3
/* Of responses that wait; records have room of their own. */
#define QUEUE_RESPONSE_BYTES ((size_t)4 << 20)

/* What happens to a record that finds the queue full. */
enum queue_policy {
	POLICY_DEFAULT,	 /* conflate for rssi, drop_oldest for the rest */
	POLICY_CONFLATE, /* takes the place of what is queued of the same station, if anything; else
			    as drop_oldest */
	POLICY_DROP_OLDEST, /* makes room from the front of the lowest rank that is not above its
			       own */
	POLICY_DROP_NEWEST, /* is dropped itself */
};

struct queue_settings {
	size_t max_bytes; /* of payload, topic and item, shared payloads in full; documents come on
			     top */
	const char *document_root; /* put before a document's suffix ("nmsp/gw1/"); NULL: documents
				      are ignored */
	enum queue_policy policies[KIND_COUNT];
};

/* What became of an item. */
enum outcome {
	OUTCOME_PUBLISHED,
	OUTCOME_DROPPED, /* + an enum drop_reason */
	OUTCOME_SPOOLED, /* none yet: it waits on disk, still queued in its account */
};

struct document;
struct spool_owner;

/* One publication, or one state of a document, on its way. The consumer reads it and owns it from
 * queue_take() until queue_finish() or queue_put_back(). */
struct queue_item {
	struct queue_item *next, *prev;	  /* in the list that it is in */
	struct queue_item *chain;	  /* the index: of the same bucket, */
	struct queue_item *older, *newer; /* and of the same station */
	struct buffer *payload;		  /* NULL: a document that is to be cleared */
	struct buffer *topic;		  /* NULL where the output has none */
	struct buffer *correlation;	  /* of a response; NULL: none */
	struct account *account;	  /* NULL for documents */
	struct document *document;	  /* NULL for records */
	const char *controller;		  /* of a record */
	uint64_t station;
	uint32_t received_ms; /* the low bits of ms since 1970; 0: not known */
	uint32_t records;
	uint32_t cost;
	uint8_t rank;
	uint8_t kind; /* of a record */
	bool indexed;
	bool topic_kept; /* by the queue */
	bool is_response;
	uint8_t qos; /* documents only */

	/* the consumer's own; 0 when taken for the first time */
	uint8_t attempts;
	uint32_t order;
	int id;
	uint64_t sent_ms;

	/* the spooler's own */
	struct spool_owner *owner; /* NULL: it did not come from a spool */
	uint64_t spool_number;
	uint32_t spool_epoch;
};

struct queue_list {
	struct queue_item *first, *last;
	size_t count;
};

struct queue;

/* Adds an item to a list at its end or its front; takes an item out of the list that it is in. */
void queue_list_append(struct queue_list *list, struct queue_item *item);
void queue_list_prepend(struct queue_list *list, struct queue_item *item);
void queue_list_remove(struct queue_list *list, struct queue_item *item);

/* Returns a new queue, or NULL without memory. */
struct queue *queue_new(const struct queue_settings *settings);

/* Gives a queue other limits and policies from now on; what is queued stays. */
void queue_limit(struct queue *queue, const struct queue_settings *settings);

/* Gives the documents another root: those that were set are forgotten, and closed ones are open
 * again. With the root that they have, nothing happens. No document may be taken. 0, or -1 without
 * memory. */
int queue_reroot(struct queue *queue, const char *document_root);

/* Frees the queue; records still in it are counted as DROP_SHUTDOWN. Nothing may be taken any more.
 * Takes NULL. */
void queue_free(struct queue *queue);

/* Queues a record, counting it as received. Returns true when the consumer has to be woken. */
bool queue_publish(struct queue *queue, const struct publication *publication);

/* Takes a reference to a topic that publications with `topic_kept` come with, for as long as the
 * queue lives. False without memory. */
bool queue_keep_topic(struct queue *queue, struct buffer *topic);

/* Sets the document `suffix`; a NULL payload clears it. Returns true when the consumer has to be
 * woken. */
bool queue_document(struct queue *queue, const char *suffix, struct buffer *payload, uint8_t qos);

/* A response to a command, on its way. The queue takes references of its own. */
struct queue_response {
	struct buffer *topic;
	struct buffer *payload;
	struct buffer *correlation; /* NULL: none */
};

/* Queues a response. False when there is no room or no memory, which is counted. The consumer has
 * to be woken when `*wake` is true. */
bool queue_respond(struct queue *queue, const struct queue_response *response, bool *wake);

/* What became of the responses until now. */
void queue_responses(struct queue *queue, struct account_view *view);

/* Clears every document but `state`, and takes none but that any more: their root is to be another
 * one. Returns true when the consumer has to be woken. */
bool queue_close_documents(struct queue *queue);

/* Whether the document `suffix` is set. */
bool queue_has_document(struct queue *queue, const char *suffix);

/* Every document is to be published again. */
void queue_renew_documents(struct queue *queue);

/* Moves up to `n` items to the end of `list`, documents and responses first, and returns how many.
 * `wait`: having got nothing, the consumer wants to be woken by what comes next. */
size_t queue_take(struct queue *queue, struct queue_list *list, size_t n, bool wait);

/* The same of all but records, or of records only. */
size_t queue_take_urgent(struct queue *queue, struct queue_list *list, size_t n);
size_t queue_take_records(struct queue *queue, struct queue_list *list, size_t n, bool wait);

/* An item of `list` has come to its end: it is counted and leaves the list. `reason` matters for
 * OUTCOME_DROPPED. */
void queue_finish(struct queue *queue, struct queue_list *list, struct queue_item *item,
		  enum outcome outcome, enum drop_reason reason);

/* Puts all of `list` back to the front in its order, to be taken again. Not counted. */
void queue_put_back(struct queue *queue, struct queue_list *list);

/* Drops every record and response that is queued, for `reason`. */
void queue_give_up(struct queue *queue, enum drop_reason reason);

/* What happens to a record of this kind when there is no room. */
enum queue_policy queue_policy_of(const struct queue *queue, enum kind kind);

/* What is queued now, in flight included. */
void queue_level(struct queue *queue, size_t *bytes, size_t *messages);

/* The most bytes that may be queued. */
size_t queue_size(const struct queue *queue);

/* Counts how long ago a record that is published now was received. */
void queue_note_latency(struct queue *queue, const struct queue_item *item);

/* How long published records took; belongs to the queue. */
struct histogram *queue_latency(struct queue *queue);

#endif
