/* SPDX-License-Identifier: ISC */
/* document.c: the low-rate documents that an output makes itself */
#include "outputs/document.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "outputs/timestamp.h"

/* The compact text of `root`, which is given up; NULL when it is NULL or without memory. */
static struct buffer *
dump(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	struct buffer *buffer = text ? buffer_new(text, strlen(text)) : NULL;

	free(text);
	json_decref(root);
	return buffer;
}

static struct buffer *
state_text(const struct document_state *state, const char *ts)
{
	return dump(json_pack("{s:s, s:s*, s:s, s:s, s:s*}", "state", state->state, "reason",
			      state->reason, "session", state->session, "version", state->version,
			      "ts", ts));
}

struct buffer *
document_state_new(const struct document_state *state)
{
	char ts[TIMESTAMP_LENGTH + 1];

	timestamp_write(ts, timestamp_now());
	return state_text(state, ts);
}

struct buffer *
document_will_new(const struct document_state *state)
{
	return state_text(state, NULL);
}

struct buffer *
document_refusal_new(const char *command, const char *error)
{
	return dump(json_pack("{s:s, s:b, s:s}", "command", command, "ok", 0, "error", error));
}
