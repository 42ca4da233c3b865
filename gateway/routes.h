/* SPDX-License-Identifier: ISC */
/* routes.h: what the gateway's own HTTP answers to requests */
#ifndef NMSP_GATEWAY_ROUTES_H
#define NMSP_GATEWAY_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/http.h"
#include "outputs/buffer.h"

struct command_asker;
struct draft;
struct pages;
struct tail;

struct routes {
	struct gateway *gateway;
	struct http_actions actions;
};

struct request {
	const char *method;
	const char *path; /* decoded, without the query */
	bool control;	  /* it came over the control socket */
	const char *body;
	size_t body_length;
	/* A value of the query, or NULL. */
	const char *(*argument)(void *context, const char *name);
	/* A name in the query that is none of these words, or NULL. */
	const char *(*stranger)(void *context, const char *words);
	void *context;
	const struct command_asker *asker; /* who gets the response to a command */
};

struct reply {
	unsigned status;
	const char *type;
	const char *allow; /* methods, with status 405 */
	const char *data;  /* text that stays, or that of `buffer` */
	size_t length;
	struct buffer *buffer; /* owned by who gets the reply; NULL where the text stays */
	struct tail *tail;     /* the text is what is read from it, and it is to be closed */
	struct pages *pages;   /* the text, in place of `data`; one reference is owned */
	struct draft *draft;   /* the text is to be asked for there */
	bool asked;	       /* there is no text: the asker gets it, or has it already */
};

/* Answers. Without memory there is nothing of all that in `reply`. */
void routes_answer(struct routes *routes, const struct request *request, struct reply *reply);

/* Whether a body is worth reading: there is a route that takes one. Else the answer can be given at
 * once. */
bool routes_take_body(const struct request *request);

/* An error as every other: {"error":"sentence"}. */
void reply_error(struct reply *reply, unsigned status, const char *sentence);

/* The response to a command, which is taken over. */
void reply_command(struct reply *reply, bool ok, struct buffer *response);

#endif
