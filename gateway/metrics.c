/* SPDX-License-Identifier: ISC */
/* metrics.c: the counters of a running gateway in the text format of Prometheus
 *
 * What stands in a row of the table below is one family. The accounts are copied once for all of
 * them, so that the sums within one scrape are right.
 */
#include "gateway/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/metrics_write.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

/* Where the records of one kind of a controller went at one output. */
struct account_row {
	const char *output;
	const char *controller;
	enum kind kind;
	struct account_view view;
};

/* An output and what it says of itself. */
struct output_row {
	struct output *output;
	struct output_status status;
};

struct scrape {
	struct gateway *gateway;
	size_t family;	/* that is written next, */
	size_t subject; /* and of which of its subjects */
	struct output_row *outputs;
	size_t n_outputs;
	struct account_row *accounts;
	size_t n_accounts;
	bool failed; /* out of memory */
};

/* What a family has samples of: a struct gateway, controller, output_row or account_row. */
enum scope {
	GATEWAY,
	CONTROLLER,
	OUTPUT,
	ACCOUNT,
};

struct family {
	const char *name;
	const char *type;
	enum scope scope;
	void (*write)(FILE *out, const struct family *family, void *subject);
	size_t offset; /* of a counter in the subject */
	const char *help;
};

static const struct metric_label none[] = {{NULL, NULL}};

/* The process. */

static void
write_build(FILE *out, const struct family *family, void *subject)
{
	const struct gateway *g = subject;
	const struct metric_label labels[] = {
		{"version", VERSION}, {"gateway", g->config->gateway.name}, {NULL, NULL}};

	metric_count(out, family->name, labels, 1);
}

static void
write_start_time(FILE *out, const struct family *family, void *subject)
{
	const struct gateway *g = subject;

	metric_real(out, family->name, none, (double)g->started_at / 1000);
}

static void
write_cpu(FILE *out, const struct family *family, void *subject)
{
	struct timespec used = {0};

	(void)subject;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	metric_real(out, family->name, none, (double)used.tv_sec + (double)used.tv_nsec / 1e9);
}

static void
write_memory(FILE *out, const struct family *family, void *subject)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[256] = "";
	const char *resident; /* the second number, in pages */

	(void)subject;
	if (!file)
		return;
	resident = fgets(line, sizeof line, file) ? strchr(line, ' ') : NULL;
	if (resident)
		metric_count(out, family->name, none,
			     strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE));
	fclose(file);
}

static void
write_files(FILE *out, const struct family *family, void *subject)
{
	DIR *directory = opendir("/proc/self/fd");
	uint64_t n = 0;

	(void)subject;
	if (!directory)
		return;
	while (readdir(directory))
		n++;
	closedir(directory);
	/* All but ".", ".." and the directory itself. */
	metric_count(out, family->name, none, n > 3 ? n - 3 : 0);
}

static void
write_most_files(FILE *out, const struct family *family, void *subject)
{
	struct rlimit limit;

	(void)subject;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		metric_count(out, family->name, none, limit.rlim_cur);
}

/* Controllers. */

static const char *
name_of(const struct controller *c)
{
	return c->config->name;
}

static void
write_state(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;

	for (unsigned state = SESSION_DISABLED; state <= SESSION_QUARANTINED; state++) {
		const struct metric_label labels[] = {
			{"controller", name_of(c)},
			{"state", session_state_name((enum session_state)state)},
			{NULL, NULL}};

		metric_count(out, family->name, labels, c->session.state == state);
	}
}

/* A counter at its place in the controller. */
static void
write_member(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;
	const struct metric_label labels[] = {{"controller", name_of(c)}, {NULL, NULL}};
	const void *member = (const char *)subject + family->offset;

	metric_count(out, family->name, labels, *(const uint64_t *)member);
}

static void
write_skew(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;
	const struct metric_label labels[] = {{"controller", name_of(c)}, {NULL, NULL}};

	if (c->has_skew)
		metric_real(out, family->name, labels, (double)c->skew_ms / 1000);
}

static void
write_last_message(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;
	const struct metric_label labels[] = {{"controller", name_of(c)}, {NULL, NULL}};
	uint64_t last = c->traffic.last_received;

	if (last)
		metric_real(out, family->name, labels,
			    (double)gateway_wall_time(c->shared->loop, last) / 1000);
}

