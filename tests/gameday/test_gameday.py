"""The short form of `make gameday`: one incident, and what the runbooks must be for the others."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for room in ("deploy", "tests/gameday"):
    sys.path.insert(0, str(ROOT / room))

import machine  # noqa: E402 (the path is set above)
from incidents import INCIDENTS  # noqa: E402


def test_one_incident():
    done = subprocess.run([ROOT / "tests/gameday/run", "--only", "worker-killed"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed"


def test_ten_incidents_with_commands_that_know_all():
    assert len(INCIDENTS) >= 10
    for name, (alert, _, about) in INCIDENTS.items():
        wanted = set(re.findall(r"\$(\w+)", machine.mend_of(alert)))
        assert machine.mend_of(alert) and wanted <= {"BROKERS", *about}, name


def test_durations_are_shortened():
    told = machine.faster("for: 5m\nexpr: rate(x[10m]) > 1 and y[1h] and z[1d]\nfor: 30s\n")
    assert told == "for: 15s\nexpr: rate(x[30s]) > 1 and y[180s] and z[4320s]\nfor: 30s\n"
