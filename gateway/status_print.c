/* SPDX-License-Identifier: ISC */
/* status_print.c: the status of a gateway as tables for people
 *
 * They have what the management page of a Mobility Services Engine and the `show nmsp` commands of
 * a controller show, seen from our side.
 */
#include "gateway/status_print.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "gateway/table.h"

#define TEXT_SIZE   1024
#define TIME_SIZE   24
#define LABEL_WIDTH 16

/* Where is printed to, and how. */
struct page {
	FILE *out;
	bool colours;
};

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static long long
number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool
is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* "2026-11-22 17:00:00" of an RFC 3339 time, "-" of none. */
static const char *
time_of(const json_t *object, const char *key, char text[TIME_SIZE])
{
	const char *time = text_of(object, key);

	snprintf(text, TIME_SIZE, "%.19s", *time ? time : "-");
	if (strlen(text) > 10)
		text[10] = ' ';
	return text;
}

static const char *
span_text(long long s, char text[TIME_SIZE])
{
	if (s >= 86400)
		snprintf(text, TIME_SIZE, "%lld d %lld h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(text, TIME_SIZE, "%lld h %lld min", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(text, TIME_SIZE, "%lld min %lld s", s / 60, s % 60);
	else
		snprintf(text, TIME_SIZE, "%lld s", s);
	return text;
}

static const char *
size_text(long long bytes, char text[TIME_SIZE])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes;
	size_t unit = 0;

	while (size >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
		size /= 1024;
		unit++;
	}
	snprintf(text, TIME_SIZE, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
	return text;
}

static enum table_colour
colour_of_state(const char *state)
{
	if (strcmp(state, "subscribed") == 0)
		return TABLE_GOOD;
	if (strcmp(state, "backoff") == 0 || strcmp(state, "quarantined") == 0)
		return TABLE_BAD;
	return strcmp(state, "disabled") == 0 ? TABLE_DIM : TABLE_WARNING;
}

static enum table_colour
colour_of(bool good, enum table_colour otherwise)
{
	return good ? TABLE_GOOD : otherwise;
}

static void
heading(const struct page *page, const char *text)
{
	fprintf(page->out, "\n%s\n", text);
}

/* Prints a table and frees it. */
static void
finish(const struct page *page, struct table *table)
{
	if (!table)
		return;
	if (table_is_empty(table))
		fputs("  none\n", page->out);
	else
		table_print(table, page->out, 2, page->colours);
	table_free(table);
}

/* A line of the summary, unless there is nothing to say. */
static void
line(const struct page *page, const char *label, enum table_colour colour, const char *text)
{
	char clean[TEXT_SIZE];

	if (!*text)
		return;
	fprintf(page->out, "  %-*s", LABEL_WIDTH, label);
	table_paint(page->out, colour, page->colours, table_clean(clean, sizeof clean, text));
	fputc('\n', page->out);
}

/* All messages of a controller in a direction, but for echoes. */
static long long
data_of(const json_t *controller, const char *direction)
{
	const json_t *row;
	long long count = 0;
	size_t i;

	json_array_foreach(json_object_get(controller, "messages"), i, row) {
		if (strcmp(text_of(row, "direction"), direction) == 0 &&
		    strncmp(text_of(row, "type"), "echo_", 5) != 0)
			count += number_of(row, "count");
	}
	return count;
}

static double
rate_of(const json_t *controller)
{
	const char *kind;
	json_t *records;
	double rate = 0;

	json_object_foreach(json_object_get(controller, "records"), kind, records)
		rate += json_number_value(json_object_get(records, "per_s"));
	return rate;
}

static void
print_gateway(const struct page *page, const json_t *status)
{
	const json_t *gateway = json_object_get(status, "gateway");
	char up[TIME_SIZE], clean[TEXT_SIZE];

	fprintf(page->out, "Gateway %s, nmsp2mqtt %s, up %s, process %lld\n",
		text_of(gateway, "name"), text_of(gateway, "version"),
		span_text(number_of(gateway, "uptime_s"), up), number_of(gateway, "pid"));
	fprintf(page->out, "  %s\n", table_clean(clean, sizeof clean, text_of(gateway, "config")));
}

static void
print_controllers(const struct page *page, const json_t *status)
{
	static const struct table_column columns[] = {{"CONTROLLER", false}, {"IP ADDRESS", false},
						      {"STATE", false},	     {"SINCE (UTC)", false},
						      {"TX ECHO REQ", true}, {"RX ECHO RESP", true},
						      {"TX DATA", true},     {"RX DATA", true},
						      {"RECORDS/S", true},   {NULL, false}};
	struct table *table = table_new(columns);
	char since[TIME_SIZE];
	const json_t *c;
	size_t i;

	heading(page, "Controllers");
	json_array_foreach(json_object_get(status, "controllers"), i, c) {
		const json_t *echo = json_object_get(c, "echo");
		const char *state = text_of(c, "state"), *address = text_of(c, "address");

		table_cell(table, TABLE_PLAIN, "%s", text_of(c, "name"));
		table_cell(table, TABLE_PLAIN, "%s", *address ? address : "-");
		table_cell(table, colour_of_state(state), "%s", state);
		table_cell(table, TABLE_PLAIN, "%s", time_of(c, "since", since));
		table_cell(table, TABLE_PLAIN, "%lld", number_of(echo, "requests"));
		table_cell(table, TABLE_PLAIN, "%lld", number_of(echo, "responses"));
		table_cell(table, TABLE_PLAIN, "%lld", data_of(c, "out"));
		table_cell(table, TABLE_PLAIN, "%lld", data_of(c, "in"));
		table_cell(table, TABLE_PLAIN, "%.1f", rate_of(c));
	}
	finish(page, table);
}

/* Why those that are not subscribed are not. */
static void
print_reasons(const struct page *page, const json_t *status)
{
	char clean[TEXT_SIZE];
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(status, "controllers"), i, c) {
		if (strcmp(text_of(c, "state"), "subscribed") != 0 && *text_of(c, "reason"))
			fprintf(page->out, "  %s: %s\n", text_of(c, "name"),
				table_clean(clean, sizeof clean, text_of(c, "reason")));
	}
	json_array_foreach(json_object_get(status, "outputs"), i, c) {
		if (!is_true(c, "connected") && *text_of(c, "reason"))
			fprintf(page->out, "  %s: %s\n", text_of(c, "name"),
				table_clean(clean, sizeof clean, text_of(c, "reason")));
	}
}

