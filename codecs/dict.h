/* SPDX-License-Identifier: ISC */
/* dict.h: a dictionary: the wire layout of one generation of controllers, as data
 *
 * conf/dictionary.c fills these structures from a text file, dict_compile() works out the rest
 * (slots, offsets, look-up tables, ready-made JSON keys), and from then on they are read-only.
 * Nothing in C knows a number of the protocol; C knows the names of messages and of a few elements
 * (see DICT_NAMES below) because they stand for what a session does.
 */
#ifndef NMSP_CODECS_DICT_H
#define NMSP_CODECS_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/arena.h"
#include "codecs/value.h"

struct cursor;

/* Bytes that may be read and written past the end of a struct text or the room reserved for one. */
#define TEXT_SLACK 16

/* Text that is ready to be copied in blocks of TEXT_SLACK bytes. */
struct text {
	const char *s; /* followed by at least TEXT_SLACK readable bytes */
	uint32_t length;
};

/* The record kinds of the JSON contract. */
enum kind {
	KIND_RSSI,
	KIND_INFO,
	KIND_STATISTICS,
	KIND_ATTACHMENT,
	KIND_LOCATION,
	KIND_AP,
	KIND_INTERFERER,
	KIND_AIR_QUALITY,
	KIND_WIPS,
	KIND_UNKNOWN,
	KIND_COUNT,
	KIND_NONE = KIND_COUNT, /* an element that is not a record */
};

/* How a field stands on the wire. */
enum wire {
	WIRE_UINT,   /* `width` bytes, `times` times */
	WIRE_INT,    /* the same in two's complement */
	WIRE_MAC,    /* 6 bytes */
	WIRE_IP,     /* 4 or 16 bytes, all of the window */
	WIRE_STR,    /* UTF-8; length from `length_of`, else all that is left */
	WIRE_BYTES,  /* the same, any bytes */
	WIRE_STRUCT, /* fields of `shape` one after the other; with `count_of` a list of them */
	WIRE_GROUP,  /* elements of `shape` */
	WIRE_CIVIC,  /* RFC 4776 section 3.1, behind the one byte `what`: a map */
	WIRE_GEO,    /* the 16 bytes of RFC 6225's option 123 or 144: an object of geo_shape */
};

/* How a field is written as JSON; dict_compile chooses it. */
enum render {
	RENDER_NONE, /* not published */
	RENDER_UINT,
	RENDER_INT,
	RENDER_DECIMAL, /* integer / scale, exact */
	RENDER_DIGITS,	/* an integer as a string */
	RENDER_ENUM,	/* the value's name, else its digits, as a string */
	RENDER_BITS,	/* one boolean per named bit, each a key of its own */
	RENDER_BITMAP,	/* the places of the bits set, the lowest being 1 */
	RENDER_TIME_S,	/* seconds since 1970 as RFC 3339 */
	RENDER_TIME_MS,
	RENDER_REAL,
	RENDER_MAC,
	RENDER_MAC_TYPED, /* a MAC and "mac_type" */
	RENDER_IP,
	RENDER_STR,
	RENDER_HEX,
	RENDER_ARRAY, /* `times` integers, null where there is none; `strongest` beside it */
	RENDER_OBJECT,
	RENDER_INLINE, /* an object whose keys stand among those of its parent */
	RENDER_MAP,    /* a list of pairs as an object */
};

/* What a field means to the way of a record beyond being published. */
enum role {
	ROLE_NONE,
	ROLE_TIME, /* absolute time of the record, or (a message's element) of the message, in the
		      unit of `render` */
	ROLE_AGE,  /* seconds since it happened: ts is that long before the message's time */
};

/* How an unsigned integer is to be shown, as the dictionary says it. */
enum format {
	FORMAT_NUMBER,
	FORMAT_STRING,
	FORMAT_TIME_S,
	FORMAT_TIME_MS,
	FORMAT_BITMAP,
};

struct enumeration_value {
	uint64_t number;
	const char *name;
	const char *unit; /* unit of a measured value of this type, or NULL */
	struct text json; /* "name" with its quotes; by dict_compile */
	struct text unit_json;
};

struct enumeration {
	const char *name;
	struct enumeration_value *values; /* ascending by number after dict_compile */
	uint32_t n_values;
	const struct enumeration_value **dense; /* by number, below n_dense */
	uint32_t n_dense;
};

/* A named bit of a flags field. */
struct bit {
	uint8_t number;
	const char *json;
	struct text key; /* ,"json": */
};

struct record_places;
struct shape;

#define NO_SLOT	  (-1)
#define MAX_TIMES 16 /* integers in a row */

struct load_step;

/* A field of a struct, an element of a group, or a top-level element. What every record needs comes
 * first. */
