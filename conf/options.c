/* SPDX-License-Identifier: ISC */
/* options.c: every option of the configuration file, a row each */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "conf/text.h"

_Static_assert(sizeof(enum config_verify) == sizeof(int), "OPTION_CHOICE writes an int");
_Static_assert(sizeof(enum log_level) == sizeof(int), "OPTION_CHOICE writes an int");

#define KIB   1024LL
#define MIB   (1024 * KIB)
#define GIB   (1024 * MIB)
#define DAY_S 86400

#define SERVICES                                                                        \
	"rssi:client rssi:tag information:client statistics:client attachment:station " \
	"location:subscription ap_info:ap"

#define WHEN_FULL "conflate drop_oldest drop_newest"
#define VERSIONS  "1.0 1.1 1.2 1.3"
#define TOPIC	  "{prefix}/{gateway}/{controller}/{kind}"
#define LEVELS	  "error warning info debug"

#define FACILITIES "daemon local0 local1 local2 local3 local4 local5 local6 local7"

const char option_subsystems[] =
	"account command conf file gateway identity log mqtt reload session tls";

#define G(member) offsetof(struct config_gateway, member)
#define L(member) offsetof(struct config_log, settings.member)
#define H(member) offsetof(struct config_http, member)
#define C(member) offsetof(struct config_controller, member)
#define M(member) offsetof(struct config_mqtt, member)
#define F(member) offsetof(struct config_file, member)

#define ENRICH "ssid username ip ap_name ap_group"

/* clang-format off */
/* The same for controllers and outputs. */
#define FILTER(at)                                                                              \
	{ "filter", "allow", OPTION_RULES, at(filter.allow), 0, 0, "", NULL },                  \
	{ "filter", "deny", OPTION_RULES, at(filter.deny), 0, 0, "", NULL },                    \
	{ "filter", "rssi_floor", OPTION_INT, at(filter.rssi_floor_dbm), -127, 0, "0", "dBm" }, \
	{ "filter", "interval", OPTION_UINT, at(filter.interval_s), 0, DAY_S, "0", "s" },       \
	{ "filter", "rssi_change", OPTION_UINT, at(filter.rssi_change_db), 0, 100, "0", "dB" }, \
	{ "filter", "ap_change", OPTION_BOOL, at(filter.ap_change), 0, 0, "false", NULL },      \
	{ "enrich", "fields", OPTION_BITS, at(filter.enrich), 0, 0, "", ENRICH }

/* section in the section, name, type, member, least, most, default, unit or words */
static const struct option gateway_options[] = {
	{ NULL, "name", OPTION_NAME, G(name), 0, 0, NULL, NULL },
	{ NULL, "dictionary", OPTION_DICTIONARY, G(dictionary), 0, 0, "baseline", NULL },
	{ NULL, "state_dir", OPTION_PATH, G(state_dir), 0, 0, "/var/lib/nmsp2mqtt", NULL },
	{ NULL, "health_interval", OPTION_UINT, G(health_interval_s), 1, 3600, "60", "s" },
	{ NULL, "control", OPTION_TEXT, G(control), 0, 0, "", NULL },
	{ NULL, "overdue", OPTION_UINT, G(overdue_s), 1, DAY_S, "120", "s" },
	{ NULL, "user", OPTION_TEXT, G(user), 0, 0, "", NULL },
	{ NULL, "confine", OPTION_BOOL, G(confine), 0, 0, "true", NULL },
	{ NULL, "core_dumps", OPTION_BOOL, G(core_dumps), 0, 0, "false", NULL },
	{ "identity", "mac", OPTION_MAC, G(mac), 0, 0, "", NULL },
	{ "identity", "certificate", OPTION_TEXT, G(certificate), 0, 0, "identity.crt", NULL },
	{ "identity", "key", OPTION_TEXT, G(key), 0, 0, "identity.key", NULL },
	{ "unknown", "publish", OPTION_BOOL, G(publish_unknown), 0, 0, "true", NULL },
	{ "unknown", "rate", OPTION_UINT, G(unknown_rate), 1, 100000, "10", "records/s" },
	{ .name = NULL },
};

