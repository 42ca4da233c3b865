#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""bench.py: measures what there are goals for; writes docs/benchmarks.md.

Every figure that is compared comes from the same run as what it is compared with, the two taking
turns, and is the median of several rounds.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from broker import Subscriber  # noqa: E402
from gateway import SEVEN, Gateway, Sim, configuration  # noqa: E402
from proc import BUILD, Process, free_port  # noqa: E402

PROGRAMS = BUILD / "tests" / "bench"
PACKAGES = ("gcc", "libc6", "libmosquitto1", "mosquitto", "libjansson4", "libssl3", "libuv1")
DECODE_ROUNDS = 3
PUBLISH_ROUNDS = 3
BARE_SECONDS = 3
HEALTHS = 4                     # health messages, a second apart, that a rate is taken from
BATCH = 16                      # records in a message, the simulator's default
PAYLOADS = {"record": 4096, "batch": 512}
CONTROLLERS = (1, 100, 1000)
START = 60                      # s for the slowest start
AWAY_RECORDS = 1_000_000        # that come while the broker is away
AWAY_RATE = 50_000              # records/s; also the goal for what a spool takes
AWAY_PATIENCE = 180             # s until the gateway is back and all of them are published
SPARE_RATE = 10_000             # records/s that leave time to spare
DOWN = (0, 5)                   # s between the end of a broker and its next start
DOWN_ROUNDS = 5


class Broker:
    """mosquitto without limits and, but for log="debug", without a log of every message."""

    user = authority = None

    def __init__(self, folder, log="notice"):
        self.host, self.port = "127.0.0.1", free_port()
        self.config = folder / "mosquitto.conf"
        self.config.write_text(
            "user root\n"
            f"listener {self.port} {self.host}\n"
            "allow_anonymous true\npersistence false\n"
            "max_queued_messages 0\nmax_inflight_messages 0\n"
            f"log_dest stderr\nlog_type error\nlog_type information\nlog_type {log}\n",
            encoding="ascii")
        self.start()

    def start(self):
        """Also after kill(), on the same port; it listens then."""
        self.process = Process("mosquitto", "-c", self.config)
        self.process.wait_line(r"mosquitto version \S+ running")

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.stop()


