/* SPDX-License-Identifier: ISC */
/* mailbox.h: commands on their way from the threads of outputs to the gateway's loop */
#ifndef NMSP_GATEWAY_MAILBOX_H
#define NMSP_GATEWAY_MAILBOX_H

#include <uv.h>

#include "outputs/output.h"

#define MAILBOX_MOST 64 /* requests that may wait */

struct mailbox;

/* Returns a new mailbox. `take` is called in the loop for each request and takes it over. It does
 * not keep the loop running. NULL without memory. */
struct mailbox *mailbox_new(uv_loop_t *loop,
			    void (*take)(void *context, struct command_request *request),
			    void *context);

/* Puts a request in and returns NULL; else says why not, and it stays the caller's. Any thread. */
const char *mailbox_put(struct mailbox *mailbox, struct command_request *request);

/* From now on nothing is put in; what is in it is taken. */
void mailbox_close(struct mailbox *mailbox);

/* Frees a mailbox that no thread uses any more, when the loop runs once more. */
void mailbox_free(struct mailbox *mailbox);

#endif
