# SPDX-License-Identifier: ISC
"""gateway.py: configuration files from Python values, the daemon and the simulator as processes."""
import re

from proc import NMSP2MQTT, NMSP_SIM, PATIENCE, Process

# The subscription of the published status page: its request is 77 bytes.
SEVEN = ["rssi:client", "rssi:tag", "attachment:station", "information:client",
         "location:subscription", "statistics:client", "statistics:tag"]
EVERYTHING = [
    "rssi:client", "rssi:tag", "rssi:rogue", "spectrum:interferer", "spectrum:air_quality",
    "information:client", "information:tag", "information:rogue", "statistics:client",
    "statistics:tag", "statistics:rogue", "attachment:station", "location:subscription",
    "ap_info:ap", "wips:wips"]
# Reconnects without a wait, for tests that are not about waiting.
HASTY = {"backoff_min": 0.1, "backoff_max": 0.2}


def literal(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(literal(one) for one in value) + "}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def section(kind, title, options, depth=0):
    """One section of a configuration file; a dict among the options is a section inside."""
    pad = "\t" * depth
    lines = [f"{pad}{kind} {literal(title)} {{" if title is not None else f"{pad}{kind} {{"]
    for key, value in options.items():
        if isinstance(value, dict):
            lines.append(section(key, None, value, depth + 1))
        else:
            lines.append(f"{pad}\t{key} = {literal(value)}")
    return "\n".join(lines + [pad + "}"])


def merged(base, change):
    """base with the change on top, sections merged key by key; None takes a key away."""
    out = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merged(out[key], value) if both else value
    return {key: value for key, value in out.items() if value is not None}


def controller_options(peer, **change):
    return merged({"host": peer.host, "port": peer.port, "services": SEVEN}, change)


def mqtt_options(broker, **change):
    return merged({"host": broker.host, "port": broker.port}, change)


def configuration(state_dir, controllers, mqtts, files=(), gateway=(), http=None, log=()):
    """The text of a configuration; the sections as {name: options}."""
    head = {"name": "gw1", "dictionary": "baseline", "state_dir": state_dir, "user": "root",
            "identity": {"mac": "02:00:5e:10:00:01"}}
    parts = [section("gateway", None, merged(head, dict(gateway)))]
    if http is not None:
        parts.append(section("http", None, http))
    if log:
        parts.append(section("log", None, dict(log)))
    for kind, group in (("controller", controllers), ("mqtt", mqtts), ("file", dict(files))):
        parts += [section(kind, name, options) for name, options in group.items()]
    return "\n".join(parts) + "\n"


def smallest(state_dir, gateway=()):
    """The text of the smallest whole configuration, for commands that connect to nothing."""
    return configuration(state_dir, {"hq": {"host": "127.0.0.1"}}, {}, {"feed": {"path": "-"}},
                         gateway)


# The vectors' controller_time is of one fixed day.
VECTOR_CLOCK = r"controller's clock is \d+ s behind"


class Gateway(Process):
    """`nmsp2mqtt run`. Its log must stay free of warnings and errors but those allowed."""

    def __init__(self, config, allowed=(), options=(), env=None):
        self.config = config
        self.allowed = [VECTOR_CLOCK, *allowed]
        super().__init__(NMSP2MQTT, "run", "-c", config, *options, env=env)

    @property
    def log(self):
        return self.stderr

    def complaints(self):
        """Lines of the log at warning or error that nobody allowed; all of a sanitizer's."""
        found = []
        for line in self.stderr:
            bad = re.search(r"^\S+ (warning|error) |Sanitizer|runtime error", line)
            if bad and not any(re.search(pattern, line) for pattern in self.allowed):
                found.append(line)
        return found

    def stop_in_order(self):
        """SIGTERM; the daemon must leave with 0."""
        status = self.stop()
        assert status == 0, f"exit status {status}"


class Sim(Process):
    """nmsp-sim on a free port."""

    def __init__(self, *options):
        super().__init__(NMSP_SIM, "--port", 0, *options)
        found = self.wait_line(r"listening on (127\.0\.0\.1|\[?[:0-9a-f.]+\]?):(\d+)", self.stdout,
                               timeout=PATIENCE)
        self.host, self.port = "127.0.0.1", int(found[2])
