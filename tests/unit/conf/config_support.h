/* SPDX-License-Identifier: ISC */
/* config_support.h: what the tests of the configuration share
 *
 * To be included after cmocka.h.
 */
#ifndef NMSP_TESTS_UNIT_CONF_CONFIG_SUPPORT_H
#define NMSP_TESTS_UNIT_CONF_CONFIG_SUPPORT_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/config.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define EXAMPLE "conf/nmsp2mqtt.conf.example"

/* The least of each section. */
#define GATEWAY	   "gateway { name = gw1 }\n"
#define CONTROLLER "controller hq { host = 10.0.0.5 }\n"
#define OUTPUT	   "file feed { }\n"
#define LEAST	   GATEWAY CONTROLLER OUTPUT

/* The errors of one loading; file, line and message are those of the first. */
struct errors {
	unsigned n;
	int line;
	char file[PATH_MAX];
	char message[1024];
	char all[8192];
};

static char test_directory[] = "/tmp/nmsp2mqtt-config-XXXXXX";

/* Takes one error into a struct errors. */
static inline void
collect(void *context, const char *file, int line, const char *message)
{
	struct errors *errors = context;
	size_t used = strlen(errors->all);

	snprintf(errors->all + used, sizeof errors->all - used, "%s:%d: %s\n", file, line, message);
	if (errors->n++ > 0)
		return;
	errors->line = line;
	snprintf(errors->file, sizeof errors->file, "%s", file);
	snprintf(errors->message, sizeof errors->message, "%s", message);
}

/* For a group's set-up: makes a directory for the files of the tests. */
static inline int
make_directory(void **state)
{
	(void)state;
	return mkdtemp(test_directory) ? 0 : -1;
}

/* For a group's tear-down. */
static inline int
remove_directory(void **state)
{
	(void)state;
	return rmdir(test_directory);
}

/* The path of a file of the test; static memory, of the last eight. */
static inline const char *
test_path(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, PATH_MAX, "%s/%s", test_directory, name);
	return path;
}

/* Writes a file without the ^ in `text`; returns the line that that stood on, 0 when there is none.
 */
static inline int
write_file(const char *name, const char *text)
{
	FILE *stream = fopen(test_path(name), "w");
	int line = 1, marked = 0;

	assert_non_null(stream);
	for (const char *c = text; *c; c++) {
		if (*c == '^')
			marked = line;
		else
			fputc(*c, stream);
		line += *c == '\n';
	}
	assert_int_equal(fclose(stream), 0);
	return marked;
}

/* Loads a file of the test; NULL with `errors` when it has some. */
static inline struct config *
load_file(const char *name, struct errors *errors)
{
	const struct report report = {collect, errors};

	*errors = (struct errors){.n = 0};
	return config_load(test_path(name), &report);
}

/* Loads a text, which is then removed; `line` is that of the ^. */
static inline struct config *
load_text(const char *text, struct errors *errors, int *line)
{
	struct config *config;

	*line = write_file("test.conf", text);
	config = load_file("test.conf", errors);
	unlink(test_path("test.conf"));
	return config;
}

/* A configuration that must be free of errors. */
static inline struct config *
load_good(const char *text)
{
	struct errors errors;
	int line;
	struct config *config = load_text(text, &errors, &line);

	if (!config)
		fail_msg("%s", errors.all);
	assert_int_equal(errors.n, 0);
	return config;
}

#endif
