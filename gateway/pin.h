/* SPDX-License-Identifier: ISC */
/* pin.h: the certificate that a controller showed first (trust on first use) */
#ifndef NMSP_GATEWAY_PIN_H
#define NMSP_GATEWAY_PIN_H

#include <stddef.h>

enum {
	PIN_TEXT = 65, /* SHA-256 of the certificate in lower-case hex, and its NUL */
};

/* Writes "<state_dir>/controllers/<name>.pin" to `path`. Returns 0, or -1 when `size` is too small.
 */
int pin_path(const char *state_dir, const char *name, char *path, size_t size);

/* Reads a pin into `pin` (PIN_TEXT bytes). Returns 1, 0 when there is none yet, or -1 with a
 * sentence in `error`. */
int pin_load(const char *path, char *pin, char *error, size_t size);

/* Writes a pin at one blow and makes its directory. Returns 0, or -1 with a sentence in `error`. */
int pin_store(const char *path, const char *pin, char *error, size_t size);

#endif
