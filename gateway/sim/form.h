/* SPDX-License-Identifier: ISC */
/* form.h: fills in the objects of a message by the names of their fields
 *
 * A field that the dictionary lacks is left out without a word: another dictionary is another
 * controller, that tells less. So a form for an object that is not there (shape NULL, or without
 * memory) takes everything and does nothing.
 */
#ifndef NMSP_SIM_FORM_H
#define NMSP_SIM_FORM_H

#include <stdint.h>

#include "codecs/encode.h"

/* One object, or the present one of a list. */
struct form {
	struct arena *arena;
	const struct shape *shape;
	struct value *slots;
};

/* A cleared object of the top-level element `field`. */
struct form form_new(struct arena *arena, const struct field *field);

/* Set an integer or a MAC address; an enumerated one by its name; `count` integers in a row. */
void form_number(struct form *form, const char *name, int64_t number);
void form_enum(struct form *form, const char *name, const char *value);
void form_numbers(struct form *form, const char *name, const int8_t *numbers, uint32_t count);

/* Sets the bit of the flags field `name` that has the name `bit`. */
void form_bit(struct form *form, const char *name, const char *bit);

/* Set a text or bytes, which are copied, or an IPv4 address (of a list: its only member). */
void form_text(struct form *form, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void form_bytes(struct form *form, const char *name, const void *bytes, size_t length);
void form_ip(struct form *form, const char *name, uint32_t address);

/* Begins the object (count 1) or list `name` of `count`; returns the first one of it. */
struct form form_list(struct form *form, const char *name, uint32_t count);

/* Goes to the next object of a list. */
void form_next(struct form *form);

/* Appends a filled form as the top-level element that it was made for. */
void form_encode(const struct form *form, const struct field *field, struct encoder *encoder);

/* Appends the top-level enumerated element `name` by the name of its value; without such an
 * element, nothing. */
void form_encode_enum(struct encoder *encoder, const char *name, const char *value);

#endif
