/* SPDX-License-Identifier: ISC */
/* test_file.c: records as lines in files and pipes, and what happens when they cannot be written */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "outputs/file.h"
#include "tests/unit/outputs/queue_feed.h"

#define PATIENCE_MS 10000

/* A directory of its own for each test, with standard error in a file. */
struct place {
	char directory[32];
	char path[64]; /* what the output writes to */
	char log[64];
	int stderr_saved;
};

static struct account account;

static int
place_enter(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	int log;

	assert_non_null(place);
	memset(&account, 0, sizeof account);
	strcpy(place->directory, "/tmp/test_file.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof place->path, "%s/out", place->directory);
	snprintf(place->log, sizeof place->log, "%s/log", place->directory);
	log = open(place->log, O_RDWR | O_CREAT | O_APPEND, 0600);
	place->stderr_saved = dup(STDERR_FILENO);
	dup2(log, STDERR_FILENO);
	close(log);
	*state = place;
	return 0;
}

static int
place_leave(void **state)
{
	struct place *place = *state;

	dup2(place->stderr_saved, STDERR_FILENO);
	close(place->stderr_saved);
	unlink(place->path);
	unlink(place->log);
	rmdir(place->directory);
	free(place);
	return 0;
}

static struct output *
new_output(const char *path)
{
	struct file_settings settings = {.name = "test", .path = path, .queue_size = 4 << 20};
	char error[128];
	struct output *output = file_output_new(&settings, error, sizeof error);

	assert_non_null(output);
	return output;
}

static struct output *
start_output(const char *path)
{
	struct output *output = new_output(path);

	assert_int_equal(output_start(output), 0);
	return output;
}

/* Publishes `n` lines "1 xxx" and so on, `length` bytes each without the newline. */
static void
publish(struct output *output, unsigned n, int length)
{
	static unsigned number;
	struct publication record = {.kind = KIND_INFO, .records = 1, .account = &account};
	char text[4096];

	for (unsigned i = 0; i < n; i++) {
		int digits = snprintf(text, sizeof text, "%u ", ++number);

		memset(text + digits, 'x', (size_t)(length - digits));
		record.payload = buffer_new(text, (size_t)length);
		assert_non_null(record.payload);
		output_publish(output, &record);
		buffer_unref(record.payload);
	}
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Stops, and returns how long that took. */
static uint64_t
stop_output(struct output *output, unsigned flush_ms)
{
	uint64_t began = now_ms();

	output_stop(output, flush_ms);
	return now_ms() - began;
}

static void
wait_until_nothing_queued(void)
{
	for (int i = 0; i < PATIENCE_MS / 10 && feed_view(&account).queued > 0; i++)
		pause_ms(10);
	assert_int_equal(feed_view(&account).queued, 0);
}

/* All that comes from a descriptor; to be freed. */
static char *
read_all(int fd)
{
	size_t length = 0, size = 1 << 16;
	char *text = malloc(size);
	ssize_t n;

	while (assert_non_null(text), (n = read(fd, text + length, size - length - 1)) > 0) {
		length += (size_t)n;
		if (size - length < 4096)
			text = realloc(text, size *= 2);
	}
	text[length] = '\0';
	close(fd);
	return text;
}

static unsigned
count_of(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

static unsigned
count_in_log(const struct place *place, const char *part)
{
	char *text = read_all(open(place->log, O_RDONLY));
	unsigned n = count_of(text, part);

	free(text);
	return n;
}

/* Fails unless the text is so many whole lines of this length. */
static void
assert_lines(char *text, unsigned n, size_t length)
{
	assert_int_equal(strlen(text), n * (length + 1));
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(strchr(text + i * (length + 1), '\n'),
				 text + i * (length + 1) + length);
	free(text);
}

static int
open_reader(const struct place *place)
{
	int fd;

	assert_int_equal(mkfifo(place->path, 0600), 0);
	fd = open(place->path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	fcntl(fd, F_SETFL, 0);
	return fd;
}

static void
test_lines_in_a_file(void **state)
{
	struct place *place = *state;
	struct output *output = start_output(place->path);
	struct output_status status;
	struct stat file;

	publish(output, 1, 10);
	wait_until_nothing_queued();
	output_document(output, "info", NULL, 1);
	publish(output, 999, 10);
	output_status(output, &status);
	assert_true(status.connected);
	assert_string_equal(status.reason, "");
	stop_output(output, 5000);
	output_free(output);
	assert_lines(read_all(open(place->path, O_RDONLY)), 1000, 10);
	assert_int_equal(feed_view(&account).published, 1000);
	assert_int_equal(stat(place->path, &file), 0);
	assert_int_equal(file.st_mode & 022, 0);
}

static void
test_restart_appends(void **state)
{
	struct place *place = *state;

	for (int i = 0; i < 2; i++) {
		struct output *output = start_output(place->path);

		publish(output, 5, 20);
		stop_output(output, 5000);
		output_free(output);
	}
	assert_lines(read_all(open(place->path, O_RDONLY)), 10, 20);
}

static void
test_standard_output(void **state)
{
	struct place *place = *state;
	int file = open(place->path, O_RDWR | O_CREAT, 0600), saved;
	struct output *output;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(file, STDOUT_FILENO);
	output = start_output("-");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	publish(output, 3, 30);
	stop_output(output, 5000);
	output_free(output);
	lseek(file, 0, SEEK_SET);
	assert_lines(read_all(file), 3, 30);
}

struct reader {
	int fd;
	long pause_ms; /* after every piece */
	char *text;
};

static void *
read_slowly(void *user)
{
	struct reader *reader = user;
	char text[4096];

	while (read(reader->fd, text, sizeof text) > 0)
		pause_ms(reader->pause_ms);
	close(reader->fd);
	return NULL;
}

static void *
read_quickly(void *user)
{
	struct reader *reader = user;

	reader->text = read_all(reader->fd);
	return NULL;
}

static void
test_lines_in_a_pipe(void **state)
{
	struct place *place = *state;
	struct reader reader = {.fd = open_reader(place)};
	struct output *output = start_output(place->path);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, read_quickly, &reader), 0);
	publish(output, 3000, 300);
	stop_output(output, PATIENCE_MS);
	pthread_join(thread, NULL);
	output_free(output);
	assert_int_equal(feed_view(&account).published, 3000);
	assert_lines(reader.text, 3000, 300);
}

static void
test_reader_that_does_not_read(void **state)
{
	struct place *place = *state;
	int reader = open_reader(place);
	struct output *output = start_output(place->path);
	struct account_view view;
	char *text;

	publish(output, 1000, 1000);
	assert_in_range(stop_output(output, 300), 290, 1000);
	output_free(output);
	view = feed_view(&account);
	text = read_all(reader);
	assert_int_equal(view.published, count_of(text, "\n"));
	assert_in_range(view.published, 1, 999);
	assert_int_equal(view.published + view.dropped[DROP_SHUTDOWN], 1000);
	assert_int_equal(view.queued, 0);
	assert_int_equal(count_in_log(place, "error"), 0);
	free(text);
}

/* Room comes again and again, but not fast enough. */
static void
test_reader_that_is_slow(void **state)
{
	struct place *place = *state;
	struct reader reader = {.fd = open_reader(place), .pause_ms = 20};
	struct output *output = start_output(place->path);
	struct account_view view;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &reader), 0);
	publish(output, 1000, 4000);
	assert_in_range(stop_output(output, 300), 290, 1000);
	pthread_join(thread, NULL);
	output_free(output);
	view = feed_view(&account);
	assert_int_equal(view.published + view.dropped[DROP_SHUTDOWN], 1000);
	assert_int_equal(view.queued, 0);
}