static void
write_faults(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;

	for (unsigned level = FAULT_RECORD; level <= FAULT_FRAME; level++) {
		const struct metric_label labels[] = {{"controller", name_of(c)},
						      {"level",
						       fault_level_name((enum fault_level)level)},
						      {NULL, NULL}};

		metric_count(out, family->name, labels, c->counters.faults[level]);
	}
}

static void
write_kinds(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct metric_label labels[] = {{"controller", name_of(c)},
						      {"kind", kind_name((enum kind)kind)},
						      {NULL, NULL}};

		metric_count(out, family->name, labels, c->traffic.records[kind].count);
	}
}

static void
write_macs(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;
	const struct metric_label local[] = {
		{"controller", name_of(c)}, {"mac_type", "local"}, {NULL, NULL}};
	const struct metric_label universal[] = {
		{"controller", name_of(c)}, {"mac_type", "universal"}, {NULL, NULL}};

	metric_count(out, family->name, local, c->traffic.macs_local);
	metric_count(out, family->name, universal, c->traffic.macs_universal);
}

/* Both directions of one type of message, as far as there were any. */
static void
write_message(FILE *out, const struct family *family, const struct controller *c,
	      const struct message_def *def)
{
	static const char *const names[] = {[TRAFFIC_IN] = "in", [TRAFFIC_OUT] = "out"};

	for (unsigned direction = 0; direction < TRAFFIC_DIRECTIONS; direction++) {
		const struct traffic_messages *messages =
			traffic_of(&c->traffic, (enum traffic_direction)direction, def);
		const struct metric_label labels[] = {{"controller", name_of(c)},
						      {"type", def ? def->name : "unknown"},
						      {"direction", names[direction]},
						      {NULL, NULL}};
		const void *member = (const char *)messages + family->offset;

		if (messages->count)
			metric_count(out, family->name, labels, *(const uint64_t *)member);
	}
}

static void
write_messages(FILE *out, const struct family *family, void *subject)
{
	const struct controller *c = subject;

	for (uint32_t i = 0; i < c->dict->n_messages; i++)
		write_message(out, family, c, &c->dict->messages[i]);
	write_message(out, family, c, NULL);
}

static void
write_round_trips(FILE *out, const struct family *family, void *subject)
{
	struct controller *c = subject;
	const struct metric_label labels[] = {{"controller", name_of(c)}, {NULL, NULL}};
	struct histogram_view view;

	histogram_view(&c->traffic.round_trips, &view);
	metric_histogram(out, family->name, labels, &view);
}

/* Outputs. */

static void
write_connected(FILE *out, const struct family *family, void *subject)
{
	const struct output_row *row = subject;
	const struct metric_label labels[] = {
		{"output", row->output->name}, {"type", row->output->ops->type}, {NULL, NULL}};

	metric_count(out, family->name, labels, row->status.connected);
}

static void
write_level(FILE *out, const struct family *family, void *subject)
{
	const struct output_row *row = subject;
	const struct metric_label labels[] = {{"output", row->output->name}, {NULL, NULL}};
	const void *member = (const char *)&row->status + family->offset;

	metric_count(out, family->name, labels, *(const uint64_t *)member);
}

static void
write_spool_level(FILE *out, const struct family *family, void *subject)
{
	if (((const struct output_row *)subject)->status.spool.configured)
		write_level(out, family, subject);
}

static void
write_spool_active(FILE *out, const struct family *family, void *subject)
{
	const struct output_row *row = subject;
	const struct metric_label labels[] = {{"output", row->output->name}, {NULL, NULL}};

	if (row->status.spool.configured)
		metric_count(out, family->name, labels, row->status.spool.active);
}

static void
write_latency(FILE *out, const struct family *family, void *subject)
{
	const struct output_row *row = subject;
	const struct metric_label labels[] = {{"output", row->output->name}, {NULL, NULL}};
	struct histogram_view view;

	histogram_view(output_latency(row->output), &view);
	metric_histogram(out, family->name, labels, &view);
}

/* Accounts. */

static void
write_account(FILE *out, const struct family *family, void *subject)
{
	const struct account_row *row = subject;
	const struct metric_label labels[] = {{"output", row->output},
					      {"controller", row->controller},
					      {"kind", kind_name(row->kind)},
					      {NULL, NULL}};
	const void *member = (const char *)&row->view + family->offset;

	metric_count(out, family->name, labels, *(const uint64_t *)member);
}

