/* SPDX-License-Identifier: ISC */
/* config_check.c: what one option of the configuration alone does not show, and the files that it
 * names */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/config_read.h"
#include "conf/suggest.h"

#define PASSWORD_MAX 65535

static bool
is_set(const char *text)
{
	return text && *text;
}

/* Checks the file that a member names. */
static void
check_readable(struct reading *reading, const char *option, char *const *path)
{
	struct stat status;

	if (!is_set(*path))
		return;
	if (stat(*path, &status) < 0 || access(*path, R_OK) < 0)
		reading_error(reading, path, "%s: cannot read %s: %s", option, *path,
			      strerror(errno));
	else if (S_ISDIR(status.st_mode))
		reading_error(reading, path, "%s: %s is a directory, expected a file", option,
			      *path);
}

void
config_gateway_check(struct reading *reading)
{
	struct config_gateway *gateway = &reading->config->gateway;
	char **paths[] = {&gateway->certificate, &gateway->key, &gateway->control};

	if (gateway->control && !reading_given(reading, &gateway->control)) {
		free(gateway->control);
		gateway->control = strdup("control.sock");
	}
	for (size_t i = 0; i < sizeof paths / sizeof *paths && gateway->state_dir; i++) {
		size_t size = strlen(gateway->state_dir) + 2 + (*paths[i] ? strlen(*paths[i]) : 0);
		char *joined = is_set(*paths[i]) && **paths[i] != '/' ? malloc(size) : NULL;

		if (!joined)
			continue;
		snprintf(joined, size, "%s/%s", gateway->state_dir, *paths[i]);
		free(*paths[i]);
		*paths[i] = joined;
	}
}

/* An address, not a name: a name would have to be looked up, and may lead to several. */
static void
check_http(struct reading *reading, const struct config_http *http)
{
	struct in6_addr address;

	if (is_set(http->listen) && inet_pton(AF_INET, http->listen, &address) != 1 &&
	    inet_pton(AF_INET6, http->listen, &address) != 1)
		reading_error(
			reading, &http->listen,
			"listen = \"%s\": expected an address, like 127.0.0.1, 0.0.0.0 or ::1",
			http->listen);
}

static void
check_controller_name(struct reading *reading, char *const *name)
{
	static const char *const reserved[] = {"state", "info", "health", "command", "response"};

	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
		if (is_set(*name) && strcmp(*name, reserved[i]) == 0)
			reading_error(reading, name,
				      "controller \"%s\": this name is a topic of the gateway's, "
				      "expected any but state, info, health, command and response",
				      *name);
}

/* A setting that `verify` does not look at would give a false sense of safety. */
static void
check_verify(struct reading *reading, const struct config_controller *controller,
	     const char *option, char *const *value, enum config_verify wanted)
{
	const char *verify = wanted == VERIFY_CA ? "ca" : "fingerprint";

	if (!*value)
		return;
	if (controller->verify != wanted && **value)
		reading_error(reading, value,
			      "%s is not looked at, expected verify = \"%s\" with it", option,
			      verify);
	else if (controller->verify == wanted && !**value && reading_given(reading, value))
		reading_error(reading, value, "%s is empty, verify = \"%s\" needs it", option,
			      verify);
	else if (controller->verify == wanted && !**value)
		reading_error(reading, &controller->verify, "verify = \"%s\": %s is missing",
			      verify, option);
}

