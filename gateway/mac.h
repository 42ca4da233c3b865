/* SPDX-License-Identifier: ISC */
/* mac.h: MAC addresses of devices, and one for this gateway */
#ifndef NMSP_GATEWAY_MAC_H
#define NMSP_GATEWAY_MAC_H

#include <stdint.h>

enum {
	MAC_SIZE = 6,
	MAC_TEXT = 18, /* "02:00:5e:10:20:30" and its NUL */
};

/* Reads 12 hex digits, with ':', '-', '.' or nothing between the bytes. Returns 0, or -1 when it is
 * not the address of one device (also: a group address, or all zero). */
int mac_parse(const char *text, uint8_t *mac);

/* Writes a MAC in lower case, `separator` between the bytes ('\0': none), to `text` (MAC_TEXT
 * bytes); returns `text`. */
char *mac_text(const uint8_t *mac, char separator, char *text);

/* The same as a number, as the wire has it. */
uint64_t mac_number(const uint8_t *mac);

/* The MAC of the real network interface with the lowest index, else a random one with the local
 * bit. */
void mac_choose(uint8_t *mac);

/* The same among the interfaces that a directory like /sys/class/net shows. */
void mac_choose_in(const char *directory, uint8_t *mac);

#endif
