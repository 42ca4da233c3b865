/* SPDX-License-Identifier: ISC */
/* retained.c: the retained documents of one output, a slot per topic, the newest text wins */
#include "outputs/retained.h"

#include <stdlib.h>
#include <string.h>

static void
mark(struct retained *retained, struct document *document)
{
	if (document->dirty)
		return;
	document->dirty = true;
	document->next_dirty = NULL;
	*retained->last_dirty = document;
	retained->last_dirty = &document->next_dirty;
}

static void
mark_first(struct retained *retained, struct document *document)
{
	if (document->dirty)
		return;
	document->dirty = true;
	document->next_dirty = retained->first_dirty;
	retained->first_dirty = document;
	if (!document->next_dirty)
		retained->last_dirty = &document->next_dirty;
}

static struct document *
document_new(const char *root, const char *suffix)
{
	size_t root_length = strlen(root);
	size_t length = root_length + strlen(suffix);
	struct document *document = calloc(1, sizeof(*document));
	char *topic = malloc(length + 1);

	if (document && topic) {
		memcpy(topic, root, root_length);
		memcpy(topic + root_length, suffix, length - root_length + 1);
		document->topic = buffer_new(topic, length);
	}
	free(topic);
	if (document && !document->topic) {
		free(document);
		return NULL;
	}
	return document;
}

static void
document_free(struct document *document)
{
	buffer_unref(document->topic);
	buffer_unref(document->payload);
	free(document);
}

/* The document with this suffix, made when there is none; NULL without memory. */
static struct document *
find_or_make(struct retained *retained, const char *suffix)
{
	size_t root_length = strlen(retained->root);
	struct document **link = &retained->documents;

	for (; *link; link = &(*link)->next)
		if (strcmp((*link)->topic->data + root_length, suffix) == 0)
			return *link;
	*link = document_new(retained->root, suffix);
	return *link;
}

int
retained_init(struct retained *retained, const char *root)
{
	*retained = (struct retained){0};
	retained->last_dirty = &retained->first_dirty;
	if (!root)
		return 0;
	retained->root = strdup(root);
	return retained->root ? 0 : -1;
}

void
retained_fini(struct retained *retained)
{
	for (struct document *document = retained->documents, *next; document; document = next) {
		next = document->next;
		document_free(document);
	}
	free(retained->root);
}

int
retained_reroot(struct retained *retained, const char *root)
{
	if (!retained->root || !root || strcmp(retained->root, root) == 0)
		return 0;
	retained_fini(retained);
	return retained_init(retained, root);
}

/* The gateway's own: the last that is said. */
static bool
is_state(const struct retained *retained, const struct document *document)
{
	return strcmp(document->topic->data + strlen(retained->root), "state") == 0;
}

void
retained_close(struct retained *retained)
{
	retained->closed = true;
	for (struct document *document = retained->documents; document; document = document->next) {
		if (is_state(retained, document))
			continue;
		buffer_unref(document->payload);
		document->payload = NULL;
		mark(retained, document);
	}
}

bool
retained_set(struct retained *retained, const char *suffix, struct buffer *payload, uint8_t qos)
{
	bool shut = !retained->root || (retained->closed && strcmp(suffix, "state") != 0);
	struct document *document = shut ? NULL : find_or_make(retained, suffix);

	if (!document)
		return false;
	buffer_unref(document->payload);
	document->payload = payload ? buffer_ref(payload) : NULL;
	document->qos = qos;
	mark(retained, document);
	return true;
}

bool
retained_has(const struct retained *retained, const char *suffix)
{
	size_t root_length = retained->root ? strlen(retained->root) : 0;

	for (const struct document *document = retained->documents; document;
	     document = document->next)
		if (document->payload && strcmp(document->topic->data + root_length, suffix) == 0)
			return true;
	return false;
}

void
retained_renew(struct retained *retained)
{
	retained->first_dirty = NULL;
	retained->last_dirty = &retained->first_dirty;
	for (struct document *document = retained->documents; document; document = document->next) {
		document->dirty = false;
		mark(retained, document);
	}
}

struct document *
retained_take(struct retained *retained)
{
	struct document *document = retained->first_dirty;

	if (!document)
		return NULL;
	retained->first_dirty = document->next_dirty;
	if (!retained->first_dirty)
		retained->last_dirty = &retained->first_dirty;
	document->dirty = false;
	document->taken++;
	return document;
}

void
retained_return(struct retained *retained, struct document *document, bool again)
{
	struct document **link = &retained->documents;

	document->taken--;
	if (again)
		mark_first(retained, document);
	if (document->payload || document->dirty || document->taken > 0)
		return;
	while (*link != document)
		link = &(*link)->next;
	*link = document->next;
	document_free(document);
}