static void
check_controller(struct reading *reading, const struct config_controller *controller)
{
	check_controller_name(reading, &controller->name);
	if (controller->echo_timeout_s < controller->echo_interval_s)
		reading_error(reading, &controller->echo_timeout_s,
			      "echo_timeout = %u: expected at least echo_interval, %u s",
			      controller->echo_timeout_s, controller->echo_interval_s);
	if (controller->backoff_max_ms < controller->backoff_min_ms)
		reading_error(reading, &controller->backoff_max_ms,
			      "backoff_max = %g: expected at least backoff_min, %g s",
			      controller->backoff_max_ms / 1000.0,
			      controller->backoff_min_ms / 1000.0);
	check_verify(reading, controller, "fingerprint", &controller->fingerprint,
		     VERIFY_FINGERPRINT);
	check_verify(reading, controller, "ca_file", &controller->ca_file, VERIFY_CA);
	check_readable(reading, "ca_file", &controller->ca_file);
	config_filter_check(reading, &controller->filter);
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

static void
take_password(struct reading *reading, struct config_mqtt *mqtt)
{
	const char *path = mqtt->password_file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		reading_error(reading, &mqtt->password_file, "password_file: cannot read %s: %s",
			      path, strerror(errno));
	else if (S_ISREG(status.st_mode) && status.st_mode & S_IRWXO)
		reading_error(reading, &mqtt->password_file,
			      "password_file: others may read or write %s (mode %04o), expected "
			      "none but owner and group, like 0600",
			      path, (unsigned)(status.st_mode & 07777));
	else if (!(mqtt->password = read_password(fd)))
		reading_error(reading, &mqtt->password_file,
			      "password_file: no password in %s: %s, expected one line", path,
			      strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void
check_mqtt_tls(struct reading *reading, const struct config_mqtt *mqtt)
{
	bool certificate = is_set(mqtt->tls_certificate), key = is_set(mqtt->tls_key);

	check_readable(reading, "ca_file", &mqtt->tls_ca_file);
	check_readable(reading, "certificate", &mqtt->tls_certificate);
	check_readable(reading, "key", &mqtt->tls_key);
	if (certificate && !key)
		reading_error(reading, &mqtt->tls_certificate,
			      "certificate without key, expected both or neither");
	if (key && !certificate)
		reading_error(reading, &mqtt->tls_key,
			      "key without certificate, expected both or neither");
}

static bool
same_text(const char *a, const char *b)
{
	return is_set(a) && is_set(b) && strcmp(a, b) == 0;
}

/* Whether two outputs may meet at one broker. */
static bool
share_broker(const struct config_mqtt *a, const struct config_mqtt *b)
{
	for (size_t i = 0; i < a->n_brokers; i++)
		for (size_t k = 0; k < b->n_brokers; k++)
			if (same_text(a->brokers[i].host, b->brokers[k].host) &&
			    a->brokers[i].port == b->brokers[k].port)
				return true;
	return false;
}

/* Two clients of one name at one broker would end each other's connection for ever. */
static void
check_client_id(struct reading *reading, const struct config_mqtt *mqtt)
{
	for (const struct config_mqtt *other = reading->config->mqtts; other < mqtt; other++)
		if (same_text(other->client_id, mqtt->client_id) && share_broker(other, mqtt))
			reading_error(
				reading, &mqtt->client_id,
				"client_id = \"%s\": mqtt \"%s\" has the same at the same broker",
				mqtt->client_id, other->name);
}

static void
check_session(struct reading *reading, const struct config_mqtt *mqtt)
{
	if (mqtt->backoff_max_ms < mqtt->backoff_min_ms)
		reading_error(reading, &mqtt->backoff_max_ms,
			      "backoff_max = %g: expected at least backoff_min, %g s",
			      mqtt->backoff_max_ms / 1000.0, mqtt->backoff_min_ms / 1000.0);
	if (mqtt->session_expiry_s > 0 && mqtt->protocol == 3)
		reading_error(reading, &mqtt->session_expiry_s,
			      "session_expiry: MQTT 3.1.1 has none, expected protocol = 5 with it");
	/* Every connection begins with message ids of its own, and a broker that goes on with a
	 * session could take a new message for one that it has. */
	if (mqtt->session_expiry_s > 0 && mqtt->qos == 2)
		reading_error(reading, &mqtt->session_expiry_s,
			      "session_expiry with qos = 2: expected qos 0 or 1 with it");
}

static void
check_mqtt(struct reading *reading, struct config_mqtt *mqtt)
{
	if (mqtt->tls && !reading_given(reading, &mqtt->port))
		mqtt->port = 8883;
	for (size_t i = 0; i < mqtt->n_brokers; i++)
		if (mqtt->brokers[i].port == 0)
			mqtt->brokers[i].port = mqtt->port;
	if (mqtt->expiry_s > 0 && mqtt->protocol == 3)
		reading_error(reading, &mqtt->expiry_s,
			      "expiry: MQTT 3.1.1 has none, expected protocol = 5 with it");
	if (is_set(mqtt->password_file) && mqtt->username && !*mqtt->username)
		reading_error(reading, &mqtt->password_file,
			      "password_file without username, expected both");
	if (is_set(mqtt->password_file))
		take_password(reading, mqtt);
	else
		mqtt->password = strdup("");
	check_session(reading, mqtt);
	check_mqtt_tls(reading, mqtt);
	check_client_id(reading, mqtt);
	config_topic_check(reading, mqtt);
	config_filter_check(reading, &mqtt->filter);
}

/* Checks the path of a file that may be still to be made. */
static void
check_path(struct reading *reading, char *const *path)
{
	const char *slash = *path ? strrchr(*path, '/') : NULL;
	char *directory = slash && slash > *path ? strndup(*path, (size_t)(slash - *path)) : NULL;
	struct stat status;

	if (*path && stat(*path, &status) == 0 && S_ISDIR(status.st_mode))
		reading_error(reading, path, "path: %s is a directory, expected a file", *path);
	else if (directory && stat(directory, &status) < 0)
		reading_error(reading, path, "path: no directory %s: %s", directory,
			      strerror(errno));
	free(directory);
}

static void
check_file(struct reading *reading, const struct config_file *file)
{
	check_path(reading, &file->path);
	for (const struct config_file *other = reading->config->files; other < file; other++)
		if (same_text(file->path, other->path))
			reading_error(
				reading, &file->path,
				"path = \"%s\": file \"%s\" has the same, expected one of its own",
				file->path, other->name);
	config_filter_check(reading, &file->filter);
}

static void
check_traced(struct reading *reading, char *const *name)
{
	const struct config *config = reading->config;
	struct suggest suggest = suggest_for(*name);
	char hint[64];

	for (size_t i = 0; i < config->n_controllers; i++) {
		if (same_text(config->controllers[i].name, *name))
			return;
		if (config->controllers[i].name)
			suggest_offer(&suggest, config->controllers[i].name);
	}
	reading_error(reading, name, "trace: there is no controller \"%s\"%s", *name,
		      suggest_text(&suggest, hint, sizeof hint));
}

static void
check_log(struct reading *reading)
{
	const struct config *config = reading->config;
	const struct log_settings *log = &config->log.settings;

	if (log->target == LOG_TO_FILE && !is_set(log->path))
		reading_error(reading, &log->target, "target = \"file\": path is missing");
	else if (log->target == LOG_TO_FILE)
		check_path(reading, &log->path);
	else if (log->target == LOG_TO_STDERR && is_set(log->path))
		reading_error(reading, &log->path,
			      "path is not looked at, expected target = \"file\" with it");
	for (size_t i = 0; i < config->n_files; i++)
		if (same_text(config->files[i].path, log->path))
			reading_error(
				reading, &log->path,
				"path = \"%s\": file \"%s\" has the same, expected one of its own",
				log->path, config->files[i].name);
	for (size_t i = 0; i < log->n_traced; i++)
		check_traced(reading, &log->traced[i]);
}

void
config_check(struct reading *reading)
{
	const struct config *config = reading->config;

	config_gateway_check(reading);
	check_log(reading);
	check_http(reading, &config->http);
	for (size_t i = 0; i < config->n_controllers; i++)
		check_controller(reading, &config->controllers[i]);
	for (size_t i = 0; i < config->n_mqtts; i++)
		check_mqtt(reading, &config->mqtts[i]);
	for (size_t i = 0; i < config->n_files; i++)
		check_file(reading, &config->files[i]);
	if (config->n_controllers == 0)
		reading_error(reading, NULL, "expected at least one controller \"NAME\" { ... }");
	if (config->n_mqtts + config->n_files == 0)
		reading_error(reading, NULL,
			      "expected at least one output, mqtt \"NAME\" { ... } or file "
			      "\"NAME\" { ... }");
}
