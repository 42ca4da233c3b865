# SPDX-License-Identifier: ISC
"""scene.py: controller, gateway, broker and a subscriber that forgets nothing, links between.

    peer ── wire ── gateway ── link ── broker ── ledger

`wire` and `link` are proxies. At its end a scene asserts the accounts, compares what the peer sent
with what the ledger got, and that echoes were on time.
"""
import time

import accounting
import broker as mqtt
import compare
import nmsp_wire as wire
from feeder import Book, Feeder, FileBook
from gateway import HASTY, controller_options, mqtt_options
from proxy import Proxy

# Warnings and errors are part of a fault; what a sanitizer says is not.
TROUBLE = r"^\S+ (warning|error) "
ECHO_INTERVAL, ECHO_LATE = 1, 1  # s
LEAVE = 30  # s that the daemon may take to leave


class Scene:
    """The parties of one case. start() begins it, finish() ends and judges it."""

    def __init__(self, folder, brokers, subscribers, peers, gateways, certificates):
        self.folder, self.certificates = folder, certificates
        self._brokers, self._subscribers = brokers, subscribers
        self._peers, self._gateways = peers, gateways
        self.broker = self.ledger = self.gateway = self.accounts = None
        self.proxies = []
        self.peer = peers()
        self.feeder = Feeder(self.peer)
        self.wire = self.proxy(self.peer)
        self.link = None
        self.stopped_at = None
        self.book, self._entered = Book(), 0
        self.feed = FileBook(folder / "feed.ndjson")

    # The parties.

    def proxy(self, server):
        self.proxies.append(Proxy(server.host, server.port))
        return self.proxies[-1]

    def start_broker(self, extra=(), **options):
        """A broker with a store, and the ledger, whose session outlives both."""
        self.broker = self._brokers(lasting=True, extra=extra, **options)
        self.ledger = self._subscribers(self.broker, protocol=3, name="ledger")
        self.broker.save()
        self.link = self.proxy(self.broker)

    def start_gateway(self, main=(), controller=(), mqtts=(), files=None, gateway=(),
                      allow=TROUBLE):
        """The daemon between wire and link; its second output is a file, unless `files` says."""
        if files is None:
            files = {"feed": {"path": self.feed.path}}
        else:
            self.feed = None
        outputs = {"main": mqtt_options(self.link, **{
            "progress_timeout": 3, "keepalive": 5, **dict(main)}), **dict(mqtts)}
        return self._gateways(
            {"hq": controller_options(self.wire, **{
                "services": ["rssi:client", "statistics:client"], "echo_interval": ECHO_INTERVAL,
                "echo_timeout": 5, **HASTY, **dict(controller)})},
            outputs, files=files, gateway={"health_interval": 1, **dict(gateway)}, allow=[allow])

    def start(self, broker=(), **options):
        """All of them, up to the subscription."""
        if not self.broker:
            self.start_broker(**dict(broker))
        self.gateway = self.start_gateway(**options)
        self.ready()

    # What happens.

    def ready(self, count=1, timeout=30):
        """The count-th session of the controller, once subscribed."""
        return self.peer.ready(count, timeout=timeout)

    def send(self, count, kind="rssi", **options):
        self.feeder.send(count, kind, **options)

    def read_ledger(self):
        """Enters what the ledger got since the last time."""
        for message in self.ledger.messages[self._entered:]:
            self._entered += 1
            if message.kind in mqtt.RECORD_KINDS:
                for record in message.records:
                    self.book.enter(record)
        return self.book

    def wait_got(self, kind="rssi", count=None, timeout=60):
        """Until the ledger has so many different records, or all that were sent so far."""
        count = self.feeder.total(kind) if count is None else count
        self.ledger.wait(lambda: len(self.read_ledger().unique[kind]) >= count,
                         f"{count} records of kind {kind}", timeout)

    def wait_read(self, kind="rssi", timeout=60):
        """Until the daemon has read all that was sent: the file has it then."""
        self.feed.wait(kind, self.feeder.total(kind), timeout)

    def health(self):
        """The health documents that came, in the order of their time."""
        documents = {one.json["ts"]: one.json for one in list(self.ledger.messages)
                     if one.topic.endswith("/gw1/health") and one.json}
        return [documents[ts] for ts in sorted(documents)]

    def wait_held(self, least, most, timeout=30):
        """Until a health document from a quiet moment says that main holds so many records."""
        def found():
            return [held for held in map(accounting.held, accounting.quiet(self.health()))
                    if least <= sum(held["main"]) <= most]
        return self.ledger.wait(found, f"{least} records held at a quiet moment", timeout)[-1]

    def side(self):
        """An output to the broker, not by way of the link, which tells of health and no records."""
        return {"side": mqtt_options(self.broker, prefix="side",
                                     filter={"deny": ["kind=rssi", "kind=statistics"]})}

    def wait_broken(self, timeout=30):
        """Until the daemon has noticed that the broker is gone."""
        self.gateway.wait_line(r"mqtt main.*(lost|cannot connect)", timeout=timeout)

    def kill_broker(self):
        """kill -9, with what a broker has on disk: subscriptions, no messages on their way."""
        self.broker.save()
        self.broker.stop()

    def late_subscriber(self):
        return self._subscribers(self.broker)

    def second_gateway(self, **main):
        """Another daemon, with a controller of its own, at the same broker."""
        return self._gateways({"hq": controller_options(self._peers())},
                              {"main": mqtt_options(self.broker, **main)},
                              gateway={"name": "gw2"}, allow=[TROUBLE])

    # The end.

    def leave(self):
        """SIGTERM to the daemon, which must end in order; its accounts."""
        self.stopped_at = self.stopped_at or time.monotonic()
        status = self.gateway.stop(timeout=LEAVE)
        assert status == 0, f"exit status {status}"

    def finish(self, kinds=("rssi",), allowed=compare.Allowed(), must=(), echoes=True):
        """Ends the daemon and judges: accounts, records, echoes. `must`: words that must occur."""
        self.leave()
        self.read_ledger()
        self.accounts = accounting.check(self.gateway.log, self.health())
        assert self.accounts, "no accounts in the log"
        words = set()
        for kind in kinds:
            words |= self.account("main", kind).words
            self.compare_ledger(kind, allowed)
            self.compare_feed(kind, allowed)
        assert set(must) <= words, f"{must} did not happen: {self.accounts}"
        if echoes:
            self.check_echoes()

    def account(self, output, kind):
        return self.accounts.get((output, "hq", kind), accounting.Account())

    def compare_ledger(self, kind, allowed):
        account = self.account("main", kind)
        try:
            self.wait_got(kind, account.published - allowed.lost, 10)
        except TimeoutError:
            pass  # the comparison says better what is missing
        compare.check(f"main {kind}", self.feeder.sent[kind], self.book.got[kind], account, allowed)

    def compare_feed(self, kind, allowed):
        """The file is always there, so it has all that was read, once."""
        if self.feed:
            self.feed.read()
            compare.check(f"feed {kind}", self.feeder.sent[kind], self.feed.got[kind],
                          self.account("feed", kind), compare.Allowed(unread=allowed.unread))

    def check_echoes(self):
        """Each echo request at most ECHO_LATE behind its time, until the session's end."""
        for session in self.peer.sessions:
            times = [when for frame, when in zip(session.frames, session.arrived)
                     if frame.id in (wire.SUBSCRIBE_REQUEST, wire.ECHO_REQUEST)]
            if session is self.peer.sessions[-1]:
                times.append(self.stopped_at)
            waits = [later - earlier for earlier, later in zip(times, times[1:])]
            assert max(waits, default=0) <= ECHO_INTERVAL + ECHO_LATE, f"echo late: {waits}"

    def stop(self):
        for one in self.proxies:
            one.stop()
