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

static void
check_spool(struct reload_check *check, const struct config_mqtt *mqtt)
{
	const struct config *before = check->before;
	const char *path = NULL;

	for (size_t i = 0; i < before->n_mqtts && !path; i++)
		if (strcmp(before->mqtts[i].name, mqtt->name) == 0)
			path = before->mqtts[i].spool_path;
	check_path(check, "spool", &mqtt->spool_path, path);
}

static void
check_file(struct reload_check *check, const struct config_file *file)
{
	const struct config *before = check->before;
	const char *path = NULL;

	for (size_t i = 0; i < before->n_files && !path; i++)
		if (strcmp(before->files[i].name, file->name) == 0)
			path = before->files[i].path;
	check_path(check, "path", &file->path, path);
}

int
reload_check(const struct config *before, const struct config *after, const struct report *report)
{
	struct reload_check check = {before, after, report, 0};

	for (size_t i = 0; i < after->n_mqtts; i++)
		check_spool(&check, &after->mqtts[i]);
	for (size_t i = 0; i < after->n_files; i++)
		check_file(&check, &after->files[i]);
	return check.errors == 0 ? 0 : -1;
}
