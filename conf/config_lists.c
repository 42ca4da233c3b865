/* SPDX-License-Identifier: ISC */
/* config_lists.c: the options of a controller that are lists */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config_read.h"

#define LOWER_WORD "abcdefghijklmnopqrstuvwxyz0123456789_"

static struct scan_place
place_of(const struct option_value *value)
{
	return (struct scan_place){value->file, value->line};
}

/* A cleared array for `values` of `size` bytes each; reports when there is no memory. */
static void *
members_new(struct reading *reading, const struct option_values *values, size_t size)
{
	void *members = calloc(values->n + 1, size);

	if (!members)
		reading_error(reading, values->place, "out of memory");
	return members;
}

static void
set_hosts(struct reading *reading, struct config_controller *controller,
	  const struct option_values *values)
{
	controller->hosts = members_new(reading, values, sizeof *controller->hosts);
	for (size_t i = 0; controller->hosts && i < values->n; i++) {
		const char *host = values->values[i].text;
		if (!*host || strpbrk(host, " \t/"))
			reading_error(reading, place_of(&values->values[i]),
				      "host \"%s\": expected a name or an address", host);
		controller->hosts[controller->n_hosts++] = strdup(host);
	}
	if (values->n == 0)
		reading_error(reading, values->place,
			      "host: expected at least one name or address");
}

/* The service `service:subservice` (`length` bytes of `text`) among those of the controller, or
 * NULL. */
static struct config_service *
find_service(const struct config_controller *controller, const char *text, size_t length)
{
	for (size_t i = 0; i < controller->n_services; i++) {
		struct config_service *service = &controller->services[i];
		size_t n = strlen(service->service);
		if (length == n + 1 + strlen(service->subservice) && text[n] == ':' &&
		    strncmp(text, service->service, n) == 0 &&
		    strncmp(text + n + 1, service->subservice, length - n - 1) == 0)
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
		reading_error(
			reading, place_of(value),
			"services: \"%s\", expected \"service:subservice\", like \"rssi:client\"",
			text);
		return;
	}
	if (find_service(controller, text, strlen(text))) {
		reading_error(reading, place_of(value), "services: \"%s\" is given twice", text);
		return;
	}
	service->service = strndup(text, n);
	service->subservice = strdup(text + n + 1);
	controller->n_services++;
}

static void
set_services(struct reading *reading, struct config_controller *controller,
	     const struct option_values *values)
{
	controller->services = members_new(reading, values, sizeof *controller->services);
	for (size_t i = 0; controller->services && i < values->n; i++)
		add_service(reading, controller, &values->values[i]);
	if (values->n == 0)
		reading_error(reading, values->place, "services: expected at least one");
}

static void
set_interval(struct reading *reading, const struct option *option,
	     struct config_controller *controller, const struct option_value *value)
{
	const char *equal = strchr(value->text, '=');
	size_t digits = equal ? strspn(equal + 1, "0123456789") : 0;
	long long seconds = digits > 0 && digits < 10 ? atoll(equal + 1) : 0;
	struct config_service *service;

	if (digits == 0 || equal[1 + digits] || seconds < option->min || seconds > option->max) {
		reading_error(
			reading, place_of(value),
			"intervals: \"%s\", expected \"service:subservice=seconds\", %lld to %lld s",
			value->text, option->min, option->max);
		return;
	}
	service = find_service(controller, value->text, (size_t)(equal - value->text));
	if (!service)
		reading_error(
			reading, place_of(value),
			"intervals: \"%s\", expected one of the services that are subscribed to",
			value->text);
	else if (service->interval_s > 0)
		reading_error(reading, place_of(value), "intervals: a second one for \"%.*s\"",
			      (int)(equal - value->text), value->text);
	else
		service->interval_s = (unsigned)seconds;
}

static void
add_tag(struct reading *reading, struct config_controller *controller,
	const struct option_value *value)
{
	const char *equal = strchr(value->text, '=');
	struct config_tag *tag = &controller->tags[controller->n_tags];

	tag->name = strndup(value->text, equal ? (size_t)(equal - value->text) : 0);
	if (!tag->name || !option_is_name(tag->name) || !equal[1]) {
		free(tag->name);
		tag->name = NULL;
		reading_error(
			reading, place_of(value),
			"tags: \"%s\", expected \"name=value\", the name of letters, digits, - _ and .",
			value->text);
		return;
	}
	for (size_t i = 0; i < controller->n_tags; i++)
		if (strcmp(controller->tags[i].name, tag->name) == 0)
			reading_error(reading, place_of(value), "tags: a second \"%s\"", tag->name);
	tag->value = strdup(equal + 1);
	controller->n_tags++;
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
