/* SPDX-License-Identifier: ISC */
/* world.h: access points on a floor plan, and what walks, attaches and interferes between them
 *
 * Pure: no clock, no I/O. A world moves in steps of WORLD_STEP_MS, and for one seed and size its
 * state after a number of steps is always the same, however it was advanced. Nothing here knows how
 * any of it is told to a client.
 */
#ifndef NMSP_SIM_WORLD_H
#define NMSP_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#define WORLD_STEP_MS 500
#define WORLD_RADIOS  2	   /* of an access point: slot 0 at 2.4 GHz, slot 1 at 5 GHz */
#define WORLD_EVENTS  4096 /* how many are remembered */
#define WORLD_NOWHERE (-1) /* a station that no access point serves */

enum world_kind {
	WORLD_CLIENT,
	WORLD_TAG,
	WORLD_ROGUE_AP,
	WORLD_ROGUE_CLIENT,
	WORLD_INTERFERER,
	WORLD_KINDS,
};

/* How much of everything there is. `rogues` counts rogue access points and their clients together.
 */
struct world_size {
	uint32_t aps;
	uint32_t clients;
	uint32_t tags;
	uint32_t rogues;
	uint64_t seed;
};

/* A place: metres from the south-west corner of a floor, floors from 0. */
struct world_point {
	double x;
	double y;
	int floor;
};

struct world_radio {
	uint16_t channel;
	uint16_t width_mhz;
	int8_t tx_power_dbm;
	uint16_t clients; /* served now */
};

struct world_ap {
	uint64_t mac;
	struct world_point at;
	struct world_radio radios[WORLD_RADIOS];
};

/* What a station sent and got since it joined. */
struct world_traffic {
	uint64_t bytes_rx; /* from the station */
	uint64_t bytes_tx;
	uint64_t packets_rx;
	uint64_t packets_tx;
	uint64_t retries;
	uint64_t errors;
};

/* Anything that an access point can hear. */
struct world_station {
	enum world_kind kind;
	uint32_t number; /* among those of its kind, from 0 */
	uint64_t mac;
	struct world_point at;
	struct world_point goal;
	double speed; /* m/s; 0 for what stands still */
	double tx_power_dbm;
	uint64_t pause_until_ms;
	uint64_t joined_ms;
	uint64_t changed_ms; /* when what is known of it (serving access point) changed last */
	int32_t ap;	     /* that serves it, or WORLD_NOWHERE */
	uint32_t slot;	     /* of the radios that it can be heard by: its band */
	struct world_traffic traffic;
};

/* A station at a switch port. */
struct world_wired {
	uint64_t mac;
	uint32_t port; /* from 0, through all ports of the switch */
	bool attached;
	uint64_t since_ms;
};

enum world_event_type {
	WORLD_WIRED_NEW,
	WORLD_WIRED_GONE,
	WORLD_ROAMED, /* a client changed its access point */
	WORLD_ALARM,  /* an attack was seen */
};

struct world_event {
	enum world_event_type type;
	uint64_t ms;
	uint32_t subject; /* index in wired (WIRED_*), in stations (ROAMED, ALARM) */
	uint32_t ap;	  /* that saw an alarm */
	uint32_t detail;  /* of an alarm: any number */
};

struct world {
	struct world_size size;
	double width;
	double depth;
	int floors;
	uint64_t now_ms; /* since the world began */
	uint64_t random;
	struct world_ap *aps;
	uint32_t n_aps;
	struct world_station *stations; /* of all kinds, one kind behind the other */
	uint32_t n_stations;
	uint32_t first[WORLD_KINDS + 1]; /* stations of kind k: first[k] to first[k + 1] */
	struct world_wired *wired;
	uint32_t n_wired;
	struct world_event events[WORLD_EVENTS]; /* number n is at n % WORLD_EVENTS */
	uint64_t n_events;			 /* since the world began */
};

/* Makes a world at time 0. NULL without memory; world_free. */
struct world *world_new(const struct world_size *size);

/* Frees a world; takes NULL. */
void world_free(struct world *world);

/* Takes as many whole steps as lead up to `now_ms`. */
void world_advance(struct world *world, uint64_t now_ms);

/* The oldest event that is still remembered at or after number `from`: a number, n_events when
 * there is none. */
uint64_t world_event_from(const struct world *world, uint64_t from);

/* The name of a kind in the truth file: "client", "rogue_ap" … */
const char *world_kind_name(enum world_kind kind);

#endif
