/* SPDX-License-Identifier: ISC */
/* control_client.h: asks a running gateway, over its control socket
 *
 * As much HTTP/1.0 as that needs; for the commands, so it waits.
 */
#ifndef NMSP_GATEWAY_CONTROL_CLIENT_H
#define NMSP_GATEWAY_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_ERROR_SIZE 512

/* Where the gateway is, as the options of a command say it; NULL is not given. */
struct control_target {
	const char *config; /* -c FILE: the socket of this configuration */
	const char *socket; /* --socket PATH */
};

struct control_request {
	const char *method;
	const char *path; /* with the query */
	const char *body; /* NULL: none */
};

struct control_reply {
	unsigned status; /* of HTTP */
	char *body;	 /* ends with a NUL; owned by who gets the reply */
	size_t length;
};

/* Who takes lines; false ends it. */
struct control_reader {
	bool (*line)(void *context, const char *line, size_t length);
	void *context;
};

/* The path of the control socket: of the one given, else of the configuration given, else of the
 * installed configuration, else the default. Returns NULL when there is none, which was told on
 * standard error; to be freed. */
char *control_path(const struct control_target *target);

/* Whether a text may be the name of a controller; such a one needs no escapes in a query. */
bool control_is_name(const char *text);

/* Asks at the socket `path` and reads the whole reply. Returns 0, or -1 with a sentence in `error`
 * (CONTROL_ERROR_SIZE bytes). */
int control_call(const char *path, const struct control_request *request,
		 struct control_reply *reply, char *error);

/* The same of the gateway at `target`; what went wrong is told on standard error. */
int control_ask(const struct control_target *target, const struct control_request *request,
		struct control_reply *reply);

/* The sentence in a reply that refuses, to `error`. */
void control_refusal(const char *body, char *error);

/* Asks and hands over the reply line by line, without its newline, until it ends or `reader` has
 * enough. Returns 0, or -1 with a sentence, which is the gateway's when it refuses. */
int control_stream(const char *path, const struct control_request *request,
		   const struct control_reader *reader, char *error);

#endif
