/* SPDX-License-Identifier: ISC */
/* status_draft.c: the status of everything, written in steps
 *
 * A step writes one controller, or the accounts of one controller at one output.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"
#include "gateway/parts.h"
#include "gateway/status.h"
#include "outputs/timestamp.h"

struct accounts_of {
	struct ledger_entry *entry;
	bool former; /* the controller left the configuration */
};

struct writing {
	struct gateway *gateway;
	void (*next)(struct writing *writing, FILE *out); /* the next step; NULL: that was all */
	size_t controller;
	size_t output;
	struct accounts_of *accounts; /* at this output */
	size_t n_accounts;
	size_t account;
	bool former;	    /* whose turn it is */
	const char *before; /* what stands before the next account */
	bool failed;
};

static void write_output(struct writing *w, FILE *out);

/* Leaves an object open for more members. */
static void
put_open(struct writing *w, FILE *out, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	w->failed |= !text;
	if (text)
		fwrite(text, 1, strlen(text) - 1, out);
	free(text);
	json_decref(object);
}

static void
put(struct writing *w, FILE *out, json_t *value)
{
	w->failed |= json_dumpf(value, out, JSON_COMPACT) != 0;
	json_decref(value);
}

/* Accounts: first of the controllers that are configured, then of others. */

static void
collect(void *context, struct ledger_entry *entry)
{
	struct writing *w = context;
	struct accounts_of *accounts =
		reallocarray(w->accounts, w->n_accounts + 1, sizeof *accounts);

	w->failed |= !accounts;
	if (!accounts)
		return;
	w->accounts = accounts;
	accounts[w->n_accounts++] = (struct accounts_of){
		entry, !parts_is_configured(w->gateway, entry->controller, &w->account)};
}

static void
put_accounts(struct writing *w, FILE *out, struct ledger_entry *entry)
{
	json_t *kinds = parts_accounts(&entry->accounts), *name;

	if (json_object_size(kinds) == 0) {
		json_decref(kinds);
		return;
	}
	name = json_string(entry->controller);
	fputs(w->before, out);
	w->failed |= json_dumpf(name, out, JSON_ENCODE_ANY) != 0;
	fputc(':', out);
	put(w, out, kinds);
	json_decref(name);
	w->before = ",";
}

static void
begin_accounts(struct writing *w, bool former)
{
	w->account = 0;
	w->former = former;
	w->before = former ? ",\"former\":{" : ",\"controllers\":{";
}

static void
write_accounts(struct writing *w, FILE *out)
{
	if (w->account < w->n_accounts) {
		const struct accounts_of *accounts = &w->accounts[w->account++];

		if (accounts->former == w->former)
			put_accounts(w, out, accounts->entry);
		return;
	}
	if (*w->before == ',' && !w->before[1])
		fputc('}', out);
	if (!w->former) {
		begin_accounts(w, true);
		return;
	}
	fputc('}', out);
	w->next = write_output;
}

static void
write_output(struct writing *w, FILE *out)
{
	struct gateway *g = w->gateway;
	struct ledger_page *page;

	if (w->output == g->n_outputs) {
		fputs("]}", out);
		w->next = NULL;
		return;
	}
	fputs(w->output ? "," : "", out);
	put_open(w, out, status_output(g->outputs[w->output]));
	page = ledger_page(&g->ledger, g->outputs[w->output++]->name);
	w->n_accounts = w->account = 0;
	if (page)
		ledger_page_each(page, collect, w);
	begin_accounts(w, false);
	w->next = write_accounts;
}

static void
write_controller(struct writing *w, FILE *out)
{
	struct gateway *g = w->gateway;

	if (w->controller == g->n_controllers) {
		fputs("],\"outputs\":[", out);
		w->next = write_output;
		return;
	}
	fputs(w->controller ? "," : "", out);
	put(w, out, status_controller(g->controllers[w->controller++]));
}

static void
write_head(struct writing *w, FILE *out)
{
	put_open(w, out,
		 json_pack("{s:s,s:o,s:o}", "schema", STATUS_SCHEMA, "ts",
			   parts_time(timestamp_now()), "gateway", status_gateway(w->gateway)));
	fputs(",\"controllers\":[", out);
	w->next = write_controller;
}

static bool
step(void *work, FILE *out)
{
	struct writing *w = work;

	w->next(w, out);
	return w->next != NULL;
}

static void *
begin(struct gateway *g)
{
	struct writing *w = calloc(1, sizeof *w);

	if (w)
		*w = (struct writing){.gateway = g, .next = write_head};
	return w;
}

static bool
end(void *work)
{
	struct writing *w = work;
	bool whole = !w->failed;

	free(w->accounts);
	free(w);
	return whole;
}

const struct draft_maker status_maker = {begin, step, end};
