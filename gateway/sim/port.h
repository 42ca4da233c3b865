/* SPDX-License-Identifier: ISC */
/* port.h: the ports of the simulated switch and where they are, in the forms that RFC 4776 and RFC
 * 6225 give to that */
#ifndef NMSP_SIM_PORT_H
#define NMSP_SIM_PORT_H

#include <stddef.h>
#include <stdint.h>

#define PORT_SWITCH_IP 0x0a000002U /* 10.0.0.2 */

struct port_place {
	uint8_t slot;
	uint8_t module;
	uint16_t port;
};

struct port_location {
	uint8_t civic[128]; /* behind the byte `what`, as RFC 4776 section 3.1 */
	size_t civic_length;
	uint8_t geo[16]; /* RFC 6225, option 144 */
	char elin[16];
	char desk[8];
};

/* The slot, module and port of port `number`, counted from 0. */
struct port_place port_place_of(uint32_t number);

/* Where port `number` is. */
void port_locate(uint32_t number, struct port_location *location);

#endif
