/* SPDX-License-Identifier: ISC */
/* log_limit.c: how often the same line may be written */
#include "gateway/log_limit.h"

#include <stddef.h>

#include "gateway/log.h"

/* FNV-1a. */
static uint64_t
hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/* Which of two places is rather given to another line: a free one, one that has nothing left to
 * tell, the one that was not used for longer. */
static struct log_limit_place *
rather(struct log_limit_place *a, struct log_limit_place *b)
{
	if (!a->format || !b->format)
		return a->format ? b : a;
	if (!a->held != !b->held)
		return a->held ? b : a;
	return a->used_ms <= b->used_ms ? a : b;
}

static struct log_limit_place *
find(struct log_limit *limit, const struct log_limit_key *key)
{
	struct log_limit_place *oldest = limit->places;
	uint64_t subject = hash_of(key->subject);

	for (size_t i = 0; i < LOG_LIMIT_PLACES; i++) {
		struct log_limit_place *place = &limit->places[i];

		if (place->format == key->format && place->subject == subject)
			return place;
		oldest = rather(oldest, place);
	}
	limit->others += oldest->held;
	*oldest = (struct log_limit_place){.format = key->format, .subject = subject};
	return oldest;
}

bool
log_limit_pass(struct log_limit *limit, const struct log_limit_key *key, unsigned burst,
	       uint64_t now_ms, uint64_t *missed)
{
	struct log_limit_place *place = find(limit, key);

	place->used_ms = now_ms;
	if (place->passed == 0 || now_ms - place->began_ms >= LOG_INTERVAL_MS) {
		place->began_ms = now_ms;
		place->passed = 0;
	}
	if (place->passed >= burst) {
		place->held++;
		return false;
	}
	place->passed++;
	*missed = place->held;
	place->held = 0;
	return true;
}

uint64_t
log_limit_others(struct log_limit *limit, uint64_t now_ms)
{
	uint64_t others = limit->others;

	if (!others || (limit->told_ms && now_ms - limit->told_ms < LOG_INTERVAL_MS))
		return 0;
	limit->others = 0;
	limit->told_ms = now_ms;
	return others;
}
