/* SPDX-License-Identifier: ISC */
/* bare.h: the text of RSSI records written by hand, for comparison
 *
 * What remains when there is no frame to read, no dictionary to follow and no buffer that could be
 * too small: nothing here is more general than the one kind of record that it writes.
 */
#ifndef NMSP_BENCH_BARE_H
#define NMSP_BENCH_BARE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "outputs/timestamp.h"

#define BARE_READINGS 6
#define BARE_NONE     (-128) /* no such antenna, no SNR */

struct bare_reading {
	uint64_t ap;
	uint32_t age_ms;
	int8_t antennas_dbm[2];
	int8_t snr_db;
	uint8_t slot;
	uint8_t band;
	uint8_t source;
};

/* A record as it is when it is decoded: readings strongest first. */
struct bare_record {
	uint64_t mac;
	uint8_t entity;
	uint8_t associated;
	struct bare_reading readings[BARE_READINGS];
};

/* What precedes the record. */
struct bare_envelope {
	const char *head; /* up to `"seq":` */
	size_t head_length;
	uint64_t seq;
	uint64_t received_at;
	uint64_t ts;
};

/* A name with its quotes, copied as one block. */
struct bare_name {
	char s[16];
	unsigned length;
};

#define BARE_NAME(text)                                \
	{                                              \
		"\"" text "\"", sizeof("" text "") + 1 \
	}

static const struct bare_name bare_entities[] = {BARE_NAME(""), BARE_NAME("client"),
						 BARE_NAME("tag")};
static const struct bare_name bare_bands[] = {BARE_NAME("unknown"), BARE_NAME("2.4"),
					      BARE_NAME("5"), BARE_NAME("dual"), BARE_NAME("6")};
static const struct bare_name bare_sources[] = {BARE_NAME("none"), BARE_NAME("probe"),
						BARE_NAME("ccx")};

#define BARE_PUT(p, literal) \
	((char *)memcpy((p), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

/* Two digits of a number below 100, or of a byte in hex. */
static inline char *
bare_put_pair(char *p, unsigned u, unsigned base)
{
	p[0] = "0123456789abcdef"[u / base];
	p[1] = "0123456789abcdef"[u % base];
	return p + 2;
}

/* Decimal digits. */
static inline char *
bare_put_uint(char *p, uint64_t u)
{
	char digits[20];
	unsigned n = sizeof digits;

	if (u < 10) {
		*p = (char)('0' + u);
		return p + 1;
	}
	if (u < 100)
		return bare_put_pair(p, (unsigned)u, 10);
	for (; u; u /= 10)
		digits[--n] = (char)('0' + u % 10);
	memcpy(p, digits + n, sizeof digits - n);
	return p + sizeof digits - n;
}

/* Decimal digits, with a sign where it is negative. */
static inline char *
bare_put_int(char *p, int i)
{
	if (i < 0)
		*p++ = '-';
	return bare_put_uint(p, (uint64_t)(i < 0 ? -i : i));
}

/* "aa:bb:cc:dd:ee:ff" without quotes. */
static inline char *
bare_put_mac(char *p, uint64_t mac)
{
	for (int shift = 40; shift >= 0; shift -= 8) {
		p = bare_put_pair(p, (uint8_t)(mac >> shift), 16);
		*p++ = ':';
	}
	return p - 1;
}

/* A name from a table; up to 16 bytes behind it are overwritten. */
static inline char *
bare_put_name(char *p, const struct bare_name *name)
{
	memcpy(p, name->s, sizeof name->s);
	return p + name->length;
}

/* One antenna, or null. */
static inline char *
bare_put_antenna(char *p, int dbm)
{
	return dbm == BARE_NONE ? BARE_PUT(p, "null") : bare_put_int(p, dbm);
}

/* One of the readings, as an object. */
static inline char *
bare_put_reading(char *p, const struct bare_reading *r)
{
	int a = r->antennas_dbm[0], b = r->antennas_dbm[1];

	p = BARE_PUT(p, "{\"ap\":\"");
	p = bare_put_mac(p, r->ap);
	p = BARE_PUT(p, "\",\"slot\":");
	p = bare_put_uint(p, r->slot);
	p = BARE_PUT(p, ",\"band\":");
	p = bare_put_name(p, &bare_bands[r->band]);
	p = BARE_PUT(p, ",\"source\":");
	p = bare_put_name(p, &bare_sources[r->source]);
	p = BARE_PUT(p, ",\"rssi_dbm\":");
	p = bare_put_int(p, a > b ? a : b);
	p = BARE_PUT(p, ",\"antennas_dbm\":[");
	p = bare_put_antenna(p, a);
	*p++ = ',';
	p = bare_put_antenna(p, b);
	*p++ = ']';
	if (r->snr_db != BARE_NONE) {
		p = BARE_PUT(p, ",\"snr_db\":");
		p = bare_put_int(p, r->snr_db);
	}
	p = BARE_PUT(p, ",\"age_ms\":");
	p = bare_put_uint(p, r->age_ms);
	*p++ = '}';
	return p;
}

/* The whole object; returns its end. 2,048 bytes are enough for any. */
static inline char *
bare_put_record(char *p, const struct bare_envelope *e, const struct bare_record *r)
{
	memcpy(p, e->head, e->head_length);
	p = bare_put_uint(p + e->head_length, e->seq);
	p = BARE_PUT(p, ",\"received_at\":\"");
	p += timestamp_write(p, e->received_at);
	p = BARE_PUT(p, "\",\"ts\":\"");
	p += timestamp_write(p, e->ts);
	p = BARE_PUT(p, "\",\"mac\":\"");
	p = bare_put_mac(p, r->mac);
	p = r->mac >> 41 & 1 ? BARE_PUT(p, "\",\"mac_type\":\"local\",\"entity\":")
			     : BARE_PUT(p, "\",\"mac_type\":\"universal\",\"entity\":");
	p = bare_put_name(p, &bare_entities[r->entity]);
	p = r->associated ? BARE_PUT(p, ",\"associated\":true,\"readings\":[")
			  : BARE_PUT(p, ",\"associated\":false,\"readings\":[");
	for (unsigned i = 0; i < BARE_READINGS; i++) {
		p = bare_put_reading(p, &r->readings[i]);
		*p++ = i + 1 < BARE_READINGS ? ',' : ']';
	}
	*p++ = '}';
	return p;
}

#endif