static long long
sum_of(const json_t *account, const char *key)
{
	const json_t *value = json_object_get(account, key);
	const char *reason;
	json_t *one;
	long long sum = json_integer_value(value);

	json_object_foreach((json_t *)value, reason, one)
		sum += json_integer_value(one);
	return sum;
}

/* Of all controllers and kinds. */
static long long
total_of(const json_t *controllers, const char *key)
{
	const char *name, *kind;
	json_t *kinds, *account;
	long long total = 0;

	json_object_foreach((json_t *)controllers, name, kinds) {
		json_object_foreach(kinds, kind, account) {
			total += sum_of(account, key);
		}
	}
	return total;
}

static void
print_outputs(const struct page *page, const json_t *status)
{
	static const struct table_column columns[] = {
		{"OUTPUT", false},   {"TYPE", false},	{"CONNECTED", false}, {"QUEUED", true},
		{"QUEUE", true},     {"SPOOL", true},	{"RECONNECTS", true}, {"PUBLISHED", true},
		{"CONFLATED", true}, {"DROPPED", true}, {NULL, false}};
	struct table *table = table_new(columns);
	char size[TIME_SIZE];
	const json_t *o;
	size_t i;

	heading(page, "Outputs");
	json_array_foreach(json_object_get(status, "outputs"), i, o) {
		const json_t *accounts = json_object_get(o, "controllers");
		const json_t *spool = json_object_get(o, "spool");
		bool connected = is_true(o, "connected");
		long long dropped = total_of(accounts, "dropped");

		table_cell(table, TABLE_PLAIN, "%s", text_of(o, "name"));
		table_cell(table, TABLE_PLAIN, "%s", text_of(o, "type"));
		table_cell(table, colour_of(connected, TABLE_BAD), "%s", connected ? "yes" : "no");
		table_cell(table, TABLE_PLAIN, "%lld", number_of(o, "queued_messages"));
		table_cell(table, TABLE_PLAIN, "%s", size_text(number_of(o, "queued_bytes"), size));
		if (spool)
			table_cell(table, TABLE_PLAIN, "%lld", number_of(spool, "messages"));
		else
			table_cell(table, TABLE_PLAIN, "-");
		table_cell(table, TABLE_PLAIN, "%lld", number_of(o, "reconnects"));
		table_cell(table, TABLE_PLAIN, "%lld", total_of(accounts, "published"));
		table_cell(table, TABLE_PLAIN, "%lld", total_of(accounts, "conflated"));
		table_cell(table, dropped ? TABLE_BAD : TABLE_PLAIN, "%lld", dropped);
	}
	finish(page, table);
}

