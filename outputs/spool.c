/* SPDX-License-Identifier: ISC */
/* spool.c: records on disk, in ranks, each in the order in which it came
 *
 * One LMDB database a rank, so that every record is appended at its database's end: pages then come
 * out full. LMDB's own lock is not used: it lets several processes in, and here only one may be. A
 * page that a transaction frees can be written again after the next but one; room for that is kept
 * above what records may take, so that removing never fails for want of it.
 */
#define _GNU_SOURCE
#include "outputs/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "outputs/spool_check.h"

#define MAX_BATCH     (2U << 20)
#define MIN_BATCH     (64U << 10)
#define RESERVE_TIMES 4	 /* batches */
#define NODE_COST     32 /* key, heads and padding of a value */

struct rank {
	MDB_dbi database;
	MDB_cursor *cursor;   /* of the reader */
	uint64_t next;	      /* number of the next record to come */
	uint64_t read;	      /* number of the last one read */
	uint64_t next_before; /* the transaction */
};

struct spool {
	MDB_env *env;
	MDB_txn *txn;	 /* the transaction, or NULL */
	MDB_txn *reader; /* reset when nobody reads */
	int lock_fd;
	size_t page_size;
	size_t max_pages; /* of records */
	size_t batch_bytes;
	size_t bytes; /* committed */
	struct rank ranks[SPOOL_RANKS];
	char error[SPOOL_ERROR_SIZE];
};

/* What only another try, another disk or another moment can change, and what closing can. */
static enum spool_fault
fault_of(struct spool *spool, int code)
{
	if (code == 0)
		return SPOOL_OK;
	snprintf(spool->error, sizeof(spool->error), "%s",
		 code == EIO ? "cannot be written: is the disk full?" : mdb_strerror(code));
	switch (code) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EIO: /* of a write that LMDB could make in part only */
	case ENOMEM:
	case EROFS:
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return SPOOL_FAILED;
	default:
		return SPOOL_BROKEN;
	}
}

