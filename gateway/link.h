/* SPDX-License-Identifier: ISC */
/* link.h: one connection to one controller: name, TCP, TLS, bytes
 *
 * Everything happens on the loop's thread; callbacks come from the loop only, never from inside a
 * function of this file. A link is one attempt: it goes through its stages once, ends with
 * `closed`, and is not used again.
 */
#ifndef NMSP_GATEWAY_LINK_H
#define NMSP_GATEWAY_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/link_end.h"

struct link;
struct tls_context;
struct tls_shown;
struct uv_loop_s;

enum link_stage {
	LINK_RESOLVING,	  /* detail: the name */
	LINK_CONNECTING,  /* detail: "10.0.0.5 port 16113" */
	LINK_HANDSHAKING, /* detail: the same */
	LINK_ESTABLISHED, /* detail: "TLSv1.3 TLS_AES_256_GCM_SHA384" */
};

enum {
	LINK_SEND_LIMIT = 65536,	 /* bytes that may wait to be sent */
	LINK_READ_SIZE = 65536,		 /* of the buffer that all links read into */
	LINK_CONNECT_TIMEOUT_MS = 10000, /* for each address */
	LINK_HANDSHAKE_TIMEOUT_MS =
		15000, /* controllers may take several seconds to look at their list */
};

/* What a link tells its owner. Any of them may call link_close(). */
struct link_events {
	/* A stage begins. */
	void (*stage)(void *context, enum link_stage stage, const char *detail);
	/* The handshake is done; link_send() may be used. With TLS 1.3 the controller may yet
	 * refuse our certificate. */
	void (*connected)(void *context);
	/* Bytes came. They are gone when the callback returns. */
	void (*bytes)(void *context, const uint8_t *bytes, size_t size);
	/* The link is over. The last callback; the owner still calls link_close(). */
	void (*closed)(void *context, const struct link_end *end);
};

/* Where to. Copied by link_open(), with its texts. */
struct link_target {
	const char *name;   /* of the controller */
	char *const *hosts; /* names, IPv4 or IPv6 addresses, tried in order until
				TLS is there with one */
	size_t n_hosts;
	uint16_t port;
	struct tls_context *tls;       /* must live as long as the link */
	const char *state_dir;	       /* pins are kept under it */
	bool remember_not;	       /* makes no pin */
	unsigned connect_timeout_ms;   /* 0: LINK_CONNECT_TIMEOUT_MS */
	unsigned handshake_timeout_ms; /* 0: LINK_HANDSHAKE_TIMEOUT_MS */
};

/* Begins to connect. `events` must live as long as the link. Returns NULL without memory. */
struct link *link_open(struct uv_loop_s *loop, const struct link_target *target,
		       const struct link_events *events, void *context);

/* Ends a link and sets `*owned` to NULL: what waits to be sent is offered to the socket once, then
 * TLS and TCP are closed. No callback comes after it. Takes a pointer to NULL. */
void link_close(struct link **owned);

/* Queues bytes, to be sent as the controller takes them. Returns 0, or -1 when more than
 * LINK_SEND_LIMIT would wait, or the link is not established. All or nothing. */
int link_send(struct link *link, const void *data, size_t size);

/* Bytes that wait to be sent. */
size_t link_unsent(const struct link *link);

/* Stops and resumes reading; meanwhile the controller is held up by TCP. Both may be called in any
 * state. */
void link_pause(struct link *link);
void link_resume(struct link *link);

/* What the controller that was tried last has shown of itself, also of a link that is over. Belongs
 * to the link. */
const struct tls_shown *link_shown(const struct link *link);

/* The controller let us in: it said something that it says to authorised clients only. Until then a
 * TLS alert about certificates means LINK_IDENTITY_REFUSED. Also remembers the controller's
 * certificate (verify = tofu, unless remember_not). May be called again. */
void link_accepted(struct link *link);

/* The address that a link is connected to or tries now, "" before there is one. Belongs to the
 * link.
 */
const char *link_address(const struct link *link);

/* Ignores SIGPIPE and raises the limit of open files as far as is allowed; called once when the
 * process starts. Returns the number of files that may be open. */
unsigned long link_prepare_process(void);

#endif