class Running:
    """A simulator, a gateway that is connected to it, and the gateway's health as it comes."""

    def __init__(self, broker, folder, config, *sim_options):
        self.sim = Sim("--allow-all", "--no-auth-delay", "--quiet", *sim_options)
        path = folder / "nmsp2mqtt.conf"
        # A new simulator is a new certificate: nothing remembered of the one before.
        state = tempfile.mkdtemp(dir=folder)
        path.write_text(config(self.sim, state), encoding="utf-8")
        self.inbox = Subscriber(broker, "nmsp/gw1/health", qos=0)
        self.gateway = Gateway(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gateway.stop()
        self.inbox.stop()
        self.sim.stop()

    def healths(self, satisfied, timeout=START):
        """The first result of satisfied(all health documents so far) that is true."""
        return self.inbox.wait(lambda: satisfied([one.json for one in self.inbox.messages]),
                               "health", timeout)

    def resident(self, field="VmRSS"):
        """Resident memory of the gateway in bytes; RssAnon: without what is backed by files."""
        status = pathlib.Path(f"/proc/{self.gateway.child.pid}/status").read_text("ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines()
                    if line.startswith(field + ":"))


def output_of(*command):
    done = subprocess.run([str(part) for part in command], check=True, capture_output=True,
                          text=True)
    return done.stdout


def quantity(number):
    return f"{number:,.0f}"


def verdict(met):
    return "met" if met else "**missed**"


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


# --- From frames to text ------------------------------------------------------------------------

def decode(_folder):
    got = json.loads(output_of(PROGRAMS / "decode", "-r", DECODE_ROUNDS))
    ns, rate = got["ns"], got["text_mb_s"]
    names = {"ours": "frames → records → JSON, the gateway's way",
             "jansson": "the same with a tree of jansson for each record",
             "bare": "a bare loop that writes the same text from plain structs",
             "decode_only": "frames → records, without JSON"}
    rows = [[text, f"{ns[way]:.0f}", f"{rate[way]:.0f}" if way in rate else ""]
            for way, text in names.items()]
    over, under = got["jansson_over_ours"], got["ours_over_bare"]
    return f"""## From frames to text

{quantity(got["records"])} RSSI records of {got["readings"]} readings, {got["per_message"]} in a \
message; each has {got["frame_bytes"]:.0f} bytes in the capture and {got["text_bytes"]:.0f} as \
JSON. One core, CPU time, median of {got["rounds"]} rounds that take turns. The texts are the same \
byte for byte.

    build/tests/bench/decode

{table(["way", "ns a record", "MB of text/s"], rows)}
{table(["ratio", "measured", "goal", ""], [
        ["jansson / ours", f"{over:.1f}", "≥ 20", verdict(over >= 20)],
        ["ours / bare loop", f"{under:.2f}", "≤ 4", verdict(under <= 4)]])}"""


# --- End to end ---------------------------------------------------------------------------------

def controller(sim, **more):
    return {"host": sim.host, "port": sim.port, **more}


def one_controller(mqtts, files=()):
    def config(sim, state):
        return configuration(state, {"hq": controller(sim, services=["rssi:client"])}, mqtts,
                             files, {"health_interval": 1})
    return config


def capture_payloads(broker, folder):
    """What the gateway publishes, a payload a line: {mode: file}."""
    raw = {mode: folder / f"{mode}.raw" for mode in PAYLOADS}
    files = {mode: {"path": path, "publish": mode} for mode, path in raw.items()}
    config = one_controller({"main": {"host": broker.host, "port": broker.port}}, files)
    count = BATCH * max(PAYLOADS["record"], PAYLOADS["batch"])
    with Running(broker, folder, config, "--rate", 100000, "--count", count) as running:
        running.healths(lambda all_: all_ and rssi(all_[-1], "record")["published"] >= count
                        and rssi(all_[-1], "batch")["published"] >= count)
    made = {}
    for mode, path in raw.items():
        lines = [line for line in path.read_text("utf-8").splitlines() if "solicited" not in line]
        made[mode] = folder / f"{mode}.payloads"
        made[mode].write_text("\n".join(lines[:PAYLOADS[mode]]) + "\n", encoding="utf-8")
    return made


def rssi(health, output="main"):
    """The account of the RSSI records of the only controller."""
    nothing = {"received": 0, "published": 0, "conflated": 0, "dropped": {}}
    return health["outputs"][output].get("controllers", {}).get("hq", {}).get("rssi", nothing)


def moment(health):
    return datetime.datetime.strptime(health["ts"], "%Y-%m-%dT%H:%M:%S.%fZ").timestamp()


def steady(healths, n):
    """The first health after which the load was on all the time, and the n-th after that."""
    busy = [one for one in healths if rssi(one)["received"] > 100 * BATCH][1:]
    return len(busy) > n and (busy[0], busy[n])


def cpu_us(pid):
    """CPU time so far of a process's first thread, and of its others together."""
    spent = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        spent[task.name] = int((task / "schedstat").read_text("ascii").split()[0]) / 1000
    first = spent.pop(str(pid))
    return first, sum(spent.values())


def bare_rate(broker, qos, payloads):
    """(messages/s, CPU time for a message in µs: of the publisher, of the broker)."""
    before = cpu_us(broker.process.child.pid)[0]
    got = json.loads(output_of(PROGRAMS / "publish", "-p", broker.port, "-q", qos,
                               "-s", BARE_SECONDS, payloads))
    spent = cpu_us(broker.process.child.pid)[0] - before
    return got["messages_per_s"], (got["cpu_us"], spent / got["messages"])


def chain_cpu_us(broker, running):
    """CPU time so far: of the simulator, the gateway's loop, its output's thread, the broker."""
    return (cpu_us(running.sim.child.pid)[0], *cpu_us(running.gateway.child.pid),
            cpu_us(broker.process.child.pid)[0])


def gateway_rate(broker, folder, mode, qos, offered, **more):
    """(records/s published, records/s received, CPU time for a published record in µs)."""
    mqtt = {"host": broker.host, "port": broker.port, "qos": qos, "publish": mode, **more}
    config = one_controller({"main": mqtt})
    with Running(broker, folder, config, "--rate", round(offered)) as running:
        start = running.healths(lambda healths: steady(healths, 0))[-1]
        before = chain_cpu_us(broker, running)
        first, last = running.healths(lambda healths: steady(healths, HEALTHS))
        after = chain_cpu_us(broker, running)
    seconds = moment(last) - moment(first)
    received = rssi(last)["received"] - rssi(first)["received"]
    published = rssi(last)["published"] - rssi(first)["published"]
    assert start == first
    return (published / seconds, received / seconds,
            [(b - a) / published for a, b in zip(before, after)])


def compare(broker, folder, mode, qos, payloads):
    """Medians over rounds: bare and our messages/s, ours/bare, received/offered, and the CPU time
    for a message of publisher and broker, and of simulator, loop, output and broker."""
    records = BATCH if mode == "batch" else 1
    rounds = []
    for _ in range(PUBLISH_ROUNDS):
        bare, bare_cpu = bare_rate(broker, qos, payloads)
        published, received, cpu = gateway_rate(broker, folder, mode, qos, bare * records)
        ours = published / records
        rounds.append((bare, ours, ours / bare, received / records / bare, *bare_cpu,
                       *(records * us for us in cpu)))
        print(f"  {mode} QoS {qos}: bare {bare:.0f}, gateway {ours:.0f} messages/s",
              file=sys.stderr)
    return [statistics.median(column) for column in zip(*rounds)]


def end_to_end(folder):
    broker = Broker(folder)
    rows, costs = [], []
    try:
        payloads = capture_payloads(broker, folder)
        for mode in PAYLOADS:
            for qos in (0, 1):
                bare, ours, share, offered, *us = compare(broker, folder, mode, qos,
                                                          payloads[mode])
                costs.append([f"{mode}, QoS {qos}", *(f"{one:.1f}" for one in us)])
                rows.append([f"{mode}, QoS {qos}", quantity(bare), quantity(ours),
                             quantity(ours * (BATCH if mode == "batch" else 1)),
                             f"{offered:.2f}", f"{share:.2f}", "≥ 0.9", verdict(share >= 0.9)])
    finally:
        broker.stop()
    return f"""## End to end

`nmsp-sim` → TLS → gateway → MQTT 5 → mosquitto on loopback, beside a bare libmosquitto publisher \
(own poll loop, a window of 100, payloads taken from the gateway before) at the same broker, in \
turns; median of {PUBLISH_ROUNDS} rounds. In each round the simulator offers as many records as \
the bare publisher has just published, so a ratio of 1 means that the gateway kept up. \
Records are measurements of six readings; a batch has {BATCH}. The rates are of the gateway's own \
account of what was published (QoS 1: acknowledged); nobody subscribes to the records.

    nmsp-sim --allow-all --no-auth-delay --rate RECORDS_PER_SECOND
    nmsp2mqtt run -c FILE
    build/tests/bench/publish -p PORT -q QOS -s {BARE_SECONDS} PAYLOADS

{table(["", "bare, messages/s", "gateway, messages/s", "records/s", "received / bare",
        "gateway / bare", "goal", ""], rows)}
The bare publisher and the broker are two busy threads, the whole chain is four, so the ratio \
depends on the cores there are. The CPU time for a message does not, in µs of each thread (the \
loop's, which reads, decodes and writes the JSON, is for work that the bare publisher does not do):

{table(["", "bare publisher", "its broker", "simulator", "gateway's loop", "gateway's output",
        "broker"], costs)}"""


# --- Memory -------------------------------------------------------------------------------------

def all_idle(n):
    """Everything is subscribed and nothing more came for a second."""
    def satisfied(healths):
        if len(healths) < 2:
            return False
        before, now = (one["controllers"] for one in healths[-2:])
        queued = healths[-1]["outputs"]["main"]["queued_messages"]
        return (len(now) == n and before == now and queued <= 1
                and all(one["state"] == "subscribed" for one in now.values()))
    return satisfied


def resident_with(broker, folder, n):
    def config(sim, state):
        controllers = {f"c{i}": controller(sim, services=SEVEN) for i in range(n)}
        return configuration(state, controllers,
                             {"main": {"host": broker.host, "port": broker.port}}, (),
                             {"health_interval": 1})
    world = ("--aps", 1, "--clients", 0, "--tags", 0, "--rogues", 0)
    with Running(broker, folder, config, *world) as running:
        running.healths(all_idle(n))
        return running.resident()


def memory(folder):
    broker = Broker(folder)
    try:
        sizes = {n: resident_with(broker, folder, n) for n in CONTROLLERS}
    finally:
        broker.stop()
    rows = [["1", quantity(sizes[1] / 1024), "", "", ""]]
    for less, n in zip(CONTROLLERS, CONTROLLERS[1:]):
        each = (sizes[n] - sizes[less]) / (n - less) / 1024
        rows.append([quantity(n), quantity(sizes[n] / 1024), f"{each:.1f}", "< 64",
                     verdict(each < 64)])
    return f"""## Memory

Resident memory of a gateway whose controllers are subscribed (TLS 1.3, seven sub-services) and \
silent, with one MQTT output. Each = what is above the row before, divided by how many controllers \
more there are. The first pays for what all share too (a gateway without controllers does not \
start), and the next ones live in part in what reading the dictionary left free.

{table(["controllers", "resident, kB", "kB each", "goal", ""], rows)}"""


# --- While the broker is away -------------------------------------------------------------------

def spool_in(folder, **more):
    """Options of an output with a new spool."""
    path = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "main.spool"
    return {"spool": {"path": path, **more}}


def spool_round(broker, folder, payloads):
    """(offered, (published, received, output's CPU time) without, and the same with a spool)."""
    offered, _ = bare_rate(broker, 1, payloads)
    for load in (offered, SPARE_RATE):
        ways = []
        for more in ({}, spool_in(folder)):
            published, received, us = gateway_rate(broker, folder, "record", 1, load, **more)
            ways += [published, received, us[2]]
        print(f"  of {load:.0f}: without {ways[0]:.0f}, with a spool {ways[3]:.0f} messages/s",
              file=sys.stderr)
        yield [load, *ways, ways[3] / ways[0]]


def spool_rates(folder):
    """Messages/s of the chain without a spool, and a table of the medians without and with."""
    broker = Broker(folder)
    try:
        payloads = capture_payloads(broker, folder)["record"]
        rounds = [list(spool_round(broker, folder, payloads)) for _ in range(PUBLISH_ROUNDS)]
    finally:
        broker.stop()
    rows = []
    for loads in zip(*rounds):
        offered, *ways, ratio = (statistics.median(column) for column in zip(*loads))
        ratios = sorted(load[-1] for load in loads)
        share = f"{ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        rows += [[quantity(offered), name, quantity(received), quantity(published), f"{us:.1f}",
                  told] for name, (published, received, us), told in
                 (("no", ways[:3], ""), ("yes", ways[3:], share))]
    plain = statistics.median(loads[0][1] for loads in rounds)
    return plain, table(["offered, records/s", "spool", "received/s", "published/s",
                         "output's CPU, µs", "published with / without"], rows)


