/* SPDX-License-Identifier: ISC */
/* listen.h: sockets that the gateway listens on */
#ifndef NMSP_GATEWAY_LISTEN_H
#define NMSP_GATEWAY_LISTEN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum listen_result {
	LISTEN_OK,
	LISTEN_FAILED,
	LISTEN_TAKEN, /* another daemon listens there */
};

/* A socket, and which file it is where it has one. */
struct listen_socket {
	int fd;
	dev_t device;
	ino_t inode;
	struct timespec made; /* a number is given again */
};

/* Listens on an IPv4 or IPv6 address. Else a sentence in `error`. */
enum listen_result listen_tcp(struct listen_socket *s, const char *text, uint16_t port, char *error,
			      size_t size);

/* Listens on a Unix socket of mode 0660. A socket there that nobody listens on any more is
 * replaced; one that somebody does is left alone. */
enum listen_result listen_unix(struct listen_socket *socket, const char *path, char *error,
			       size_t size);

/* Removes the file of a Unix socket, unless another socket has taken its place. */
void listen_remove(const struct listen_socket *socket, const char *path);

#endif
