# SPDX-License-Identifier: ISC
"""test_prometheus.py: the scrape and the alerts of docs/examples, by promtool and the metrics."""
import re
import shutil
import subprocess

import pytest

from conftest import EXAMPLES
from proc import ROOT

RULES = EXAMPLES / "prometheus-rules.yml"
TABLES = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not shutil.which("promtool"),
                    reason="NOT CHECKED: there is no promtool; it is in the package prometheus")
@pytest.mark.parametrize("command", [
    ("check", "config", "prometheus.yml"), ("check", "rules", "prometheus-rules.yml"),
    ("test", "rules", "prometheus-rules.test.yml")], ids=" ".join)
def test_promtool(command):
    done = subprocess.run(["promtool", *command], cwd=EXAMPLES, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_speak_of_metrics_that_there_are():
    used = set(re.findall(r"\bnmsp2mqtt_\w+", RULES.read_text(encoding="utf-8")))
    stated = set(re.findall(r"^\| `(\w+)`", TABLES, re.MULTILINE))
    assert used and used <= stated
