/* SPDX-License-Identifier: ISC */
/* config_lists.c: the options of a controller that are lists */
#include <stdlib.h>
#include <string.h>

#include "conf/config_read.h"

#define LOWER_WORD "abcdefghijklmnopqrstuvwxyz0123456789_"

/* A cleared array for `values` of `size` bytes each; reports when there is no memory. */
static void *
members_new(struct reading *reading, const struct option_values *values, size_t size)
{
	void *members = calloc(values->n + 1, size);

	if (!members)
		report_error(&reading->source.report, values->place, "out of memory");
	return members;
}

/* `length` bytes of a value, or what it has; reports when there is no memory. */
static char *
copy(struct reading *reading, const struct option_value *value, const char *text, size_t length)
{
	char *result = strndup(text, length);

	if (!result)
		report_error(&reading->source.report, value->place, "out of memory");
	return result;
}

static void
set_hosts(struct reading *reading, struct config_controller *controller,
	  const struct option_values *values)
{
	const struct report *report = &reading->source.report;

	controller->hosts = members_new(reading, values, sizeof *controller->hosts);
	for (size_t i = 0; controller->hosts && i < values->n; i++) {
		const char *host = values->values[i].text;
		if (!*host || strpbrk(host, " \t/"))
			report_error(report, values->values[i].place,
				     "host \"%s\": expected a name or an address", host);
		controller->hosts[controller->n_hosts++] =
			copy(reading, &values->values[i], host, strlen(host));
	}
	if (values->n == 0)
		report_error(report, values->place, "host: expected at least one name or address");
}

static bool
is_same(const char *member, const char *text, size_t length)
{
	return member && strlen(member) == length && memcmp(member, text, length) == 0;
}

/* The service `service:subservice` (`length` bytes of `text`) among those of the controller, or
 * NULL. */
static struct config_service *
find_service(const struct config_controller *controller, const char *text, size_t length)
{
	size_t n = strcspn(text, ":");

	for (size_t i = 0; n < length && i < controller->n_services; i++) {
		struct config_service *service = &controller->services[i];
		if (is_same(service->service, text, n) &&
		    is_same(service->subservice, text + n + 1, length - n - 1))
			return service;
	}
	return NULL;
}

static void
add_service(struct reading *reading, struct config_controller *controller,
	    const struct option_value *value)
{
	const char *text = value->text;
	size_t n = strspn(text, LOWER_WORD);
	size_t m = text[n] == ':' ? strspn(text + n + 1, LOWER_WORD) : 0;
	struct config_service *service = &controller->services[controller->n_services];

	if (n == 0 || m == 0 || text[n + 1 + m]) {
		report_error(&reading->source.report, value->place,
			     "services: \"%s\", expected \"service:subservice\", like "
			     "\"rssi:client\"",
			     text);
		return;
	}
	if (find_service(controller, text, strlen(text))) {
		report_error(&reading->source.report, value->place,
			     "services: \"%s\" is given twice", text);
		return;
	}
	service->service = copy(reading, value, text, n);
	service->subservice = copy(reading, value, text + n + 1, m);
	controller->n_services++;
	reading_note(reading, service, value->place, true);
}

static void
set_services(struct reading *reading, struct config_controller *controller,
	     const struct option_values *values)
{
	controller->services = members_new(reading, values, sizeof *controller->services);
	for (size_t i = 0; controller->services && i < values->n; i++)
		add_service(reading, controller, &values->values[i]);
	if (values->n == 0)
		report_error(&reading->source.report, values->place,
			     "services: expected at least one");
}

static void
set_interval(struct reading *reading, const struct option *option,
	     struct config_controller *controller, const struct option_value *value)
{
	const struct report *report = &reading->source.report;
	size_t length = strcspn(value->text, "=");
	const char *number = value->text + length + (value->text[length] != '\0');
	size_t digits = strspn(number, "0123456789");
	long seconds = digits > 0 && digits < 10 && !number[digits] ? strtol(number, NULL, 10) : -1;
	struct config_service *service = find_service(controller, value->text, length);

	if (seconds < option->min || seconds > option->max)
		report_error(report, value->place,
			     "intervals: \"%s\", expected \"service:subservice=seconds\", %lld to "
			     "%lld s",
			     value->text, option->min, option->max);
	else if (!service)
		report_error(report, value->place,
			     "intervals: \"%s\", expected one of the services that are subscribed "
			     "to",
			     value->text);
	else if (service->interval_s > 0)
		report_error(report, value->place, "intervals: a second one for \"%.*s\"",
			     (int)length, value->text);
	else
		service->interval_s = (unsigned)seconds;
}

static void
add_tag(struct reading *reading, struct config_controller *controller,
	const struct option_value *value)
{
	const struct report *report = &reading->source.report;
	size_t length = strcspn(value->text, "=");
	struct config_tag tag = {.name = copy(reading, value, value->text, length)};

	if (!tag.name || !option_is_name(tag.name) || !value->text[length] ||
	    !value->text[length + 1]) {
		report_error(report, value->place,
			     "tags: \"%s\", expected \"name=value\", the name of letters, digits, "
			     "- _ and .",
			     value->text);
		free(tag.name);
		return;
	}
	for (size_t i = 0; i < controller->n_tags; i++) {
		const char *other = controller->tags[i].name;
		if (other && strcmp(other, tag.name) == 0)
			report_error(report, value->place, "tags: a second \"%s\"", tag.name);
	}
	tag.value = copy(reading, value, value->text + length + 1, strlen(value->text));
	controller->tags[controller->n_tags++] = tag;
}

void
config_list_set(struct reading *reading, const struct option *option,
		struct config_controller *controller, const struct option_values *values)
{
	if (option->type == OPTION_HOSTS) {
		set_hosts(reading, controller, values);
	} else if (option->type == OPTION_SERVICES) {
		set_services(reading, controller, values);
	} else if (option->type == OPTION_INTERVALS) {
		for (size_t i = 0; i < values->n; i++)
			set_interval(reading, option, controller, &values->values[i]);
	} else {
		controller->tags = members_new(reading, values, sizeof *controller->tags);
		for (size_t i = 0; controller->tags && i < values->n; i++)
			add_tag(reading, controller, &values->values[i]);
	}
}
