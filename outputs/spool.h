/* SPDX-License-Identifier: ISC */
/* spool.h: records on disk, in ranks, each in the order in which it came
 *
 * The file holds what was committed, whatever ends the process. One process and one thread use it;
 * others find it locked. What to keep when it is full is for the caller (spooler.c) to say.
 */
#ifndef NMSP_OUTPUTS_SPOOL_H
#define NMSP_OUTPUTS_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outputs/spool_record.h"

#define SPOOL_RANKS	 3
#define SPOOL_MIN_SIZE	 (1U << 20)
#define SPOOL_ERROR_SIZE 192

struct account_set;

struct spool_settings {
	const char *path;  /* of the file; not set: no spool */
	size_t max_size;   /* bytes of the file; at least SPOOL_MIN_SIZE */
	bool sync;	   /* every commit reaches the disk; else the system writes when it likes */
	unsigned retry_ms; /* after a failure; 0: 10,000 */

	/* The accounts of a controller by its name, for what an earlier run left; never NULL, and
	 * of a life longer than the output's. Called on the output's thread. */
	struct account_set *(*accounts)(void *context, const char *controller);

	/* Tells of the accounts of all controllers; on the output's thread. */
	void (*each)(void *context, void (*tell)(struct account_set *accounts));
	void *context;
};

/* Where a record lies. */
struct spool_place {
	uint64_t number; /* from 1, rising */
	uint8_t rank;	 /* 0 is read first */
};

enum spool_fault {
	SPOOL_OK,
	SPOOL_FAILED, /* for now: the disk is full, the file locked or not to be written; what is in
			 the spool stays */
	SPOOL_BROKEN, /* not usable any more: close it, and open it again */
};

/* What is told of an attempt to open. */
struct spool_report {
	char error[SPOOL_ERROR_SIZE]; /* why not; "" */
	char moved[SPOOL_ERROR_SIZE]; /* why a file that was there was moved aside, and to where; ""
				       */
	unsigned damaged;	      /* records that the disk did not keep */
};

struct spool;

/* Is told of a record; false: no more, and this one has not been looked at. `record` is NULL for
 * one that the disk did not keep. */
typedef bool spool_visit(void *context, struct spool_place place,
			 const struct spool_record *record);

/* Opens or makes the file, having read all of it: `visit` is told of each record that is in it. A
 * file that is damaged or of a later version is moved aside, told in the report (what `visit` was
 * told of it is void: reset() says so), and a new one is made. NULL: not now. */
struct spool *spool_open(const struct spool_settings *settings, spool_visit *visit,
			 void (*reset)(void *context), void *context, struct spool_report *report);

/* Closes without a commit; takes NULL. */
void spool_close(struct spool *spool);

/* Begins a transaction: what follows, up to spool_commit() or spool_abort(), happens or does not.
 */
enum spool_fault spool_begin(struct spool *spool);

/* Appends a record to the rank in `place`, which gets its number. */
enum spool_fault spool_append(struct spool *spool, const struct spool_record *record,
			      struct spool_place *place);

/* Puts a record in the place of the newest one of its controller, kind and station, if that was not
 * read yet, and tells `visit` of that one. The rank is in `place`, which gets the number; 0: there
 * is none to replace. */
enum spool_fault spool_replace(struct spool *spool, const struct spool_record *record,
			       struct spool_place *place, spool_visit *visit, void *context);

/* Removes a record, if it is there. */
enum spool_fault spool_remove(struct spool *spool, struct spool_place place);

/* Removes the first record of a rank that was not read yet, telling `visit` of it. `found`: there
 * was one. */
enum spool_fault spool_drop(struct spool *spool, uint8_t rank, spool_visit *visit, void *context,
			    bool *found);

/* Whether a record of so many bytes has room (0: whether all that is there has); whether it would
 * in an empty spool. */
bool spool_has_room(struct spool *spool, size_t size);
bool spool_could_hold(const struct spool *spool, size_t size);

/* Ends the transaction; after a fault it did not happen. */
enum spool_fault spool_commit(struct spool *spool);
void spool_abort(struct spool *spool);

/* Tells `visit` of up to `n` records of a rank that were not read before, in order. Not within a
 * transaction. */
enum spool_fault spool_read(struct spool *spool, uint8_t rank, size_t n, spool_visit *visit,
			    void *context);

/* Bytes of the records as committed, with what LMDB adds to them. */
size_t spool_bytes(const struct spool *spool);

/* Bytes that are best committed at once. */
size_t spool_batch_bytes(const struct spool *spool);

/* Whether the transaction may replace more: each page that it writes anew takes room until the next
 * but one. */
bool spool_can_replace(const struct spool *spool);

/* What went wrong last. */
const char *spool_error(const struct spool *spool);

#endif