static const struct option log_options[] = {
	{ NULL, "level", OPTION_CHOICE, L(level), 0, 0, "info", LEVELS },
	{ NULL, "levels", OPTION_LEVELS, L(rules), 0, 0, "", option_subsystems },
	{ NULL, "trace", OPTION_TRACE, L(traced), 0, 0, "", NULL },
	{ NULL, "format", OPTION_CHOICE, L(format), 0, 0, "text", "text json" },
	{ NULL, "target", OPTION_CHOICE, L(target), 0, 0, "stderr", "stderr file syslog" },
	{ NULL, "path", OPTION_PATH, L(path), 0, 0, "", NULL },
	{ NULL, "facility", OPTION_CHOICE, L(facility), 0, 0, "daemon", FACILITIES },
	{ .name = NULL },
};

static const struct option http_options[] = {
	{ NULL, "listen", OPTION_TEXT, H(listen), 0, 0, "127.0.0.1", NULL },
	{ NULL, "port", OPTION_PORT, H(port), 1, 65535, "9464", NULL },
	{ .name = NULL },
};

static const struct option controller_options[] = {
	{ NULL, "host", OPTION_HOSTS, C(hosts), 0, 0, NULL, NULL },
	{ NULL, "port", OPTION_PORT, C(port), 1, 65535, "16113", NULL },
	{ NULL, "services", OPTION_SERVICES, C(services), 0, 0, SERVICES, NULL },
	{ NULL, "intervals", OPTION_INTERVALS, C(services), 1, 180, "", "s" },
	{ NULL, "tags", OPTION_TAGS, C(tags), 0, 0, "", NULL },
	{ NULL, "dictionary", OPTION_DICTIONARY, C(dictionary), 0, 0, "", NULL },
	{ NULL, "echo_interval", OPTION_UINT, C(echo_interval_s), 1, 300, "15", "s" },
	{ NULL, "echo_timeout", OPTION_UINT, C(echo_timeout_s), 1, 900, "30", "s" },
	{ NULL, "stall_timeout", OPTION_UINT, C(stall_timeout_s), 0, DAY_S, "600", "s" },
	{ NULL, "backoff_min", OPTION_SECONDS, C(backoff_min_ms), 100, 3600 * 1000, "1", "s" },
	{ NULL, "backoff_max", OPTION_SECONDS, C(backoff_max_ms), 100, DAY_S * 1000, "60", "s" },
	{ NULL, "quarantine", OPTION_UINT, C(quarantine_s), 1, DAY_S, "600", "s" },
	{ NULL, "handshake_timeout", OPTION_UINT, C(handshake_timeout_s), 1, 300, "15", "s" },
	{ "tls", "verify", OPTION_CHOICE, C(verify), 0, 0, "tofu", "tofu fingerprint ca none" },
	{ "tls", "fingerprint", OPTION_FINGERPRINT, C(fingerprint), 0, 0, "", NULL },
	{ "tls", "ca_file", OPTION_FILE, C(ca_file), 0, 0, "", NULL },
	{ "tls", "min_version", OPTION_CHOICE, C(min_version), TLS_1_0, 0, "1.2", VERSIONS },
	{ "tls", "ciphers", OPTION_TEXT, C(ciphers), 0, 0, "", NULL },
	FILTER(C),
	{ "enrich", "ttl", OPTION_UINT, C(enrich_ttl_s), 1, 30 * DAY_S, "3600", "s" },
	{ "enrich", "max", OPTION_UINT, C(enrich_max), 1, 1000000, "65536", "entries" },
	{ .name = NULL },
};

