/* SPDX-License-Identifier: ISC */
/* control_client.c: asks a running gateway, over its control socket */
#include "gateway/control_client.h"

#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "conf/config.h"
#include "conf/options.h"
#include "gateway/commands.h"
#include "gateway/unix_path.h"

#define READ_SIZE      65536
#define TIMEOUT_S      10
#define HEAD_MAX       16384
#define BODY_MAX       (256U * 1024 * 1024)
#define DEFAULT_SOCKET "/var/lib/nmsp2mqtt/control.sock"

/* What was read and not used yet. */
struct input {
	int fd;
	char *data; /* ends with a NUL */
	size_t length;
	size_t size;
	bool ended;
};

static char *
configured_path(const char *file)
{
	char *path = config_control(file);

	if (!path)
		config_free(config_load(file, &report_to_stderr));
	if (!path || *path)
		return path;
	fprintf(stderr, "%s: the control socket is off (gateway: control = \"\")\n", file);
	free(path);
	return NULL;
}

char *
control_path(const struct control_target *target)
{
	const char *installed = command_installed_config();

	if (target->socket)
		return strdup(target->socket);
	if (target->config)
		return configured_path(target->config);
	if (installed)
		return configured_path(installed);
	return strdup(DEFAULT_SOCKET);
}

bool
control_is_name(const char *text)
{
	return option_is_name(text);
}

static int
fail(char *error, const char *path, const char *what)
{
	snprintf(error, CONTROL_ERROR_SIZE, "%s: %s", path, what);
	return -1;
}

/* Who may, where we may not. */
static int
fail_access(char *error, const char *path)
{
	struct stat status;
	const struct group *group = stat(path, &status) == 0 ? getgrgid(status.st_gid) : NULL;

	if (group)
		snprintf(error, CONTROL_ERROR_SIZE,
			 "%s: permission denied; members of the group %s may", path,
			 group->gr_name);
	else
		snprintf(error, CONTROL_ERROR_SIZE,
			 "%s: permission denied; the user that the gateway runs as may", path);
	return -1;
}

static int
fail_connect(char *error, const char *path)
{
	if (errno == EACCES || errno == EPERM)
		return fail_access(error, path);
	if (errno == ENOENT)
		return fail(error, path,
			    "no gateway: there is no such socket; is nmsp2mqtt running, and with "
			    "this configuration?");
	if (errno == ECONNREFUSED)
		return fail(error, path,
			    "no gateway: nobody listens there any more; is nmsp2mqtt running?");
	return fail(error, path, strerror(errno));
}

