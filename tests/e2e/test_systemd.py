# SPDX-License-Identifier: ISC
"""test_systemd.py: what a service manager is told: readiness, status, watchdog, reload, the end."""
import os
import re
import signal
import socket
import threading

import pytest

from gateway import HASTY, controller_options, mqtt_options
from proc import Waiter, free_port


class Manager(Waiter):
    """The other end of NOTIFY_SOCKET; `told` has what came, a dict for each datagram."""

    def __init__(self, address):
        super().__init__()
        self.told = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.address = address.replace("\0", "@")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while data := self.socket.recv(8192):
            lines = data.decode("utf-8").split("\n")
            self.notify(lambda: self.told.append(dict(line.split("=", 1) for line in lines)))

    def all(self, name):
        return [one[name] for one in self.told if name in one]

    def wait_told(self, name, pattern="^1$", count=1):
        """The count-th value of a variable that fits."""
        def found():
            fitting = [value for value in self.all(name) if re.search(pattern, value)]
            return len(fitting) >= count and fitting[count - 1]
        return self.wait(found, f"{name} like {pattern!r}; {self.told}")

    def environment(self, **more):
        return {"NOTIFY_SOCKET": self.address, **more}

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = str(tmp_path / "notify")
    made = Manager(address if request.param == "path" else f"\0nmsp2mqtt-test-{os.getpid()}")
    yield made
    made.close()


def test_a_whole_life(gateway, peer, subscriber, manager):
    running = gateway(peer, env=manager.environment())
    manager.wait_told("READY")
    assert "STATUS" in manager.told[0]
    manager.wait_told("STATUS", r"^1 of 1 controllers subscribed, main connected$")
    running.signal(signal.SIGHUP)
    manager.wait_told("READY", count=2)
    names = [name for one in manager.told for name in one]
    assert names.index("RELOADING") > names.index("READY")
    assert int(manager.all("MONOTONIC_USEC")[0]) > 0
    running.stop_in_order()
    assert manager.wait_told("STOPPING")
    assert manager.told[-1] == {"STOPPING": "1", "STATUS": "stopping"}
    assert not manager.all("WATCHDOG")


def test_status_follows(gateways, peer, broker, manager):
    """Of three controllers one is there; the broker goes and comes back."""
    nobody = {"host": "127.0.0.1", "port": free_port()}
    running = gateways({"hq": controller_options(peer), "lab": nobody, "depot": nobody},
                       {"main": mqtt_options(broker)}, env=manager.environment(),
                       allow=["session (lab|depot)", "mqtt main"])
    trouble = r"1 of 3 controllers subscribed \(lab \w+, depot \w+\), main "
    manager.wait_told("STATUS", f"^{trouble}connected$")
    broker.stop()
    manager.wait_told("STATUS", f"^{trouble}not connected$")
    seen = len(manager.told)
    broker.start()
    manager.wait(lambda: any(re.search(" connected$", one.get("STATUS", "")) and
                             "not" not in one["STATUS"] for one in manager.told[seen:]),
                 "status after the broker is back")
    running.stop_in_order()


def test_status_of_a_controller_that_went(gateway, peer, subscriber, manager):
    gateway(peer, controller=HASTY, env=manager.environment(), allow=["session hq"])
    manager.wait_told("STATUS", "^1 of 1 controllers subscribed, main")
    peer.ready().close()
    manager.wait_told("STATUS", r"^0 of 1 controllers subscribed \(hq backoff\), main")
    manager.wait_told("STATUS", "^1 of 1 controllers subscribed, main", 2)


def test_watchdog(gateway, peer, manager):
    running = gateway(peer, env=manager.environment(WATCHDOG_USEC="200000"))
    manager.wait_told("WATCHDOG", count=5)
    running.stop_in_order()


def test_watchdog_of_another_process(gateway, peer, subscriber, manager):
    """WATCHDOG_PID tells whom it is meant for."""
    gateway(peer, env=manager.environment(WATCHDOG_USEC="2000", WATCHDOG_PID="1"))
    subscriber.state("hq", "subscribed")
    manager.wait_told("STATUS", "^1 of 1 controllers subscribed, main connected$")
    assert not manager.all("WATCHDOG")


@pytest.mark.parametrize("address", ["", "@", "relative", "/" + 120 * "x", "/nonexistent/socket"])
def test_no_manager(gateway, peer, subscriber, address):
    running = gateway(peer, env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "100000"})
    subscriber.state("hq", "subscribed")
    running.stop_in_order()
