/* SPDX-License-Identifier: ISC */
/* account_log.c: where every record went, as lines of the log */
#include "gateway/account_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "gateway/log.h"

#define REASONS_SIZE 256

/* " (queue_full 2, shutdown 1)", or nothing when nothing was dropped; returns the sum. */
static uint64_t
describe_drops(const struct account_view *view, char *text, size_t size)
{
	uint64_t sum = 0;
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < DROP_COUNT; i++) {
		if (view->dropped[i] && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s %" PRIu64,
						 used ? ", " : " (",
						 drop_reason_name((enum drop_reason)i),
						 view->dropped[i]);
		sum += view->dropped[i];
	}
	if (used && used < size)
		snprintf(text + used, size - used, ")");
	return sum;
}

static void
log_one(const char *output, const char *controller, enum kind kind, struct account *account)
{
	char subject[128], drops[REASONS_SIZE];
	struct account_view view;
	uint64_t dropped;

	account_view(account, &view);
	if (!view.received)
		return;
	dropped = describe_drops(&view, drops, sizeof drops);
	snprintf(subject, sizeof subject, "account %s %s %s", output, controller, kind_name(kind));
	log_info(subject,
		 "received %" PRIu64 " = published %" PRIu64 " + filtered %" PRIu64
		 " + conflated %" PRIu64 " + dropped %" PRIu64 "%s + queued %" PRIu64,
		 view.received, view.published, view.filtered, view.conflated, dropped, drops,
		 view.queued);
}

static void
log_all(void *output, struct ledger_entry *entry)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		log_one(output, entry->controller, (enum kind)kind, &entry->accounts.kinds[kind]);
}

static void
add_queued(void *sum, struct ledger_entry *entry)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		struct account_view view;

		account_view(&entry->accounts.kinds[kind], &view);
		*(uint64_t *)sum += view.queued;
	}
}

/* What the accounts say against what queue and spool counted themselves. */
static void
log_proof(struct ledger_page *page, struct output *output)
{
	struct output_status status;
	char subject[128], counts[128];
	uint64_t queued = 0;

	ledger_page_each(page, add_queued, &queued);
	output_status(output, &status);
	snprintf(subject, sizeof subject, "account %s", page->output);
	snprintf(counts, sizeof counts, "queue %" PRIu64 " + spool %" PRIu64, status.queued_records,
		 status.spool.records);
	if (queued == status.queued_records + status.spool.records)
		log_info(subject, "queued %" PRIu64 " = %s", queued, counts);
	else
		log_error(subject, "queued %" PRIu64 " by the accounts, but %s", queued, counts);
}

void
account_log(struct gateway *g)
{
	for (struct ledger_page *page = g->ledger.first; page; page = page->next)
		ledger_page_each(page, log_all, page->output);
	for (size_t i = 0; i < g->n_outputs; i++) {
		struct ledger_page *page = ledger_page(&g->ledger, g->outputs[i]->name);

		if (page)
			log_proof(page, g->outputs[i]);
	}
}