void
status_print(FILE *out, const json_t *status, bool colours)
{
	const struct page page = {out, colours};

	print_gateway(&page, status);
	print_controllers(&page, status);
	print_outputs(&page, status);
	print_reasons(&page, status);
}

/* One controller. */

static void
print_device(const struct page *page, const json_t *c)
{
	const json_t *device = json_object_get(c, "device"), *tls = json_object_get(c, "tls");
	char text[TEXT_SIZE];

	snprintf(text, sizeof text, "%s port %lld",
		 *text_of(c, "address") ? text_of(c, "address") : "not connected,",
		 number_of(c, "port"));
	line(page, "IP address", TABLE_PLAIN, text);
	snprintf(text, sizeof text, "controller%s%s%s%s", *text_of(device, "model") ? ", " : "",
		 text_of(device, "model"), *text_of(device, "software") ? " " : "",
		 text_of(device, "software"));
	line(page, "Target type", TABLE_PLAIN, text);
	line(page, "Target name", TABLE_PLAIN, text_of(device, "name"));
	line(page, "Target MAC", TABLE_PLAIN, text_of(device, "mac"));
	line(page, "TLS", TABLE_PLAIN, text_of(tls, "description"));
	line(page, "Certificate", TABLE_PLAIN, text_of(tls, "fingerprint"));
}

static void
print_echo(const struct page *page, const json_t *c)
{
	const json_t *echo = json_object_get(c, "echo");
	char text[TEXT_SIZE], time[TIME_SIZE];

	snprintf(text, sizeof text, "%lld, last %s", number_of(echo, "requests"),
		 time_of(echo, "last_request", time));
	line(page, "Echo requests", TABLE_PLAIN, text);
	snprintf(text, sizeof text, "%lld, last %s", number_of(echo, "responses"),
		 time_of(echo, "last_response", time));
	line(page, "Echo responses", TABLE_PLAIN, text);
	if (json_object_get(echo, "round_trip_ms")) {
		snprintf(text, sizeof text, "%lld ms", number_of(echo, "round_trip_ms"));
		line(page, "Round trip", TABLE_PLAIN, text);
	}
}

