# SPDX-License-Identifier: ISC
"""conftest.py: the parties of an end-to-end test, and a browser that looks at the daemon's page."""
import pytest

from browser import Browser
from fixtures import *  # noqa: F403


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """One browser for all tests; it takes a second to start."""
    made = Browser(tmp_path_factory.mktemp("chromium"))
    yield made
    made.quit()


@pytest.fixture
def browser(chromium):
    """The browser as if it were new; at the end it may not have complained, nor asked elsewhere."""
    chromium.renew()
    yield chromium
    chromium.leave()
    assert not chromium.complaints(), chromium.log
    assert not chromium.strangers(), chromium.requests
