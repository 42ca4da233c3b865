# SPDX-License-Identifier: ISC
"""test_filter.py: what controllers and outputs hold back, leave out and add, and its accounts."""
import json

import pytest

import accounting
import nmsp_wire as wire
from gateway import EVERYTHING, controller_options, mqtt_options
from play import AP, answer_with, moment

OTHER_AP = "2c:57:41:58:ef:00"
STATION, GUEST, RANDOM = "00:11:22:33:44:01", "00:11:22:33:44:02", "02:11:22:33:44:03"
ROGUE = "00:de:ad:00:00:01"
EVERY_MAC = [STATION, GUEST, RANDOM, ROGUE]


def heard(station, *dbm, **options):
    """A measurement by one access point after the other."""
    readings = (wire.reading(ap, one) for ap, one in zip((AP, OTHER_AP), dbm))
    return wire.measurement(station, *readings, **options)


def told(station, ssid, user=None, address=None):
    parts = [(0x0201, wire.mac(station)), (0x0202, wire.u8(wire.CLIENT)),
             (0x0206, wire.text(ssid))]
    parts += [(0x0208, wire.text(user))] if user else []
    return wire.information(*parts, *([(0x0209, wire.ip(address))] if address else []))


def notify(*measurements):
    return wire.frame(wire.MEASUREMENT, *measurements)


def inform(*stations):
    return wire.frame(wire.INFORMATION, *stations)


def name_ap(address, name, group):
    return wire.frame(wire.AP_INFO, wire.access_point(
        (0x0601, wire.mac(address)), (0x0602, wire.text(name)), (0x0609, wire.text(group))))


def play(peer, inbox, *frames):
    """Sends frames. A change of the controller's name, which no filter looks at, comes out when the
    daemon has read them all."""
    peer.ready().send(*frames, wire.capability(name="done"))
    inbox.wait_for(lambda one: one.topic == "nmsp/gw1/hq/capability"
                   and one.json.get("device", {}).get("name") == "done")


def accounts(running):
    """{(output, kind): Account} at the end of the daemon."""
    running.stop_in_order()
    found = accounting.check(running.log)
    return {(output, kind): one for (output, _, kind), one in found.items()}


def published(account, inbox, kind="rssi"):
    """The records of a kind that were published, just as many as the account says."""
    assert account.received == account.published + account.filtered
    if account.published:
        inbox.records(account.published, kind)
    records = [record for message in inbox.matching(lambda one: one.kind == kind)
               for record in message.records]
    assert len(records) == account.published
    return records


RULES = [
    ({"deny": ["mac_type=local"]}, [STATION, GUEST, ROGUE]),
    ({"deny": "mac=00:11:22"}, [RANDOM, ROGUE]),
    ({"allow": ["entity=client"], "deny": "mac=02:"}, [STATION, GUEST]),
    ({"allow": ["entity=rogue_ap", f"mac={STATION}"]}, [STATION, ROGUE]),
    ({"allow": "entity=client mac_type=local"}, [RANDOM]),
    ({"deny": f"ap={OTHER_AP}"}, [STATION, GUEST, RANDOM]),
    ({"deny": "ssid='guest wifi*'"}, [STATION, RANDOM, ROGUE]),
    ({"allow": "ssid=corp"}, [STATION]),
    ({"deny": "kind=rssi"}, []),
    ({"allow": "kind=info"}, []),
]


@pytest.mark.parametrize("where", ["controller", "main"])
@pytest.mark.parametrize("rules, macs", RULES, ids=[str(row[0]) for row in RULES])
def test_rules(gateway, peer, subscriber, where, rules, macs):
    running = gateway(peer, **{where: {"filter": rules}})
    play(peer, subscriber, inform(told(STATION, "corp"), told(GUEST, "guest wifi 2")),
         notify(heard(STATION, -60), heard(GUEST, -60), heard(RANDOM, -60)),
         notify(wire.measurement(ROGUE, wire.reading(OTHER_AP, -50), kind=wire.ROGUE_AP)))
    account = accounts(running)["main", "rssi"]
    assert (account.received, account.filtered) == (4, 4 - len(macs))
    records = published(account, subscriber)
    assert [record["mac"] for record in records] == macs
    assert [record["seq"] for record in records] == [1 + EVERY_MAC.index(mac) for mac in macs]


@pytest.mark.parametrize("where", ["controller", "main"])
@pytest.mark.parametrize("rule, passing", [
    ("ssid=guest", [RANDOM, STATION]), ("entity=client ssid=guest", [RANDOM, ROGUE, STATION])])
def test_what_is_denied_does_not_get_out_before_it_is_known(gateway, peer, subscriber, where,
                                                            rule, passing):
    """Associated, and no info record has come: that may be a guest."""
    running = gateway(peer, **{where: {"filter": {"deny": rule}}})
    clients = [heard(mac, -60, associated=True) for mac in (GUEST, STATION)]
    play(peer, subscriber, notify(*clients, heard(RANDOM, -60)),
         notify(heard(ROGUE, -50, kind=wire.ROGUE_AP, associated=True)),
         inform(told(STATION, "corp"), told(GUEST, "guest")), notify(*clients))
    records = published(accounts(running)["main", "rssi"], subscriber)
    assert [record["mac"] for record in records] == passing


def test_unknown_elements_are_a_kind_too(gateway, peer, subscriber):
    running = gateway(peer, main={"filter": {"deny": "kind=unknown"}},
                      files={"feed": {"path": "-"}}, allow=["unknown"])
    play(peer, subscriber, wire.frame(99, wire.tlv(0x0B00, b"\1")), notify(heard(STATION, -60)))
    found = accounts(running)
    assert found["main", "unknown"].filtered == found["feed", "unknown"].published == 1
    assert len(published(found["main", "rssi"], subscriber)) == 1


