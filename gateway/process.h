/* SPDX-License-Identifier: ISC */
/* process.h: the way of a record from a message to the queues of the outputs */
#ifndef NMSP_GATEWAY_PROCESS_H
#define NMSP_GATEWAY_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/message.h"
#include "gateway/enrich.h"
#include "gateway/gate.h"
#include "gateway/scratch.h"
#include "gateway/variant.h"
#include "outputs/account.h"
#include "outputs/envelope.h"
#include "outputs/output.h"

/* Where one controller's records go: one output, and the accounts of this controller there. */
struct route {
	struct output *output;
	struct account_set *accounts;
	const char *controller;		   /* its name; outlives the output */
	struct buffer *topics[KIND_COUNT]; /* made once where they do not vary */
	struct gate gate;		   /* the output's, for this controller */

	/* by process_arrange */
	unsigned variant; /* among those of the process */
	unsigned batch;	  /* MODE_BATCH: routes of one batch get the same records */
	bool leads;	  /* it is the first of its batch */
	bool passes;	  /* the record that is being processed goes here */
};

/* What is remembered to enrich records, see enrich.h. */
struct process_memory {
	uint64_t ttl_ms;
	size_t max;
};

struct tails;
struct traffic;

#define VARIANT_SHOWN 0

/* What the records of one controller are published as. */
struct process {
	struct envelope_source source;
	struct traffic *traffic; /* that counts them, or NULL */
	struct tails *tails;	 /* who looks on, or NULL */
	struct route *routes;
	size_t n_routes;
	struct scratch *scratch;
	bool publish_unknown;
	unsigned unknown_rate; /* unknown records a second at the most */
	struct gate gate;      /* the controller's */
	struct process_memory memory;

	/* by process_arrange */
	bool arranged;
	struct variant *variants; /* the first is the controller's own, for those who look on */
	unsigned n_variants;
	unsigned n_batches;
	bool has_records;      /* some output takes single records */
	bool decides;	       /* some gate may hold a record back */
	struct enrich *enrich; /* NULL: nothing asks for it */

	struct envelope envelope;
	bool open; /* envelope is made */
	uint64_t seq[KIND_COUNT];
	uint64_t unknown_second; /* the second that unknown_count counts in */
	unsigned unknown_count;
};

/* Begins a session: sequence numbers start at 1 and envelopes carry `session` (8 hex digits).
 * Arranges, too. Returns 0, or -1 without memory. */
int process_begin(struct process *process, const char *session);

/* After a change of the source or of a topic: what comes next has the new envelope and topics. The
 * session and its sequence go on. Returns 0, or -1 without memory. */
int process_renew(struct process *process);

/* Puts other routes (on the heap; taken over) in the place of those that there are, which are
 * freed. What is known of stations goes to the route with the same accounts. gate_set for each, and
 * process_arrange, are to follow. */
void process_set_routes(struct process *process, struct route *routes, size_t n);

/* Works out what follows from the routes, the modes of their outputs, and the filters at the gates:
 * needed after any change of them. What is remembered of stations stays. Returns 0, or -1 without
 * memory: records are then lost, and counted so. */
int process_arrange(struct process *process);

/* Frees what process_begin, gates and routes hold; `process` itself and the outputs are the
 * caller's. */
void process_end(struct process *process);

/* Publishes all records of an opened message, which came at `received_at` (ms since 1970). Returns
 * how many were malformed. */
uint32_t process_message(struct process *process, struct message *message, uint64_t received_at);

/* Who takes records as text, without newline. */
struct process_printer {
	void (*line)(void *context, const struct record *record, const struct jsonw *json);
	void *context;
};

/* The same as text, for commands that show records. */
uint32_t process_print(struct process *process, struct message *message, uint64_t received_at,
		       const struct process_printer *printer);

#endif