def spool_alone(folder):
    rows = []
    for text, *options in (("`sync = batch`",), ("`sync = none`", "-u")):
        got = json.loads(output_of(PROGRAMS / "spool", *options, folder / "alone.spool"))
        *rates, scattered = (got[f"{way}_per_s"]
                             for way in ("through", "fill", "drain", "full", "scattered"))
        rows.append([text, *map(quantity, rates), f"≥ {quantity(AWAY_RATE)}",
                     verdict(min(rates) >= AWAY_RATE), quantity(scattered)])
    return got, table(["records/s", "through", "fill", "drain", "full", "goal", "", "scattered"],
                      rows)


def wait_idle(running):
    """Waits until the gateway has worked and then rests for a second; the most anonymous memory
    that it had meanwhile."""
    def ticks():
        stat = pathlib.Path(f"/proc/{running.gateway.child.pid}/stat").read_text("ascii")
        return sum(int(word) for word in stat.rpartition(")")[2].split()[11:13])
    end, most = time.monotonic() + AWAY_PATIENCE, 0
    seen = [ticks()]
    while len(seen) < 50 or seen[-1] - seen[-11] > 5 or seen[-1] - seen[0] < 100:
        assert time.monotonic() < end, "the gateway does not come to rest"
        time.sleep(0.1)
        most = max(most, running.resident("RssAnon"))
        seen.append(ticks())
    return most


