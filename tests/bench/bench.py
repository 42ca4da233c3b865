#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""bench.py: measures what there are goals for; writes docs/benchmarks.md.

Every figure that is compared comes from the same run as what it is compared with, the two taking
turns, and is the median of several rounds.
"""
import argparse
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


class Broker:
    """mosquitto without limits and without a log of every message."""

    user = authority = None

    def __init__(self, folder):
        self.host, self.port = "127.0.0.1", free_port()
        config = folder / "mosquitto.conf"
        config.write_text(
            "user root\n"
            f"listener {self.port} {self.host}\n"
            "allow_anonymous true\npersistence false\n"
            "max_queued_messages 0\nmax_inflight_messages 0\n"
            "log_dest stderr\nlog_type error\nlog_type information\n", encoding="ascii")
        self.process = Process("mosquitto", "-c", config)
        self.process.wait_line(r"mosquitto version \S+ running")

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

    def healths(self, satisfied):
        """The first result of satisfied(all health documents so far) that is true."""
        return self.inbox.wait(lambda: satisfied([one.json for one in self.inbox.messages]),
                               "health", START)

    def resident(self):
        """Resident memory of the gateway in bytes."""
        status = pathlib.Path(f"/proc/{self.gateway.child.pid}/status").read_text("ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines()
                    if line.startswith("VmRSS:"))


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


def gateway_rate(broker, folder, mode, qos, offered):
    """(records/s published, records/s received, CPU time for a published record in µs)."""
    mqtt = {"host": broker.host, "port": broker.port, "qos": qos, "publish": mode}
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


PARTS = {"decode": decode, "publish": end_to_end, "memory": memory}


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
