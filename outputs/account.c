/* SPDX-License-Identifier: ISC */
/* account.c: where every record went */
#include "outputs/account.h"

void
account_view(struct account *account, struct account_view *view)
{
	uint64_t outcomes;

	view->published = atomic_load_explicit(&account->published, memory_order_acquire);
	view->filtered = atomic_load_explicit(&account->filtered, memory_order_acquire);
	view->conflated = atomic_load_explicit(&account->conflated, memory_order_acquire);
	outcomes = view->published + view->filtered + view->conflated;
	for (int reason = 0; reason < DROP_COUNT; reason++) {
		view->dropped[reason] =
			atomic_load_explicit(&account->dropped[reason], memory_order_acquire);
		outcomes += view->dropped[reason];
	}
	view->received = atomic_load_explicit(&account->received, memory_order_acquire);
	view->queued = view->received - outcomes;
}

const char *
drop_reason_name(enum drop_reason reason)
{
	switch (reason) {
	case DROP_QUEUE_FULL:
		return "queue_full";
	case DROP_TOO_LARGE:
		return "too_large";
	case DROP_NOT_AUTHORIZED:
		return "not_authorized";
	case DROP_REFUSED:
		return "refused";
	case DROP_NO_MEMORY:
		return "no_memory";
	case DROP_WRITE_FAILED:
		return "write_failed";
	case DROP_SPOOL_FULL:
		return "spool_full";
	case DROP_SPOOL_LOST:
		return "spool_lost";
	case DROP_SHUTDOWN:
		return "shutdown";
	case DROP_COUNT:
		break;
	}
	return "unknown";
}
