/* SPDX-License-Identifier: ISC */
/* systemd.c: what the service manager is told, in the protocol of sd_notify(3) */
#include "gateway/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The address of the service manager; 0 when there is none. */
static socklen_t
get_address(struct sockaddr_un *address)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length < 2 || length >= sizeof address->sun_path || !strchr("/@", *path))
		return 0;
	memcpy(address->sun_path, path, length);
	/* of Linux's own name space */
	if (*path == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

bool
systemd_listens(void)
{
	struct sockaddr_un address;

	return get_address(&address) > 0;
}

bool
systemd_notify(const char *state)
{
	struct sockaddr_un address;
	socklen_t length = get_address(&address);
	ssize_t sent;
	int fd;

	if (!length)
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		      length);
	close(fd);
	return sent >= 0;
}

bool
systemd_reloading(void)
{
	struct timespec now;
	char state[80];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	return systemd_notify(state);
}

/* A number of the environment; 0 when it is not there or none. */
static uint64_t
number_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	unsigned long long number;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	return errno || *end ? 0 : number;
}

uint64_t
systemd_watchdog_ms(void)
{
	uint64_t interval_us = number_of("WATCHDOG_USEC");
	bool ours = !getenv("WATCHDOG_PID") || number_of("WATCHDOG_PID") == (uint64_t)getpid();

	if (!ours || !interval_us || !systemd_listens())
		return 0;
	return interval_us < 4000 ? 1 : interval_us / 2000;
}
