/* SPDX-License-Identifier: ISC */
/* value.h: what a field holds once it is off the wire */
#ifndef NMSP_CODECS_VALUE_H
#define NMSP_CODECS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One value. Which member counts is said by the field that describes it (dict.h):
 * integers and enumerated values in `u` (unsigned) or `i` (signed), a MAC address in the low 48
 * bits of `u`, text, bytes and IP addresses as `bytes` + `count` (they point into the frame), an
 * object as `items` (its slots), a list as `items` + `count` (objects one behind the other, slots
 * of the shape apart).
 */
struct value {
	union {
		uint64_t u;
		int64_t i;
		double real;
		const uint8_t *bytes;
		struct value *items;
	};
	uint32_t count;
	bool present;
};

#endif