static size_t
clamp(size_t value, size_t least, size_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* Opens the file and locks it; -1 with the reason. */
static int
open_locked(const char *path, struct spool_report *report)
{
	struct stat ours, theirs;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0) {
		snprintf(report->error, sizeof(report->error), "%s", strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		snprintf(report->error, sizeof(report->error), "%s",
			 errno == EWOULDBLOCK ? "in use by another process" : strerror(errno));
	else if (fstat(fd, &ours) < 0 || !S_ISREG(ours.st_mode))
		snprintf(report->error, sizeof(report->error), "not a regular file");
	else if (stat(path, &theirs) < 0 || ours.st_ino != theirs.st_ino)
		snprintf(report->error, sizeof(report->error), "moved meanwhile");
	else
		return fd;
	close(fd);
	return -1;
}

/* Renames a file that is no use to <path>.<how>-<timestamp>; 0 or -1. */
static int
move_aside(const char *path, const char *how, const char *why, struct spool_report *report)
{
	struct timespec now;
	struct tm utc;
	char *aside, stamp[32];
	int fault;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &utc);
	if (asprintf(&aside, "%s.%s-%s.%03dZ", path, how, stamp, (int)(now.tv_nsec / 1000000)) < 0)
		return -1;
	fault = rename(path, aside);
	if (fault)
		snprintf(report->error, sizeof(report->error), "%s (%s), and cannot be moved: %s",
			 how, why, strerror(errno));
	else
		snprintf(report->moved, sizeof(report->moved), "%s (%s), moved to %s", how, why,
			 aside);
	free(aside);
	return fault;
}

struct scan {
	spool_visit *visit;
	void *context;
	unsigned damaged;
};

static void
scan_record(void *context, const char *value, size_t length)
{
	struct scan *scan = context;
	struct spool_record record;

	if (spool_record_read(&record, value, length))
		scan->visit(scan->context, (struct spool_place){0}, &record);
	else
		scan->damaged++;
}

/* Opens a file that is sound, a new one where there was none such; its descriptor, or -1. */
static int
open_sound(const struct spool_settings *settings, struct scan *scan, void (*reset)(void *),
	   struct spool_report *report)
{
	char why[SPOOL_ERROR_SIZE / 2];
	int fd = open_locked(settings->path, report);
	enum spool_verdict verdict;

	if (fd < 0)
		return -1;
	verdict = spool_check(fd, scan_record, scan, why, sizeof(why));
	if (verdict == SPOOL_SOUND)
		return fd;
	reset(scan->context);
	scan->damaged = 0;
	if (verdict == SPOOL_UNREADABLE)
		snprintf(report->error, sizeof(report->error), "%s", why);
	else if (move_aside(settings->path, verdict == SPOOL_NEWER ? "newer" : "damaged", why,
			    report) == 0) {
		close(fd);
		return open_locked(settings->path, report);
	}
	close(fd);
	return -1;
}

static int
open_env(struct spool *spool, const struct spool_settings *settings)
{
	unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | (settings->sync ? 0 : MDB_NOSYNC);
	size_t max_size = settings->max_size < SPOOL_MIN_SIZE ? SPOOL_MIN_SIZE : settings->max_size;
	size_t reserve;
	struct stat file;
	MDB_stat stat;
	int code = mdb_env_create(&spool->env);

	spool->batch_bytes = clamp(max_size / 16, MIN_BATCH, MAX_BATCH);
	reserve = RESERVE_TIMES * spool->batch_bytes;
	if (fstat(spool->lock_fd, &file) < 0)
		return errno;
	if (!code)
		code = mdb_env_set_maxdbs(spool->env, SPOOL_RANKS);
	if (!code)
		code = mdb_env_set_mapsize(
			spool->env,
			((max_size < (size_t)file.st_size ? (size_t)file.st_size : max_size) +
			 2 * reserve) &
				~(size_t)0xffff);
	if (!code)
		code = mdb_env_open(spool->env, settings->path, flags, 0600);
	if (!code)
		code = mdb_env_stat(spool->env, &stat);
	if (code)
		return code;
	spool->page_size = stat.ms_psize;
	spool->max_pages = (max_size - reserve) / spool->page_size;
	return 0;
}

static int
open_rank(struct spool *spool, MDB_txn *txn, unsigned i)
{
	char name[] = SPOOL_RANK_NAME "0";
	struct rank *rank = &spool->ranks[i];
	MDB_cursor *cursor;
	MDB_val key;
	int code;

	name[sizeof(name) - 2] = (char)('0' + i);
	rank->next = 1;
	code = mdb_dbi_open(txn, name, MDB_CREATE | MDB_INTEGERKEY, &rank->database);
	if (code || (code = mdb_cursor_open(txn, rank->database, &cursor)))
		return code;
	code = mdb_cursor_get(cursor, &key, NULL, MDB_LAST);
	if (!code) {
		memcpy(&rank->next, key.mv_data, sizeof(rank->next));
		rank->next++;
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

static size_t
used_pages(const struct spool *spool, MDB_txn *txn)
{
	size_t pages = 0;
	MDB_stat stat;

	for (unsigned i = 0; i < SPOOL_RANKS; i++)
		if (mdb_stat(txn, spool->ranks[i].database, &stat) == 0)
			pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
	return pages;
}

/* Only in a new file: one on a full disk must open too. */
static int
put_version(MDB_txn *txn)
{
	uint32_t version = SPOOL_VERSION;
	MDB_val key = {sizeof(SPOOL_VERSION_KEY) - 1, SPOOL_VERSION_KEY};
	MDB_val value = {sizeof(version), &version}, found;
	MDB_dbi main;
	int code = mdb_dbi_open(txn, NULL, 0, &main);

	if (!code)
		code = mdb_get(txn, main, &key, &found);
	return code == MDB_NOTFOUND ? mdb_put(txn, main, &key, &value, 0) : code;
}

static int
open_databases(struct spool *spool)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(spool->env, NULL, 0, &txn);

	if (code)
		return code;
	code = put_version(txn);
	for (unsigned i = 0; !code && i < SPOOL_RANKS; i++)
		code = open_rank(spool, txn, i);
	spool->bytes = code ? 0 : used_pages(spool, txn) * spool->page_size;
	if (!code)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return code;
}

static int
open_reader(struct spool *spool)
{
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &spool->reader);

	for (unsigned i = 0; !code && i < SPOOL_RANKS; i++)
		code = mdb_cursor_open(spool->reader, spool->ranks[i].database,
				       &spool->ranks[i].cursor);
	if (!code)
		mdb_txn_reset(spool->reader);
	return code;
}

struct spool *
spool_open(const struct spool_settings *settings, spool_visit *visit, void (*reset)(void *context),
	   void *context, struct spool_report *report)
{
	struct scan scan = {.visit = visit, .context = context};
	struct spool *spool = calloc(1, sizeof(*spool));
	int code;

	*report = (struct spool_report){0};
	if (!spool) {
		snprintf(report->error, sizeof(report->error), "no memory");
		return NULL;
	}
	spool->lock_fd = open_sound(settings, &scan, reset, report);
	report->damaged = scan.damaged;
	if (spool->lock_fd >= 0) {
		code = open_env(spool, settings);
		if (!code)
			code = open_databases(spool);
		if (!code)
			code = open_reader(spool);
		if (!code)
			return spool;
		reset(context);
		snprintf(report->error, sizeof(report->error), "%s", mdb_strerror(code));
	}
	spool_close(spool);
	return NULL;
}

void
spool_close(struct spool *spool)
{
	if (!spool)
		return;
	spool_abort(spool);
	for (unsigned i = 0; i < SPOOL_RANKS; i++)
		if (spool->ranks[i].cursor)
			mdb_cursor_close(spool->ranks[i].cursor);
	if (spool->reader)
		mdb_txn_abort(spool->reader);
	if (spool->env)
		mdb_env_close(spool->env);
	if (spool->lock_fd >= 0)
		close(spool->lock_fd);
	free(spool);
}

enum spool_fault
spool_begin(struct spool *spool)
{
	for (unsigned i = 0; i < SPOOL_RANKS; i++)
		spool->ranks[i].next_before = spool->ranks[i].next;
	return fault_of(spool, mdb_txn_begin(spool->env, NULL, 0, &spool->txn));
}

enum spool_fault
spool_append(struct spool *spool, uint8_t rank, const struct spool_record *record,
	     struct spool_place *place)
{
	struct rank *to = &spool->ranks[rank];
	uint64_t number = to->next;
	MDB_val key = {sizeof(number), &number};
	MDB_val value = {spool_record_size(record), NULL};
	int code = mdb_put(spool->txn, to->database, &key, &value, MDB_APPEND | MDB_RESERVE);

	if (code)
		return fault_of(spool, code);
	spool_record_write(record, value.mv_data);
	to->next++;
	*place = (struct spool_place){.number = number, .rank = rank};
	return SPOOL_OK;
}

enum spool_fault
spool_remove(struct spool *spool, struct spool_place place)
{
	MDB_val key = {sizeof(place.number), &place.number};
	int code = mdb_del(spool->txn, spool->ranks[place.rank].database, &key, NULL);

	return fault_of(spool, code == MDB_NOTFOUND ? 0 : code);
}

/* Tells of the record that a cursor found. */
static bool
visit_found(uint8_t rank, const MDB_val *key, const MDB_val *value, spool_visit *visit,
	    void *context)
{
	struct spool_place place = {.rank = rank};
	struct spool_record record;
	bool kept = spool_record_read(&record, value->mv_data, value->mv_size);

	memcpy(&place.number, key->mv_data, sizeof(place.number));
	return visit(context, place, kept ? &record : NULL);
}

enum spool_fault
spool_drop(struct spool *spool, uint8_t rank, spool_visit *visit, void *context, bool *found)
{
	struct rank *from = &spool->ranks[rank];
	uint64_t number = from->read + 1;
	MDB_val key = {sizeof(number), &number}, value;
	MDB_cursor *cursor;
	int code;

	*found = false;
	if (number >= from->next)
		return SPOOL_OK;
	code = mdb_cursor_open(spool->txn, from->database, &cursor);
	if (code)
		return fault_of(spool, code);
	code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	if (!code) {
		*found = true;
		visit_found(rank, &key, &value, visit, context);
		code = mdb_cursor_del(cursor, 0);
	}
	mdb_cursor_close(cursor);
	return fault_of(spool, code == MDB_NOTFOUND ? 0 : code);
}

static size_t
pages_of(const struct spool *spool, size_t size)
{
	return (size + NODE_COST) / spool->page_size + 1;
}

bool
spool_has_room(struct spool *spool, size_t size)
{
	return used_pages(spool, spool->txn) + pages_of(spool, size) <= spool->max_pages;
}

/* Some pages more for the tree above it. */
bool
spool_could_hold(const struct spool *spool, size_t size)
{
	return pages_of(spool, size) + SPOOL_RANKS + 1 <= spool->max_pages;
}

enum spool_fault
spool_commit(struct spool *spool)
{
	MDB_txn *txn = spool->txn;
	size_t bytes = used_pages(spool, txn) * spool->page_size;
	int code;

	spool->txn = NULL;
	code = mdb_txn_commit(txn);
	if (!code)
		spool->bytes = bytes;
	for (unsigned i = 0; code && i < SPOOL_RANKS; i++)
		spool->ranks[i].next = spool->ranks[i].next_before;
	return fault_of(spool, code);
}

void
spool_abort(struct spool *spool)
{
	if (!spool->txn)
		return;
	mdb_txn_abort(spool->txn);
	spool->txn = NULL;
	for (unsigned i = 0; i < SPOOL_RANKS; i++)
		spool->ranks[i].next = spool->ranks[i].next_before;
}

enum spool_fault
spool_read(struct spool *spool, uint8_t rank, size_t n, spool_visit *visit, void *context)
{
	struct rank *from = &spool->ranks[rank];
	uint64_t number = from->read + 1;
	MDB_val key = {sizeof(number), &number}, value;
	int code;

	if (number >= from->next || n == 0)
		return SPOOL_OK;
	code = mdb_txn_renew(spool->reader);
	if (code)
		return fault_of(spool, code);
	code = mdb_cursor_renew(spool->reader, from->cursor);
	if (!code)
		code = mdb_cursor_get(from->cursor, &key, &value, MDB_SET_RANGE);
	while (!code && visit_found(rank, &key, &value, visit, context)) {
		memcpy(&from->read, key.mv_data, sizeof(from->read));
		if (--n == 0)
			break;
		code = mdb_cursor_get(from->cursor, &key, &value, MDB_NEXT);
	}
	if (code == MDB_NOTFOUND)
		from->read = from->next - 1;
	mdb_txn_reset(spool->reader);
	return fault_of(spool, code == MDB_NOTFOUND ? 0 : code);
}

size_t
spool_bytes(const struct spool *spool)
{
	return spool->bytes;
}

size_t
spool_batch_bytes(const struct spool *spool)
{
	return spool->batch_bytes;
}

const char *
spool_error(const struct spool *spool)
{
	return spool->error;
}