@pytest.mark.parametrize("publish", ["record", "batch"])
def test_floors(gateways, peer, brokers, subscribers, publish):
    """Two outputs with floors of their own, and one without."""
    floors = {"none": 0, "low": -75, "high": -55}
    made = {name: brokers() for name in floors}
    inboxes = {name: subscribers(one) for name, one in made.items()}
    running = gateways(
        {"hq": controller_options(peer)},
        {name: mqtt_options(made[name], publish=publish, filter={"rssi_floor": floor})
         for name, floor in floors.items()})
    play(peer, inboxes["none"], notify(heard(STATION, -50, -70), heard(GUEST, -70, -80),
                                       heard(RANDOM), heard(ROGUE, -80, -50)))
    found = accounts(running)
    wanted = {"none": [[-50, -70], [-70, -80], [], [-50, -80]],
              "low": [[-50, -70], [-70], [], [-50]], "high": [[-50], [], [-50]]}
    for name, inbox in inboxes.items():
        records = published(found[name, "rssi"], inbox)
        assert [[one["rssi_dbm"] for one in record["readings"]] for record in records] \
            == wanted[name]
    assert found["high", "rssi"].filtered == 1
    assert [record["seq"] for record in inboxes["high"].records(3, "rssi")] == [1, 3, 4]


def test_stations_are_thinned(gateway, peer, subscriber):
    """Within a long interval only changes pass, and what never waits."""
    running = gateway(peer, controller={"filter": {
        "interval": 3600, "rssi_change": 6, "ap_change": True}})
    peer.reactions[wire.MEASUREMENT_REQUEST] = answer_with(
        [wire.frame(wire.MEASUREMENT_RESPONSE, wire.status(), heard(STATION, -60, -70))])
    button = wire.tag(wire.measurement(GUEST, kind=wire.TAG), wire.tag_event(1))
    quiet = wire.tag(wire.measurement(GUEST, kind=wire.TAG))
    subscriber.records(1, "rssi")
    play(peer, subscriber,
         notify(heard(STATION, -65, -70), heard(STATION, -66, -70), heard(STATION, -70, -70)),
         notify(heard(STATION, -72, -68), heard(STATION, -70, -68), heard(RANDOM, -60)),
         notify(quiet, quiet, button, button, quiet))
    account = accounts(running)["main", "rssi"]
    assert (account.received, account.filtered) == (12, 5)
    records = published(account, subscriber)
    assert [record["mac"] for record in records] == [
        STATION, STATION, STATION, RANDOM, GUEST, GUEST, GUEST]
    assert [record["readings"][0]["rssi_dbm"] for record in records[:3]] == [-60, -66, -68]
    assert records[0]["solicited"]


def test_an_interval_ends(gateway, peer, subscriber):
    gateway(peer, main={"filter": {"interval": 1}})
    session = peer.ready()
    came = []
    while len(came) < 2:
        session.send(notify(heard(STATION, -60)))
        try:
            came = subscriber.records(2, "rssi", timeout=0.05)
        except TimeoutError:
            assert len(session.frames) < 1000
    first, last = (moment(record["received_at"]) for record in came)
    assert (last - first).total_seconds() >= 1


ALL_FIELDS = ["ssid", "username", "ip", "ap_name", "ap_group"]


@pytest.mark.parametrize("publish", ["record", "batch"])
def test_records_are_enriched(gateway, peer, subscriber, publish):
    """An output gets what it asks for, another one nothing."""
    running = gateway(peer, controller={"services": EVERYTHING},
                      main={"publish": publish, "enrich": {"fields": ALL_FIELDS}},
                      files={"feed": {"path": "-"}})
    play(peer, subscriber, notify(heard(STATION, -60)), name_ap(AP, "ap-7", "hq-2"),
         inform(told(STATION, "corp", "alice", "10.1.2.3"), told(GUEST, "guest")),
         notify(heard(STATION, -60, -70), heard(GUEST, -60), heard(RANDOM)),
         inform(told(STATION, "guest")), notify(heard(STATION)))
    before, one, guest, other, after = published(accounts(running)["main", "rssi"], subscriber)
    assert not set(ALL_FIELDS) & (set(before) | set(before["readings"][0]) | set(other))
    assert (one["ssid"], one["username"], one["ip"]) == ("corp", "alice", ["10.1.2.3"])
    assert [(reading.get("ap_name"), reading.get("ap_group")) for reading in one["readings"]] == [
        ("ap-7", "hq-2"), (None, None)]
    assert guest["ssid"] == after["ssid"] == "guest"
    assert not {"username", "ip"} & (set(guest) | set(after))
    assert all(field not in line for line in running.stdout for field in ("ap_name", "alice")
               if "nmsp.rssi" in line)


def test_a_user_name_goes_only_where_it_is_asked_for(gateways, peer, broker, subscriber):
    running = gateways(
        {"hq": controller_options(peer, enrich={"fields": "ssid"})},
        {"main": mqtt_options(broker)}, files={
            "feed": {"path": "-", "enrich": {"fields": "username"}}})
    play(peer, subscriber, inform(told(STATION, "corp", "alice")), notify(heard(STATION, -60)))
    (record,) = published(accounts(running)["main", "rssi"], subscriber)
    written = [json.loads(line) for line in running.stdout]
    (other,) = [one for one in written if one["schema"] == "nmsp.rssi/1"]
    assert record["ssid"] == other["ssid"] == "corp"
    assert "username" not in record and other["username"] == "alice"