static void
print_summary(const struct page *page, const json_t *c)
{
	const json_t *faults = json_object_get(c, "faults"), *macs = json_object_get(c, "macs");
	const char *state = text_of(c, "state");
	char text[TEXT_SIZE], time[TIME_SIZE];

	fprintf(page->out, "%s: NMSP status (times in UTC)\n", text_of(c, "name"));
	line(page, "NMSP status", colour_of_state(state), state);
	line(page, "Reason", TABLE_PLAIN, text_of(c, "reason"));
	line(page, "Since", TABLE_PLAIN, time_of(c, "since", time));
	if (*text_of(c, "retry_at"))
		line(page, "Dials again", TABLE_PLAIN, time_of(c, "retry_at", time));
	print_device(page, c);
	print_echo(page, c);
	line(page, "Last activity", TABLE_PLAIN, time_of(c, "last_message", time));
	if (json_object_get(c, "clock_skew_ms")) {
		snprintf(text, sizeof text, "%+lld ms", number_of(c, "clock_skew_ms"));
		line(page, "Its clock", TABLE_PLAIN, text);
	}
	snprintf(text, sizeof text, "%lld", number_of(c, "connections"));
	line(page, "Connections", TABLE_PLAIN, text);
	snprintf(text, sizeof text, "%lld records, %lld messages, %lld frames",
		 number_of(faults, "record"), number_of(faults, "message"),
		 number_of(faults, "frame"));
	line(page, "Faults", TABLE_PLAIN, text);
	snprintf(text, sizeof text, "%lld records with a randomised, %lld with a universal one",
		 number_of(macs, "local"), number_of(macs, "universal"));
	line(page, "MAC addresses", TABLE_PLAIN, text);
}

/* Whether two names, "rssi:client" and "rssi:tag", are of one service. */
static bool
same_service(const char *a, const char *b)
{
	size_t length = strcspn(a, ":");

	return strncmp(a, b, length + 1) == 0;
}

/* The offered sub-services of the service that number `first` is of, unless they were printed with
 * one before it. */
static bool
print_offered(const struct page *page, const json_t *services, size_t first)
{
	const char *name = text_of(json_array_get(services, first), "name");
	const char *before = "";
	const json_t *service;
	size_t i;

	json_array_foreach(services, i, service) {
		const char *other = text_of(service, "name");

		if (!is_true(service, "offered") || !same_service(name, other))
			continue;
		if (i < first)
			return false;
		if (!*before)
			fprintf(page->out, "  %.*s: ", (int)strcspn(name, ":"), name);
		fprintf(page->out, "%s%s", before, other + strcspn(other, ":") + 1);
		before = ", ";
	}
	if (*before)
		fputc('\n', page->out);
	return *before;
}

static void
print_capable(const struct page *page, const json_t *c)
{
	const json_t *services = json_object_get(c, "services");
	bool any = false;

	heading(page, "Capable NMSP services");
	for (size_t i = 0; i < json_array_size(services); i++)
		any |= is_true(json_array_get(services, i), "offered") &&
		       print_offered(page, services, i);
	if (!any)
		fputs("  none\n", page->out);
}

static void
yes_or_no(struct table *table, bool yes, bool wanted)
{
	table_cell(table,
		   yes	    ? TABLE_GOOD
		   : wanted ? TABLE_WARNING
			    : TABLE_DIM,
		   "%s", yes ? "yes" : "no");
}

/* What is asked for or configured; what is only offered stands above. */
static void
print_services(const struct page *page, const json_t *c)
{
	static const struct table_column columns[] = {{"SERVICE", false}, {"SUB-SERVICE", false},
						      {"OFFERED", false}, {"REQUESTED", false},
						      {"GRANTED", false}, {"DELIVERING", false},
						      {"INTERVAL", true}, {"LAST RECORD", false},
						      {NULL, false}};
	struct table *table = table_new(columns);
	char time[TIME_SIZE];
	const json_t *s;
	size_t i;

	heading(page, "Subscribed services and sub-services");
	json_array_foreach(json_object_get(c, "services"), i, s) {
		const char *name = text_of(s, "name");
		size_t length = strcspn(name, ":");

		if (!is_true(s, "configured"))
			continue;
		table_cell(table, TABLE_PLAIN, "%.*s", (int)length, name);
		table_cell(table, TABLE_PLAIN, "%s", name + length + (name[length] == ':'));
		yes_or_no(table, is_true(s, "offered"), true);
		yes_or_no(table, is_true(s, "requested"), true);
		yes_or_no(table, is_true(s, "granted"), true);
		yes_or_no(table, is_true(s, "delivering"), is_true(s, "granted"));
		if (json_object_get(s, "interval_s"))
			table_cell(table, TABLE_PLAIN, "%lld s", number_of(s, "interval_s"));
		else
			table_cell(table, TABLE_PLAIN, "-");
		table_cell(table, TABLE_PLAIN, "%s", time_of(s, "last_record", time));
	}
	finish(page, table);
}

