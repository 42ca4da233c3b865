/* SPDX-License-Identifier: ISC */
/* store.c: small text files of our own that must never be seen half-written
 *
 * A file is written under another name in the same directory, made durable, and then renamed.
 */
#include "gateway/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
fail(const char *what, const char *path, char *error, size_t size)
{
	snprintf(error, size, "cannot %s %s: %s", what, path, strerror(errno));
	return -1;
}

/* Makes the directories that `path` lies in. The text of `path` is the same again afterwards. */
static int
make_directories(char *path, char *error, size_t size)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
		if (!made) {
			fail("make the directory", path, error, size);
			return -1;
		}
		*slash = '/';
	}
	return 0;
}

static int
write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		left -= (size_t)n;
	}
	return fsync(fd);
}

static int
open_directory(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path) + 1 : 1;

	snprintf(folder, sizeof folder, "%.*s", length, slash ? path : ".");
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What root writes is read by a daemon that runs as the owner of the directory. */
static int
give_to_owner(int fd, const char *path)
{
	struct stat status;

	if (geteuid() != 0)
		return 0;
	int folder = open_directory(path);
	if (folder < 0)
		return -1;
	int given = fstat(folder, &status);
	close(folder);
	return given == 0 ? fchown(fd, status.st_uid, status.st_gid) : -1;
}

static void
sync_directory(const char *path)
{
	int fd = open_directory(path);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int
store_text(const char *path, mode_t mode, const char *text, char *error, size_t size)
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof fresh, "%s.XXXXXX", path) >= (int)sizeof fresh) {
		errno = ENAMETOOLONG;
		return fail("write", path, error, size);
	}
	if (make_directories(fresh, error, size))
		return -1;
	int fd = mkstemp(fresh);
	if (fd < 0)
		return fail("write", path, error, size);

	bool good = give_to_owner(fd, fresh) == 0 && fchmod(fd, mode) == 0 &&
		    write_all(fd, text) == 0;
	good = close(fd) == 0 && good;
	if (!good || rename(fresh, path) < 0) {
		fail("write", path, error, size);
		unlink(fresh);
		return -1;
	}
	sync_directory(path);
	return 0;
}
