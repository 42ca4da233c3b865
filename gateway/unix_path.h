/* SPDX-License-Identifier: ISC */
/* unix_path.h: the address of a Unix socket whose path may be longer than an address has room for
 */
#ifndef NMSP_GATEWAY_UNIX_PATH_H
#define NMSP_GATEWAY_UNIX_PATH_H

#include <sys/un.h>

struct unix_path {
	struct sockaddr_un address;
	int directory; /* that a long path goes through; -1: the path is short */
};

/* Makes the address of the socket at `path`, good until unix_path_close. Returns 0, or -1 with
 * errno; then nothing is to be closed. */
int unix_path_open(struct unix_path *unix_path, const char *path);

/* Gives back what it takes; an address that was bound or connected to stays so. */
void unix_path_close(struct unix_path *unix_path);

#endif