static void
test_reader_that_goes_away(void **state)
{
	struct place *place = *state;
	int reader = open_reader(place);
	struct output *output = start_output(place->path);
	struct output_status status;

	close(reader);
	publish(output, 10, 10);
	wait_until_nothing_queued();
	do
		output_status(output, &status);
	while (status.connected);
	assert_string_equal(status.reason, "cannot write: Broken pipe");
	assert_int_equal(feed_view(&account).dropped[DROP_WRITE_FAILED], 10);
	stop_output(output, 5000);
	output_free(output);
}

static void
test_full_disk_is_told_once(void **state)
{
	struct place *place = *state;
	struct output *output = start_output("/dev/full");

	for (int i = 0; i < 2; i++) {
		publish(output, 10, 100);
		wait_until_nothing_queued();
	}
	publish(output, 1000, 100);
	assert_in_range(stop_output(output, 5000), 0, 1000);
	output_free(output);
	assert_int_equal(feed_view(&account).dropped[DROP_WRITE_FAILED], 1020);
	assert_int_equal(feed_view(&account).queued, 0);
	assert_int_equal(count_in_log(place, "\n"), 1);
	assert_int_equal(count_in_log(place, "file test: /dev/full: cannot write: No space left on "
					     "device; records are dropped"),
			 1);
}

/* A limit in the middle of a line stands for a disk that fills up there. */
static void
test_no_line_is_torn(void **state)
{
	struct place *place = *state;
	struct rlimit before, limit;
	struct output *output;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 1010 * 20 + 500;
	output = start_output(place->path);
	setrlimit(RLIMIT_FSIZE, &limit);
	publish(output, 40, 1009);
	wait_until_nothing_queued();
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(feed_view(&account).published, 20);
	assert_int_equal(feed_view(&account).dropped[DROP_WRITE_FAILED], 20);
	publish(output, 3, 1009);
	wait_until_nothing_queued();
	stop_output(output, 5000);
	output_free(output);
	assert_lines(read_all(open(place->path, O_RDONLY)), 23, 1009);
	assert_int_equal(count_in_log(place, "records are dropped"), 1);
	assert_int_equal(count_in_log(place, "written again"), 1);
}

static void
test_what_cannot_be_opened(void **state)
{
	struct place *place = *state;
	struct output *output = new_output("/nowhere/at/all");

	assert_int_equal(output_start(output), -1);
	stop_output(output, 100);
	output_free(output);
	assert_int_equal(count_in_log(place, "/nowhere/at/all: No such file or directory"), 1);
	assert_int_equal(mkfifo(place->path, 0600), 0);
	output = new_output(place->path);
	assert_int_equal(output_start(output), -1);
	publish(output, 3, 10);
	output_free(output);
	assert_int_equal(feed_view(&account).dropped[DROP_SHUTDOWN], 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines_in_a_file),	      TEST(test_restart_appends),
		TEST(test_standard_output),	      TEST(test_lines_in_a_pipe),
		TEST(test_reader_that_does_not_read), TEST(test_reader_that_is_slow),
		TEST(test_reader_that_goes_away),     TEST(test_full_disk_is_told_once),
		TEST(test_no_line_is_torn),	      TEST(test_what_cannot_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
