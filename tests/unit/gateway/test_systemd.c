/* SPDX-License-Identifier: ISC */
/* test_systemd.c: datagrams to the service manager, and when there is none */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/systemd.h"

static char directory[] = "/tmp/nmsp2mqtt-systemd-XXXXXX";
static char path[64];
static int manager;

static int
make_manager(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/notify", directory);
	memcpy(address.sun_path, path, strlen(path));
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	return bind(manager, (const struct sockaddr *)&address, sizeof address);
}

static int
remove_manager(void **state)
{
	(void)state;
	close(manager);
	unlink(path);
	return rmdir(directory);
}

static int
reset(void **state)
{
	(void)state;
	setenv("NOTIFY_SOCKET", path, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

static const char *
receive(void)
{
	static char text[256];
	ssize_t n = recv(manager, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
test_notify(void **state)
{
	unsigned long long moment;

	(void)state;
	assert_true(systemd_listens());
	assert_true(systemd_notify("READY=1\nSTATUS=fine"));
	assert_string_equal(receive(), "READY=1\nSTATUS=fine");
	assert_true(systemd_reloading());
	assert_int_equal(sscanf(receive(), "RELOADING=1\nMONOTONIC_USEC=%llu", &moment), 1);
	assert_true(moment > 0);
}

/* A manager that does not read costs nothing but what it was to be told. */
static void
test_full(void **state)
{
	unsigned sent = 0;

	(void)state;
	while (systemd_notify("WATCHDOG=1"))
		assert_in_range(++sent, 1, 100000);
	while (*receive())
		sent--;
	assert_int_equal(sent, 0);
	assert_true(systemd_notify("WATCHDOG=1"));
	assert_string_equal(receive(), "WATCHDOG=1");
}

static void
test_nobody(void **state)
{
	static const char *const addresses[] = {
		"", "@", "/", "relative", "@nmsp2mqtt/none", "/nonexistent/socket"};
	char longest[200];

	(void)state;
	memset(longest, '/', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		setenv("NOTIFY_SOCKET", addresses[i], 1);
		assert_false(systemd_notify("READY=1"));
	}
	setenv("NOTIFY_SOCKET", longest, 1);
	assert_false(systemd_listens());
	unsetenv("NOTIFY_SOCKET");
	assert_false(systemd_listens());
	assert_false(systemd_reloading());
}

static uint64_t
watchdog_of(const char *interval, const char *pid)
{
	setenv("WATCHDOG_USEC", interval, 1);
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	else
		unsetenv("WATCHDOG_PID");
	return systemd_watchdog_ms();
}

static void
test_watchdog(void **state)
{
	char pid[16];

	(void)state;
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	assert_int_equal(systemd_watchdog_ms(), 0);
	assert_int_equal(watchdog_of("30000000", NULL), 15000);
	assert_int_equal(watchdog_of("30000000", pid), 15000);
	assert_int_equal(watchdog_of("30000000", "1"), 0);
	assert_int_equal(watchdog_of("30000000", ""), 0);
	assert_int_equal(watchdog_of("1", NULL), 1);
	assert_int_equal(watchdog_of("0", NULL), 0);
	assert_int_equal(watchdog_of("-5", NULL), 0);
	assert_int_equal(watchdog_of("5s", NULL), 0);
	assert_int_equal(watchdog_of("99999999999999999999999", NULL), 0);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(watchdog_of("30000000", NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_notify, reset),
		cmocka_unit_test_setup(test_full, reset),
		cmocka_unit_test_setup(test_nobody, reset),
		cmocka_unit_test_setup(test_watchdog, reset),
	};

	return cmocka_run_group_tests(tests, make_manager, remove_manager);
}
