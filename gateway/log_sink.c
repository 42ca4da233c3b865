/* SPDX-License-Identifier: ISC */
/* log_sink.c: where lines of the log go
 *
 * syslog(3) would wait for a system log that does not read, so datagrams are sent here.
 */
#define _GNU_SOURCE
#include "gateway/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSLOG_SOCKET "/dev/log"
#define READER_MS     50 /* for a slow reader of standard error, once until it reads again */
#define NOTE_SIZE     512

static int
open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static const char *
path_of(const struct log_sink *sink)
{
	if (sink->target == LOG_TO_SYSLOG && !*sink->path)
		return SYSLOG_SOCKET;
	return sink->path;
}

static int
open_target(const struct log_sink *sink)
{
	if (sink->target == LOG_TO_SYSLOG)
		return open_socket(path_of(sink));
	return open(path_of(sink),
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

static int
write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return errno;
		text += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int
write_stderr(const struct log_sink *sink, const char *text, size_t length)
{
	struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&reader, 1, sink->lost ? 0 : READER_MS) == 0)
		return EAGAIN;
	return write_all(STDERR_FILENO, text, length);
}

static int
write_file(const struct log_sink *sink, const char *text, size_t length)
{
	off_t end = lseek(sink->fd, 0, SEEK_END);
	int error = write_all(sink->fd, text, length);

	/* No half lines. */
	if (error && end >= 0 && ftruncate(sink->fd, end) < 0)
		return errno;
	return error;
}

/* A socket is of no use any more when the system's log was started anew. */
static int
send_datagram(struct log_sink *sink, const char *text, size_t length)
{
	if (send(sink->fd, text, length, MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS)
		return errno;
	close(sink->fd);
	sink->fd = open_target(sink);
	if (sink->fd < 0 || send(sink->fd, text, length, MSG_NOSIGNAL) < 0)
		return errno;
	return 0;
}

static int
priority_of(enum log_level level)
{
	static const int priorities[] = {
		[LOG_LEVEL_ERROR] = 3,
		[LOG_LEVEL_WARNING] = 4,
		[LOG_LEVEL_INFO] = 6,
		[LOG_LEVEL_DEBUG] = 7,
	};

	return priorities[level];
}

/* Whether standard error goes to systemd's journal, which names it by device and inode. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char ours[64];

	if (!stream || fstat(STDERR_FILENO, &status) < 0)
		return false;
	snprintf(ours, sizeof ours, "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	return strcmp(ours, stream) == 0;
}

/* "<30>Nov 22 17:00:00 nmsp2mqtt[123]: ", as syslog(3) writes it. */
static size_t
put_syslog_head(const struct log_sink *sink, const struct log_line *line, char *to, size_t size)
{
	int facility = sink->facility == LOG_FACILITY_DAEMON ? 3 : 15 + (int)sink->facility;
	char time[32];
	struct tm local;

	localtime_r(&line->time.tv_sec, &local);
	strftime(time, sizeof time, "%b %e %H:%M:%S", &local);
	return (size_t)snprintf(to, size,
				"<%d>%s %s[%ld]: ", facility * 8 + priority_of(line->level), time,
				program_invocation_short_name, (long)getpid());
}

static size_t
put_line(const struct log_sink *sink, const struct log_line *line, bool with_time, char *to,
	 size_t size)
{
	if (sink->format == LOG_JSON)
		return log_line_json(line, to, size);
	return log_line_text(line, with_time, to, size);
}

/* To standard error; 0 or an errno. */
static int
say(const struct log_sink *sink, const struct log_line *line)
{
	char text[LOG_LINE_SIZE];
	bool journal = is_journal();
	size_t n = 0;

	if (journal)
		n = (size_t)snprintf(text, sizeof text, "<%d>", priority_of(line->level));
	n += put_line(sink, line, !journal, text + n, sizeof text - 1 - n);
	text[n++] = '\n';
	return write_stderr(sink, text, n);
}

/* To where it belongs; 0 or an errno. */
static int
deliver(struct log_sink *sink, const struct log_line *line)
{
	char text[LOG_LINE_SIZE];
	size_t n;

	if (sink->fd < 0)
		return say(sink, line);
	if (sink->target == LOG_TO_SYSLOG) {
		n = put_syslog_head(sink, line, text, sizeof text);
		n += put_line(sink, line, false, text + n, sizeof text - n);
		return send_datagram(sink, text, n);
	}
	n = put_line(sink, line, true, text, sizeof text - 1);
	text[n++] = '\n';
	return write_file(sink, text, n);
}

static struct log_line
note_of(enum log_level level, const char *message)
{
	struct log_line note = {.level = level, .subject = "log", .message = message};

	clock_gettime(CLOCK_REALTIME, &note.time);
	return note;
}

/* Tells a failure once, and its end. */
static void
take_opened(struct log_sink *sink, int error)
{
	char message[NOTE_SIZE];
	struct log_line note;

	if (error == sink->open_error)
		return;
	if (error)
		snprintf(message, sizeof message, "cannot open %s: %s; goes on to standard error",
			 path_of(sink), strerrordesc_np(error));
	else
		snprintf(message, sizeof message, "goes on in %s", path_of(sink));
	note = note_of(error ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, message);
	sink->open_error = error;
	say(sink, &note);
}

static void
try_to_open(struct log_sink *sink)
{
	sink->fd = open_target(sink);
	take_opened(sink, sink->fd < 0 ? errno : 0);
}

void
log_sink_open(struct log_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
	sink->open_error = 0;
	if (sink->target != LOG_TO_STDERR)
		try_to_open(sink);
}

static void
lose(struct log_sink *sink, int error)
{
	char message[NOTE_SIZE];
	struct log_line note = note_of(LOG_LEVEL_ERROR, message);

	if (sink->lost++ > 0)
		return;
	sink->write_error = error;
	if (sink->fd < 0)
		return;
	snprintf(message, sizeof message, "cannot write to %s: %s; lines are lost", path_of(sink),
		 strerrordesc_np(error));
	say(sink, &note);
}

/* True when there is nothing to tell of lost lines any more. */
static bool
tell_lost(struct log_sink *sink)
{
	char message[NOTE_SIZE];
	struct log_line note = note_of(LOG_LEVEL_WARNING, message);

	snprintf(message, sizeof message, "lines were lost: %" PRIu64 " (%s)", sink->lost,
		 strerrordesc_np(sink->write_error));
	if (sink->lost && deliver(sink, &note) != 0)
		return false;
	sink->lost = 0;
	return true;
}

void
log_sink_put(struct log_sink *sink, const struct log_line *line)
{
	int error = 0;

	if (sink->fd < 0 && sink->target != LOG_TO_STDERR)
		try_to_open(sink);
	if (!tell_lost(sink) || (error = deliver(sink, line)) != 0)
		lose(sink, error);
}
