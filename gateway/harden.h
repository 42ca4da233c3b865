/* SPDX-License-Identifier: ISC */
/* harden.h: a process that can do as little as it needs
 *
 * All of it is for the start, before there are threads, and cannot be taken back.
 */
#ifndef NMSP_GATEWAY_HARDEN_H
#define NMSP_GATEWAY_HARDEN_H

#include <stddef.h>

struct config;

/* No core dumps, in which the key of the identity would be; nor may others of the same user look
 * into the process. */
void harden_memory(void);

/* Started as root: goes on as `user`, with its groups and without any capability. "": as nmsp2mqtt,
 * if there is such a user, else as root, which is told in the log. Not started as root: nothing
 * happens. Returns 0, or -1 (told in the log). */
int harden_user(const char *user);

/* Confines the process with Landlock: it writes, makes and removes files only in the directories
 * that hold what the configuration says is written (state, control socket, spools, files, log), and
 * runs no program. Returns 0; or -1 when the kernel has no Landlock or refuses, which is told in
 * the log.
 */
int harden_files(const struct config *config);

#endif