def emptied(healths):
    """The healths of the time after the outage, once all that waited is published."""
    after = [one for one in healths if rssi(one)["received"] >= AWAY_RECORDS]
    main = after and after[-1]["outputs"]["main"]
    waits = main and main["queued_messages"] + main.get("spool", {}).get("messages", 0)
    return after if after and waits <= 1 else None


def away(folder, more):
    """What an outage during which AWAY_RECORDS come does to a gateway, as a dict."""
    broker = Broker(folder)
    port = free_port()

    def config(_sim, state):
        late = {"host": "127.0.0.1", "port": port, "services": ["rssi:client"],
                "backoff_min": 0.1, "backoff_max": 0.2}
        main = {"host": broker.host, "port": broker.port, **more}
        return configuration(state, {"hq": late}, {"main": main}, (), {"health_interval": 1})
    try:
        with Running(broker, folder, config) as running:
            running.healths(lambda healths: len(healths) > 2)
            before = {field: running.resident(field) for field in ("RssAnon", "VmRSS")}
            broker.kill()
            sim = Sim("--port", port, "--allow-all", "--no-auth-delay", "--quiet",
                      "--rate", AWAY_RATE, "--count", AWAY_RECORDS)
            try:
                most = wait_idle(running)
                after = {field: running.resident(field) for field in ("RssAnon", "VmRSS")}
                broker.start()
                broker.process.wait_line("as nmsp2mqtt-gw1-main ", timeout=AWAY_PATIENCE)
                connected = time.time()
                healths = running.healths(emptied, AWAY_PATIENCE)
            finally:
                sim.stop()
    finally:
        broker.stop()
    return {"before": before, "after": after, "most": most, "account": rssi(healths[-1]),
            "seconds": moment(healths[-1]) - connected, "rate": draining_rate(healths)}


