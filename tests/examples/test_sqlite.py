# SPDX-License-Identifier: ISC
"""test_sqlite.py: docs/examples/to_sqlite.py on a real broker, with what can go wrong."""
import copy
import json
import sqlite3
import time

import pytest

from proc import PATIENCE

NEWER, OLDER = "2c:57:41:58:ef:00", "2c:57:41:58:ef:10"
SMALL = ("--allow-all", "--aps", 4, "--clients", 5, "--tags", 2, "--seed", 7)
RECORD = {
    "schema": "nmsp.rssi/1", "gateway": "gw1", "controller": "hq", "session": "0000000a", "seq": 1,
    "received_at": "2026-11-22T17:00:00.000Z", "mac": "a4:83:e7:12:34:56",
    "mac_type": "universal", "entity": "client", "associated": True,
    "readings": [{"ap": "2c:57:41:58:ee:e0", "slot": 0, "band": "5", "source": "probe",
                  "rssi_dbm": -62, "age_ms": 300}]}


@pytest.fixture
def stored(programs, broker, tmp_path):
    """Runs the example; gives a way to wait for the answer to a query."""
    path = tmp_path / "stations.db"
    program = programs("to_sqlite.py", "--port", broker.port, "--database", path)
    program.wait_line("^subscribed", program.stdout)
    database = sqlite3.connect(path)

    def wait(query, satisfied):
        end = time.monotonic() + PATIENCE
        while not satisfied(rows := database.execute(query).fetchall()):
            assert time.monotonic() < end and program.running, (rows, program.stderr)
            time.sleep(0.02)
        return rows
    yield wait
    database.close()


def changed(**change):
    return {**copy.deepcopy(RECORD), **change}


def heard_by(ap):
    return [{**RECORD["readings"][0], "ap": ap}]


def test_records_of_the_gateway(stored, sims, gateway, subscriber):
    gateway(sims(*SMALL))
    best = {(one["session"], one["seq"]): (one["mac"], one["readings"][0]["ap"])
            for one in subscriber.records(20, "rssi") if one["readings"]}
    rows = stored("SELECT session, seq, mac, ap FROM history",
                  lambda rows: {row[:2] for row in rows} >= set(best))
    there = {row[:2]: row[2:] for row in rows}
    assert all(there[key] == best[key] for key in best)
    stations = {mac for mac, _ap in best.values()}
    stored("SELECT mac FROM latest", lambda rows: {mac for mac, in rows} >= stations)


def test_once_newest_and_batches(stored, subscriber):
    """A record twice, an older one after a newer one, nobody hearing, a batch with a gap."""
    newer = changed(seq=3, received_at="2026-11-22T17:00:09.000Z", readings=heard_by(NEWER))
    batch = {key: value for key, value in changed(seq=10).items()
             if key in ("schema", "gateway", "controller", "session", "seq", "received_at")}
    rest = {key: value for key, value in RECORD.items() if key not in batch}
    batch["records"] = [{**rest, "mac": "02:00:00:00:00:01"},
                        {**rest, "mac": "02:00:00:00:00:02", "seq": 13},
                        {**rest, "mac": "02:00:00:00:00:03"}]
    for document in (RECORD, newer, RECORD, changed(seq=2, readings=heard_by(OLDER)),
                     changed(seq=4, readings=[]), batch):
        subscriber.publish("nmsp/gw1/hq/rssi", json.dumps(document))
    rows = stored("SELECT seq, mac FROM history ORDER BY seq", lambda rows: len(rows) >= 6)
    assert [seq for seq, _mac in rows] == [1, 2, 3, 10, 13, 14]
    assert stored("SELECT ap FROM latest WHERE mac = 'a4:83:e7:12:34:56'", bool) == [(NEWER,)]
