# SPDX-License-Identifier: ISC
"""browser.py: a headless Chromium to wait for, and what it asked for and complained of."""
import json
import re
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from proc import PATIENCE

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-lcd-text", "--hide-scrollbars", "--disable-dev-shm-usage"]
DESKTOP, TABLET, PHONE = (1280, 800), (900, 1100), (360, 740)


class Browser:
    def __init__(self, folder):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in [*FLAGS, f"--user-data-dir={folder}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.base, self.log, self.requests, self.allowed = "", [], [], []

    def renew(self):
        self.base, self.allowed = "", []
        self.look_like(DESKTOP, "light")
        self._read_logs()
        self.log, self.requests = [], []

    def leave(self):
        self._read_logs()
        self.driver.get("about:blank")

    def quit(self):
        self.driver.quit()

    def look_like(self, size, scheme, scale=1):
        """A window of this width and height, and the colours that its owner prefers."""
        command = self.driver.execute_cdp_cmd
        command("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": scale,
            "mobile": size[0] < 600})
        command("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, base, page="#/"):
        self.base = base
        self.driver.get(base + page)

    def go(self, page):
        """Another page of the same document."""
        self.run("location.hash = arguments[0]", page)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        """What is shown of a selector."""
        return [one for one in self.driver.find_elements(By.CSS_SELECTOR, selector)
                if one.is_displayed()]

    def one(self, selector):
        (found,) = self.all(selector)
        return found

    def texts(self, selector):
        """The texts of what is shown, all at one moment."""
        return self.run("""return Array.from(document.querySelectorAll(arguments[0]))
            .filter(one => one.checkVisibility()).map(one => one.innerText.trim())""", selector)

    def text(self, selector):
        (found,) = self.texts(selector)
        return found

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def wait(self, satisfied, what, timeout=PATIENCE):
        """The first true result of satisfied()."""
        end = time.monotonic() + timeout
        while not (result := satisfied()):
            assert time.monotonic() < end, f"no {what}; shown: {self.text('body')[:2000]}"
            time.sleep(0.05)
        return result

    def wait_text(self, selector, pattern, timeout=PATIENCE):
        """The match of the first of the shown texts that fits."""
        def fitting():
            found = (re.search(pattern, one) for one in self.texts(selector))
            return next(filter(None, found), None)
        return self.wait(fitting, f"{pattern!r} in {selector}", timeout)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    def complaints(self):
        """What the console has of warnings and errors, violations of the policy among them."""
        return [line for line in self.log
                if not any(re.search(pattern, line) for pattern in self.allowed)]

    def strangers(self):
        """Requests that went elsewhere than to the page's own origin."""
        return [url for url in self.requests if not url.startswith(self.base)]

    def _read_logs(self):
        self.log += [entry["message"] for entry in self.driver.get_log("browser")
                     if entry["level"] in ("WARNING", "SEVERE")]
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
