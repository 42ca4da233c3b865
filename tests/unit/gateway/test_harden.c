/* SPDX-License-Identifier: ISC */
/* test_harden.c: what a hardened process must not be able to do, tried in one
 *
 * Each test forks: what is given away is gone for good.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/config.h"
#include "gateway/harden.h"

#define SKIPPED 77

static char outside[] = "/tmp/nmsp2mqtt-harden-XXXXXX";
static char inside[64], other[64];

/* In a child: ends it with the line of what did not hold. */
#define MUST(condition)                        \
	do {                                   \
		if (!(condition))              \
			_exit(__LINE__ & 127); \
	} while (0)

/* Runs `body` in a child; it must get to its end. */
static void
in_child(void (*body)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	if (WEXITSTATUS(status))
		fail_msg("line %d of the child, modulo 128", WEXITSTATUS(status));
}

static bool
can_write(const char *directory, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void
confine(void)
{
	char none[] = "", feed[128];
	struct config_file file = {.path = feed};
	struct config config = {
		.gateway = {.state_dir = inside, .certificate = none, .key = none, .control = none},
		.files = &file,
		.n_files = 1,
	};

	snprintf(feed, sizeof feed, "%s/feed.jsonl", other);
	if (harden_files(&config))
		_exit(SKIPPED);
}

static void
writes_where_it_must(void)
{
	confine();
	MUST(can_write(inside, "new"));
	MUST(can_write(other, "feed.jsonl"));
	MUST(open("/etc/passwd", O_RDONLY) >= 0);
	MUST(open("/dev/null", O_RDONLY) >= 0);
}

static void
writes_nowhere_else(void)
{
	char path[128];

	MUST(can_write(outside, "there"));
	confine();
	MUST(!can_write(outside, "new") && errno == EACCES);
	MUST(!can_write(outside, "there") && errno == EACCES);
	MUST(!can_write("/etc", "nmsp2mqtt-test") && errno == EACCES);
	snprintf(path, sizeof path, "%s/there", outside);
	MUST(unlink(path) < 0 && errno == EACCES);
	MUST(mkdir("/tmp/nmsp2mqtt-harden-no", 0700) < 0 && errno == EACCES);
}

static void
runs_no_program(void)
{
	char *const arguments[] = {"true", NULL};

	confine();
	execv("/bin/true", arguments);
	MUST(errno == EACCES);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void
keeps_its_memory(void)
{
	struct rlimit core;

	harden_memory();
	MUST(prctl(PR_GET_DUMPABLE) == 0);
	MUST(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
}

static void
is_root_no_more(void)
{
	if (geteuid() != 0)
		_exit(SKIPPED);
	MUST(harden_user("nobody") == 0);
	MUST(getuid() != 0 && geteuid() != 0 && getgid() != 0);
	MUST(setuid(0) < 0);
	MUST(open("/etc/shadow", O_RDONLY) < 0);
	MUST(harden_user("somebody else") == 0);
}

static void
no_such_user(void)
{
	if (geteuid() != 0)
		_exit(SKIPPED);
	MUST(harden_user("nobody-at-all") < 0);
	MUST(harden_user("root") == 0 && geteuid() == 0);
}

static void
test_writes_where_it_must(void **state)
{
	(void)state;
	in_child(writes_where_it_must);
}

static void
test_writes_nowhere_else(void **state)
{
	(void)state;
	in_child(writes_nowhere_else);
}

static void
test_runs_no_program(void **state)
{
	(void)state;
	in_child(runs_no_program);
}

static void
test_keeps_its_memory(void **state)
{
	(void)state;
	in_child(keeps_its_memory);
}

static void
test_is_root_no_more(void **state)
{
	(void)state;
	in_child(is_root_no_more);
}

static void
test_no_such_user(void **state)
{
	(void)state;
	in_child(no_such_user);
}

static int
make_directories(void **state)
{
	(void)state;
	if (!mkdtemp(outside))
		return -1;
	snprintf(inside, sizeof inside, "%s/state", outside);
	snprintf(other, sizeof other, "%s/feeds", outside);
	return mkdir(other, 0700);
}

static int
remove_directories(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", outside);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_where_it_must),
		cmocka_unit_test(test_writes_nowhere_else),
		cmocka_unit_test(test_runs_no_program),
		cmocka_unit_test(test_keeps_its_memory),
		cmocka_unit_test(test_is_root_no_more),
		cmocka_unit_test(test_no_such_user),
	};

	return cmocka_run_group_tests(tests, make_directories, remove_directories);
}