def draining_rate(healths):
    """Records/s between the first and the last health of those while something still waited."""
    first, last = healths[0], healths[max(len(healths) - 2, 0)]
    seconds = moment(last) - moment(first)
    return (rssi(last)["published"] - rssi(first)["published"]) / seconds if seconds else None


def outage_tables(folder, plain):
    """Memory and accounts of an outage with and without a spool, and how the spool is drained."""
    found = {"without a spool": away(folder, {"queue_size": "64M"}),
             "with a spool": away(folder, spool_in(folder, max_size="4G"))}
    sizes, accounts = [], []
    for name, one in found.items():
        mb = [one[when][field] / 2**20 for field in ("RssAnon", "VmRSS")
              for when in ("before", "after")]
        sizes.append([name, *(f"{size:.1f}" for size in (*mb[:2], one["most"] / 2**20, *mb[2:]))])
        account = one["account"]
        accounts.append([name, *(quantity(account.get(key, 0)) for key in
                                 ("received", "published", "conflated")),
                         quantity(sum(account.get("dropped", {}).values()))])
    spooled = found["with a spool"]
    drained = spooled["rate"]
    return (table(["MiB", "anonymous before", "anonymous after", "at most", "resident before",
                   "resident after"], sizes),
            table(["records", "received", "published", "conflated", "dropped"], accounts),
            table(["drained, records", "s", "records/s", "without spool or outage, messages/s",
                   "ratio"],
                  [[quantity(spooled["account"]["published"]), f"{spooled['seconds']:.0f}",
                    quantity(drained), quantity(plain), f"{drained / plain:.2f}"]]))


def recovery(parent, down):
    """Seconds from when a broker that was killed listens again to its first PUBACK for a record."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=parent))
    broker = Broker(folder, "debug")
    config = one_controller({"main": {"host": broker.host, "port": broker.port}})
    try:
        with Running(broker, folder, config, "--rate", 100) as running:
            running.healths(lambda healths: healths and rssi(healths[-1])["published"] > 100)
            broker.kill()
            time.sleep(down)
            broker.start()
            began = time.monotonic()
            sent = broker.process.wait_line(r"Received PUBLISH from nmsp2mqtt-gw1-main "
                                            r"\(d\d, q1, r0, m(\d+), 'nmsp/gw1/hq/rssi'",
                                            timeout=START)
            broker.process.wait_line(rf"Sending PUBACK to nmsp2mqtt-gw1-main \(m{sent[1]},")
            return time.monotonic() - began
    finally:
        broker.stop()


def longest_wait(down):
    """The longest pause that can still be on when the broker has been away for so long: each is
    of half a second to a ceiling, which doubles from one second to a minute."""
    ceiling, earliest = 1, 0.5
    while earliest < down and ceiling < 60:
        ceiling, earliest = min(2 * ceiling, 60), earliest + 0.5
    return ceiling


def recovery_table(folder):
    rows = []
    for down in DOWN:
        with concurrent.futures.ThreadPoolExecutor(DOWN_ROUNDS) as pool:
            times = sorted(pool.map(recovery, [folder] * DOWN_ROUNDS, [down] * DOWN_ROUNDS))
        bound = longest_wait(down)
        rows.append([f"away for {down} s", f"{statistics.median(times):.2f}", f"{times[0]:.2f}",
                     f"{times[-1]:.2f}", f"< {bound}", verdict(times[-1] < bound + 0.25)])
    return table(["s", "median", "least", "most", "back-off", ""], rows)


def outage(folder):
    plain, rates = spool_rates(folder)
    alone, spools = spool_alone(folder)
    memories, accounts, drained = outage_tables(folder, plain)
    return f"""## Spool and outage

