# SPDX-License-Identifier: ISC
"""conftest.py: the parties of a fault test: those of the end-to-end tests, with links between."""
import pytest

from fixtures import *  # noqa: F403
from scene import Scene


@pytest.fixture
def scene(tmp_path, brokers, subscribers, peers, gateways, certificates):
    made = Scene(tmp_path, brokers, subscribers, peers, gateways, certificates)
    yield made
    made.stop()
