/* SPDX-License-Identifier: ISC */
/* spool_rig.h: what tests of spools share: a queue with a spooler on a file, and its accounts
 *
 * To be included after cmocka.h.
 */
#ifndef NMSP_TESTS_UNIT_OUTPUTS_SPOOL_RIG_H
#define NMSP_TESTS_UNIT_OUTPUTS_SPOOL_RIG_H

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outputs/spooler.h"
#include "queue_feed.h"

struct rig {
	struct spool_settings settings;
	struct queue_settings queue_settings;
	struct account_set hq, former; /* of controllers "hq" and all others */
	struct queue *queue;
	struct spooler *spooler;
};

static char rig_folder[] = "/tmp/spool-test-XXXXXX";
static char rig_path[sizeof rig_folder + 16];

/* For cmocka's group: an empty folder with room for rig_path. */
static inline int
rig_begin(void **state)
{
	(void)state;
	if (!mkdtemp(rig_folder))
		return -1;
	snprintf(rig_path, sizeof rig_path, "%s/spool", rig_folder);
	return 0;
}

/* Removes the folder's content. */
static inline int
rig_clean(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s/*", rig_folder);
	return system(command);
}

/* Removes the folder. */
static inline int
rig_end(void **state)
{
	return rig_clean(state) == 0 ? rmdir(rig_folder) : -1;
}

/* How many files beside the spool have this in their name. */
static inline int
rig_files(const char *with)
{
	char command[160];
	FILE *pipe;
	int n = -1;

	snprintf(command, sizeof command, "ls %s | grep -c '%s'", rig_folder, with);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &n), 1);
	pclose(pipe);
	return n;
}

/* For the settings of a spool. */
static inline struct account_set *
rig_accounts(void *context, const char *controller)
{
	struct rig *rig = context;

	return strcmp(controller, "hq") == 0 ? &rig->hq : &rig->former;
}

/* For the settings of a spool. */
static inline void
rig_each(void *context, void (*tell)(struct account_set *accounts))
{
	struct rig *rig = context;

	tell(&rig->hq);
	tell(&rig->former);
}

/* Opens again what rig_close() ended. */
static inline void
rig_open(struct rig *rig)
{
	rig->queue = queue_new(&rig->queue_settings);
	rig->spooler = spooler_new(&rig->settings, rig->queue, "test");
	assert_non_null(rig->queue);
	assert_non_null(rig->spooler);
	spooler_pump(rig->spooler);
}

/* A rig on rig_path, open; `max_size` 0: ample. */
static inline struct rig *
rig_new(size_t max_size)
{
	struct rig *rig = calloc(1, sizeof *rig);

	assert_non_null(rig);
	rig->settings = (struct spool_settings){.path = rig_path,
						.max_size = max_size ? max_size : 64U << 20,
						.retry_ms = 30,
						.accounts = rig_accounts,
						.each = rig_each,
						.context = rig};
	rig->queue_settings.max_bytes = 16U << 20;
	rig->queue_settings.document_root = "nmsp/";
	rig_open(rig);
	return rig;
}

/* As the process would leave at a kill: nothing is written any more. */
static inline void
rig_close(struct rig *rig)
{
	spooler_free(rig->spooler);
	queue_free(rig->queue);
}

/* Closes and frees. */
static inline void
rig_free(struct rig *rig)
{
	rig_close(rig);
	free(rig);
}

/* What the spooler tells. */
static inline struct spool_status
rig_status(const struct rig *rig)
{
	struct spool_status status = {0};

	spooler_status(rig->spooler, &status);
	return status;
}

/* Publishes a record of controller "hq", or of "gone" when its text begins with '!'. */
static inline void
rig_publish(struct rig *rig, enum kind kind, const char *text)
{
	bool gone = text[0] == '!';
	struct publication record = {.kind = kind,
				     .account = &(gone ? &rig->former : &rig->hq)->kinds[kind],
				     .controller = gone ? "gone" : "hq",
				     .station = 7};

	feed_publish(rig->queue, record, text);
}

/* Publishes words, each a record. */
static inline void
rig_publish_all(struct rig *rig, enum kind kind, const char *words)
{
	char text[256], *rest = NULL;

	snprintf(text, sizeof text, "%s", words);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		rig_publish(rig, kind, word);
}

/* Pumps until nothing is left to write or to remove. */
static inline void
rig_settle(struct rig *rig)
{
	uint64_t wait_ms;

	while ((wait_ms = spooler_pump(rig->spooler)) != SPOOLER_NEVER)
		usleep((useconds_t)wait_ms * 1000);
}

/* The first of a list has come to its end. */
static inline void
rig_finish(struct rig *rig, struct queue_list *list, enum outcome outcome)
{
	if (list->first->owner)
		spooler_finish(rig->spooler, list, list->first, outcome, DROP_REFUSED);
	else
		queue_finish(rig->queue, list, list->first, outcome, DROP_REFUSED);
}

/* The rest of what there is to send, with blanks between; it is published. */
static inline const char *
rig_drain(struct rig *rig)
{
	struct queue_list list = {0};
	const char *text;

	spooler_take(rig->spooler, &list, 1000, false);
	text = feed_text(&list);
	while (list.first)
		rig_finish(rig, &list, OUTCOME_PUBLISHED);
	return text;
}

/* The account of a kind of controller "hq". */
static inline struct account_view
rig_view(struct rig *rig, enum kind kind)
{
	return feed_view(&rig->hq.kinds[kind]);
}

/* The size of the file; 0 when there is none. */
static inline size_t
rig_file_size(void)
{
	struct stat file;

	return stat(rig_path, &file) == 0 ? (size_t)file.st_size : 0;
}

#endif
