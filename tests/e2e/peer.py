# SPDX-License-Identifier: ISC
"""peer.py: a controller as a scripted TLS server.

Every connection has one thread that owns its TLS object; other threads hand it work through a
queue. Frames are recorded as they come in and answered by `reactions`: {message id: function of
(connection, frame) that returns bytes, or None}.
"""
import collections
import select
import socket
import ssl
import struct
import threading
import time

import nmsp_wire as wire
import server_tls
from proc import PATIENCE, Waiter

CLOSE, RESET = object(), object()


def answer(response, *elements):
    """A reaction: this response, of the request's transaction, with status success first."""
    def react(_connection, frame):
        return wire.frame(response, wire.status(), *elements, transaction=frame.transaction)
    return react


def answer_location(_connection, frame):
    """A location response without a location."""
    return wire.frame(wire.LOCATION_RESPONSE, wire.status(), wire.entity(wire.CLIENT),
                      wire.location_type(1), transaction=frame.transaction)


def answer_echo(_connection, frame):
    return wire.frame(wire.ECHO_RESPONSE, transaction=frame.transaction)


def standard_reactions():
    """What a controller without stations answers."""
    requests = {
        wire.MEASUREMENT_REQUEST: wire.MEASUREMENT_RESPONSE,
        wire.INFORMATION_REQUEST: wire.INFORMATION_RESPONSE,
        wire.STATISTICS_REQUEST: wire.STATISTICS_RESPONSE,
        wire.ATTACHMENT_REQUEST: wire.ATTACHMENT_RESPONSE,
        wire.SUBSCRIBE_REQUEST: wire.SUBSCRIBE_RESPONSE,
        wire.UNSUBSCRIBE_REQUEST: wire.UNSUBSCRIBE_RESPONSE,
        wire.IDS_REQUEST: wire.IDS_RESPONSE,
        wire.SPECTRUM_REQUEST: wire.SPECTRUM_RESPONSE,
        wire.ON_DEMAND_REQUEST: wire.ON_DEMAND_RESPONSE,
        wire.AP_INFO_REQUEST: wire.AP_INFO_RESPONSE,
    }
    reactions = {request: answer(response) for request, response in requests.items()}
    reactions[wire.LOCATION_REQUEST] = answer_location
    reactions[wire.ECHO_REQUEST] = answer_echo
    return reactions


