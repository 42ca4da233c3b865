/* SPDX-License-Identifier: ISC */
/* spool_file.c: opens the file of a spool, or a new one where it is no use */
#define _GNU_SOURCE
#include "outputs/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Opens the file and locks it; -1 with the reason. */
static int
open_locked(const char *path, struct spool_report *report)
{
	struct stat ours, theirs;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0) {
		snprintf(report->error, sizeof(report->error), "%s", strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		snprintf(report->error, sizeof(report->error), "%s",
			 errno == EWOULDBLOCK ? "in use by another process" : strerror(errno));
	else if (fstat(fd, &ours) < 0 || !S_ISREG(ours.st_mode))
		snprintf(report->error, sizeof(report->error), "not a regular file");
	else if (stat(path, &theirs) < 0 || ours.st_ino != theirs.st_ino)
		snprintf(report->error, sizeof(report->error), "moved meanwhile");
	else
		return fd;
	close(fd);
	return -1;
}

/* Renames a file that is no use to <path>.<how>-<timestamp>; 0 or -1. */
static int
move_aside(const char *path, const char *how, const char *why, struct spool_report *report)
{
	struct timespec now;
	struct tm utc;
	char *aside, stamp[32];
	int fault;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &utc);
	if (asprintf(&aside, "%s.%s-%s.%03dZ", path, how, stamp, (int)(now.tv_nsec / 1000000)) < 0)
		return -1;
	fault = rename(path, aside);
	if (fault)
		snprintf(report->error, sizeof(report->error), "%s (%s), and cannot be moved: %s",
			 how, why, strerror(errno));
	else
		snprintf(report->moved, sizeof(report->moved), "%s (%s), moved to %s", how, why,
			 aside);
	free(aside);
	return fault;
}

int
spool_file_open(const char *path, const struct spool_scan *scan, struct spool_report *report)
{
	char why[SPOOL_ERROR_SIZE / 2];
	int fd = open_locked(path, report);
	enum spool_verdict verdict;

	if (fd < 0)
		return -1;
	verdict = spool_check(fd, scan->visit, scan->context, why, sizeof(why));
	if (verdict == SPOOL_SOUND)
		return fd;
	scan->reset(scan->context);
	if (verdict == SPOOL_UNREADABLE)
		snprintf(report->error, sizeof(report->error), "%s", why);
	else if (move_aside(path, verdict == SPOOL_NEWER ? "newer" : "damaged", why, report) == 0) {
		close(fd);
		return open_locked(path, report);
	}
	close(fd);
	return -1;
}
