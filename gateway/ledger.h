/* SPDX-License-Identifier: ISC */
/* ledger.h: the accounts of everything that ever was configured, by names
 *
 * A page for each output, an entry for each controller. They stay: an output or a controller that
 * comes back under its name goes on counting where it ended.
 */
#ifndef NMSP_GATEWAY_LEDGER_H
#define NMSP_GATEWAY_LEDGER_H

#include <pthread.h>

#include "outputs/account.h"

struct ledger_entry {
	struct ledger_entry *next;
	struct account_set accounts;
	char controller[]; /* its name */
};

struct ledger_page {
	struct ledger_page *next;
	pthread_mutex_t lock; /* of the list; counters have none */
	struct ledger_entry *first, **end;
	struct ledger_entry *spare; /* of controllers for which there was no memory */
	char output[];
};

struct ledger {
	struct ledger_page *first;
};

/* Frees all pages; the ledger begins zeroed. */
void ledger_fini(struct ledger *ledger);

/* The page of an output, made when it is new; it lives as long as the ledger. NULL without memory.
 * For the gateway's loop; what follows is for any thread. */
struct ledger_page *ledger_page(struct ledger *ledger, const char *output);

/* The accounts of a controller, made when they are new; never NULL. The entry and the name in it
 * live as long as the ledger. */
struct ledger_entry *ledger_page_get(struct ledger_page *page, const char *controller);

/* Calls `each` for every controller on the page, in the order in which they came. */
void ledger_page_each(struct ledger_page *page,
		      void (*each)(void *context, struct ledger_entry *entry), void *context);

#endif
