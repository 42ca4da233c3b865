/* SPDX-License-Identifier: ISC */
/* spool_file.h: opens the file of a spool, or a new one where it is no use */
#ifndef NMSP_OUTPUTS_SPOOL_FILE_H
#define NMSP_OUTPUTS_SPOOL_FILE_H

#include "outputs/spool_check.h"

/* Is told what is in the file. */
struct spool_scan {
	spool_check_visit *visit;
	void (*reset)(void *context); /* what it was told is void: the file is no use */
	void *context;
};

/* Opens and locks a file that is sound, having read all of it; one that is not is moved aside and a
 * new one made. Returns its descriptor, or -1; why is in the report. */
int spool_file_open(const char *path, const struct spool_scan *scan, struct spool_report *report);

#endif