The chain of *End to end* with QoS 1 and a message for each record, without and with a spool \
(`spool {{ path = … }}`, on disk, the rest by default), in turns, median of {PUBLISH_ROUNDS} \
rounds. Offered is what the bare publisher has just published, about the most that the chain can \
do, and a load that leaves time to spare. What is received and not yet published waits in the \
spool. The ratio is of the two in the same round.

{rates}
The spool alone, records of {alone["bytes"]} bytes: each written, read and removed as it comes \
(through); {quantity(alone["records"])} written (fill), then read and removed (drain); written to \
a full spool, each in the place of an older one of its station (full). That is with the stations \
in the same order each time, as controllers tell of them; in no order at all (scattered) every \
record has another page of the file written anew, and the disk decides.

    build/tests/bench/spool FILE
    build/tests/bench/spool -u FILE

{spools}
The broker is killed, {quantity(AWAY_RECORDS)} records come at {quantity(AWAY_RATE)} a second, \
the broker comes back. Without a spool, `queue_size = 64M` bounds what waits, and newer records of \
a station take the place of older ones; the spool may hold 4G here. Before: connected to the \
broker, without a session to the controller. After: the last record has come, the broker is still \
away.

    nmsp-sim --allow-all --no-auth-delay --rate {AWAY_RATE} --count {AWAY_RECORDS}

{memories}
{accounts}
How the spool is drained: the time is from the broker's acceptance of the connection to the first \
health message, one a second, that says that nothing waits; the rate is of the healths between.

{drained}
Recovery: the broker is killed and started again, s from its listening to its acknowledgement of \
the first record; {DOWN_ROUNDS} brokers and gateways at once, 100 records/s each. The pause before \
a new try is half a second to a ceiling of 1 s, which doubles up to 60 s with each failure; \
*back-off* is the highest ceiling that can be reached in that time.

{recovery_table(folder)}"""


# --- The document -------------------------------------------------------------------------------

def busy_share(seconds=2):
    """The share of its time that the machine works, without us."""
    def now():
        with open("/proc/stat", encoding="ascii") as stat:
            times = [int(word) for word in stat.readline().split()[1:9]]
        return sum(times), times[3] + times[4]
    before = now()
    time.sleep(seconds)
    total, idle = (b - a for a, b in zip(before, now()))
    return 1 - idle / total


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.partition(":")[2].strip() for line in info
                      if line.startswith("model name")), platform.machine())
    versions = output_of("dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *PACKAGES)
    rows = [line.split(" ") for line in versions.splitlines()]
    busy = busy_share()
    return f"""# Benchmarks

Made by `make bench`, in full, on {datetime.date.today()}. Absolute numbers are of this machine \
and this hour; what counts are the ratios, each within one run.

{model}, {os.cpu_count()} cores; Linux {platform.release()}; {busy:.0%} busy with other things \
just before. {", ".join(
        f"{name} {version}" for name, version in rows)}.
"""


PARTS = {"decode": decode, "publish": end_to_end, "memory": memory, "outage": outage}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=PARTS, help="one part, printed")
    parser.add_argument("output", nargs="?", help="where to write; default: standard output")
    chosen = parser.parse_args()
    text = [machine()]
    for name, part in PARTS.items():
        if chosen.only in (None, name):
            print(f"bench: {name}", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="nmsp-bench-") as folder:
                text.append(part(pathlib.Path(folder)))
    if chosen.output:
        pathlib.Path(chosen.output).write_text("\n".join(text), encoding="utf-8")
    else:
        print("\n".join(text))


if __name__ == "__main__":
    main()