class Connection(Waiter):
    """One accepted connection, from its handshake to its end."""

    def __init__(self, peer, raw):
        super().__init__()
        self.peer = peer
        self.raw = raw
        self.frames = []
        self.arrived = []  # time.monotonic() of each frame
        self.version = self.cipher = self.certificate = self.pair = None
        self.ended = None  # why the connection is over
        self._outbox = collections.deque()
        self._wake_read, self._wake_write = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    # Called from tests.

    def send(self, *chunks):
        """Queues bytes; each chunk becomes a TLS record of its own (large ones several)."""
        if self.peer.profile:
            chunks = [self.peer.profile.stream(chunk) for chunk in chunks]
        self._queue(*chunks)

    def send_bytewise(self, data):
        self.send(*(data[n:n + 1] for n in range(len(data))))

    def close(self):
        """close_notify and FIN, after what is queued."""
        self._queue(CLOSE)

    def reset(self):
        """A TCP reset, after what is queued."""
        self._queue(RESET)

    def of(self, message):
        """The frames received so far with this message id."""
        return [frame for frame in self.frames if frame.id == message]

    def wait_frame(self, message, count=1, timeout=PATIENCE):
        """The count-th frame with this message id."""
        return self.wait(lambda: len(self.of(message)) >= count and self.of(message)[count - 1],
                         f"message {message} ({count})", timeout)

    def wait_end(self, timeout=PATIENCE):
        return self.wait(lambda: self.ended, "end of the connection", timeout)

    # The connection's thread.

    def _queue(self, *chunks):
        self._outbox.extend(chunk for chunk in chunks if chunk)
        try:
            self._wake_write.send(b"x")
        except OSError:
            pass

    def _run(self):
        reason = "closed"
        try:
            self._handshake()
            self._serve()
        except (OSError, AssertionError) as error:
            reason = f"{type(error).__name__}: {error}"
        for end in (self.raw, self._wake_read, self._wake_write):
            end.close()
        self.notify(lambda: setattr(self, "ended", reason))
        self.peer.notify()

    def _handshake(self):
        self.raw.settimeout(PATIENCE)
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.peer.plain:
            self.raw.sendall(self.peer.plain)
            raise ConnectionError("no TLS was spoken")
        self.pair = self.peer.pair
        self.raw = self.peer.context.wrap_socket(self.raw, server_side=True)
        self.version, self.cipher = self.raw.version(), self.raw.cipher()[0]
        self.certificate = self.raw.getpeercert(binary_form=True)
        self.raw.setblocking(False)
        self.peer.notify(lambda: self.peer.sessions.append(self))
        if self.peer.greeting:
            self.send(self.peer.greeting)

    def _serve(self):
        left = b""
        while not self.ended:
            writable = [self.raw] if self._outbox else []
            if not self.raw.pending():
                select.select([self.raw, self._wake_read], writable, [], 1)
            if self._wake_read in select.select([self._wake_read], [], [], 0)[0]:
                self._wake_read.recv(4096)
            if not self._flush():
                return
            data = self._receive()
            if data is None:
                return
            frames, left = self._parse(left + data)
            for frame in frames:
                self._record(frame)

    def _parse(self, data):
        if not self.peer.profile:
            return wire.parse_frames(data)
        baseline, rest = self.peer.profile.back(data)
        return wire.parse_frames(baseline)[0], rest

    def _flush(self):
        """Writes what is queued; False at the end of the connection."""
        while self._outbox:
            chunk = self._outbox[0]
            if chunk is RESET:
                self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            if chunk is CLOSE:
                self._say_goodbye()
                return False
            try:
                sent = self.raw.send(chunk)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return True
            self._outbox.popleft()
            if sent < len(chunk):
                self._outbox.appendleft(chunk[sent:])
        return True

    def _say_goodbye(self):
        try:
            self.raw.unwrap()
        except (OSError, ValueError):
            pass  # the other side need not wait for it

    def _receive(self):
        """What can be read now; None at the end of the stream."""
        if self.peer.deaf:
            time.sleep(0.01)
            return b""
        try:
            return self.raw.recv(65536) or None
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""

    def _record(self, frame):
        def keep():
            self.frames.append(frame)
            self.arrived.append(time.monotonic())
        self.notify(keep)
        reaction = self.peer.reactions.get(frame.id)
        data = reaction(self, frame) if reaction else None
        if data:
            self.send(data)


class Peer(Waiter):
    """A controller. `sessions` are the connections whose handshake went well, `dials` all."""

    def __init__(self, pair, *, greeting=None, address="127.0.0.1", plain=None,
                 profile=None, **tls):
        super().__init__()
        self.pair, self.tls = pair, tls
        self.context = server_tls.context(pair, **tls)
        self.greeting = wire.capability() if greeting is None else greeting
        self.reactions = standard_reactions()
        self.plain = plain  # what to say instead of TLS
        self.profile = profile  # translates to and from other bytes than the baseline's
        self.deaf = False  # True: reads nothing
        self.sessions, self.connections, self.dials = [], [], []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family)
        self.host, self.port = self.listener.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return

            def keep(raw=raw):
                self.dials.append(time.monotonic())
                self.connections.append(Connection(self, raw))
            self.notify(keep)

    def wait_session(self, count=1, timeout=PATIENCE):
        """The count-th connection with a finished handshake."""
        return self.wait(lambda: len(self.sessions) >= count and self.sessions[count - 1],
                         f"session {count} of the controller", timeout)

    def wait_dial(self, count=1, timeout=PATIENCE):
        """The count-th connection, however far it came."""
        return self.wait(lambda: len(self.connections) >= count and self.connections[count - 1],
                         f"dial {count} to the controller", timeout)

    def ready(self, count=1, timeout=PATIENCE):
        """The count-th session once it has subscribed."""
        session = self.wait_session(count, timeout)
        session.wait_frame(wire.SUBSCRIBE_REQUEST, timeout=timeout)
        return session

    def use(self, pair=None, **tls):
        """Another certificate or other TLS settings for the connections from now on."""
        self.pair, self.tls = pair or self.pair, {**self.tls, **tls}
        self.context = server_tls.context(self.pair, **self.tls)

    def stop(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self.listener.close()
        for connection in self.connections:
            connection.reset()
            connection.thread.join(2)
