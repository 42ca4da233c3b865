/* SPDX-License-Identifier: ISC */
/* tls_server.h: TLS as a controller does it, without sockets: encrypted bytes in and out, plain
 * bytes in and out
 *
 * The client's certificate is asked for and looked up in the authorisation list. A refusal is the
 * alert certificate_unknown.
 */
#ifndef NMSP_SIM_TLS_SERVER_H
#define NMSP_SIM_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/sim/options.h"

struct tls_server;
struct tls_channel;

/* Prepares for connections with the certificate of the options, or one made now. The list must
 * outlive it. Returns NULL with a sentence in `error`. */
struct tls_server *tls_server_new(const struct options_tls *options,
				  const struct authlist *authlist, char *error, size_t size);

/* Frees a server; takes NULL. Channels live on. */
void tls_server_free(struct tls_server *server);

/* Makes another certificate, for the channels to come. Returns 0, or -1 with `error`. */
int tls_server_renew(struct tls_server *server, char *error, size_t size);

enum tls_channel_result {
	TLS_CHANNEL_WANT, /* more bytes of the client */
	TLS_CHANNEL_DONE,
	TLS_CHANNEL_FAILED, /* tls_channel_output() may have an alert */
};

/* A connection that a client begins. NULL without memory. */
struct tls_channel *tls_channel_new(struct tls_server *server);

/* Frees a channel; takes NULL. */
void tls_channel_free(struct tls_channel *channel);

/* Takes bytes that came from the client. */
void tls_channel_feed(struct tls_channel *channel, const uint8_t *bytes, size_t length);

/* Goes on with the handshake as far as what came allows. */
enum tls_channel_result tls_channel_handshake(struct tls_channel *channel);

/* What the authorisation list says; false as long as the client's certificate did not come. */
bool tls_channel_verdict(const struct tls_channel *channel, enum authlist_verdict *verdict);

/* Decrypts at most `size` bytes; returns how many, 0 when more must come first, -1 at the end of
 * the connection. */
int tls_channel_read(struct tls_channel *channel, uint8_t *bytes, size_t size);

/* Encrypts bytes, to be fetched with tls_channel_output(). */
void tls_channel_write(struct tls_channel *channel, const uint8_t *bytes, size_t length);

/* Says goodbye (close_notify). */
void tls_channel_shutdown(struct tls_channel *channel);

/* The encrypted bytes that are to be sent, and that they were taken. */
size_t tls_channel_output(struct tls_channel *channel, uint8_t **bytes);
void tls_channel_taken(struct tls_channel *channel);

/* The state of the handshake in words; version and cipher; why the last call failed. Valid until
 * the next call. */
const char *tls_channel_state(const struct tls_channel *channel);
const char *tls_channel_cipher(const struct tls_channel *channel);
const char *tls_channel_error(struct tls_channel *channel);

#endif
