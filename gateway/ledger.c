/* SPDX-License-Identifier: ISC */
/* ledger.c: the accounts of everything that ever was configured, by names */
#include "gateway/ledger.h"

#include <stdlib.h>
#include <string.h>

static void
page_free(struct ledger_page *page)
{
	for (struct ledger_entry *entry = page->first, *next; entry; entry = next) {
		next = entry->next;
		free(entry);
	}
	pthread_mutex_destroy(&page->lock);
	free(page->spare);
	free(page);
}

void
ledger_fini(struct ledger *ledger)
{
	for (struct ledger_page *page = ledger->first, *next; page; page = next) {
		next = page->next;
		page_free(page);
	}
	ledger->first = NULL;
}

struct ledger_page *
ledger_page(struct ledger *ledger, const char *output)
{
	size_t size = strlen(output) + 1;
	struct ledger_page *page = ledger->first;

	while (page && strcmp(page->output, output) != 0)
		page = page->next;
	if (page)
		return page;
	page = calloc(1, sizeof *page + size);
	if (!page)
		return NULL;
	page->spare = calloc(1, sizeof *page->spare + 1);
	if (!page->spare) {
		free(page);
		return NULL;
	}
	memcpy(page->output, output, size);
	pthread_mutex_init(&page->lock, NULL);
	page->end = &page->first;
	page->next = ledger->first;
	return ledger->first = page;
}

/* Appends an entry; NULL without memory. */
static struct ledger_entry *
entry_add(struct ledger_page *page, const char *controller)
{
	size_t size = strlen(controller) + 1;
	struct ledger_entry *entry = calloc(1, sizeof *entry + size);

	if (!entry)
		return NULL;
	memcpy(entry->controller, controller, size);
	*page->end = entry;
	page->end = &entry->next;
	return entry;
}

struct ledger_entry *
ledger_page_get(struct ledger_page *page, const char *controller)
{
	struct ledger_entry *entry;

	pthread_mutex_lock(&page->lock);
	entry = page->first;
	while (entry && strcmp(entry->controller, controller) != 0)
		entry = entry->next;
	if (!entry)
		entry = entry_add(page, controller);
	pthread_mutex_unlock(&page->lock);
	return entry ? entry : page->spare;
}

void
ledger_page_each(struct ledger_page *page, void (*each)(void *context, struct ledger_entry *entry),
		 void *context)
{
	pthread_mutex_lock(&page->lock);
	for (struct ledger_entry *entry = page->first; entry; entry = entry->next)
		each(context, entry);
	pthread_mutex_unlock(&page->lock);
}
