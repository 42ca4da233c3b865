/* SPDX-License-Identifier: ISC */
/* harden.c: a process that can do as little as it needs
 *
 * The C library has no functions for Landlock, so the system calls are made as they are.
 */
#define _GNU_SOURCE
#include "gateway/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/config.h"
#include "gateway/log.h"

#define DEFAULT_USER "nmsp2mqtt"

#define MAKES                                                            \
	(LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |     \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define OTHERS                                                          \
	(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* Of later kernels than the headers that this may be built with. */
#define ACCESS_REFER	(UINT64_C(1) << 13)
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)

void
harden_memory(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static int
become(const struct passwd *entry)
{
	if (initgroups(entry->pw_name, entry->pw_gid) == 0 && setgid(entry->pw_gid) == 0 &&
	    setuid(entry->pw_uid) == 0)
		return 0;
	log_error("gateway", "cannot go on as user %s: %s", entry->pw_name, strerror(errno));
	return -1;
}

int
harden_user(const char *user)
{
	const char *name = *user ? user : DEFAULT_USER;
	const struct passwd *entry;

	if (geteuid() != 0)
		return 0;
	entry = getpwnam(name);
	if (entry)
		return entry->pw_uid == 0 ? 0 : become(entry);
	if (*user) {
		log_error("gateway", "user = \"%s\": there is no such user", user);
		return -1;
	}
	log_warning("gateway", "runs as root: there is no user " DEFAULT_USER
			       ", make one, or name another one in gateway: user");
	return 0;
}

/* What the kernel can tell apart; 0: nothing. */
static uint64_t
known_accesses(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t known = MAKES | OTHERS | LANDLOCK_ACCESS_FS_WRITE_FILE |
			 LANDLOCK_ACCESS_FS_EXECUTE;

	if (version < 1)
		return 0;
	if (version >= 2)
		known |= ACCESS_REFER;
	if (version >= 3)
		known |= ACCESS_TRUNCATE;
	return known;
}

static int
allow_directory(int ruleset, const char *path, uint64_t accesses)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = accesses};
	int status;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (rule.parent_fd < 0)
		return -1;
	status = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return status;
}

/* Lets the process write what is beneath the directory of a file; one that is not there is no
 * matter here: who wants to write there will say so. */
static void
allow_beside(int ruleset, const char *path, uint64_t accesses)
{
	char *copy = *path && strcmp(path, "-") != 0 ? strdup(path) : NULL;
	char *slash = copy ? strrchr(copy, '/') : NULL;

	if (slash)
		slash[slash == copy] = '\0';
	if (copy)
		allow_directory(ruleset, slash ? copy : ".", accesses);
	free(copy);
}

static void
allow_configured(int ruleset, const struct config *config, uint64_t accesses)
{
	/* Made now, since later it may not be. */
	mkdir(config->gateway.state_dir, 0700);
	allow_directory(ruleset, config->gateway.state_dir, accesses);
	allow_beside(ruleset, config->gateway.certificate, accesses);
	allow_beside(ruleset, config->gateway.key, accesses);
	allow_beside(ruleset, config->gateway.control, accesses);
	if (config->log.settings.target == LOG_TO_FILE)
		allow_beside(ruleset, config->log.settings.path, accesses);
	for (size_t i = 0; i < config->n_mqtts; i++)
		allow_beside(ruleset, config->mqtts[i].spool_path, accesses);
	for (size_t i = 0; i < config->n_files; i++)
		allow_beside(ruleset, config->files[i].path, accesses);
}

int
harden_files(const struct config *config)
{
	uint64_t known = known_accesses();
	struct landlock_ruleset_attr rules = {.handled_access_fs = known};
	int ruleset, status;

	if (!known) {
		log_info("gateway", "not confined: this kernel has no Landlock");
		return -1;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
	if (ruleset >= 0)
		allow_configured(ruleset, config, known & ~LANDLOCK_ACCESS_FS_EXECUTE & ~OTHERS);
	status = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (ruleset < 0 || status || syscall(SYS_landlock_restrict_self, ruleset, 0)) {
		log_warning("gateway", "not confined: %s", strerror(errno));
		status = -1;
	}
	if (ruleset >= 0)
		close(ruleset);
	return status;
}