static void
write_dropped(FILE *out, const struct family *family, void *subject)
{
	const struct account_row *row = subject;

	for (unsigned reason = 0; reason < DROP_COUNT; reason++) {
		const struct metric_label labels[] = {{"output", row->output},
						      {"controller", row->controller},
						      {"kind", kind_name(row->kind)},
						      {"reason",
						       drop_reason_name((enum drop_reason)reason)},
						      {NULL, NULL}};

		metric_count(out, family->name, labels, row->view.dropped[reason]);
	}
}

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "levels of queues are read as 64 bits");

#define C(member)     offsetof(struct controller, member)
#define M(member)     offsetof(struct traffic_messages, member)
#define O(member)     offsetof(struct output_status, member)
#define A(member)     offsetof(struct account_view, member)
#define PREFIX	      "nmsp2mqtt_"
#define COUNTER(name) PREFIX name "_total", "counter"
#define GAUGE(name)   PREFIX name, "gauge"
#define TIMES(name)   PREFIX name, "histogram"

/* clang-format off */
static const struct family families[] = {
	{ GAUGE("build_info"), GATEWAY, write_build, 0,
	  "Version and name of the gateway; always 1." },
	{ "process_start_time_seconds", "gauge", GATEWAY, write_start_time, 0,
	  "When the process began, in seconds since 1970." },
	{ "process_cpu_seconds_total", "counter", GATEWAY, write_cpu, 0,
	  "Processor time used by all threads." },
	{ "process_resident_memory_bytes", "gauge", GATEWAY, write_memory, 0,
	  "Memory in use." },
	{ "process_open_fds", "gauge", GATEWAY, write_files, 0,
	  "Files and connections that are open." },
	{ "process_max_fds", "gauge", GATEWAY, write_most_files, 0,
	  "How many may be open." },
	{ GAUGE("controller_state"), CONTROLLER, write_state, 0,
	  "1 for the state that the session is in, 0 for all others." },
	{ COUNTER("controller_connections"), CONTROLLER, write_member, C(counters.connections),
	  "TLS connections that were established." },
	{ GAUGE("controller_last_message_timestamp_seconds"), CONTROLLER, write_last_message, 0,
	  "When anything came from the controller, in seconds since 1970." },
	{ GAUGE("controller_clock_skew_seconds"), CONTROLLER, write_skew, 0,
	  "How far the clock of the controller is ahead of ours." },
	{ COUNTER("controller_faults"), CONTROLLER, write_faults, 0,
	  "What could not be read: records, messages and frames." },
	{ COUNTER("messages"), CONTROLLER, write_messages, M(count),
	  "Messages from (in) and to (out) the controller." },
	{ COUNTER("message_bytes"), CONTROLLER, write_messages, M(bytes),
	  "Bytes of these messages." },
	{ TIMES("echo_round_trip_seconds"), CONTROLLER, write_round_trips, 0,
	  "Time between an echo request and its response." },
	{ COUNTER("controller_records"), CONTROLLER, write_kinds, 0,
	  "Records in the messages of the controller, each once." },
	{ COUNTER("station_records"), CONTROLLER, write_macs, 0,
	  "Records about a station with a randomised (local) or universal MAC address." },
	{ GAUGE("output_connected"), OUTPUT, write_connected, 0,
	  "1 when the output can publish." },
	{ COUNTER("output_reconnects"), OUTPUT, write_level, O(reconnects),
	  "Connections to the broker after the first." },
	{ GAUGE("output_queue_bytes"), OUTPUT, write_level, O(queued_bytes),
	  "Memory of what waits in the queue or is on its way." },
	{ GAUGE("output_queue_limit_bytes"), OUTPUT, write_level, O(queue_size),
	  "How much may wait." },
	{ GAUGE("output_queue_messages"), OUTPUT, write_level, O(queued_messages),
	  "Messages in the queue or on their way." },
	{ GAUGE("output_queue_records"), OUTPUT, write_level, O(queued_records),
	  "Records in these messages." },
	{ GAUGE("output_spool_active"), OUTPUT, write_spool_active, 0,
	  "1 when records go to disk first." },
	{ GAUGE("output_spool_bytes"), OUTPUT, write_spool_level, O(spool.bytes),
	  "Size of what is on disk." },
	{ GAUGE("output_spool_messages"), OUTPUT, write_spool_level, O(spool.messages),
	  "Messages on disk." },
	{ GAUGE("output_spool_records"), OUTPUT, write_spool_level, O(spool.records),
	  "Records in these messages." },
	{ COUNTER("output_spool_damaged"), OUTPUT, write_spool_level, O(spool.damaged),
	  "Spools moved aside, and records that the disk did not keep." },
	{ TIMES("delivery_seconds"), OUTPUT, write_latency, 0,
	  "Time from reading a record until the broker acknowledged it or it was written." },
	{ COUNTER("records_received"), ACCOUNT, write_account, A(received),
	  "Records meant for an output." },
	{ COUNTER("records_published"), ACCOUNT, write_account, A(published),
	  "Records that were acknowledged, or handed over where nothing is." },
	{ COUNTER("records_filtered"), ACCOUNT, write_account, A(filtered),
	  "Records that are not to be published." },
	{ COUNTER("records_conflated"), ACCOUNT, write_account, A(conflated),
	  "Records whose place in a full queue a newer one of the same station took." },
	{ COUNTER("records_dropped"), ACCOUNT, write_dropped, 0,
	  "Records that were lost, by reason." },
	{ GAUGE("records_queued"), ACCOUNT, write_account, A(queued),
	  "Records in queue or spool, or on their way." },
};
/* clang-format on */

