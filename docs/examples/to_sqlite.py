#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""to_sqlite.py: where stations are, and were, in a SQLite database.

A station is at the access point that hears it best. Records may come twice (QoS 1) or late; each
counts once, by (controller, session, kind, seq), and an older one never replaces a newer one.
"""
import argparse
import json
import sqlite3

import paho.mqtt.client as mqtt

SCHEMA = """
CREATE TABLE IF NOT EXISTS history (
    controller TEXT NOT NULL, session TEXT NOT NULL, kind TEXT NOT NULL, seq INTEGER NOT NULL,
    mac TEXT NOT NULL, at TEXT NOT NULL, ap TEXT NOT NULL, rssi_dbm INTEGER,
    PRIMARY KEY (controller, session, kind, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS history_of_station ON history (mac, at);
CREATE TABLE IF NOT EXISTS latest (
    mac TEXT PRIMARY KEY, entity TEXT NOT NULL, at TEXT NOT NULL, controller TEXT NOT NULL,
    ap TEXT NOT NULL, rssi_dbm INTEGER) WITHOUT ROWID;
"""
HISTORY = """
INSERT INTO history VALUES (:controller, :session, :kind, :seq, :mac, :at, :ap, :rssi_dbm)
ON CONFLICT DO NOTHING
"""
LATEST = """
INSERT INTO latest VALUES (:mac, :entity, :at, :controller, :ap, :rssi_dbm)
ON CONFLICT (mac) DO UPDATE SET entity = excluded.entity, at = excluded.at,
    controller = excluded.controller, ap = excluded.ap, rssi_dbm = excluded.rssi_dbm
WHERE excluded.at >= latest.at
"""


def records(document):
    """The records of a message: itself, or what a batch carries with its envelope."""
    envelope = {key: value for key, value in document.items() if key != "records"}
    seq = envelope["seq"]
    for record in document.get("records", [{}]):
        # A record after one that a filter held back says where it goes on from.
        seq = record.get("seq", seq)
        yield {**envelope, **record, "seq": seq}
        seq += 1


def row(record):
    """The columns of a record; None where nobody heard the station."""
    if not record["readings"]:
        return None
    best = record["readings"][0]
    return {"controller": record["controller"], "session": record["session"], "kind": "rssi",
            "seq": record["seq"], "mac": record["mac"], "entity": record["entity"],
            "at": record.get("ts", record["received_at"]), "ap": best["ap"],
            "rssi_dbm": best.get("rssi_dbm")}


def store(database, document):
    """Takes in one message, all of it or nothing."""
    with database:
        for columns in filter(None, map(row, records(document))):
            if database.execute(HISTORY, columns).rowcount:
                database.execute(LATEST, columns)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--topic", default="nmsp/+/+/rssi")
    parser.add_argument("--database", default="stations.db")
    return parser.parse_args()


def main():
    options = arguments()
    # paho calls back from this thread only, in which loop_forever runs.
    database = sqlite3.connect(options.database)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(SCHEMA)
    # A name and a session that lasts: the broker keeps what comes while this is not running.
    client = mqtt.Client("nmsp-to-sqlite", clean_session=False)
    client.on_connect = lambda *_: client.subscribe(options.topic, qos=1)
    client.on_subscribe = lambda *_: print("subscribed")
    client.on_message = lambda _client, _data, got: store(database, json.loads(got.payload))
    client.connect(options.host, options.port)
    client.loop_forever()


if __name__ == "__main__":
    main()
