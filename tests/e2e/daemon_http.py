# SPDX-License-Identifier: ISC
"""daemon_http.py: a daemon that serves HTTP, with a controller that is subscribed."""
import collections

import play
from http_client import ask, until
from proc import free_port

UNKNOWN = (98, 99)


class Running:
    """Its port, its control socket, and the session of the controller "hq"."""

    def __init__(self, gateway, peer, subscriber, state_dir, controller=(), main=(),
                 gateway_options=(), **rest):
        self.peer, self.subscriber = peer, subscriber
        self.port, self.control = free_port(), state_dir / "control.sock"
        self.daemon = gateway(peer, controller=controller, main=main, http={"port": self.port},
                              gateway=dict(gateway_options), **rest)
        self.pid = self.daemon.child.pid
        subscriber.state("hq", "subscribed")
        self.session = peer.ready()

    def status(self):
        (controller,) = ask(self.port, "/api/v1/status?controller=hq").json["controllers"]
        return controller

    def wait_status(self, satisfied):
        """The first true result for what the status says of the controller."""
        return until(lambda: satisfied(self.status()), "status")

    def send(self, *frames):
        """Sends frames; returns when the daemon has counted them."""
        wanted = self._counts()
        for frame in frames:
            self.session.send(frame)
            wanted[play.message_id(frame)] += 1
        until(lambda: all(self._counts()[known] >= count for known, count in wanted.items()),
              "frames counted")

    def _counts(self):
        """Messages received, by id; those without a name under the ids that they may have."""
        counts = collections.Counter()
        for row in self.status()["messages"]:
            if row["direction"] == "in":
                for known in [row["id"]] if "id" in row else UNKNOWN:
                    counts[known] += row["count"]
        return counts
