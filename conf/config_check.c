/* SPDX-License-Identifier: ISC */
/* config_check.c: what one option of the configuration alone does not show, and the files that it
 * names */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/config_read.h"

#define PASSWORD_MAX 65535

/* An option that may be wrong. Members may be NULL where their option was faulty already. */
struct subject {
	struct reading *reading;
	const char *section;
	size_t index;
	const char *sub;
};

static struct scan_place
place_of(const struct subject *subject, const char *option)
{
	return reading_place(subject->reading, subject->section, subject->index, subject->sub,
			     option);
}

static bool
given(const struct subject *subject, const char *option)
{
	return reading_given(subject->reading, subject->section, subject->index, subject->sub,
			     option);
}

static bool
is_set(const char *text)
{
	return text && *text;
}

static void
check_readable(const struct subject *subject, const char *option, const char *path)
{
	struct stat st;

	if (!is_set(path))
		return;
	if (stat(path, &st) < 0 || access(path, R_OK) < 0)
		reading_error(subject->reading, place_of(subject, option), "%s: cannot read %s: %s",
			      option, path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		reading_error(subject->reading, place_of(subject, option),
			      "%s: %s is a directory, expected a file", option, path);
}

static void
check_gateway(struct reading *reading)
{
	struct config_gateway *gateway = &reading->config->gateway;
	char **paths[] = {&gateway->certificate, &gateway->key};

	for (size_t i = 0; i < 2 && gateway->state_dir; i++) {
		size_t size = strlen(gateway->state_dir) + 2 + (*paths[i] ? strlen(*paths[i]) : 0);
		char *joined = is_set(*paths[i]) && **paths[i] != '/' ? malloc(size) : NULL;

		if (!joined)
			continue;
		snprintf(joined, size, "%s/%s", gateway->state_dir, *paths[i]);
		free(*paths[i]);
		*paths[i] = joined;
	}
}

static void
check_controller_name(const struct subject *subject, const char *name)
{
	static const char *const reserved[] = {"state", "info", "health", "command", "response"};

	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
		if (strcmp(name, reserved[i]) == 0)
			reading_error(subject->reading, place_of(subject, ""),
				      "controller \"%s\": this name is a topic of the gateway's, "
				      "expected any but state, info, health, command and response",
				      name);
}

/* A setting that `verify` does not look at would give a false sense of safety. */
static void
check_verify(const struct subject *subject, const char *option, const char *value, bool wanted)
{
	struct reading *reading = subject->reading;
	const char *verify = option[0] == 'f' ? "fingerprint" : "ca";

	if (wanted && value && !*value && !given(subject, option))
		reading_error(reading, place_of(subject, "verify"),
			      "verify = \"%s\": %s is missing", verify, option);
	else if (wanted && value && !*value)
		reading_error(reading, place_of(subject, option),
			      "%s is empty, verify = \"%s\" needs it", option, verify);
	else if (!wanted && is_set(value))
		reading_error(reading, place_of(subject, option),
			      "%s is not looked at, expected verify = \"%s\" with it", option,
			      verify);
}

static void
check_controller(struct reading *reading, size_t index)
{
	const struct config_controller *controller = &reading->config->controllers[index];
	struct subject subject = {reading, "controller", index, NULL};

	check_controller_name(&subject, controller->name);
	if (controller->echo_timeout_s < controller->echo_interval_s)
		reading_error(reading, place_of(&subject, "echo_timeout"),
			      "echo_timeout = %u: expected at least echo_interval, %u s",
			      controller->echo_timeout_s, controller->echo_interval_s);
	if (controller->backoff_max_ms < controller->backoff_min_ms)
		reading_error(reading, place_of(&subject, "backoff_max"),
			      "backoff_max = %g: expected at least backoff_min, %g s",
			      controller->backoff_max_ms / 1000.0,
			      controller->backoff_min_ms / 1000.0);
	subject.sub = "tls";
	check_verify(&subject, "fingerprint", controller->fingerprint,
		     controller->verify == VERIFY_FINGERPRINT);
	check_verify(&subject, "ca_file", controller->ca_file, controller->verify == VERIFY_CA);
	check_readable(&subject, "ca_file", controller->ca_file);
}

/* Reads up to a limit, cuts the last newline off; NULL with `errno`. */
static char *
read_password(int fd)
{
	char *text = calloc(1, PASSWORD_MAX + 2);
	ssize_t n = text ? read(fd, text, PASSWORD_MAX + 1) : -1;

	if (n > PASSWORD_MAX)
		errno = EFBIG;
	if (n < 0 || n > PASSWORD_MAX) {
		free(text);
		return NULL;
	}
	if (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	if (n > 0 && text[n - 1] == '\r')
		text[--n] = '\0';
	if (n > 0 && strlen(text) == (size_t)n)
		return text;
	errno = ENODATA;
	free(text);
	return NULL;
}

static char *
take_password(const struct subject *subject, const char *path)
{
	struct scan_place place = place_of(subject, "password_file");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *password = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		reading_error(subject->reading, place, "password_file: cannot read %s: %s", path,
			      strerror(errno));
	else if (S_ISREG(st.st_mode) && st.st_mode & S_IRWXO)
		reading_error(subject->reading, place,
			      "password_file: others may read or write %s (mode %04o), expected "
			      "none but owner and group, like 0600",
			      path, (unsigned)(st.st_mode & 07777));
	else if (!(password = read_password(fd)))
		reading_error(subject->reading, place,
			      "password_file: no password in %s: %s, expected one line", path,
			      strerror(errno));
	if (fd >= 0)
		close(fd);
	return password;
}

static void
check_mqtt_tls(struct subject subject, const struct config_mqtt *mqtt)
{
	bool certificate = is_set(mqtt->tls_certificate), key = is_set(mqtt->tls_key);

	subject.sub = "tls";
	check_readable(&subject, "ca_file", mqtt->tls_ca_file);
	check_readable(&subject, "certificate", mqtt->tls_certificate);
	check_readable(&subject, "key", mqtt->tls_key);
	if (certificate != key)
		reading_error(subject.reading,
			      place_of(&subject, certificate ? "certificate" : "key"),
			      "%s without %s, expected both or neither",
			      certificate ? "certificate" : "key",
			      certificate ? "key" : "certificate");
}

/* Two clients of one name at one broker would end each other's connection for ever. */
static void
check_client_id(const struct subject *subject)
{
	const struct config_mqtt *mqtts = subject->reading->config->mqtts;
	const struct config_mqtt *mqtt = &mqtts[subject->index];

	for (size_t i = 0; i < subject->index && is_set(mqtt->client_id) && mqtt->host; i++)
		if (mqtts[i].client_id && strcmp(mqtts[i].client_id, mqtt->client_id) == 0 &&
		    mqtts[i].host && strcmp(mqtts[i].host, mqtt->host) == 0 &&
		    mqtts[i].port == mqtt->port)
			reading_error(
				subject->reading, place_of(subject, "client_id"),
				"client_id = \"%s\": mqtt \"%s\" has the same at the same broker",
				mqtt->client_id, mqtts[i].name);
}

static void
check_mqtt(struct reading *reading, size_t index)
{
	struct config_mqtt *mqtt = &reading->config->mqtts[index];
	struct subject subject = {reading, "mqtt", index, NULL};

	if (mqtt->tls && !given(&subject, "port"))
		mqtt->port = 8883;
	if (mqtt->expiry_s > 0 && mqtt->protocol == 3)
		reading_error(reading, place_of(&subject, "expiry"),
			      "expiry: MQTT 3.1.1 has none, expected protocol = 5 with it");
	if (is_set(mqtt->password_file) && mqtt->username && !*mqtt->username)
		reading_error(reading, place_of(&subject, "password_file"),
			      "password_file without username, expected both");
	if (is_set(mqtt->password_file))
		mqtt->password = take_password(&subject, mqtt->password_file);
	else
		mqtt->password = strdup("");
	check_mqtt_tls(subject, mqtt);
	check_client_id(&subject);
	config_topic_check(reading, index);
}

static void
check_file(struct reading *reading, size_t index)
{
	const struct config_file *file = &reading->config->files[index];
	struct subject subject = {reading, "file", index, NULL};
	const char *slash = file->path ? strrchr(file->path, '/') : NULL;
	char *directory = slash && slash > file->path
				  ? strndup(file->path, (size_t)(slash - file->path))
				  : NULL;
	struct stat st;

	if (file->path && stat(file->path, &st) == 0 && S_ISDIR(st.st_mode))
		reading_error(reading, place_of(&subject, "path"),
			      "path: %s is a directory, expected a file", file->path);
	else if (directory && stat(directory, &st) < 0)
		reading_error(reading, place_of(&subject, "path"), "path: no directory %s: %s",
			      directory, strerror(errno));
	free(directory);
	for (size_t i = 0; i < index; i++)
		if (file->path && reading->config->files[i].path &&
		    strcmp(file->path, reading->config->files[i].path) == 0)
			reading_error(
				reading, place_of(&subject, "path"),
				"path = \"%s\": file \"%s\" has the same, expected one of its own",
				file->path, reading->config->files[i].name);
}

void
config_check(struct reading *reading)
{
	const struct config *config = reading->config;
	struct scan_place nowhere = {config->path, 0};

	check_gateway(reading);
	for (size_t i = 0; i < config->n_controllers; i++)
		check_controller(reading, i);
	for (size_t i = 0; i < config->n_mqtts; i++)
		check_mqtt(reading, i);
	for (size_t i = 0; i < config->n_files; i++)
		check_file(reading, i);
	if (config->n_controllers == 0)
		reading_error(reading, nowhere,
			      "expected at least one controller \"NAME\" { ... }");
	if (config->n_mqtts + config->n_files == 0)
		reading_error(
			reading, nowhere,
			"expected at least one output, mqtt \"NAME\" { ... } or file \"NAME\" { ... }");
}