static const struct option mqtt_options[] = {
	{ NULL, "host", OPTION_BROKERS, M(brokers), 0, 0, "127.0.0.1", NULL },
	{ NULL, "port", OPTION_PORT, M(port), 1, 65535, "1883", NULL },
	{ NULL, "protocol", OPTION_DIGIT, M(protocol), 0, 0, "5", "3 5" },
	{ NULL, "client_id", OPTION_TEXT, M(client_id), 0, 0, "", NULL },
	{ NULL, "username", OPTION_TEXT, M(username), 0, 0, "", NULL },
	{ NULL, "password_file", OPTION_FILE, M(password_file), 0, 0, "", NULL },
	{ NULL, "keepalive", OPTION_UINT, M(keepalive_s), 5, 65535, "30", "s" },
	{ NULL, "session_expiry", OPTION_UINT, M(session_expiry_s), 0, 7 * DAY_S, "0", "s" },
	{ NULL, "backoff_min", OPTION_SECONDS, M(backoff_min_ms), 100, 3600 * 1000, "1", "s" },
	{ NULL, "backoff_max", OPTION_SECONDS, M(backoff_max_ms), 100, DAY_S * 1000, "60", "s" },
	{ NULL, "qos", OPTION_INT, M(qos), 0, 2, "1", NULL },
	{ NULL, "publish", OPTION_CHOICE, M(publish), 0, 0, "record", "record batch" },
	{ NULL, "topic", OPTION_TEXT, M(topic), 0, 0, TOPIC, NULL },
	{ NULL, "prefix", OPTION_TEXT, M(prefix), 0, 0, "nmsp", NULL },
	{ NULL, "expiry", OPTION_UINT, M(expiry_s), 0, 4294967295, "0", "s" },
	{ NULL, "queue_size", OPTION_SIZE, M(queue_size), 64 * KIB, 64 * GIB, "64M", "bytes" },
	{ NULL, "window", OPTION_UINT, M(window), 1, 65535, "100", "messages" },
	{ NULL, "progress_timeout", OPTION_UINT, M(progress_timeout_s), 1, 3600, "30", "s" },
	{ NULL, "commands", OPTION_BOOL, M(commands), 0, 0, "false", NULL },
	{ "full", "rssi", OPTION_CHOICE, M(full.rssi), 0, 0, "conflate", WHEN_FULL },
	{ "full", "statistics", OPTION_CHOICE, M(full.statistics), 0, 0, "drop_oldest", WHEN_FULL },
	{ "full", "others", OPTION_CHOICE, M(full.others), 0, 0, "drop_oldest", WHEN_FULL },
	{ "spool", "path", OPTION_PATH, M(spool_path), 0, 0, "", NULL },
	{ "spool", "max_size", OPTION_SIZE, M(spool_max_size), MIB, 1024 * GIB, "1G", "bytes" },
	{ "spool", "sync", OPTION_CHOICE, M(spool_sync), 0, 0, "batch", "none batch" },
	{ "tls", "ca_file", OPTION_FILE, M(tls_ca_file), 0, 0, "", NULL },
	{ "tls", "certificate", OPTION_FILE, M(tls_certificate), 0, 0, "", NULL },
	{ "tls", "key", OPTION_FILE, M(tls_key), 0, 0, "", NULL },
	{ "tls", "verify", OPTION_BOOL, M(tls_verify), 0, 0, "true", NULL },
	FILTER(M),
	{ .name = NULL },
};

static const struct option file_options[] = {
	{ NULL, "path", OPTION_PATH, F(path), 0, 0, "-", NULL },
	{ NULL, "publish", OPTION_CHOICE, F(publish), 0, 0, "record", "record batch" },
	{ NULL, "queue_size", OPTION_SIZE, F(queue_size), 64 * KIB, 64 * GIB, "64M", "bytes" },
	{ "full", "rssi", OPTION_CHOICE, F(full.rssi), 0, 0, "conflate", WHEN_FULL },
	{ "full", "statistics", OPTION_CHOICE, F(full.statistics), 0, 0, "drop_oldest", WHEN_FULL },
	{ "full", "others", OPTION_CHOICE, F(full.others), 0, 0, "drop_oldest", WHEN_FULL },
	FILTER(F),
	{ .name = NULL },
};
/* clang-format on */

#define STRUCT(type) sizeof(struct type), offsetof(struct type, name), offsetof(struct type, texts)

static const struct option_section sections[] = {
	{"gateway", false, STRUCT(config_gateway), gateway_options},
	{"log", false, sizeof(struct config_log), 0, offsetof(struct config_log, texts),
	 log_options},
	{"http", false, sizeof(struct config_http), 0, offsetof(struct config_http, texts),
	 http_options},
	{"controller", true, STRUCT(config_controller), controller_options},
	{"mqtt", true, STRUCT(config_mqtt), mqtt_options},
	{"file", true, STRUCT(config_file), file_options},
	{.name = NULL},
};

const struct option_section *
option_sections(void)
{
	return sections;
}

