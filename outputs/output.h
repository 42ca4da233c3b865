/* SPDX-License-Identifier: ISC */
/* output.h: what the record path knows of an output: something that takes finished text and never
 * makes it wait
 *
 * Every output has a queue and a thread with its own loop; the functions here are called by the
 * gateway's loop only.
 */
#ifndef NMSP_OUTPUTS_OUTPUT_H
#define NMSP_OUTPUTS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "outputs/account.h"
#include "outputs/buffer.h"
#include "outputs/topic.h"

enum publish_mode {
	MODE_RECORD, /* one message per record */
	MODE_BATCH,  /* one message per kind and NMSP message */
};

struct histogram;
struct queue;
struct output;
struct output_status;

/* What one type of output does; see mqtt.c and file.c. */
struct output_ops {
	const char *type;		     /* "mqtt", "file" */
	int (*start)(struct output *output); /* begins the thread; 0 or -1 (told in the log) */
	void (*wake)(struct output *output); /* there is something in the queue; any thread */
	void (*stop)(
		struct output *output,
		unsigned flush_ms); /* goodbye, flush, end the thread; returns when it has ended */
	void (*status)(struct output *output,
		       struct output_status *status); /* all but what is queued */
	void (*free)(struct output *output);	      /* all but the queue */
};

struct output {
	const struct output_ops *ops;
	char *name;
	enum publish_mode mode;
	struct topic *topic;	   /* of records; NULL for outputs without topics */
	const char *document_root; /* of the topics of documents, "nmsp/gw1/"; NULL: none */
	struct queue *queue;
};

/* Finished text on its way to one output. The output takes references of its own. */
struct publication {
	enum kind kind;
	uint32_t records; /* in the payload; a batch has several */
	struct buffer *payload;
	struct buffer *topic;	 /* NULL where the output has no topics */
	bool topic_kept;	 /* the topic was given to output_keep_topic() */
	struct account *account; /* outlives the output */
	const char *controller;	 /* whose record it is; outlives the output */
	uint64_t station;     /* what the record is about, for conflation: MAC and entity; 0: never
				 conflated */
	uint64_t received_at; /* ms since 1970; 0: not known */
};

/* The disk spool of an output. */
struct spool_status {
	bool configured;
	bool active;	   /* records go to disk; else they pass through memory only */
	char reason[192];  /* why it is not active, or what became of the file; "" */
	uint64_t messages; /* on disk */
	uint64_t bytes;
	uint64_t damaged; /* files moved aside and records that the disk did not keep */
};

/* A command that came in through an output, on its way to who carries it out and, as far as it says
 * how to respond, back. It belongs to whoever has it. */
struct command_request {
	struct command_request *next; /* of its present owner */
	void *owner;
	struct buffer *output; /* name of the output */
	struct buffer *topic;  /* that it came on */
	struct buffer *name;   /* of the command, as it stands in the topic */
	struct buffer *payload;
	struct buffer *response_topic;	     /* NULL: none */
	struct buffer *other_response_topic; /* the one that the sender asked for; NULL: none */
	struct buffer *correlation;	     /* to be sent back as it is; NULL: none */
};

/* Who carries out commands. */
struct command_taker {
	/* Takes the request over and returns NULL; else says why not (valid for ever), and the
	 * request stays the caller's. Called by the threads of outputs. NULL: nobody. */
	const char *(*take)(void *context, struct command_request *request);
	void *context;
};

/* State of an output for health and logs. */
struct output_status {
	bool connected;
	char reason[128]; /* why not, or "" */
	size_t queued_bytes;
	size_t queued_messages;
	size_t queue_size; /* bytes */
	uint64_t reconnects;
	struct spool_status spool;
	struct account_view responses; /* to commands */
};

/* Queues a publication (counting it as received, and as dropped or conflated when the queue is
 * full). Never blocks. */
void output_publish(struct output *output, const struct publication *publication);

/* Keeps a topic of many records for as long as the output lives, so that they need not count their
 * references to it one by one. False without memory. */
bool output_keep_topic(struct output *output, struct buffer *topic);

/* Sets the retained document `suffix` ("info", "hq/state") below {prefix}/{gateway}/; published now
 * and after every reconnect, newest text only. A NULL payload clears the topic on the broker and
 * forgets it. Outputs without topics ignore documents. */
void output_document(struct output *output, const char *suffix, struct buffer *payload, int qos);

/* Responds to a request with a text of JSON. False when there was no room or no memory for it,
 * which is counted. Any thread. */
bool output_respond(struct output *output, const struct command_request *request,
		    struct buffer *payload);

/* Frees a request; takes NULL. */
void command_request_free(struct command_request *request);

/* Copies the present state. Any thread. */
void output_status(struct output *output, struct output_status *status);

/* How long records took from the controller to the end of this output, where they were published;
 * belongs to the output. Any thread. */
struct histogram *output_latency(struct output *output);

/* Begin, end and free, through the ops. output_stop takes at most about `flush_ms`; what is still
 * queued then is counted as DROP_SHUTDOWN. */
int output_start(struct output *output);
void output_stop(struct output *output, unsigned flush_ms);
void output_free(struct output *output);

/* As output_stop, but what is still queued stays queued; any thread. */
void output_halt(struct output *output, unsigned flush_ms);

/* As output_free, but for the queue, which is returned and belongs to the caller or to the output
 * that it was given to. */
struct queue *output_release(struct output *output);

/* Replaces the template of the topics of records (taken over). Topics that were made of the one
 * before stay good. */
void output_set_topic(struct output *output, struct topic *topic);

#endif
