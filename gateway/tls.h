/* SPDX-License-Identifier: ISC */
/* tls.h: TLS as a client of controllers: contexts, and one stream per connection
 *
 * For the loop's thread only. Nothing here blocks or waits: who calls polls the socket.
 */
#ifndef NMSP_GATEWAY_TLS_H
#define NMSP_GATEWAY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/identity.h"
#include "gateway/link_end.h"

struct config_controller;
struct tls_context;
struct tls_stream;

enum {
	TLS_FINGERPRINT_TEXT = 65, /* SHA-256 in hex and its NUL */
	TLS_PROTOCOL_TEXT = 80,
	TLS_SUBJECT_TEXT = 200,
};

/* To be called before anything else of OpenSSL: leaves its memory to the end of the process. An
 * output may be in the middle of a handshake then, in a thread that cannot be stopped. */
void tls_prepare_process(void);

/* A context for the tls section of `controller` (verify, fingerprint, ca_file, min_version,
 * ciphers), one and the same for equal ones. `identity` and `controller` are not needed afterwards.
 * Returns NULL with a sentence in `error`. */
struct tls_context *tls_context_get(const struct identity *identity,
				    const struct config_controller *controller, char *error,
				    size_t size);

/* Lets no later call of tls_context_get() have a context that was made before: files may have
 * changed since. */
void tls_contexts_forget(void);

/* Gives a context back; takes NULL. Streams keep what they need of it. */
void tls_context_put(struct tls_context *context);

/* Who is expected at the other end; must live as long as the stream. */
struct tls_peer {
	const char *name; /* of the controller, for messages */
	const char *host; /* name or address that its certificate must be for, with verify = ca */
	const char *pin_file; /* with verify = tofu */
	bool remember_not;    /* compares with the pin, but makes none */
};

/* What a controller has shown of itself. */
struct tls_shown {
	char protocol[TLS_PROTOCOL_TEXT];	/* "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384" */
	char subject[TLS_SUBJECT_TEXT];		/* of its certificate, without control characters */
	char fingerprint[TLS_FINGERPRINT_TEXT]; /* SHA-256 of it in lower-case hex; "": it was not
						   seen */
	char pin[TLS_FINGERPRINT_TEXT];		/* the one that is remembered, with verify = tofu,
						   or "" */
	struct identity_dates dates;
};

enum tls_result {
	TLS_DONE,
	TLS_WANT_READ,	/* call again when the socket is readable */
	TLS_WANT_WRITE, /* call again when the socket is writable */
	TLS_END,	/* the connection is over; tls_stream_end() says why */
};

/* A stream over a connected non-blocking socket, which stays the caller's. Returns NULL with `end`
 * filled in. */
struct tls_stream *tls_stream_new(struct tls_context *context, int fd, const struct tls_peer *peer,
				  struct link_end *end);

/* Frees a stream; takes NULL. */
void tls_stream_free(struct tls_stream *stream);

/* Goes on with the handshake. */
enum tls_result tls_stream_handshake(struct tls_stream *stream);

/* Reads at most `size` bytes; `*length` is set with TLS_DONE. */
enum tls_result tls_stream_read(struct tls_stream *stream, void *data, size_t size, size_t *length);

/* Writes at most `size` bytes; `*length` is set with TLS_DONE and may be less. */
enum tls_result tls_stream_write(struct tls_stream *stream, const void *data, size_t size,
				 size_t *length);

/* Whether bytes were taken off the socket that tls_stream_read() has not given out: polling would
 * not tell. */
bool tls_stream_has_pending(const struct tls_stream *stream);

/* Says goodbye (close_notify), as far as the socket takes it now. */
void tls_stream_shutdown(struct tls_stream *stream);

/* The controller took our certificate: alerts about it are from now on ordinary failures, and with
 * verify = tofu the certificate of the controller is remembered when none was (and it may be). */
void tls_stream_accept(struct tls_stream *stream);

/* Why the last call gave TLS_END; belongs to the stream. */
const struct link_end *tls_stream_end(const struct tls_stream *stream);

/* What the controller has shown so far. Belongs to the stream. */
const struct tls_shown *tls_stream_shown(const struct tls_stream *stream);

/* The words for a TLS alert: "certificate unknown". */
const char *tls_alert_name(int alert);

#endif
