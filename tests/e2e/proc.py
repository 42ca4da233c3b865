# SPDX-License-Identifier: ISC
"""proc.py: child processes whose output can be waited for, free ports, the programs under test."""
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
NMSP2MQTT = os.environ.get("NMSP2MQTT", str(BUILD / "nmsp2mqtt"))
NMSP_SIM = os.environ.get("NMSP_SIM", str(BUILD / "nmsp-sim"))
PATIENCE = float(os.environ.get("E2E_PATIENCE", "30"))


def _own_ports():
    """Ports of this process among those that run tests side by side, again and again; below those
    that the system gives to connections, so that one that is free stays so."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    first = 10000 + worker % 16 * 1400
    ports = itertools.cycle(range(first, first + 1400))
    return itertools.islice(ports, os.getpid() % 1400, None)


_PORTS = _own_ports()


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on."""
    for port in _PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def nmsp2mqtt(*arguments, stdin=b"", timeout=PATIENCE, env=None):
    """Runs the program to its end; the result has returncode, stdout and stderr as bytes."""
    command = [NMSP2MQTT, *map(str, arguments)]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, check=False,
                          env=environment)


class Waiter:
    """Something that grows in another thread; `wait` blocks until what it shows satisfies."""

    def __init__(self):
        self.changed = threading.Condition()

    def wait(self, satisfied, what, timeout=PATIENCE):
        """The first true result of satisfied(), called again after each change."""
        end = time.monotonic() + timeout
        with self.changed:
            while not (result := satisfied()):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no {what} within {timeout:g} s")
                self.changed.wait(left)
            return result

    def notify(self, change=lambda: None):
        with self.changed:
            change()
            self.changed.notify_all()


class Process(Waiter):
    """A running child; its standard output and error are kept as lines."""

    def __init__(self, *command, env=None):
        super().__init__()
        self.command = [str(part) for part in command]
        self.stdout, self.stderr = [], []
        self.child = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})})
        self.readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.child.stdout, self.stdout), (self.child.stderr, self.stderr))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        with stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                self.notify(lambda: lines.append(line))
        self.notify()

    def wait_line(self, pattern, lines=None, timeout=PATIENCE):
        """The match of the first line (of stderr, or of the list given) that fits the pattern."""
        lines = self.stderr if lines is None else lines
        def found():
            return next(filter(None, (re.search(pattern, line) for line in lines)), None)
        return self.wait(found, f"line {pattern!r} from {self.command[0]}", timeout)

    def signal(self, number):
        self.child.send_signal(number)

    @property
    def running(self):
        return self.child.poll() is None

    def finish(self, timeout=PATIENCE):
        """Waits for the end; the exit status, negative for a signal."""
        status = self.child.wait(timeout)
        for reader in self.readers:
            reader.join(timeout)
        return status

    def stop(self, timeout=PATIENCE):
        """SIGTERM, and the exit status."""
        if self.running:
            self.signal(signal.SIGTERM)
        return self.finish(timeout)

    def kill(self):
        if self.running:
            self.child.kill()
        return self.finish()