struct field {
	/* by dict_compile, but for wire, width, times and values */
	struct text key; /* ,"json": */
	const struct enumeration *values;
	const struct field *unit_field;
	enum render render;
	enum wire wire;
	uint16_t slot;	 /* place of the value among its siblings' */
	uint8_t width;	 /* of an integer, in bytes */
	uint8_t times;	 /* so many integers in a row; 1 */
	bool fixed_text; /* its JSON is bounded as a whole, and so part of the shape's max_text */
	struct text strongest_key;

	/* by the loader */
	const char *name;
	const char *json;  /* key; NULL: not published */
	const char *under; /* the object that the key stands in, or NULL; fields under one object
			      are neighbours */
	uint32_t type;	   /* number of an element */
	bool repeat;	   /* an element that may come more than once: its value is a list */
	bool required;	   /* an element without which its group is malformed */
	bool is_inline;	   /* a struct or group whose fields are published among its parent's */
	bool mac_type;	   /* a MAC that "mac_type" is published for */
	bool is_map;   /* a repeated struct of two published fields, key and value, published as an
			  object */
	bool has_none; /* `none` on the wire means that there is no value */
	int64_t none;
	uint32_t scale; /* the number published is the integer divided by this power of ten; 1 */
	enum format format;
	enum role role;
	enum kind kind; /* top-level elements that are records; else KIND_NONE */
	struct bit *bits;
	uint8_t n_bits;
	const char *strongest; /* of `times` integers: key that the greatest is published under, or
				  NULL */
	const char *count_of;  /* WIRE_STRUCT: name of the earlier field that counts it, or NULL */
	const char *length_of; /* WIRE_STR, WIRE_BYTES: name of the earlier field that holds the
				  length, or NULL for the rest */
	const char *unit_of;   /* name of the sibling whose enumeration gives the unit, or NULL */
	const char *sort; /* counted struct: name of the field in it to sort by, greatest first, or
			     NULL */
	struct shape *shape; /* WIRE_STRUCT, WIRE_GROUP */

	/* by dict_compile, read now and then */
	uint32_t max_text;  /* most bytes of JSON of one value; 0: not bounded */
	int16_t count_slot; /* of count_of, NO_SLOT */
	int16_t length_slot;
	int16_t unit_slot;
	uint16_t stride;  /* values of one member of its list */
	uint16_t map_key; /* RENDER_MAP: slots of a pair's key and value */
	uint16_t map_value;
	const struct field *sort_field;
	const struct load_step *sort_steps; /* that read it */
	struct text under_key;		    /* ,"under": of the first field of a run */
	const struct record_places *places; /* of a record; see places.h */
};

/* How an integer or MAC of fixed place is read; the byte order is worked in. */
enum load_op {
	LOAD_U8,
	LOAD_I8,
	LOAD_U16_BE,
	LOAD_U16_LE,
	LOAD_U32_BE,
	LOAD_U32_LE,
	LOAD_MAC,
	LOAD_UINT_BE, /* of any width */
	LOAD_UINT_LE,
	LOAD_INT_BE,
	LOAD_INT_LE,
};

/* One such integer, so that reading a struct is a loop over these. */
struct load_step {
	uint32_t offset;
	uint16_t slot;
	uint8_t load; /* enum load_op */
	uint8_t width;
	bool has_none;
	uint64_t none;
};

/* The fields of a struct or the elements of a group. */
struct shape {
	const char *name;
	struct field *fields;
	uint32_t n_fields;

	/* by dict_compile */
	enum { SHAPE_NEW, SHAPE_COMPILING, SHAPE_COMPILED } state;
	bool group;
	bool nested;		 /* some field has `under` */
	uint32_t n_slots;	 /* values of one object */
	uint32_t n_prefix;	 /* leading fields of fixed size */
	uint32_t prefix;	 /* bytes of those */
	struct load_step *steps; /* that read them */
	uint32_t n_steps;
	bool plain; /* the JSON of an object is bounded by max_text, and nothing is nested in it */
	bool fixed; /* all fields are of fixed size: `prefix` is the size of the struct */
	uint32_t
		max_text; /* most bytes of JSON for one object, leaving out text, bytes and lists */
	uint32_t first_type; /* group: elements by number, from this one on */
	uint32_t n_by_type;
	uint16_t *by_type;	  /* 1 + index in fields, 0 for none */
	const struct field *time; /* the field with ROLE_TIME, ROLE_AGE, or NULL */
	const struct field *age;
};

/* Where an integer stands in the frame's header; width 0: this protocol has none. */
struct header_field {
	uint8_t offset;
	uint8_t width;
};

struct frame_layout {
	uint8_t header; /* bytes */
	struct header_field version;
	struct header_field flags;
	struct header_field id;
	struct header_field length;
	struct header_field transaction;
	uint64_t version_value;
	uint8_t more_bit;    /* number of the flag that says that another message of the transaction
				follows */
	bool length_is_body; /* the length leaves out the header */
	uint32_t max_length; /* of the whole message */
};