const struct option_section *
option_section_named(const char *name)
{
	const struct option_section *section = sections;

	while (strcmp(section->name, name) != 0)
		section++;
	return section;
}

size_t
option_count(const struct option_section *section)
{
	size_t n = 0;

	while (section->options[n].name)
		n++;
	return n;
}

bool
option_is_text(const struct option *option)
{
	return option->type <= OPTION_FINGERPRINT;
}

bool
option_is_list(const struct option *option)
{
	return option->type >= OPTION_HOSTS;
}

bool
option_is_name(const char *text)
{
	size_t n =
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

	return n > 0 && !text[n];
}

bool
option_expect(struct option_expected *expected, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(expected->text, sizeof expected->text, format, arguments);
	va_end(arguments);
	return false;
}

static bool
keep(char **member, char *text)
{
	free(*member);
	*member = text;
	return text != NULL;
}

int
option_find_word(const char *words, const char *text)
{
	size_t length = strlen(text);

	for (int i = 0; *words; i++) {
		size_t n = strcspn(words, " ");
		if (n == length && memcmp(words, text, n) == 0)
			return i;
		words += n;
		words += strspn(words, " ");
	}
	return -1;
}

bool
option_is_subject(const char *subject)
{
	char word[sizeof option_subsystems];

	snprintf(word, sizeof word, "%.*s", (int)strcspn(subject, " "), subject);
	return option_find_word(option_subsystems, word) >= 0;
}

bool
option_expect_word(const struct option *option, struct option_expected *expected)
{
	size_t n = (size_t)snprintf(expected->text, sizeof expected->text, "one of ");

	for (const char *c = option->unit; *c && n + 3 < sizeof expected->text; c++) {
		if (*c == ' ')
			expected->text[n++] = ',';
		expected->text[n++] = *c;
	}
	expected->text[n] = '\0';
	return false;
}

static bool
set_name(char **member, const char *text, struct option_expected *expected)
{
	if (!option_is_name(text))
		return option_expect(expected, "letters, digits, - _ and .");
	return keep(member, strdup(text));
}

/* Copies the hexadecimal digits of `text` in lower case to `digits`; false when there are not
 * `count` or anything but separators stands between pairs of them. */
static bool
hex_digits(const char *text, const char *separators, size_t count, char *digits)
{
	size_t n = 0;

	for (; *text; text++) {
		if (isxdigit((unsigned char)*text) && n < count)
			digits[n++] = (char)tolower((unsigned char)*text);
		else if (n == 0 || n == count || !strchr(separators, *text))
			return false;
	}
	digits[n] = '\0';
	return n == count;
}

static bool
set_mac(char **member, const char *text, struct option_expected *expected)
{
	char digits[13];

	if (*text && !hex_digits(text, ":-.", 12, digits))
		return option_expect(expected, "12 hexadecimal digits, with or without : - or .");
	return keep(member, strdup(text));
}

static bool
set_fingerprint(char **member, const char *text, struct option_expected *expected)
{
	char digits[65] = "";

	if (*text && !hex_digits(text, ":", 64, digits))
		return option_expect(expected, "a SHA-256 fingerprint of 64 hexadecimal digits");
	return keep(member, strdup(digits));
}

static bool
parse_number(const struct option *option, const char *text, long long *number,
	     struct option_expected *expected)
{
	const char *unit = option->unit ? option->unit : "";
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	if (end == text || *end || errno || *number < option->min || *number > option->max)
		return option_expect(expected, "a whole number from %lld to %lld%s%s", option->min,
				     option->max, *unit ? " " : "", unit);
	return true;
}

static bool
set_seconds(const struct option *option, unsigned *member, const char *text,
	    struct option_expected *expected)
{
	char *end;
	double seconds = strtod(text, &end);
	bool number = end != text && !*end && strspn(text, "0123456789.") == strlen(text);

	if (!number || seconds * 1000 < (double)option->min || seconds * 1000 > (double)option->max)
		return option_expect(expected, "a number of seconds from %g to %g",
				     (double)option->min / 1000, (double)option->max / 1000);
	*member = (unsigned)(seconds * 1000 + 0.5);
	return true;
}

