/* SPDX-License-Identifier: ISC */
/* spool_check.h: is the file of a spool sound?
 *
 * LMDB trusts what it maps into memory: a wrong page number in a file ends the process that opens
 * it. So a file is read through here first, page by page and without LMDB.
 */
#ifndef NMSP_OUTPUTS_SPOOL_CHECK_H
#define NMSP_OUTPUTS_SPOOL_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "outputs/spool.h"

#define SPOOL_VERSION 1 /* of the databases in the file, under the key SPOOL_VERSION_KEY */

#define SPOOL_VERSION_KEY "version"
#define SPOOL_RANK_NAME	  "rank" /* and its digit: the databases of records */

enum spool_verdict {
	SPOOL_SOUND, /* or empty */
	SPOOL_DAMAGED,
	SPOOL_NEWER,	  /* written by a later version */
	SPOOL_UNREADABLE, /* the disk or the memory fails us */
};

/* Is told of every value in the databases of records, in order. */
typedef void spool_check_visit(void *context, struct spool_place place, const char *value,
			       size_t length);

/* Reads the file from front to end. For any other verdict than SPOOL_SOUND a sentence is in
 * `reason`. */
enum spool_verdict spool_check(int fd, spool_check_visit *visit, void *context, char *reason,
			       size_t size);

#endif
