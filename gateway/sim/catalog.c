/* SPDX-License-Identifier: ISC */
/* catalog.c: what can be subscribed to and asked for */
#include "gateway/sim/catalog.h"

#include <string.h>

#define SET(kind) (1U << (kind))
#define ROGUES	  (SET(WORLD_ROGUE_AP) | SET(WORLD_ROGUE_CLIENT))

#define ENTRY(s, t, s_title, t_title, n, i, what, who)                                   \
	{                                                                                \
		.service_name = (s), .subservice_name = (t), .service_title = (s_title), \
		.title = (t_title), .notification_name = (n), .interval_s = (i),         \
		.subject = (what), .entities = (who)                                     \
	}

/* Intervals as on a 9800 where they are known; those of attachment, location and wips are ours. */
static const struct catalog_entry known[] = {
	ENTRY("rssi", "client", "RSSI", "Mobile Station", "measurement_notification", 2,
	      FEED_MEASUREMENT, SET(WORLD_CLIENT)),
	ENTRY("rssi", "tag", "RSSI", "Tags", "measurement_notification", 2, FEED_MEASUREMENT,
	      SET(WORLD_TAG)),
	ENTRY("rssi", "rogue", "RSSI", "Rogues", "measurement_notification", 2, FEED_MEASUREMENT,
	      ROGUES),
	ENTRY("rssi", "interferer", "RSSI", "Interferers", "measurement_notification", 2,
	      FEED_MEASUREMENT, SET(WORLD_INTERFERER)),
	ENTRY("rssi", "client_associated_only", "RSSI", "Associated Mobile Station",
	      "measurement_notification", 2, FEED_MEASUREMENT, SET(WORLD_CLIENT) | FEED_ASSOCIATED),
	ENTRY("information", "client", "Info", "Mobile Station", "information_notification", 8,
	      FEED_INFORMATION, SET(WORLD_CLIENT)),
	ENTRY("information", "tag", "Info", "Tags", "information_notification", 8, FEED_INFORMATION,
	      SET(WORLD_TAG)),
	ENTRY("information", "rogue", "Info", "Rogues", "information_notification", 8,
	      FEED_INFORMATION, ROGUES),
	ENTRY("statistics", "client", "Statistics", "Mobile Station", "statistics_notification",
	      300, FEED_STATISTICS, SET(WORLD_CLIENT)),
	ENTRY("statistics", "tag", "Statistics", "Tags", "statistics_notification", 300,
	      FEED_STATISTICS, SET(WORLD_TAG)),
	ENTRY("statistics", "rogue", "Statistics", "Rogues", "statistics_notification", 300,
	      FEED_STATISTICS, ROGUES),
	ENTRY("attachment", "station", "Attachment", "Wired Station", "attachment_notification", 10,
	      FEED_ATTACHMENT_EVENTS, SET(FEED_WIRED) | SET(WORLD_CLIENT)),
	ENTRY("location", "subscription", "Location", "Subscription", "location_notification", 30,
	      FEED_LOCATION_EVENTS, FEED_ALL),
	ENTRY("spectrum", "interferer", "Spectrum", "Interferers", "spectrum_notification", 2,
	      FEED_INTERFERER, SET(WORLD_INTERFERER)),
	ENTRY("spectrum", "air_quality", "Spectrum", "Air Quality", "spectrum_notification", 60,
	      FEED_AIR_QUALITY, SET(FEED_AP)),
	ENTRY("wips", "wips", "IDS", "WIPS", "ids_notification", 5, FEED_ALARM, FEED_ALL),
	ENTRY("on_demand", "device", "On Demand", "Device", NULL, 0, FEED_INFORMATION, FEED_ALL),
	ENTRY("ap_info", "ap", "AP Info", "Access Points", "ap_info_notification", 300,
	      FEED_ACCESS_POINT, SET(FEED_AP)),
};

static const struct {
	const char *request;
	enum feed_subject subject;
} subjects[] = {
	{"measurement_request", FEED_MEASUREMENT}, {"information_request", FEED_INFORMATION},
	{"statistics_request", FEED_STATISTICS},   {"attachment_request", FEED_ATTACHMENT},
	{"location_request", FEED_LOCATION},	   {"ids_request", FEED_ALARM},
	{"spectrum_request", FEED_INTERFERER},	   {"on_demand_request", FEED_INFORMATION},
	{"ap_info_request", FEED_ACCESS_POINT},
};

/* A word names a service, or a sub-service behind a colon. */
static bool
word_names(const char *word, size_t length, const struct catalog_entry *entry)
{
	size_t service = strlen(entry->service_name);

	if (length < service || memcmp(word, entry->service_name, service) != 0)
		return false;
	if (length == service)
		return true;
	return word[service] == ':' && length - service - 1 == strlen(entry->subservice_name) &&
	       memcmp(word + service + 1, entry->subservice_name, length - service - 1) == 0;
}

/* Adds an entry when the dictionary has it and the list has not. */
static void
add(struct catalog *list, const struct dict *dict, struct catalog_entry entry)
{
	entry.service = dict_service_named(dict, entry.service_name);
	if (!entry.service)
		return;
	entry.subservice = dict_subservice_named(entry.service, entry.subservice_name);
	if (!entry.subservice || list->n_entries == CATALOG_MAX ||
	    catalog_find(list, entry.service->number, entry.subservice->number))
		return;
	if (entry.notification_name)
		entry.notification = dict_message_named(dict, entry.notification_name);
	list->entries[list->n_entries++] = entry;
}

/* Adds what `word` names, with no length everything; false when that is nothing. */
static bool
add_named(struct catalog *list, const struct dict *dict, const char *word, size_t length)
{
	bool named = false;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (length && !word_names(word, length, &known[i]))
			continue;
		named = true;
		add(list, dict, known[i]);
	}
	return named;
}

const char *
catalog_init(struct catalog *list, const struct dict *dict, const char *wanted)
{
	*list = (struct catalog){0};
	if (!wanted || !*wanted) {
		add_named(list, dict, "", 0);
		return NULL;
	}
	while (*wanted) {
		size_t length = strcspn(wanted, ", ");

		if (length && !add_named(list, dict, wanted, length))
			return wanted;
		wanted += length;
		wanted += strspn(wanted, ", ");
	}
	return NULL;
}

const struct catalog_entry *
catalog_find(const struct catalog *list, uint64_t service, uint64_t subservice)
{
	for (uint32_t i = 0; i < list->n_entries; i++) {
		const struct catalog_entry *entry = &list->entries[i];

		if (entry->service->number == service && entry->subservice->number == subservice)
			return entry;
	}
	return NULL;
}

bool
catalog_answers(const struct catalog *list, const struct message_def *request)
{
	for (uint32_t i = 0; i < list->n_entries; i++)
		if (list->entries[i].service->request_def == request ||
		    !list->entries[i].service->request_def)
			return true;
	return false;
}

bool
catalog_subject(const char *request, uint32_t entities, enum feed_subject *subject)
{
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		if (strcmp(subjects[i].request, request) != 0)
			continue;
		*subject = subjects[i].subject;
		if (*subject == FEED_INTERFERER && entities == SET(FEED_AP))
			*subject = FEED_AIR_QUALITY;
		return true;
	}
	return false;
}