/* Writes a size as people write it: 65536 as 64k. */
static void
size_text(long long bytes, char *text, size_t size)
{
	const char *suffix = "";

	if (bytes % GIB == 0)
		suffix = "G", bytes /= GIB;
	else if (bytes % MIB == 0)
		suffix = "M", bytes /= MIB;
	else if (bytes % KIB == 0)
		suffix = "k", bytes /= KIB;
	snprintf(text, size, "%lld%s", bytes, suffix);
}

static bool
set_size(const struct option *option, size_t *member, const char *text,
	 struct option_expected *expected)
{
	static const struct {
		const char *suffix;
		long long factor;
	} units[] = {{"", 1},	 {"k", KIB}, {"K", KIB}, {"m", MIB},
		     {"M", MIB}, {"g", GIB}, {"G", GIB}};
	size_t digits = strspn(text, "0123456789");
	char least[32], most[32];

	for (size_t i = 0; digits > 0 && digits < 16 && i < sizeof units / sizeof units[0]; i++) {
		long long number = strtoll(text, NULL, 10);
		if (strcmp(text + digits, units[i].suffix) != 0 || number < 0 ||
		    number > option->max / units[i].factor ||
		    number * units[i].factor < option->min)
			continue;
		*member = (size_t)(number * units[i].factor);
		return true;
	}
	size_text(option->min, least, sizeof least);
	size_text(option->max, most, sizeof most);
	return option_expect(expected, "a size in bytes from %s to %s (k, M and G are 1024, ...)",
			     least, most);
}

static bool
set_bool(bool *member, const char *text, struct option_expected *expected)
{
	if (option_find_word("true yes on", text) >= 0)
		*member = true;
	else if (option_find_word("false no off", text) >= 0)
		*member = false;
	else
		return option_expect(expected, "true or false");
	return true;
}

static bool
set_word(const struct option *option, void *member, const char *text,
	 struct option_expected *expected)
{
	int place = option_find_word(option->unit, text);

	if (place < 0)
		return option_expect_word(option, expected);
	if (option->type == OPTION_WORD)
		return keep(member, strdup(text));
	*(int *)member = option->type == OPTION_DIGIT ? (int)strtol(text, NULL, 10)
						      : place + (int)option->min;
	return true;
}

static bool
set_number(const struct option *option, void *member, const char *text,
	   struct option_expected *expected)
{
	long long number;

	if (!parse_number(option, text, &number, expected))
		return false;
	if (option->type == OPTION_PORT)
		*(uint16_t *)member = (uint16_t)number;
	else if (option->type == OPTION_INT)
		*(int *)member = (int)number;
	else
		*(unsigned *)member = (unsigned)number;
	return true;
}

bool
option_set(const struct option *option, void *target, const struct option_value *value,
	   struct option_expected *expected)
{
	void *member = (char *)target + option->offset;
	const char *text = value->text;

	option_expect(expected, "a text that is not empty");
	if (!*text && option->initial && *option->initial)
		return false;
	option_expect(expected, "memory for it");
	switch (option->type) {
	case OPTION_TEXT:
		return keep(member, strdup(text));
	case OPTION_NAME:
		return set_name(member, text, expected);
	case OPTION_PATH:
	case OPTION_FILE:
		return keep(member, text_path(value->place.file, text));
	case OPTION_DICTIONARY:
		return keep(member,
			    strchr(text, '/') ? text_path(value->place.file, text) : strdup(text));
	case OPTION_MAC:
		return set_mac(member, text, expected);
	case OPTION_FINGERPRINT:
		return set_fingerprint(member, text, expected);
	case OPTION_UINT:
	case OPTION_INT:
	case OPTION_PORT:
		return set_number(option, member, text, expected);
	case OPTION_SECONDS:
		return set_seconds(option, member, text, expected);
	case OPTION_SIZE:
		return set_size(option, member, text, expected);
	case OPTION_BOOL:
		return set_bool(member, text, expected);
	case OPTION_WORD:
	case OPTION_CHOICE:
	case OPTION_DIGIT:
		return set_word(option, member, text, expected);
	case OPTION_HOSTS:
	case OPTION_SERVICES:
	case OPTION_INTERVALS:
	case OPTION_TAGS:
	case OPTION_BROKERS:
	case OPTION_RULES:
	case OPTION_BITS:
	case OPTION_LEVELS:
	case OPTION_TRACE:
		break;
	}
	return option_expect(expected, "one value");
}
