/* SPDX-License-Identifier: ISC */
/* unix_path.c: the address of a Unix socket whose path may be longer than an address has room for
 *
 * A long one is reached through the directory that it is in, which the kernel shows as a short
 * path.
 */
#define _GNU_SOURCE
#include "gateway/unix_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
open_directory(const char *path, const char *slash)
{
	char *directory = strndup(path, (size_t)(slash - path) + 1);
	int fd = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	free(directory);
	return fd;
}

int
unix_path_open(struct unix_path *u, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *short_path = path;
	char *room;
	int length = 0;

	*u = (struct unix_path){.address.sun_family = AF_UNIX, .directory = -1};
	room = u->address.sun_path;
	if (strlen(path) >= sizeof u->address.sun_path && slash) {
		u->directory = open_directory(path, slash);
		if (u->directory < 0)
			return -1;
		length = sprintf(room, "/proc/self/fd/%d", u->directory);
		short_path = slash;
	}
	if (strlen(short_path) < sizeof u->address.sun_path - (size_t)length) {
		memcpy(room + length, short_path, strlen(short_path) + 1);
		return 0;
	}
	unix_path_close(u);
	errno = ENAMETOOLONG;
	return -1;
}

void
unix_path_close(struct unix_path *u)
{
	if (u->directory >= 0)
		close(u->directory);
	u->directory = -1;
}
