# SPDX-License-Identifier: ISC
"""conftest.py: what end-to-end tests are given, and what is under test."""
from fixtures import *  # noqa: F403
from proc import NMSP2MQTT


def pytest_report_header():
    return f"program under test: {NMSP2MQTT}"
