# SPDX-License-Identifier: ISC
"""proxy.py: a TCP link that can be cut, half opened, delayed, throttled and refused.

Two threads for each connection, one for each direction. `link.up` is the way to the server,
`link.down` the way back; what is set holds for the present connections and for new ones.
"""
import socket
import struct
import threading
import time
from types import SimpleNamespace

from proc import Waiter, free_port

CHUNK = 65536
LOOK = 0.05  # s between looks at the mode while nothing comes
SMALL = 4096  # bytes of a socket buffer that makes slowness felt


def _way():
    return SimpleNamespace(held=False, frozen=False, delay=0.0, rate=0, left=None, bytes=0)


class _Pair:
    """One client and its connection to the server."""

    def __init__(self, client):
        self.client, self.server = client, None
        self.over = False

    def close(self, reset=False):
        self.over = True
        for one in filter(None, (self.client, self.server)):
            try:
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR) if not reset else None
            except OSError:
                pass
            one.close()


class Proxy(Waiter):
    """A link to host:port by way of `self.host`:`self.port`. `dials`: time.monotonic() of each."""

    def __init__(self, host, port):
        super().__init__()
        self.target = (host, port)
        self.up, self.down = _way(), _way()
        self.greeting = None  # bytes to answer with instead of connecting
        self.mute = False  # True: new connections are taken and never answered
        self.dials, self.pairs = [], []
        self.host, self.port = "127.0.0.1", free_port()
        self.listener = None
        self.listen()

    # What a test does to the link.

    def listen(self):
        self.listener = socket.create_server((self.host, self.port), backlog=1024)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def refuse(self):
        """New connections are refused from now on; listen() ends that."""
        listener, self.listener = self.listener, None
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    def cut(self):
        """Resets all connections."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            pair.close(reset=True)

    def cut_after(self, way, count):
        """Resets the connection that carries the count-th byte from now on, right behind it."""
        way.left = count

    def hold(self):
        """Half open: what either side sends gets lost, and neither is told."""
        self.up.held = self.down.held = self.mute = True

    def say(self, data):
        """Puts bytes into the mouth of the server."""
        for pair in list(self.pairs):
            pair.client.sendall(data)

    def heal(self):
        """The link is as good as new; connections that lost bytes are cut."""
        lossy = self.up.held or self.down.held
        self.up, self.down, self.mute, self.greeting = _way(), _way(), False, None
        if lossy:
            self.cut()
        if not self.listener:
            self.listen()

    def wait_dial(self, count, timeout):
        return self.wait(lambda: len(self.dials) >= count, f"dial {count} on the link", timeout)

    def stop(self):
        if self.listener:
            self.refuse()
        self.cut()

    # The threads.

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            pair = _Pair(client)
            self.notify(lambda pair=pair: (self.dials.append(time.monotonic()),
                                           self.pairs.append(pair)))
            threading.Thread(target=self._serve, args=(pair,), daemon=True).start()

    def _serve(self, pair):
        if self.greeting is not None:
            pair.client.sendall(self.greeting)
            return
        if self.mute:
            return  # stays open until it is cut
        try:
            pair.server = socket.create_connection(self.target, timeout=10)
        except OSError:
            pair.close(reset=True)
            return
        for one in (pair.client, pair.server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(LOOK)
            if self.up.rate or self.down.rate:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        back = threading.Thread(target=self._pump, args=(pair, "down"), daemon=True)
        back.start()
        self._pump(pair, "up")
        back.join()
        pair.close()

    def _pump(self, pair, direction):
        source, sink = ((pair.client, pair.server) if direction == "up"
                        else (pair.server, pair.client))
        try:
            while not pair.over:
                way = getattr(self, direction)
                if way.frozen:
                    time.sleep(LOOK)
                    continue
                try:
                    data = source.recv(max(1, way.rate // 20) if way.rate else CHUNK)
                except TimeoutError:
                    continue
                if not data:
                    break
                self._pass_on(pair, getattr(self, direction), data, sink)
        except (OSError, ValueError):
            pass
        if not pair.over:
            pair.close()

    def _pass_on(self, pair, way, data, sink):
        if way.held:
            return
        if way.delay:
            time.sleep(way.delay)
        last = way.left is not None and len(data) >= way.left
        if last:
            data = data[:way.left]
        if way.left is not None:
            way.left -= len(data)
        while data and not pair.over:
            try:
                sent = sink.send(data)
            except TimeoutError:
                continue
            way.bytes += sent
            data = data[sent:]
            if way.rate:
                time.sleep(sent / way.rate)
        if last:
            way.left = None
            pair.close(reset=True)
