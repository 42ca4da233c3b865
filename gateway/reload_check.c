/* SPDX-License-Identifier: ISC */
/* reload_check.c: whether a gateway that runs can do what another configuration asks for */
#define _GNU_SOURCE
#include "gateway/reload_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reload_check {
	const struct config *before, *after;
	const struct report *report;
	unsigned errors;
};

/* Whether a file can be made in the directory of `path`: one that has no name, and is gone again. A
 * file system without such files is not held against it. */
static int
try_to_make(const char *path)
{
	char *directory = strdup(path);
	char *slash = directory ? strrchr(directory, '/') : NULL;
	int fd;

	if (!directory)
		return -1;
	if (slash)
		slash[slash == directory] = '\0';
	fd = open(slash ? directory : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	free(directory);
	return fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR) ? open("/", O_PATH | O_CLOEXEC)
								  : fd;
}

/* 0, or -1 with errno. */
static int
try_to_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = try_to_make(path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Checks a path unless it is the one from before. */
static void
check_path(struct reload_check *check, const char *name, char *const *path, const char *before)
{
	bool standard = strcmp(*path, "-") == 0;

	if (!**path || standard || (before && strcmp(before, *path) == 0) ||
	    try_to_write(*path) == 0)
		return;
	check->errors++;
	report_error(check->report, config_place(check->after, path), "%s: cannot write %s: %s%s",
		     name, *path, strerror(errno),
		     check->before->gateway.confine && errno == EACCES
			     ? "; a directory that is new needs a restart (gateway: confine)"
			     : "");
}

int
reload_check(const struct config *before, const struct config *after, const struct report *report)
{
	struct reload_check check = {before, after, report, 0};

	for (size_t i = 0; i < after->n_mqtts; i++) {
		const struct config_mqtt *mqtt = &after->mqtts[i];
		const struct config_mqtt *old = config_mqtt_named(before, mqtt->name);

		check_path(&check, "spool", &mqtt->spool_path, old ? old->spool_path : NULL);
	}
	for (size_t i = 0; i < after->n_files; i++) {
		const struct config_file *file = &after->files[i];
		const struct config_file *old = config_file_named(before, file->name);

		check_path(&check, "path", &file->path, old ? old->path : NULL);
	}
	return check.errors == 0 ? 0 : -1;
}
