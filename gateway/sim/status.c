/* SPDX-License-Identifier: ISC */
/* status.c: what a controller counts of each client, and its two tables of that */
#include "gateway/sim/status.h"

#include <inttypes.h>
#include <string.h>

void
status_print_head(FILE *file)
{
	fprintf(file,
		"show nmsp status\n\nNMSP Status\n-----------\n\n"
		"MSE IP Address   Tx Echo Resp  Rx Echo Req  Tx Data     Rx Data     Active\n"
		"--------------------------------------------------------------------------\n");
}

void
status_print(const struct status *status, FILE *file)
{
	fprintf(file, "%-15s  %-12" PRIu64 "  %-11" PRIu64 "  %-10" PRIu64 "  %-10" PRIu64 "  %s\n",
		status->address, status->echo_responses, status->echo_requests, status->data_sent,
		status->data_received, status->active ? "yes" : "no");
	if (status->skipped || status->unsupported)
		fprintf(file,
			"    skipped notifications %" PRIu64 ", unsupported messages %" PRIu64 "\n",
			status->skipped, status->unsupported);
}

void
status_print_subscription(const struct status *status, const struct catalog *list, FILE *file)
{
	const char *service = "";

	fprintf(file, "\nMobility Services Subscribed by %s%s:\n\n%-14s%s\n%-14s%s\n",
		status->address, status->unsubscribed ? " until it unsubscribed" : "", "Service",
		"Subservice", "-------", "----------");
	for (uint32_t i = 0; i < list->n_entries; i++) {
		const struct catalog_entry *entry = &list->entries[i];
		bool same = strcmp(service, entry->service_title) == 0;

		if (!status->subscribed[i])
			continue;
		if (*service)
			fputs(same ? ",\n" : "\n", file);
		fprintf(file, "%-14s%s", same ? "" : entry->service_title, entry->title);
		service = entry->service_title;
	}
	fputs(*service ? "\n" : "None\n", file);
}
