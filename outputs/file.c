/* SPDX-License-Identifier: ISC */
/* file.c: an output that writes newline-delimited JSON to a file or to standard output
 *
 * Whoever reads the other end of a pipe may stop reading, so this has a thread of its own and waits
 * with poll() before it writes; what then does not fit in time is dropped and counted when the
 * output is stopped. Lines are never torn: of a write that fails half way the rest of the line is
 * taken back from a file.
 */
#define _GNU_SOURCE
#include "outputs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/log.h"
#include "outputs/jsonw.h"

#define AT_ONCE	       256     /* lines taken from the queue in one go */
#define POLL_MS	       100     /* between looks at the time while a reader does not read */
#define FAILED_PAUSE_S 1       /* before the next try after a failed write */
#define LINGER_NS      1000000 /* before an emptied queue is looked at again */

struct file {
	struct output output;
	char *path;
	char log_name[64];
	int fd;
	bool regular; /* a file: never blocks, and can be shortened */
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t turn;
	bool woken;
	bool stopping;
	struct timespec stop_by;
	char reason[128]; /* why writing fails, or "" */

	/* the thread's own */
	struct queue_list lines;
	struct jsonw text; /* the lines that are being written */
};

static struct file *
file_of(struct output *output)
{
	return (struct file *)output;
}

static void
set_reason(struct file *file, const char *reason)
{
	pthread_mutex_lock(&file->lock);
	snprintf(file->reason, sizeof file->reason, "%s", reason);
	pthread_mutex_unlock(&file->lock);
}

/* True when the time to flush is over. */
static bool
is_late(struct file *file)
{
	struct timespec now;
	bool late;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&file->lock);
	late = file->stopping &&
	       (now.tv_sec > file->stop_by.tv_sec ||
		(now.tv_sec == file->stop_by.tv_sec && now.tv_nsec >= file->stop_by.tv_nsec));
	pthread_mutex_unlock(&file->lock);
	return late;
}

/* Waits until a write of PIPE_BUF bytes will not block; false when it is too late. */
static bool
wait_writable(struct file *file)
{
	struct pollfd poll_fd = {.fd = file->fd, .events = POLLOUT};

	if (file->regular)
		return true;
	while (!is_late(file))
		if (poll(&poll_fd, 1, POLL_MS) > 0)
			return true;
	return false;
}

/* Writes all of the text. Returns how many bytes were written, with errno when they are fewer
 * (ETIMEDOUT: too late). */
static size_t
write_text(struct file *file)
{
	size_t done = 0;

	while (done < file->text.length) {
		size_t some = file->text.length - done;
		ssize_t written;

		if (!wait_writable(file)) {
			errno = ETIMEDOUT;
			break;
		}
		if (!file->regular && some > PIPE_BUF)
			some = PIPE_BUF;
		written = write(file->fd, file->text.data + done, some);
		if (written < 0 && errno != EINTR)
			break;
		done += written > 0 ? (size_t)written : 0;
	}
	return done;
}

/* Tells a failure once, until something is written again. */
static void
tell_failure(struct file *file, int error)
{
	char text[96];

	if (error == ETIMEDOUT || file->reason[0])
		return;
	snprintf(text, sizeof text, "cannot write: %s", strerrordesc_np(error));
	log_error(file->log_name, "%s: %s; records are dropped", file->path, text);
	set_reason(file, text);
}

static void
tell_success(struct file *file)
{
	if (!file->reason[0])
		return;
	log_info(file->log_name, "%s: written again", file->path);
	set_reason(file, "");
}

/* Counts the lines of which every byte was written, and drops the others. */
static void
settle(struct file *file, size_t written, int error)
{
	enum drop_reason reason = error == ETIMEDOUT ? DROP_SHUTDOWN : DROP_WRITE_FAILED;
	size_t whole = 0;

	while (file->lines.first) {
		struct queue_item *item = file->lines.first;
		size_t end = whole + item->payload->length + 1;
		bool all = end <= written;

		whole = all ? end : whole;
		written = all ? written : 0;
		queue_finish(file->output.queue, &file->lines, item,
			     all ? OUTCOME_PUBLISHED : OUTCOME_DROPPED, reason);
	}
	file->text.length = whole;
}

/* Takes back what was written of a line that did not fit. */
static void
untear(const struct file *file, size_t written, size_t whole)
{
	off_t end = file->regular ? lseek(file->fd, 0, SEEK_CUR) : -1;

	if (end >= 0 && written > whole && ftruncate(file->fd, end - (off_t)(written - whole)) == 0)
		lseek(file->fd, -(off_t)(written - whole), SEEK_CUR);
}

/* A disk may have room again soon; a broken pipe must not make this spin. */
static void
pause_unless_stopping(struct file *file)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FAILED_PAUSE_S;
	pthread_mutex_lock(&file->lock);
	while (!file->stopping && pthread_cond_timedwait(&file->turn, &file->lock, &until) == 0)
		;
	pthread_mutex_unlock(&file->lock);
}

