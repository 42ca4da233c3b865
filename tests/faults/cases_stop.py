# SPDX-License-Identifier: ISC
"""cases_stop.py: the daemon is told to stop when it does not suit."""
import signal
import time

from cases_broker import keep_away, some

FLUSH = 5 + 2 + 2  # s for the outputs, for controllers, and to spare


def _bounded(scene, began):
    def after():
        assert time.monotonic() - began < FLUSH
        assert any("goodbye" in line or "stopping" in line for line in scene.gateway.log)
    return after


def in_a_burst(scene):
    scene.start()
    scene.send(20_000)
    scene.wait_got(count=100)


def without_a_broker(scene):
    scene.start()
    some(scene)
    keep_away(scene)
    scene.leave()
    return _bounded(scene, scene.stopped_at)


def with_a_broker_that_hangs(scene):
    scene.start()
    some(scene)
    scene.link.hold()
    scene.send(100)
    scene.wait_read()
    scene.leave()
    return _bounded(scene, scene.stopped_at)


def with_a_controller_that_hangs(scene):
    scene.start()
    some(scene)
    scene.wire.hold()
    scene.leave()
    return _bounded(scene, scene.stopped_at)


def twice(scene):
    """The second ends the wait for controllers."""
    scene.start()
    some(scene)
    scene.wire.hold()  # no answer to the unsubscription, so that the second comes in time
    scene.stopped_at = time.monotonic()
    scene.gateway.signal(signal.SIGTERM)
    scene.gateway.wait_line("stopping")
    scene.gateway.signal(signal.SIGTERM)
    scene.gateway.wait_line("again: ends at once")
    return _bounded(scene, scene.stopped_at)


def again_while_flushing(scene):
    """It does not cost the accounts."""
    scene.start()
    some(scene)
    scene.link.hold()
    scene.send(100)
    scene.wait_read()
    scene.stopped_at = time.monotonic()
    scene.gateway.signal(signal.SIGTERM)
    scene.gateway.wait_line("disabled: the gateway is stopping")
    scene.gateway.signal(signal.SIGTERM)
    return _bounded(scene, scene.stopped_at)


def twice_in_a_burst(scene):
    scene.start()
    scene.send(20_000)
    scene.wait_got(count=100)
    scene.stopped_at = time.monotonic()
    scene.gateway.signal(signal.SIGTERM)
    scene.gateway.signal(signal.SIGTERM)
    scene.leave()
    return _bounded(scene, scene.stopped_at)
