/* SPDX-License-Identifier: ISC */
/* origin.h: which line of which file the members of a configuration come from */
#ifndef NMSP_CONF_ORIGIN_H
#define NMSP_CONF_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/report.h"

struct origin {
	const void *member;
	struct report_place place;
	bool given; /* else it has its default, and the place is that of its section */
};

/* All of a configuration, and the names of its files. Cleared: none. */
struct origins {
	struct origin *list;
	size_t n;
	char **files;
	size_t n_files;
};

/* Notes where a member comes from; the file's name is copied. Returns false without memory. */
bool origins_add(struct origins *origins, const void *member, struct report_place place,
		 bool given);

/* What was noted of a member, or NULL. */
const struct origin *origins_find(const struct origins *origins, const void *member);

/* Frees what was noted. */
void origins_fini(struct origins *origins);

#endif