static size_t
count_subjects(const struct scrape *s, enum scope scope)
{
	switch (scope) {
	case CONTROLLER:
		return s->gateway->n_controllers;
	case OUTPUT:
		return s->n_outputs;
	case ACCOUNT:
		return s->n_accounts;
	case GATEWAY:
		break;
	}
	return 1;
}

static void *
subject_at(const struct scrape *s, enum scope scope, size_t place)
{
	switch (scope) {
	case CONTROLLER:
		return s->gateway->controllers[place];
	case OUTPUT:
		return &s->outputs[place];
	case ACCOUNT:
		return &s->accounts[place];
	case GATEWAY:
		break;
	}
	return s->gateway;
}

/* A family's samples of one subject, the first with its head. */
static bool
write_next(void *work, FILE *out)
{
	struct scrape *s = work;
	const struct family *family = &families[s->family];

	if (s->subject == 0)
		metric_head(out, family->name, family->type, family->help);
	if (s->subject < count_subjects(s, family->scope))
		family->write(out, family, subject_at(s, family->scope, s->subject++));
	if (s->subject >= count_subjects(s, family->scope)) {
		s->subject = 0;
		s->family++;
	}
	return s->family < sizeof families / sizeof families[0];
}

/* The accounts of a controller at the output that is being copied, which is the last one. */
static void
copy_accounts(void *context, struct ledger_entry *entry)
{
	struct scrape *s = context;
	size_t most = s->n_accounts + KIND_COUNT;
	struct account_row *rows = realloc(s->accounts, most * sizeof *rows);

	if (!rows) {
		s->failed = true;
		return;
	}
	s->accounts = rows;
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct account_row row = {.output = s->outputs[s->n_outputs - 1].output->name,
					  .controller = entry->controller,
					  .kind = (enum kind)kind};

		account_view(&entry->accounts.kinds[kind], &row.view);
		if (row.view.received)
			rows[s->n_accounts++] = row;
	}
}

static void
copy_outputs(struct scrape *s)
{
	struct gateway *g = s->gateway;

	s->outputs = calloc(g->n_outputs + 1, sizeof *s->outputs);
	s->failed = !s->outputs;
	for (size_t i = 0; i < g->n_outputs && !s->failed; i++) {
		struct ledger_page *page = ledger_page(&g->ledger, g->outputs[i]->name);

		s->outputs[s->n_outputs].output = g->outputs[i];
		output_status(g->outputs[i], &s->outputs[s->n_outputs++].status);
		if (page)
			ledger_page_each(page, copy_accounts, s);
	}
}

static bool
end_scrape(void *work)
{
	struct scrape *s = work;
	bool whole = !s->failed;

	free(s->outputs);
	free(s->accounts);
	free(s);
	return whole;
}

static void *
begin_scrape(struct gateway *g)
{
	struct scrape *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->gateway = g;
	copy_outputs(s);
	return s;
}

const struct draft_maker metrics_maker = {begin_scrape, write_next, end_scrape};
