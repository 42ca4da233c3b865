/* SPDX-License-Identifier: ISC */
/* advice.h: the lines that let this gateway into a controller, to be pasted there */
#ifndef NMSP_GATEWAY_ADVICE_H
#define NMSP_GATEWAY_ADVICE_H

#include <stddef.h>

#include "gateway/identity.h"

enum {
	ADVICE_SIZE = 1536, /* room for the lines of both kinds */
};

/* What runs on a controller; it decides the form of its authorisation list. */
enum advice_kind {
	ADVICE_UNKNOWN,
	ADVICE_IOS_XE,
	ADVICE_AIREOS,
};

/* Writes the lines for controllers of `kind` to `text`, each block under its heading and with a
 * newline at the end; those of both kinds, with an empty line between, for ADVICE_UNKNOWN. Returns
 * `text`. */
char *advice_text(enum advice_kind kind, const struct identity *identity, char *text, size_t size);

/* The kind by its name, "ios-xe" or "aireos"; ADVICE_UNKNOWN for any other. */
enum advice_kind advice_kind_named(const char *name);

/* A guess from a model, or from the subject of a controller's certificate, which often has it in
 * its name ("C9800-CL-K9", "CN=IOS-Self-Signed-Certificate-1234", "AIR-CT5520-K9"). */
enum advice_kind advice_kind_of(const char *text);

#endif