static void
print_messages(const struct page *page, const json_t *c)
{
	static const struct table_column columns[] = {
		{"MESSAGE TYPE", false},  {"IN/OUT", false}, {"COUNT", true},
		{"LAST ACTIVITY", false}, {"BYTES", true},   {NULL, false}};
	struct table *table = table_new(columns);
	char time[TIME_SIZE];
	const json_t *m;
	size_t i;

	heading(page, "Messages");
	json_array_foreach(json_object_get(c, "messages"), i, m) {
		bool in = strcmp(text_of(m, "direction"), "in") == 0;

		table_cell(table, TABLE_PLAIN, "%s", text_of(m, "type"));
		table_cell(table, TABLE_PLAIN, "%s", in ? "IN" : "OUT");
		table_cell(table, TABLE_PLAIN, "%lld", number_of(m, "count"));
		table_cell(table, TABLE_PLAIN, "%s", time_of(m, "last", time));
		table_cell(table, TABLE_PLAIN, "%lld", number_of(m, "bytes"));
	}
	finish(page, table);
}

static void
print_records(const struct page *page, const json_t *c)
{
	static const struct table_column columns[] = {{"KIND", false},
						      {"COUNT", true},
						      {"PER SECOND", true},
						      {"LAST", false},
						      {NULL, false}};
	struct table *table = table_new(columns);
	char time[TIME_SIZE];
	const char *kind;
	json_t *r;

	heading(page, "Records");
	json_object_foreach(json_object_get(c, "records"), kind, r) {
		table_cell(table, TABLE_PLAIN, "%s", kind);
		table_cell(table, TABLE_PLAIN, "%lld", number_of(r, "count"));
		table_cell(table, TABLE_PLAIN, "%.1f",
			   json_number_value(json_object_get(r, "per_s")));
		table_cell(table, TABLE_PLAIN, "%s", time_of(r, "last", time));
	}
	finish(page, table);
}

static void
add_accounts(struct table *table, const json_t *output, const char *controller)
{
	static const char *const keys[] = {"received",	"published", "filtered",
					   "conflated", "queued",    "dropped"};
	const json_t *kinds = json_object_get(json_object_get(output, "controllers"), controller);
	const char *kind;
	json_t *account;

	json_object_foreach((json_t *)kinds, kind, account) {
		table_cell(table, TABLE_PLAIN, "%s", text_of(output, "name"));
		table_cell(table, TABLE_PLAIN, "%s", kind);
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
			long long n = sum_of(account, keys[i]);
			bool bad = n && strcmp(keys[i], "dropped") == 0;

			table_cell(table, bad ? TABLE_BAD : TABLE_PLAIN, "%lld", n);
		}
	}
}

static void
print_accounts(const struct page *page, const json_t *status, const char *controller)
{
	static const struct table_column columns[] = {{"OUTPUT", false},  {"KIND", false},
						      {"RECEIVED", true}, {"PUBLISHED", true},
						      {"FILTERED", true}, {"CONFLATED", true},
						      {"QUEUED", true},	  {"DROPPED", true},
						      {NULL, false}};
	struct table *table = table_new(columns);
	const json_t *output;
	size_t i;

	heading(page, "Where its records went");
	json_array_foreach(json_object_get(status, "outputs"), i, output)
		add_accounts(table, output, controller);
	finish(page, table);
}

void
status_print_controller(FILE *out, const json_t *status, bool colours)
{
	const struct page page = {out, colours};
	const json_t *c = json_array_get(json_object_get(status, "controllers"), 0);

	print_summary(&page, c);
	print_capable(&page, c);
	print_services(&page, c);
	print_messages(&page, c);
	print_records(&page, c);
	print_accounts(&page, status, text_of(c, "name"));
	print_outputs(&page, status);
}
