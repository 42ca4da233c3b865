/* SPDX-License-Identifier: ISC */
/* config_lists.c: the options that are lists */
#include <stdlib.h>
#include <string.h>

#include "conf/config_read.h"

#define LOWER_WORD "abcdefghijklmnopqrstuvwxyz0123456789_"

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
add_host(struct reading *reading, struct config_controller *controller,
	 const struct option_value *value)
{
	if (!*value->text || strpbrk(value->text, " \t/"))
		report_error(&reading->source.report, value->place,
			     "host \"%s\": expected a name or an address", value->text);
	controller->hosts[controller->n_hosts++] =
		copy(reading, value, value->text, strlen(value->text));
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

/* The port behind a colon, when there is just one or the address is in brackets; 0 when there is
 * none, -1 when it is no port. */
static long
split_port(const char *text, size_t *host_length)
{
	const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *colon = strchr(bracket ? bracket : text, ':');
	char *end;
	long port;

	*host_length = strlen(text);
	if (!colon || (!bracket && strchr(colon + 1, ':')))
		return 0;
	*host_length = (size_t)(colon - text);
	port = strtol(colon + 1, &end, 10);
	return end > colon + 1 && !*end && port >= 1 && port <= 65535 ? port : -1;
}

static void
add_broker(struct reading *reading, struct config_mqtt *mqtt, const struct option_value *value)
{
	const char *text = value->text;
	size_t length;
	long port = split_port(text, &length);
	struct config_broker *broker = &mqtt->brokers[mqtt->n_brokers++];

	if (length > 1 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length == 0 || strcspn(text, " \t/") < length || port < 0)
		report_error(&reading->source.report, value->place,
			     "host \"%s\": expected a name or an address, with a port behind a "
			     "colon if need be",
			     value->text);
	broker->host = copy(reading, value, text, length);
	broker->port = (uint16_t)port;
}

static void
add_bit(struct reading *reading, const struct option *option, unsigned *bits,
	const struct option_value *value)
{
	int place = option_find_word(option->unit, value->text);
	struct option_expected expected = {""};

	if (place >= 0) {
		*bits |= 1U << place;
		return;
	}
	option_expect_word(option, &expected);
	report_error(&reading->source.report, value->place, "%s: \"%s\", expected %s", option->name,
		     value->text, expected.text);
}

static void
add_level(struct reading *reading, const struct option *option, struct log_settings *log,
	  const struct option_value *value)
{
	const struct report *report = &reading->source.report;
	const char *equals = strrchr(value->text, '=');
	struct log_rule rule = {NULL, LOG_LEVEL_INFO};

	if (!equals || !log_level_named(equals + 1, &rule.level)) {
		report_error(report, value->place,
			     "levels: \"%s\", expected \"subsystem=level\", like \"mqtt=debug\"",
			     value->text);
		return;
	}
	rule.subject = copy(reading, value, value->text, (size_t)(equals - value->text));
	if (rule.subject && !option_is_subject(rule.subject))
		report_error(report, value->place,
			     "levels: \"%s\": no such subsystem, expected one of %s", value->text,
			     option->unit);
	for (size_t i = 0; rule.subject && i < log->n_rules; i++)
		if (is_same(log->rules[i].subject, rule.subject, strlen(rule.subject)))
			report_error(report, value->place, "levels: a second one for \"%s\"",
				     rule.subject);
	if (rule.subject)
		log->rules[log->n_rules++] = rule;
}

static void
add_traced(struct reading *reading, struct log_settings *log, const struct option_value *value)
{
	char *name = copy(reading, value, value->text, strlen(value->text));

	if (!name)
		return;
	reading_note(reading, &log->traced[log->n_traced], value->place, true);
	log->traced[log->n_traced++] = name;
}

bool
config_list_reserve(const struct option *option, void *target, size_t n)
{
	struct config_controller *controller = target;
	struct config_mqtt *mqtt = target;
	struct config_log *log = target;
	struct config_rules *rules = (void *)((char *)target + option->offset);

	if (option->type == OPTION_RULES)
		return (rules->items = calloc(n + 1, sizeof *rules->items)) != NULL;
	if (option->type == OPTION_LEVELS)
		return (log->settings.rules = calloc(n + 1, sizeof(struct log_rule))) != NULL;
	if (option->type == OPTION_TRACE)
		return (log->settings.traced = calloc(n + 1, sizeof(char *))) != NULL;
	if (option->type == OPTION_BROKERS)
		return (mqtt->brokers = calloc(n + 1, sizeof *mqtt->brokers)) != NULL;
	if (option->type == OPTION_HOSTS)
		return (controller->hosts = calloc(n + 1, sizeof *controller->hosts)) != NULL;
	if (option->type == OPTION_SERVICES)
		return (controller->services = calloc(n + 1, sizeof *controller->services)) != NULL;
	if (option->type == OPTION_TAGS)
		return (controller->tags = calloc(n + 1, sizeof *controller->tags)) != NULL;
	return true;
}

void
config_list_add(struct reading *reading, const struct option *option, void *target,
		const struct option_value *value)
{
	void *member = (char *)target + option->offset;

	if (option->type == OPTION_RULES)
		config_rule_add(reading, option, member, value);
	else if (option->type == OPTION_BITS)
		add_bit(reading, option, member, value);
	else if (option->type == OPTION_BROKERS)
		add_broker(reading, target, value);
	else if (option->type == OPTION_LEVELS)
		add_level(reading, option, &((struct config_log *)target)->settings, value);
	else if (option->type == OPTION_TRACE)
		add_traced(reading, &((struct config_log *)target)->settings, value);
	else if (option->type == OPTION_HOSTS)
		add_host(reading, target, value);
	else if (option->type == OPTION_SERVICES)
		add_service(reading, target, value);
	else if (option->type == OPTION_INTERVALS)
		set_interval(reading, option, target, value);
	else
		add_tag(reading, target, value);
}
