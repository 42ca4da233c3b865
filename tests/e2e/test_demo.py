# SPDX-License-Identifier: ISC
"""test_demo.py: what `make run` starts: broker, simulator, gateway, and a feed to look at."""
import os
import signal
import urllib.request

import pytest

from proc import BUILD, ROOT, Process


@pytest.fixture
def demo(tmp_path):
    """The demo, with its files under a directory of the test."""
    process = Process(ROOT / "conf/demo/run.sh", env={"BUILD": str(BUILD), "TMPDIR": str(tmp_path)})
    yield process
    if process.running:
        process.signal(signal.SIGTERM)
        process.finish(40)


def children_with(text):
    """Command lines of processes that mention this text."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except (OSError, ValueError):
            continue
        if entry.isdigit() and text in line:
            found.append(line)
    return found


def test_feed_and_interrupt(demo, tmp_path):
    """Location records from an ordinary subscriber; Ctrl-C ends every part and leaves nothing."""
    demo.wait_line(r'^nmsp/\S+/rssi \{"schema":"nmsp\.rssi/1"', demo.stdout, timeout=60)
    page = demo.wait_line(r"^  page +(http://\S+)$", demo.stdout)[1]
    with urllib.request.urlopen(page) as reply:
        assert b"<title>nmsp2mqtt</title>" in reply.read()
    assert children_with(str(tmp_path))
    demo.signal(signal.SIGINT)
    assert demo.finish(40) in (0, 130)
    assert children_with(str(tmp_path)) == [] and list(tmp_path.iterdir()) == []
    text = "\n".join(demo.stdout)
    assert "Rx Echo Req" in text and "Subscribed by" in text
    assert not [line for line in demo.stderr if "had to be killed" in line]
