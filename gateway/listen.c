/* SPDX-License-Identifier: ISC */
/* listen.c: sockets that the gateway listens on */
#define _GNU_SOURCE
#include "gateway/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/unix_path.h"

#define BACKLOG	      128
#define LOCK_TRIES    50
#define LOCK_PAUSE_NS 2000000
#define FLAGS	      (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

/* Somebody's error: text to `error`, and what came of it. */
struct outcome {
	char *error;
	size_t size;
	enum listen_result result;
};

__attribute__((format(printf, 2, 3))) static void
fail(struct outcome *outcome, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(outcome->error, outcome->size, format, arguments);
	va_end(arguments);
	outcome->result = LISTEN_FAILED;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t
parse_address(union address *to, const char *text, uint16_t port)
{
	*to = (union address){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
	if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1)
		return sizeof to->v4;
	*to = (union address){.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
	return inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1 ? sizeof to->v6 : 0;
}

enum listen_result
listen_tcp(struct listen_socket *s, const char *text, uint16_t port, char *error, size_t size)
{
	struct outcome outcome = {error, size, LISTEN_OK};
	union address address;
	socklen_t length = parse_address(&address, text, port);
	int on = 1;

	*s = (struct listen_socket){.fd = -1};
	if (!length) {
		fail(&outcome, "%s is not an address", text);
		return outcome.result;
	}
	s->fd = socket(address.any.sa_family, FLAGS, 0);
	if (s->fd >= 0)
		setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (s->fd >= 0 && bind(s->fd, &address.any, length) == 0 && listen(s->fd, BACKLOG) == 0)
		return LISTEN_OK;
	fail(&outcome, "cannot listen on %s port %u: %s", text, (unsigned)port, strerror(errno));
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	return outcome.result;
}

/* Two daemons that start at once must not take turns at removing each other's socket: whoever holds
 * the directory looks and binds. */
static int
lock_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(directory);
	for (int tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (tries == LOCK_TRIES || errno != EWOULDBLOCK) {
			close(fd);
			return -1;
		}
		nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
	}
	return fd;
}

/* Makes way for a socket at `path`: whether somebody listens there is only to be found out by
 * asking. */
static void
clear_path(const struct sockaddr_un *address, const char *path, struct outcome *outcome)
{
	int fd = socket(AF_UNIX, FLAGS, 0);
	struct stat status;
	bool refused;

	if (fd < 0) {
		fail(outcome, "no socket: %s", strerror(errno));
		return;
	}
	refused = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 &&
		  (errno == ECONNREFUSED || errno == ENOENT);
	close(fd);
	if (lstat(path, &status) < 0)
		return;
	if (!S_ISSOCK(status.st_mode)) {
		fail(outcome, "%s is there and is not a socket", path);
	} else if (!refused) {
		fail(outcome, "another daemon listens on %s", path);
		outcome->result = LISTEN_TAKEN;
	} else if (unlink(path) < 0) {
		fail(outcome, "cannot remove the old %s: %s", path, strerror(errno));
	}
}

/* Nobody can connect before listen(), so the mode is right from the start. */
static void
bind_path(struct listen_socket *s, const struct sockaddr_un *address, const char *path,
	  struct outcome *outcome)
{
	struct stat status;

	s->fd = socket(AF_UNIX, FLAGS, 0);
	if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)address, sizeof *address) < 0 ||
	    chmod(path, 0660) < 0 || listen(s->fd, BACKLOG) < 0 || lstat(path, &status) < 0) {
		fail(outcome, "cannot listen on %s: %s", path, strerror(errno));
		if (s->fd >= 0)
			close(s->fd);
		s->fd = -1;
		return;
	}
	s->device = status.st_dev;
	s->inode = status.st_ino;
	s->made = status.st_mtim;
}

enum listen_result
listen_unix(struct listen_socket *s, const char *path, char *error, size_t size)
{
	struct outcome outcome = {error, size, LISTEN_OK};
	struct unix_path unix_path;
	int lock = lock_directory(path);

	*s = (struct listen_socket){.fd = -1};
	if (lock < 0) {
		fail(&outcome, "cannot make %s: %s", path,
		     errno == EWOULDBLOCK ? "another daemon is making one there" : strerror(errno));
		return outcome.result;
	}
	if (unix_path_open(&unix_path, path) < 0) {
		fail(&outcome, "cannot make %s: %s", path, strerror(errno));
	} else {
		clear_path(&unix_path.address, path, &outcome);
		if (outcome.result == LISTEN_OK)
			bind_path(s, &unix_path.address, path, &outcome);
		unix_path_close(&unix_path);
	}
	close(lock);
	return outcome.result;
}

void
listen_remove(const struct listen_socket *s, const char *path)
{
	struct stat status;

	if (lstat(path, &status) == 0 && status.st_dev == s->device && status.st_ino == s->inode &&
	    status.st_mtim.tv_sec == s->made.tv_sec && status.st_mtim.tv_nsec == s->made.tv_nsec)
		unlink(path);
}
