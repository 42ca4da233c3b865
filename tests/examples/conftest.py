# SPDX-License-Identifier: ISC
"""conftest.py: the parties of an example: those of the end-to-end tests."""
import sys

import pytest

from fixtures import *  # noqa: F403
from proc import ROOT, Process

EXAMPLES = ROOT / "docs/examples"


@pytest.fixture
def programs():
    """Starts example programs."""
    made = []

    def make(name, *arguments):
        made.append(Process(sys.executable, "-u", EXAMPLES / name, *arguments))
        return made[-1]
    yield make
    for one in made:
        one.stop()
