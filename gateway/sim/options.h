/* SPDX-License-Identifier: ISC */
/* options.h: what the simulator is told on its command line */
#ifndef NMSP_SIM_OPTIONS_H
#define NMSP_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/sim/authlist.h"
#include "gateway/sim/world.h"

/* Faults; each can have an argument. */
enum fault_name {
	FAULTY_STALL,		    /* says nothing of its own accord and answers echoes only */
	FAULTY_CUT,		    /* closes in mid-frame after so many messages */
	FAULTY_LENGTH,		    /* a length that cannot be true, after so many messages */
	FAULTY_GARBAGE,		    /* random bytes, after so many messages */
	FAULTY_DRIP,		    /* every byte in a TLS record of its own */
	FAULTY_LATE_CAPABILITY,	    /* offers one service, and the others after so many seconds */
	FAULTY_CHANGED_CERTIFICATE, /* another certificate after so many seconds */
	FAULTY_NO_ECHO,		    /* leaves echoes unanswered */
	FAULTY_COUNT,
};

struct options_fault {
	bool on;
	uint32_t argument;
};

struct options_tls {
	const char *certificate; /* PEM files; NULL: made in memory */
	const char *key;
	const char *min_version; /* "1.0" to "1.3" */
	const char *max_version;
	bool legacy_ciphers;
};

struct options {
	const char *address;
	uint16_t port;
	const char *dictionary;
	const char *name; /* as the controller calls itself */
	const char *model;
	const char *software;
	const char *services; /* that it offers; NULL: all */
	const char *granted;  /* that it grants of those; NULL: all */
	struct options_tls tls;
	struct authlist authlist;
	struct world_size size;
	const char *truth;
	const char *script;
	uint32_t batch;
	uint64_t rate;	/* measurements per second and session; 0: as the world gives */
	uint64_t count; /* measurements after which a session sends no more; 0: no end */
	double speed;
	bool no_auth_delay;
	bool quiet;
	bool verbose;
	struct options_fault faults[FAULTY_COUNT];
};

/* What is to be done after reading the command line. */
enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* help or version was printed */
	OPTIONS_WRONG, /* and it was said why */
};

/* Reads the command line; the texts stay in `argv`. */
enum options_result options_parse(struct options *options, int argc, char **argv);

/* Frees what options own. */
void options_fini(struct options *options);

#endif
