/* SPDX-License-Identifier: ISC */
/* pacer.c: how many controllers are dialled at once, and how soon one after the other */
#include "gateway/pacer.h"

#include <stddef.h>

void
pacer_init(struct pacer *pacer, unsigned most, uint64_t spacing_ms)
{
	*pacer = (struct pacer){.most = most, .spacing_ms = spacing_ms};
	pacer->last = &pacer->first;
}

void
pacer_enter(struct pacer *pacer, struct pacer_ticket *ticket)
{
	if (ticket->waiting || ticket->dialling)
		return;
	ticket->waiting = true;
	ticket->next = NULL;
	*pacer->last = ticket;
	pacer->last = &ticket->next;
}

static void
leave_line(struct pacer *pacer, const struct pacer_ticket *ticket)
{
	struct pacer_ticket **at = &pacer->first;

	while (*at && *at != ticket)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = ticket->next;
	if (!*at)
		pacer->last = at;
}

void
pacer_done(struct pacer *pacer, struct pacer_ticket *ticket)
{
	if (ticket->waiting)
		leave_line(pacer, ticket);
	if (ticket->dialling)
		pacer->under_way--;
	ticket->waiting = false;
	ticket->dialling = false;
}

uint64_t
pacer_run(struct pacer *pacer, uint64_t now)
{
	while (pacer->first && pacer->under_way < pacer->most) {
		struct pacer_ticket *ticket = pacer->first;

		if (now < pacer->next_at)
			return pacer->next_at;
		leave_line(pacer, ticket);
		ticket->waiting = false;
		ticket->dialling = true;
		pacer->under_way++;
		pacer->next_at = now + pacer->spacing_ms;
		ticket->dial(ticket->context);
	}
	return UINT64_MAX;
}
