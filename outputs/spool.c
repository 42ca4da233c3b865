/* SPDX-License-Identifier: ISC */
/* spool.c: records on disk, in ranks, each in the order in which it came
 *
 * One LMDB database a rank, so that every record is appended at its database's end: pages then come
 * out full. A record carries the number of the older one of its station, and the index has the
 * newest, so that all of a station's are found without a search. LMDB's own lock is not used: it
 * lets several processes in, and here only one may be. A page that a transaction frees can be
 * written again after the next but one; room for that is kept above what records may take, so that
 * removing never fails for want of it.
 */
#include "outputs/spool.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outputs/spool_check.h"
#include "outputs/spool_file.h"
#include "outputs/spool_index.h"

#define MAX_BATCH     (2U << 20)
#define MIN_BATCH     (64U << 10)
#define MAX_REPLACED  (8U << 20) /* bytes of pages that are written anew */
#define RESERVE_TIMES 4		 /* batches */
#define NODE_COST     32	 /* key, heads and padding of a value */

struct rank {
	MDB_dbi database;
	MDB_cursor *cursor;   /* of the reader */
	uint64_t next;	      /* number of the next record to come */
	uint64_t read;	      /* number of the last one read */
	uint64_t dropped;     /* number of the last one dropped */
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
	size_t max_rewritten;	  /* pages in one transaction */
	size_t rewritten;	  /* pages in this one */
	size_t bytes;		  /* committed */
	struct spool_index index; /* of records that were not read */
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

static bool
is_indexed(const struct spool_record *record)
{
	return record->station != 0;
}

struct scan {
	struct spool *spool;
	spool_visit *visit;
	void (*reset)(void *context);
	void *context;
	unsigned damaged;
};

/* For spool_file_open(). */
static void
scan_record(void *context, struct spool_place place, const char *value, size_t length)
{
	struct scan *scan = context;
	struct spool_index *index = &scan->spool->index;
	struct spool_record record;

	if (!spool_record_read(&record, value, length)) {
		scan->damaged++;
		return;
	}
	scan->visit(scan->context, place, &record);
	if (is_indexed(&record))
		spool_index_set(index, spool_index_key(&record), place);
	spool_index_keep(index);
}

static void
scan_reset(void *context)
{
	struct scan *scan = context;

	scan->reset(scan->context);
	spool_index_clear(&scan->spool->index);
	scan->damaged = 0;
}

static int
open_env(struct spool *spool, const struct spool_settings *settings)
{
	unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | (settings->sync ? 0 : MDB_NOSYNC);
	size_t max_size = settings->max_size < SPOOL_MIN_SIZE ? SPOOL_MIN_SIZE : settings->max_size;
	size_t replaced = clamp(max_size / 32, MIN_BATCH, MAX_REPLACED), reserve;
	struct stat file;
	MDB_stat stat;
	int code = mdb_env_create(&spool->env);

	spool->batch_bytes = clamp(max_size / 16, MIN_BATCH, MAX_BATCH);
	reserve = RESERVE_TIMES * (replaced > spool->batch_bytes ? replaced : spool->batch_bytes);
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
	spool->max_rewritten = replaced / spool->page_size;
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
	struct spool *spool = calloc(1, sizeof(*spool));
	struct scan scan = {.spool = spool, .visit = visit, .reset = reset, .context = context};
	struct spool_scan told = {scan_record, scan_reset, &scan};
	int code;

	*report = (struct spool_report){0};
	if (!spool) {
		snprintf(report->error, sizeof(report->error), "no memory");
		return NULL;
	}
	spool->lock_fd = spool_file_open(settings->path, &told, report);
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
	spool_index_clear(&spool->index);
	free(spool);
}

enum spool_fault
spool_begin(struct spool *spool)
{
	for (unsigned i = 0; i < SPOOL_RANKS; i++)
		spool->ranks[i].next_before = spool->ranks[i].next;
	spool->rewritten = 0;
	return fault_of(spool, mdb_txn_begin(spool->env, NULL, 0, &spool->txn));
}

/* Writes a record to its place, and tells where that is in memory. */
static int
put(struct spool *spool, const struct spool_record *record, struct spool_place place,
    unsigned flags, uintptr_t *at)
{
	MDB_val key = {sizeof(place.number), &place.number};
	MDB_val value = {spool_record_size(record), NULL};
	int code = mdb_put(spool->txn, spool->ranks[place.rank].database, &key, &value,
			   flags | MDB_RESERVE);

	if (code)
		return code;
	*at = (uintptr_t)value.mv_data;
	spool_record_write(record, value.mv_data);
	if (is_indexed(record))
		spool_index_set(&spool->index, spool_index_key(record), place);
	return 0;
}

enum spool_fault
spool_append(struct spool *spool, const struct spool_record *record, struct spool_place *place)
{
	struct rank *to = &spool->ranks[place->rank];
	uintptr_t at;
	int code;

	place->number = to->next;
	code = put(spool, record, *place, MDB_APPEND, &at);
	if (!code)
		to->next++;
	return fault_of(spool, code);
}

enum spool_fault
spool_remove(struct spool *spool, struct spool_place place)
{
	MDB_val key = {sizeof(place.number), &place.number};
	int code = mdb_del(spool->txn, spool->ranks[place.rank].database, &key, NULL);

	return fault_of(spool, code == MDB_NOTFOUND ? 0 : code);
}

static bool
is_of_same_station(const struct spool_record *a, const struct spool_record *b)
{
	return a->station == b->station && a->kind == b->kind &&
	       a->controller_length == b->controller_length &&
	       memcmp(a->controller, b->controller, a->controller_length) == 0;
}

enum spool_fault
spool_replace(struct spool *spool, const struct spool_record *record, struct spool_place *place,
	      spool_visit *visit, void *context)
{
	struct spool_place newest = {0};
	struct spool_record old;
	MDB_val key = {sizeof(newest.number), &newest.number}, value;
	uintptr_t before, after;
	int code;

	place->number = 0;
	if (is_indexed(record))
		newest = spool_index_find(&spool->index, spool_index_key(record));
	if (newest.number == 0 || newest.rank != place->rank)
		return SPOOL_OK;
	code = mdb_get(spool->txn, spool->ranks[newest.rank].database, &key, &value);
	if (!code && (!spool_record_read(&old, value.mv_data, value.mv_size) ||
		      !is_of_same_station(&old, record)))
		code = MDB_NOTFOUND;
	if (code)
		return fault_of(spool, code == MDB_NOTFOUND ? 0 : code);
	visit(context, newest, &old);
	*place = newest;
	before = (uintptr_t)value.mv_data;
	code = put(spool, record, newest, 0, &after);
	/* The first change of a page in a transaction moves the page. */
	if (!code && (after > before ? after - before : before - after) >= spool->page_size)
		spool->rewritten++;
	return fault_of(spool, code);
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
		memcpy(&from->dropped, key.mv_data, sizeof(from->dropped));
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
	size_t pages = size > 0 ? pages_of(spool, size) : 0;

	return used_pages(spool, spool->txn) + pages <= spool->max_pages;
}

/* Some pages more for the tree above it. */
bool
spool_could_hold(const struct spool *spool, size_t size)
{
	return pages_of(spool, size) + SPOOL_RANKS + 1 <= spool->max_pages;
}

/* The transaction did not happen. */
static void
revert(struct spool *spool)
{
	for (unsigned i = 0; i < SPOOL_RANKS; i++) {
		spool->ranks[i].next = spool->ranks[i].next_before;
		spool->ranks[i].dropped = 0;
	}
	spool_index_undo(&spool->index);
}

/* What stands at or before this number is not looked for in the index any more. */
static void
pass(struct spool *spool, unsigned rank, uint64_t number)
{
	if (spool->index.gone[rank] < number)
		spool->index.gone[rank] = number;
}

enum spool_fault
spool_commit(struct spool *spool)
{
	MDB_txn *txn = spool->txn;
	size_t bytes = used_pages(spool, txn) * spool->page_size;
	int code;

	spool->txn = NULL;
	code = mdb_txn_commit(txn);
	if (code) {
		revert(spool);
		return fault_of(spool, code);
	}
	spool->bytes = bytes;
	spool_index_keep(&spool->index);
	for (unsigned i = 0; i < SPOOL_RANKS; i++)
		pass(spool, i, spool->ranks[i].dropped);
	return SPOOL_OK;
}

void
spool_abort(struct spool *spool)
{
	if (!spool->txn)
		return;
	mdb_txn_abort(spool->txn);
	spool->txn = NULL;
	revert(spool);
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
	pass(spool, rank, from->read);
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

bool
spool_can_replace(const struct spool *spool)
{
	return spool->rewritten < spool->max_rewritten;
}

const char *
spool_error(const struct spool *spool)
{
	return spool->error;
}