struct element_layout {
	uint8_t type_width;
	uint8_t length_width;
	bool length_is_element; /* the length counts type and length too */
	uint8_t align; /* elements begin at multiples of this from the start of their body or group;
			  1 */
};

/* Who sends a message. */
enum sender {
	SENDER_CLIENT = 1,
	SENDER_CONTROLLER = 2,
	SENDER_BOTH = 3,
};

/* How sure a number is: the marks of docs/protocol.md. */
enum mark {
	MARK_ASSUMED,
	MARK_INFERRED,
	MARK_RECALLED,
	MARK_COMPUTED,
	MARK_DOCUMENTED,
	MARK_SEEN,
};

/* One element of a message's body. */
struct message_part {
	const char *name;
	bool optional;
	bool repeat;
	const struct field *field; /* by dict_compile */
};

struct message_def {
	const char *name;
	uint32_t id;
	enum sender sender;
	enum mark mark;
	const char *answers; /* name of the request that this responds to, or NULL */
	struct message_part *parts;
	uint32_t n_parts;

	struct shape
		body; /* by dict_compile: its parts as a group, without those that are records */
};

struct subservice {
	const char *name;
	uint32_t number;
	int16_t bit;	    /* in the sub-service mask, or NO_SLOT */
	uint32_t *entities; /* numbers to ask the current state for, after subscribing */
	uint32_t n_entities;
};

struct service {
	const char *name;
	uint32_t number;
	const char *request; /* name of the message that asks for the current state, or NULL */
	struct subservice *subservices;
	uint32_t n_subservices;

	const struct message_def *request_def; /* by dict_compile */
};

struct dict {
	struct arena memory; /* of everything below; owned */
	const char *name;
	const char *file; /* path it was read from */
	char hash[17]; /* 64-bit FNV-1a of its text, hex: tells dictionaries apart, protects nothing
			*/
	const char *description;
	bool little_endian;
	struct frame_layout frame;
	struct element_layout element;
	struct enumeration *enumerations;
	uint32_t n_enumerations;
	struct shape elements; /* the top-level elements, as a group */
	struct message_def *messages;
	uint32_t n_messages;
	struct service *services;
	uint32_t n_services;

	uint32_t record_text; /* by dict_compile: the greatest max_text of a record */
};

/*
 * DICT_NAMES: what C relies on by name.
 * Messages: echo_request echo_response capability_notification service_subscribe_request
 * service_subscribe_response service_unsubscribe_request service_unsubscribe_response, and what
 * `request` of the services names. Elements: status device service subservice_mask entity scope
 * detail location_type mac. Fields: of device: name model software mac address; of service:
 * service, subservices { subservice, interval }. Enumeration values: status "success" and
 * "partial"; scope "all" and "listed"; entity "client"; detail "full"; location_type "any".
 * Services that commands ask: rssi information statistics location ap_info.
 *
 * And the JSON keys of records that topics, filters and enrichment look at, see places.h: mac
 * entity ap ssid username ip name group event, readings { ap rssi_dbm ap_name
 * ap_group }. A record may lack any.
 */

/* Works out everything marked "by dict_compile". Returns 0, or -1 with a sentence in `error`
 * (`size` bytes) that names the field: a reference to nothing, a width out of range, an overlap in
 * the header, a number given twice. */
int dict_compile(struct dict *dict, char *error, size_t size);

/* The message with this number, or NULL. */
const struct message_def *dict_message(const struct dict *dict, uint32_t id);

/* The message with this name, or NULL. */
const struct message_def *dict_message_named(const struct dict *dict, const char *name);

/* The service with this name, or NULL. */
const struct service *dict_service_named(const struct dict *dict, const char *name);

/* The sub-service with this name, or NULL. */
const struct subservice *dict_subservice_named(const struct service *service, const char *name);

/* The element with this number in a group, or NULL. */
const struct field *shape_element(const struct shape *shape, uint32_t type);

/* The field with this name, or NULL. */
const struct field *shape_field(const struct shape *shape, const char *name);

/* The entry for a number, or NULL where it has no name. */
const struct enumeration_value *enumeration_find(const struct enumeration *enumeration,
						 uint64_t number);

/* The entry with a name, or NULL. */
const struct enumeration_value *enumeration_named(const struct enumeration *enumeration,
						  const char *name);

/* A kind's name in topics and schema ids ("rssi"), and back (KIND_NONE when there is no such kind).
 */
const char *kind_name(enum kind kind);
enum kind kind_named(const char *name);

/* A mark's name: "assumed" … "seen". */
const char *mark_name(enum mark mark);

#endif
