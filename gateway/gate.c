/* SPDX-License-Identifier: ISC */
/* gate.c: a filter at its place, with what it must remember of each station */
#include "gateway/gate.h"

#include <stdlib.h>

/* What passed last of a station. */
struct passed {
	uint64_t ap;
	int dbm;
};

void
gate_set(struct gate *gate, struct filter *filter)
{
	uint64_t interval_ms = filter ? filter->pace.interval_ms : 0;

	filter_free(gate->filter);
	gate->filter = filter;
	if (interval_ms == 0)
		lru_fini(&gate->passed);
	else
		lru_limit(&gate->passed, GATE_STATIONS, interval_ms);
}

void
gate_succeed(struct gate *gate, struct gate *before)
{
	lru_fini(&gate->passed);
	gate->passed = before->passed;
	lru_init(&before->passed, 0, 0);
}

void
gate_fini(struct gate *gate)
{
	gate_set(gate, NULL);
}

/* To or from "no reading" is a move, too. */
static bool
has_moved(const struct filter_pace *pace, const struct passed *passed,
	  const struct subject *subject)
{
	if (pace->ap_change && passed->ap != subject->ap)
		return true;
	if (pace->rssi_change_db == 0 || passed->dbm == subject->dbm)
		return false;
	return passed->dbm == PLACES_NO_DBM || subject->dbm == PLACES_NO_DBM ||
	       (unsigned)abs(passed->dbm - subject->dbm) >= pace->rssi_change_db;
}

/* A station that is not in the table has not passed for an interval. Without memory it passes, too:
 * thinning is for the subscribers' comfort. */
static bool
is_due(struct gate *gate, const struct subject *subject, uint64_t now_ms)
{
	const struct filter_pace *pace = &gate->filter->pace;
	struct passed *passed = lru_find(&gate->passed, subject->station, now_ms);

	if (passed && !subject->urgent && !has_moved(pace, passed, subject))
		return false;
	if (passed)
		lru_renew(&gate->passed, passed, now_ms);
	else
		passed = lru_set(&gate->passed, subject->station, sizeof *passed, now_ms);
	if (passed)
		*passed = (struct passed){subject->ap, subject->dbm};
	return true;
}

bool
gate_passes(struct gate *gate, const struct subject *subject, uint64_t now_ms)
{
	const struct filter *filter = gate->filter;

	if (!filter || !filter->decides)
		return true;
	if (!filter_passes(filter, subject))
		return false;
	if (subject->has_readings && subject->dbm < filter->floor_dbm)
		return false;
	return subject->kind != KIND_RSSI || !subject->station || !filter->pace.interval_ms ||
	       is_due(gate, subject, now_ms);
}
