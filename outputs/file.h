/* SPDX-License-Identifier: ISC */
/* file.h: an output that writes newline-delimited JSON to a file or to standard output */
#ifndef NMSP_OUTPUTS_FILE_H
#define NMSP_OUTPUTS_FILE_H

#include <stddef.h>

#include "outputs/output.h"
#include "outputs/queue.h"

struct file_settings {
	const char *name; /* of the output */
	const char *path; /* "-": standard output; a file is appended to */
	enum publish_mode mode;
	size_t queue_size; /* bytes */
	enum queue_policy policies[KIND_COUNT];
	struct queue *queue; /* of another output, to go on with; NULL: a new one */
};

/* Returns a new output, not started; the settings are copied, the queue is taken over. NULL with a
 * sentence in `error` without memory; a given queue stays the caller's then. The file is opened by
 * output_start.
 */
struct output *file_output_new(const struct file_settings *settings, char *error, size_t size);

#endif