static void
write_lines(struct file *file)
{
	size_t written, all;
	int error;

	file->text.length = 0;
	for (const struct queue_item *item = file->lines.first; item; item = item->next) {
		jsonw_raw(&file->text, item->payload->data, item->payload->length);
		jsonw_raw(&file->text, "\n", 1);
	}
	all = file->text.length;
	written = file->text.failed ? 0 : write_text(file);
	error = file->text.failed ? ENOMEM : errno;
	settle(file, written, error);
	if (written == all && !file->text.failed) {
		tell_success(file);
		return;
	}
	untear(file, written, file->text.length);
	tell_failure(file, error);
	if (file->text.failed)
		jsonw_fini(&file->text);
	pause_unless_stopping(file);
}

/* Sleeps until woken; returns false when there is nothing left to do. */
static bool
wait_turn(struct file *file)
{
	bool go_on;

	pthread_mutex_lock(&file->lock);
	while (!file->woken && !file->stopping)
		pthread_cond_wait(&file->turn, &file->lock);
	go_on = file->woken;
	file->woken = false;
	pthread_mutex_unlock(&file->lock);
	return go_on;
}

/* An emptied queue is looked at once more after a moment, so that a busy producer need not wake
 * this thread for each record. */
static void *
run(void *user)
{
	const struct timespec linger = {.tv_nsec = LINGER_NS};
	struct file *file = user;

	for (;;) {
		size_t got = queue_take(file->output.queue, &file->lines, AT_ONCE, true);

		if (got > 0)
			write_lines(file);
		if (got > 0 && got < AT_ONCE)
			nanosleep(&linger, NULL);
		if (got == 0 && !wait_turn(file))
			break;
		if (is_late(file))
			break;
	}
	return NULL;
}

static int
open_file(struct file *file)
{
	bool standard = strcmp(file->path, "-") == 0;
	struct stat status;

	/* O_NONBLOCK: a pipe that nobody reads yet is a failure, not something to wait for. */
	file->fd = standard ? dup(STDOUT_FILENO)
			    : open(file->path,
				   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
	if (file->fd < 0)
		return -1;
	if (!standard)
		fcntl(file->fd, F_SETFL, O_APPEND);
	file->regular = fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode);
	return 0;
}

static int
start(struct output *output)
{
	struct file *file = file_of(output);
	sigset_t all, before;
	int fault;

	if (open_file(file) < 0) {
		log_error(file->log_name, "%s: %s", file->path, strerrordesc_np(errno));
		return -1;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fault = pthread_create(&file->thread, NULL, run, file);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (fault) {
		log_error(file->log_name, "cannot start: %s", strerrordesc_np(fault));
		close(file->fd);
		return -1;
	}
	file->started = true;
	return 0;
}

static void
wake(struct output *output)
{
	struct file *file = file_of(output);

	pthread_mutex_lock(&file->lock);
	file->woken = true;
	pthread_cond_signal(&file->turn);
	pthread_mutex_unlock(&file->lock);
}

static void
stop(struct output *output, unsigned flush_ms)
{
	struct file *file = file_of(output);

	if (!file->started)
		return;
	pthread_mutex_lock(&file->lock);
	file->stopping = true;
	clock_gettime(CLOCK_MONOTONIC, &file->stop_by);
	file->stop_by.tv_sec += flush_ms / 1000;
	file->stop_by.tv_nsec += (long)(flush_ms % 1000) * 1000000;
	if (file->stop_by.tv_nsec >= 1000000000) {
		file->stop_by.tv_nsec -= 1000000000;
		file->stop_by.tv_sec++;
	}
	pthread_cond_signal(&file->turn);
	pthread_mutex_unlock(&file->lock);
	pthread_join(file->thread, NULL);
	close(file->fd);
	file->started = false;
}

static void
status(struct output *output, struct output_status *copy)
{
	struct file *file = file_of(output);

	pthread_mutex_lock(&file->lock);
	copy->connected = file->started && !file->reason[0];
	memcpy(copy->reason, file->reason, sizeof copy->reason);
	pthread_mutex_unlock(&file->lock);
}

static void
file_free(struct output *output)
{
	struct file *file = file_of(output);

	stop(output, 0);
	jsonw_fini(&file->text);
	pthread_cond_destroy(&file->turn);
	pthread_mutex_destroy(&file->lock);
	free(file->path);
	free(file);
}

static const struct output_ops ops = {
	.type = "file",
	.start = start,
	.wake = wake,
	.stop = stop,
	.status = status,
	.free = file_free,
};

static struct queue *
make_queue(const struct file_settings *settings)
{
	struct queue_settings queue = {.max_bytes = settings->queue_size};

	memcpy(queue.policies, settings->policies, sizeof queue.policies);
	if (!settings->queue)
		return queue_new(&queue);
	queue_limit(settings->queue, &queue);
	return settings->queue;
}

struct output *
file_output_new(const struct file_settings *settings, char *error, size_t size)
{
	struct file *file = calloc(1, sizeof *file);

	if (!file) {
		snprintf(error, size, "no memory");
		return NULL;
	}
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->turn, NULL);
	jsonw_init(&file->text);
	snprintf(file->log_name, sizeof file->log_name, "file %s", settings->name);
	file->output.ops = &ops;
	file->output.name = file->log_name + strlen("file ");
	file->output.mode = settings->mode;
	file->output.queue = make_queue(settings);
	file->path = strdup(settings->path);
	if (file->output.queue && file->path)
		return &file->output;
	snprintf(error, size, "no memory");
	file->output.queue = settings->queue ? NULL : file->output.queue;
	output_free(&file->output);
	return NULL;
}
