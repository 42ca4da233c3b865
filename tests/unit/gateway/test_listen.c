/* SPDX-License-Identifier: ISC */
/* test_listen.c: the control socket: whose it is, who may use it, what is replaced */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/listen.h"
#include "gateway/unix_path.h"

static char folder[64], path[512], error[256];

static int
setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/nmsp-listen-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/control.sock", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static bool
exists(void)
{
	return access(path, F_OK) == 0;
}

/* Connects as the commands do. */
static int
reach(void)
{
	struct unix_path to;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), status;

	assert_int_equal(unix_path_open(&to, path), 0);
	status = connect(fd, (const struct sockaddr *)&to.address, sizeof to.address);
	unix_path_close(&to);
	close(fd);
	return status;
}

static void
test_mode(void **state)
{
	struct listen_socket s;
	struct stat status;

	(void)state;
	assert_int_equal(listen_unix(&s, path, error, sizeof error), LISTEN_OK);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(reach(), 0);
	listen_remove(&s, path);
	assert_false(exists());
	close(s.fd);
}

static void
test_another_daemon(void **state)
{
	struct listen_socket first, second;

	(void)state;
	assert_int_equal(listen_unix(&first, path, error, sizeof error), LISTEN_OK);
	assert_int_equal(listen_unix(&second, path, error, sizeof error), LISTEN_TAKEN);
	assert_int_equal(second.fd, -1);
	assert_non_null(strstr(error, path));
	assert_int_equal(reach(), 0);
	listen_remove(&first, path);
	close(first.fd);
}

static void
test_a_socket_left_behind(void **state)
{
	struct listen_socket first, second;

	(void)state;
	assert_int_equal(listen_unix(&first, path, error, sizeof error), LISTEN_OK);
	close(first.fd);
	assert_int_equal(reach(), -1);
	first.made.tv_sec--; /* the clock of files is coarse */
	assert_int_equal(listen_unix(&second, path, error, sizeof error), LISTEN_OK);
	assert_int_equal(reach(), 0);
	/* The first may still end, and must not take the second's. */
	listen_remove(&first, path);
	assert_true(exists());
	close(second.fd);
}

static void
test_a_file_is_left_alone(void **state)
{
	struct listen_socket s;
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fclose(file);
	assert_int_equal(listen_unix(&s, path, error, sizeof error), LISTEN_FAILED);
	assert_non_null(strstr(error, "not a socket"));
	assert_true(exists());
}

static void
test_no_directory(void **state)
{
	struct listen_socket s;
	char nowhere[128];

	(void)state;
	snprintf(nowhere, sizeof nowhere, "%s/none/control.sock", folder);
	assert_int_equal(listen_unix(&s, nowhere, error, sizeof error), LISTEN_FAILED);
	assert_non_null(strstr(error, nowhere));
}

/* An address has room for 107 bytes. */
static void
test_long_paths(void **state)
{
	struct listen_socket s;
	char deep[400];

	(void)state;
	snprintf(deep, sizeof deep, "%s/%0120d", folder, 0);
	assert_int_equal(mkdir(deep, 0700), 0);
	snprintf(path, sizeof path, "%s/control.sock", deep);
	assert_int_equal(listen_unix(&s, path, error, sizeof error), LISTEN_OK);
	assert_int_equal(reach(), 0);
	listen_remove(&s, path);
	assert_false(exists());
	close(s.fd);
	assert_int_equal(rmdir(deep), 0);
}

static void
test_paths_that_are_too_long(void **state)
{
	struct unix_path to;
	char name[300];

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(unix_path_open(&to, name), -1);
	name[0] = '/';
	assert_int_equal(unix_path_open(&to, name), -1);
}

static void
test_tcp(void **state)
{
	struct listen_socket s, again;
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	(void)state;
	assert_int_equal(listen_tcp(&s, "127.0.0.1", 0, error, sizeof error), LISTEN_OK);
	assert_int_equal(getsockname(s.fd, (struct sockaddr *)&address, &length), 0);
	uint16_t port = (uint16_t)(((uint8_t *)&address)[2] << 8 | ((uint8_t *)&address)[3]);
	assert_int_equal(listen_tcp(&again, "127.0.0.1", port, error, sizeof error), LISTEN_FAILED);
	assert_non_null(strstr(error, "127.0.0.1 port"));
	assert_int_equal(again.fd, -1);
	close(s.fd);
	assert_int_equal(listen_tcp(&s, "localhost", 0, error, sizeof error), LISTEN_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_socket_left_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths_that_are_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
