/* SPDX-License-Identifier: ISC */
/* mailbox.c: commands on their way from the threads of outputs to the gateway's loop */
#include "gateway/mailbox.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct mailbox {
	uv_async_t wake;
	void (*take)(void *context, struct command_request *request);
	void *context;
	pthread_mutex_t lock; /* guards the rest */
	struct command_request *first;
	struct command_request **last;
	size_t count;
	bool closed;
};

/* All that is in the mailbox, in order. */
static struct command_request *
empty(struct mailbox *mailbox)
{
	struct command_request *first;

	pthread_mutex_lock(&mailbox->lock);
	first = mailbox->first;
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	mailbox->count = 0;
	pthread_mutex_unlock(&mailbox->lock);
	return first;
}

static void
on_wake(uv_async_t *wake)
{
	struct mailbox *mailbox = wake->data;

	for (struct command_request *request = empty(mailbox), *next; request; request = next) {
		next = request->next;
		request->next = NULL;
		mailbox->take(mailbox->context, request);
	}
}

struct mailbox *
mailbox_new(uv_loop_t *loop, void (*take)(void *context, struct command_request *request),
	    void *context)
{
	struct mailbox *mailbox = calloc(1, sizeof *mailbox);

	if (!mailbox || uv_async_init(loop, &mailbox->wake, on_wake) < 0) {
		free(mailbox);
		return NULL;
	}
	mailbox->take = take;
	mailbox->context = context;
	mailbox->last = &mailbox->first;
	mailbox->wake.data = mailbox;
	uv_unref((uv_handle_t *)&mailbox->wake);
	pthread_mutex_init(&mailbox->lock, NULL);
	return mailbox;
}

const char *
mailbox_put(struct mailbox *mailbox, struct command_request *request)
{
	const char *why = NULL;

	pthread_mutex_lock(&mailbox->lock);
	if (mailbox->closed) {
		why = "the gateway is stopping";
	} else if (mailbox->count >= MAILBOX_MOST) {
		why = "busy: too many commands wait to be run, try again later";
	} else {
		request->next = NULL;
		*mailbox->last = request;
		mailbox->last = &request->next;
		mailbox->count++;
		uv_async_send(&mailbox->wake);
	}
	pthread_mutex_unlock(&mailbox->lock);
	return why;
}

void
mailbox_close(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->lock);
	mailbox->closed = true;
	pthread_mutex_unlock(&mailbox->lock);
	on_wake(&mailbox->wake);
}

static void
on_closed(uv_handle_t *wake)
{
	struct mailbox *mailbox = wake->data;

	pthread_mutex_destroy(&mailbox->lock);
	free(mailbox);
}

void
mailbox_free(struct mailbox *mailbox)
{
	mailbox_close(mailbox);
	uv_close((uv_handle_t *)&mailbox->wake, on_closed);
}
