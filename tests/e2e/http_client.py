# SPDX-License-Identifier: ISC
"""http_client.py: asks the gateway's own HTTP, over TCP (a port) or its control socket (a path)."""
import http.client
import json
import socket
import time
from types import SimpleNamespace

from proc import PATIENCE


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("gateway", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def connect(where):
    if isinstance(where, int):
        return http.client.HTTPConnection("127.0.0.1", where, timeout=PATIENCE)
    return UnixConnection(where)


def ask(where, path, method="GET", body=None, headers=()):
    """One request; the reply has status, headers, text, and json where it is some."""
    connection = connect(where)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        text = response.read().decode("utf-8")
    finally:
        connection.close()
    is_json = response.headers["Content-Type"] == "application/json" and text
    return SimpleNamespace(status=response.status, headers=response.headers, text=text,
                           json=json.loads(text) if is_json else None)


def until(satisfied, what):
    """The first true result of asking again and again, for what no event tells of."""
    end = time.monotonic() + PATIENCE
    while not (result := satisfied()):
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {PATIENCE:g} s")
        time.sleep(0.02)
    return result


class Tail:
    """A reader of live records."""

    def __init__(self, where, query=""):
        self.connection = connect(where)
        self.connection.request("GET", "/api/v1/tail" + query)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def lines(self, n):
        return [json.loads(self.response.readline()) for _ in range(n)]

    def rest(self):
        return [json.loads(line) for line in self.response.read().splitlines()]

    def close(self):
        self.connection.close()
        self.response.close()
