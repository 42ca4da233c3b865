# SPDX-License-Identifier: ISC
"""screenshots.py: the pictures of docs/, of a real gateway with good and bad controllers.

`make screenshots` runs it; SECONDS is how long the charts are given to fill.
"""
import os
import time

import pytest

import png
from gateway import SEVEN, controller_options, mqtt_options
from proc import ROOT, free_port

SECONDS = float(os.environ.get("SECONDS", "300"))
PICTURES = {
    "page-dark.png": ((1280, 720), 1, "dark", "#/"),
    "page-phone.png": ((360, 740), 2, "light", "#/controller/hq"),
}
LARGEST = 80_000  # bytes


def tagged(site):
    return {"tags": [f"site={site}"]}


@pytest.fixture
def controllers(sims):
    """Three that deliver, one that refuses the gateway, and one where nobody listens."""
    hq = sims("--allow-all", "--aps", 24, "--clients", 60, "--name", "wlc-hq")
    campus = sims("--allow-all", "--aps", 12, "--clients", 30, "--seed", 2, "--name", "wlc-campus",
                  "--model", "C9800-40-K9", "--software", "17.9.5")
    lab = sims("--allow-all", "--clients", 6, "--seed", 3, "--grant", "rssi,information",
               "--name", "wlc-lab", "--model", "AIR-CT3504-K9", "--software", "8.10.196.0")
    strict = sims("--clients", 3)
    return {
        "hq": controller_options(hq, services=[*SEVEN, "ap_info:ap", "wips:wips"], **tagged("hq")),
        "campus-east": controller_options(campus, **tagged("east")),
        "lab": controller_options(lab, **tagged("lab")),
        "warehouse": controller_options(strict, **tagged("north")),
        "store-042": controller_options(hq, port=free_port(), **tagged("042")),
    }


def take(browser, name):
    size, scale, scheme, page = PICTURES[name]
    browser.look_like(size, scheme, scale)
    browser.go(page)
    browser.wait(lambda: browser.all("h1"), "heading")
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    path = ROOT / "docs" / name
    path.write_bytes(png.with_palette(browser.driver.get_screenshot_as_png()))
    print(f"{path}: {path.stat().st_size} bytes")
    assert path.stat().st_size < LARGEST


def test_pictures(gateways, controllers, broker, browser):
    port = free_port()
    running = gateways(controllers, {"main": mqtt_options(broker)}, allow=["."],
                       http={"port": port})
    running.wait_line("http: listens on")
    browser.open(f"http://127.0.0.1:{port}/")
    time.sleep(SECONDS)
    for name in PICTURES:
        take(browser, name)