/* Connects; the descriptor, or -1. `wait_s` bounds each read, 0 does not. */
static int
connect_to(const char *path, unsigned wait_s, char *error)
{
	const struct timeval wait = {.tv_sec = wait_s};
	struct unix_path unix_path;
	int fd, status;

	if (unix_path_open(&unix_path, path))
		return fail_connect(error, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	}
	status = connect(fd, (const struct sockaddr *)&unix_path.address, sizeof unix_path.address);
	if (status < 0)
		fail_connect(error, path);
	unix_path_close(&unix_path);
	if (status == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
send_request(int fd, const struct control_request *request)
{
	size_t body = request->body ? strlen(request->body) : 0, sent = 0;
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return -1;
	fprintf(stream, "%s %s HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s", request->method,
		request->path, body, request->body ? request->body : "");
	fclose(stream);
	while (sent < length) {
		ssize_t n = send(fd, text + sent, length - sent, MSG_NOSIGNAL);

		if (n < 0)
			break;
		sent += (size_t)n;
	}
	free(text);
	return sent == length ? 0 : -1;
}

/* Reads some more; 0 or -1 with errno. */
static int
read_more(struct input *in)
{
	ssize_t n;

	if (in->size - in->length < READ_SIZE + 1) {
		char *data = in->length < BODY_MAX
				     ? realloc(in->data, in->length * 2 + READ_SIZE + 1)
				     : NULL;

		if (!data) {
			errno = ENOMEM;
			return -1;
		}
		in->data = data;
		in->size = in->length * 2 + READ_SIZE + 1;
	}
	do
		n = read(in->fd, in->data + in->length, READ_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	in->ended = n == 0;
	in->length += (size_t)n;
	in->data[in->length] = '\0';
	return 0;
}

static void
drop(struct input *in, size_t length)
{
	in->length -= length;
	memmove(in->data, in->data + length, in->length + 1);
}

/* The status in "HTTP/1.0 200 OK", or 0. */
static unsigned
status_of(const char *head)
{
	const char *blank = strncmp(head, "HTTP/1.", 7) == 0 ? strchr(head, ' ') : NULL;

	return blank ? (unsigned)strtoul(blank, NULL, 10) : 0;
}

/* Reads the head of the reply; its status, or 0. */
static unsigned
read_head(struct input *in)
{
	const char *end = NULL;
	unsigned status;

	while (!end && !in->ended && in->length < HEAD_MAX) {
		if (read_more(in))
			return 0;
		end = strstr(in->data, "\r\n\r\n");
	}
	status = end ? status_of(in->data) : 0;
	if (!status) {
		errno = EPROTO;
		return 0;
	}
	drop(in, (size_t)(end - in->data) + 4);
	return status;
}

static int
fail_read(char *error, const char *path)
{
	if (errno == EAGAIN)
		return fail(error, path, "the gateway does not answer");
	if (errno == EPROTO)
		return fail(error, path, "what answers is no gateway");
	return fail(error, path, strerror(errno));
}

/* Sends the request and reads the head of the reply; its status, or 0 with a sentence. */
static unsigned
begin(struct input *in, const char *path, const struct control_request *request, char *error)
{
	unsigned status = send_request(in->fd, request) == 0 ? read_head(in) : 0;

	if (!status)
		fail_read(error, path);
	return status;
}

static int
read_rest(struct input *in)
{
	while (!in->ended)
		if (read_more(in))
			return -1;
	return 0;
}

int
control_call(const char *path, const struct control_request *request, struct control_reply *reply,
	     char *error)
{
	struct input in = {.fd = connect_to(path, TIMEOUT_S, error)};
	unsigned status = in.fd < 0 ? 0 : begin(&in, path, request, error);

	if (status && read_rest(&in)) {
		fail_read(error, path);
		status = 0;
	}
	if (in.fd >= 0)
		close(in.fd);
	if (!status) {
		free(in.data);
		return -1;
	}
	*reply = (struct control_reply){status, in.data, in.length};
	return 0;
}

int
control_ask(const struct control_target *target, const struct control_request *request,
	    struct control_reply *reply)
{
	char error[CONTROL_ERROR_SIZE];
	char *socket = control_path(target);
	int status;

	if (!socket)
		return -1;
	status = control_call(socket, request, reply, error);
	free(socket);
	if (status)
		fprintf(stderr, "%s\n", error);
	return status;
}

void
control_refusal(const char *body, char *error)
{
	json_t *document = json_loads(body, 0, NULL);
	const char *sentence = json_string_value(json_object_get(document, "error"));

	snprintf(error, CONTROL_ERROR_SIZE, "the gateway says: %s",
		 sentence ? sentence : "no, and not why");
	json_decref(document);
}

/* Hands over the whole lines that are there; false when that is enough. */
static bool
give_lines(struct input *in, const struct control_reader *reader)
{
	size_t done = 0;
	const char *newline;
	bool more = true;

	while (more && (newline = memchr(in->data + done, '\n', in->length - done))) {
		size_t length = (size_t)(newline - in->data) - done;

		more = reader->line(reader->context, in->data + done, length);
		done += length + 1;
	}
	drop(in, done);
	return more;
}

static int
stream(struct input *in, const char *path, const struct control_request *request,
       const struct control_reader *reader, char *error)
{
	unsigned status = begin(in, path, request, error);

	if (!status)
		return -1;
	if (status != 200) {
		if (read_rest(in))
			return fail_read(error, path);
		control_refusal(in->data, error);
		return -1;
	}
	while (give_lines(in, reader) && !in->ended)
		if (read_more(in))
			return fail_read(error, path);
	return 0;
}

int
control_stream(const char *path, const struct control_request *request,
	       const struct control_reader *reader, char *error)
{
	struct input in = {.fd = connect_to(path, 0, error)};
	int status;

	if (in.fd < 0)
		return -1;
	status = stream(&in, path, request, reader, error);
	close(in.fd);
	free(in.data);
	return status;
}
