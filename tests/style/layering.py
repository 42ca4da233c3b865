#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""layering.py: no include may run against the arrows between the folders.

gateway -> outputs -> codecs, gateway -> conf -> codecs, tests -> anything. gateway/log.h is a leaf
that conf and outputs may include too. Every third-party library is kept to the files named here,
and codecs is pure: no I/O, no clock, no log, no memory but the arena's.
"""
import os
import re

import tree

MAY_INCLUDE = {
    "codecs": {"codecs"},
    "conf": {"conf", "codecs"},
    "outputs": {"outputs", "codecs"},
    "gateway": {"gateway", "outputs", "conf", "codecs"},
    "gateway/sim": {"gateway/sim", "gateway", "outputs", "conf", "codecs"},
}
LEAF = "gateway/log.h"
LEAF_USERS = {"conf", "outputs"}

LIBRARIES = [
    ("OpenSSL", r"openssl/", r"gateway/(sim/)?(tls|identity)[a-z0-9_]*\.c"),
    ("libuv", r"uv\.h", r"(gateway|outputs)/.*"),
    ("libmosquitto", r"(mosquitto\w*|mqtt_protocol)\.h", r"outputs/mqtt(_dial|_send)?\.c"),
    ("jansson", r"jansson\w*\.h",
     r"outputs/(document|schema)[a-z0-9_]*\.[ch]|"
     r"gateway/([a-z0-9_]*(document|status|command)[a-z0-9_]*|cmd_\w+|parts|ready|reload|routes|"
     r"control_client)\.[ch]"),
    ("libconfuse", r"confuse\.h", r"conf/[a-z0-9_]+\.c"),
    ("LMDB", r"lmdb\.h", r"outputs/spool\.c"),
    ("libmicrohttpd", r"microhttpd\.h", r"gateway/http(_\w+)?\.[ch]"),
    ("cmocka", r"cmocka\w*\.h", r"(?!)"),
]

IMPURE_HEADERS = re.compile(
    r"(time|sys/time|unistd|fcntl|poll|sys/epoll|sys/select|signal|pthread|syslog|sys/stat|"
    r"netdb)\.h")
IMPURE_CALLS = re.compile(
    r"(?<![\w.>])(malloc|calloc|realloc|reallocarray|free|strdup|strndup|v?asprintf|"
    r"fopen|fread|fwrite|v?f?printf|f?puts|putchar|perror|open|read|write|recv|send|"
    r"time|clock|clock_gettime|gettimeofday|getenv|syslog|log_\w+)\s*\(")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer(path):
    """The folder a path belongs to in the table, or "" for none."""
    folder = os.path.dirname(path)
    while folder and folder not in MAY_INCLUDE:
        folder = os.path.dirname(folder)
    return folder


def check_ours(root, path, name):
    if not os.path.isfile(os.path.join(root, name)):
        return f'"{name}" is no file, seen from the top of the tree'
    source, target = layer(path), layer(name)
    if path == LEAF:
        return f"is a leaf and may not include {name}"
    if name == LEAF and source in LEAF_USERS:
        return None
    if target not in MAY_INCLUDE[source]:
        return f"{source} may not include {name}"
    return None


def check_library(path, name):
    for library, header, users in LIBRARIES:
        if re.match(header, name) and not re.fullmatch(users, path):
            return f"{library} ({name}) is not for this file"
    if layer(path) == "codecs" and IMPURE_HEADERS.fullmatch(name):
        return f"codecs is pure, without {name}"
    return None


def check_calls(path, text):
    if layer(path) != "codecs" or os.path.basename(path) == "arena.c":
        return
    for number, line in enumerate(tree.only_code(text).split("\n"), 1):
        for call in IMPURE_CALLS.finditer(line):
            yield f"{path}:{number}: codecs is pure, without {call[1]}()"


def check(root):
    for path in tree.files(root, ".c", ".h"):
        if not layer(path):
            continue
        text = tree.read(root, path)
        code = tree.without_comments(text)
        for include in INCLUDE.finditer(code):
            number = code.count("\n", 0, include.start()) + 1
            fault = (check_ours(root, path, include[2]) if include[1] == '"'
                     else check_library(path, include[2]))
            if fault:
                yield f"{path}:{number}: {fault}"
        yield from check_calls(path, text)


if __name__ == "__main__":
    tree.main(check)
