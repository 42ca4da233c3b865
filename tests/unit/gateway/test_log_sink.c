/* SPDX-License-Identifier: ISC */
/* test_log_sink.c: files and the system's log: opening, failing, full disks, and starting anew */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "gateway/log.h"
#include "tests/unit/gateway/log_support.h"

static char directory[] = "/tmp/nmsp2mqtt-log-XXXXXX";
static char path[64], moved[64], missing[64];

static int
make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/log", directory);
	snprintf(moved, sizeof moved, "%s/log.1", directory);
	snprintf(missing, sizeof missing, "%s/none/log", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int
reset(void **state)
{
	const struct log_settings defaults = {.level = LOG_LEVEL_INFO};

	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_configure(&defaults);
	unlink(path);
	unlink(moved);
	return 0;
}

static void
log_to(enum log_target target, char *to, enum log_format format)
{
	struct log_settings settings = {
		.level = LOG_LEVEL_INFO, .target = target, .path = to, .format = format};

	log_configure(&settings);
}

static void
test_file(void **state)
{
	struct stat status;
	mode_t mask = umask(0);

	(void)state;
	log_to(LOG_TO_FILE, path, LOG_TEXT);
	log_info("a", "one");
	log_to(LOG_TO_FILE, path, LOG_JSON);
	log_info("a", "two");
	assert_matches(read_file(path), "^" TIME_PATTERN " info a: one\n"
					"\\{\"ts\":\"" TIME_PATTERN "\",\"level\":\"info\","
					"\"subsystem\":\"a\",\"message\":\"two\"\\}\n$");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	umask(mask);
}

static void
test_reopen(void **state)
{
	(void)state;
	log_to(LOG_TO_FILE, path, LOG_TEXT);
	log_info("a", "one");
	assert_int_equal(rename(path, moved), 0);
	log_info("a", "two");
	log_reopen();
	log_info("a", "three");
	assert_matches(read_file(moved), "one\n.*two\n$");
	assert_matches(read_file(path), "^[^\n]*three\n$");
}

/* It is told once, lines go on, and go into the file as soon as it can be opened. */
static void
test_cannot_open(void **state)
{
	char folder[64];
	const char *text;

	(void)state;
	snprintf(folder, sizeof folder, "%s/none", directory);
	catch_begin();
	log_to(LOG_TO_FILE, missing, LOG_TEXT);
	log_info("a", "one");
	log_info("a", "two");
	assert_int_equal(mkdir(folder, 0700), 0);
	log_info("a", "three");
	text = catch_end();
	assert_matches(text, "^[^\n]* error log: cannot open [^\n]*/none/log: No such file or "
			     "directory; goes on to standard error\n[^\n]*one\n[^\n]*two\n"
			     "[^\n]* info log: goes on in [^\n]*/none/log\n$");
	assert_matches(read_file(missing), "^[^\n]*three\n$");
	unlink(missing);
	rmdir(folder);
}

/* A disk without room, as far as a process can make one: half a line fits, and is taken back. */
static void
test_full(void **state)
{
	struct rlimit before, little;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	log_to(LOG_TO_FILE, path, LOG_TEXT);
	log_info("a", "it fits");
	little = before;
	little.rlim_cur = strlen(read_file(path)) + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	catch_begin();
	log_info("a", "lost");
	log_info("a", "lost too");
	assert_matches(catch_end(),
		       "^[^\n]* error log: cannot write to [^\n]*/log: File too large; "
		       "lines are lost\n$");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_info("a", "again");
	log_info("a", "and again");
	assert_matches(read_file(path), "^[^\n]*it fits\n[^\n]* warning log: lines were lost: 2 "
					"\\(File too large\\)\n[^\n]*: again\n[^\n]*and again\n$");
}

/* A reader that does not read costs a moment, not the process. */
static void
test_full_pipe(void **state)
{
	static char much[65536];
	int flags;
	const char *text;

	(void)state;
	catch_begin();
	flags = fcntl(STDERR_FILENO, F_GETFL);
	fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
	while (write(STDERR_FILENO, much, sizeof much) > 0)
		;
	fcntl(STDERR_FILENO, F_SETFL, flags);
	for (unsigned i = 0; i < 5; i++)
		log_info("a", "lost");
	fcntl(caught[0], F_SETFL, O_NONBLOCK);
	while (read(caught[0], much, sizeof much) > 0)
		;
	log_info("a", "again");
	text = catch_end();
	assert_matches(text, "^[^\n]* warning log: lines were lost: 5 \\(Resource temporarily "
			     "unavailable\\)\n[^\n]*again\n$");
}

static int
listen_at(const char *at)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", at);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static const char *
receive(int fd)
{
	static char text[8192];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	assert_in_range(n, 1, sizeof text - 1);
	text[n] = '\0';
	return text;
}

#define SYSLOG_HEAD "[A-Z][a-z]{2} [ 0-3][0-9] [0-9:]{8} test_log_sink\\[[0-9]+\\]: "

static void
test_syslog(void **state)
{
	struct log_settings settings = {.target = LOG_TO_SYSLOG,
					.path = path,
					.level = LOG_LEVEL_DEBUG,
					.facility = LOG_FACILITY_DAEMON};
	int fd = listen_at(path);

	(void)state;
	log_configure(&settings);
	log_error("mqtt main", "refused");
	assert_matches(receive(fd), "^<27>" SYSLOG_HEAD "error mqtt main: refused$");
	settings.facility = LOG_FACILITY_LOCAL0;
	log_configure(&settings);
	log_debug("mqtt main", "fine");
	assert_matches(receive(fd), "^<135>" SYSLOG_HEAD "debug mqtt main: fine$");
	settings.facility = LOG_FACILITY_LOCAL7;
	settings.format = LOG_JSON;
	log_configure(&settings);
	log_info("mqtt main", "fine");
	assert_matches(receive(fd), "^<190>" SYSLOG_HEAD "\\{\"ts\":.*\"message\":\"fine\"\\}$");
	close(fd);
}

/* The system's log is started anew: its socket is another one. */
static void
test_syslog_again(void **state)
{
	int fd = listen_at(path);
	const char *text;

	(void)state;
	log_to(LOG_TO_SYSLOG, path, LOG_TEXT);
	log_info("a", "one");
	receive(fd);
	close(fd);
	unlink(path);
	fd = listen_at(path);
	log_info("a", "two");
	assert_matches(receive(fd), "info a: two$");
	close(fd);
	unlink(path);
	catch_begin();
	log_info("a", "lost");
	log_info("a", "three");
	text = catch_end();
	assert_matches(
		text,
		"^[^\n]* error log: cannot open [^\n]*/log: No such file or directory; "
		"goes on to standard error\n[^\n]* lines were lost: 1 [^\n]*\n[^\n]*three\n$");
	fd = listen_at(path);
	catch_begin();
	log_info("a", "four");
	catch_end();
	assert_matches(receive(fd), "info a: four$");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file, reset, reset),
		cmocka_unit_test_setup_teardown(test_reopen, reset, reset),
		cmocka_unit_test_setup_teardown(test_cannot_open, reset, reset),
		cmocka_unit_test_setup_teardown(test_full, reset, reset),
		cmocka_unit_test_setup_teardown(test_full_pipe, reset, reset),
		cmocka_unit_test_setup_teardown(test_syslog, reset, reset),
		cmocka_unit_test_setup_teardown(test_syslog_again, reset, reset),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
