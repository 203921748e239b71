"""Renamed options and metrics: the former name still works, is told of, and is listed for users."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
WORKERS = ["ingest", "features", "trainer", "sequence", "scorer", "serve", "embed"]
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def options():
    """(worker, former name, name, default) of each renamed option, as the programs print them."""
    found = []
    for worker in WORKERS:
        told = subprocess.run([BIN / f"freshet-{worker}", "--options"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        for name, default, former in re.findall(
                r"^\| `([^`]+)` \| \w+ \|\s*(?:`([^`]*)`)? \|.* Formerly (\S+)\. \|$", told, re.M):
            found.append((worker, former, name, default))
    return found


def renamed_metrics():
    """(former name, name) of each, as the sources have them."""
    for room in ("stream", "ingest", "features", "trainer", "scorer"):
        for path in sorted((ROOT / room).rglob("*.c")):
            yield from ((former, name) for name, former in re.findall(
                r'metrics_\w+\(\s*metrics, "(\w+)"[^;]*;\s*metrics_formerly\([^"]*"(\w+)"\)',
                path.read_text(encoding="utf-8")))


METRICS = list(renamed_metrics())


def test_all_are_found(options):
    calls = sum(path.read_text(encoding="utf-8").count("metrics_formerly(")
                for room in ("ingest", "features", "trainer", "scorer")
                for path in (ROOT / room).rglob("*.c"))
    assert options and METRICS and len(METRICS) == calls


def test_a_former_option_works_and_is_warned_of(options, tmp_path):
    for worker, former, name, default in options:
        line = second_line(worker, tmp_path, f"{former}={default}")
        assert re.search(rf'level=warn worker={worker} msg="option has a new name" '
                         rf'option={former} hint="{former} is now called {name}; {former} works '
                         r'until release \d+\.\d+\.\d+"$', line), line


def second_line(worker, where, setting):
    """Of the log of a worker that waits for a broker that is not there."""
    log = where / worker
    with open(log, "w") as out:
        process = subprocess.Popen([BIN / f"freshet-{worker}", "--set", setting, "--set",
                                    f"state.dir={where}/state", "--set",
                                    "bootstrap.servers=127.0.0.1:1"], stderr=out)
    try:
        deadline = time.monotonic() + 120
        while log.read_text().count("\n") < 2:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    return log.read_text().splitlines()[1]


def test_a_former_option_is_listed(options):
    for worker, former, name, _ in options:
        assert f"| {worker} | `{former}` | `{name}` |" in CHANGES


@pytest.mark.parametrize("former, name", METRICS)
def test_a_former_metric_is_listed_and_used_no_more(former, name):
    assert f"| `{former}` | `{name}` |" in CHANGES
    for path in sorted((ROOT / "deploy").rglob("*")) + sorted((ROOT / "docs").glob("*.md")):
        if path.is_file():
            assert former not in path.read_bytes().decode("utf-8", "replace"), path


def test_names_of_options_and_metrics_are_the_fields_own():
    """No word of tests/tidy.py's vocabulary is in what users see, but as a former name."""
    sys.path.insert(0, str(ROOT / "tests"))
    import tidy
    names = {f"{worker} {name}" for worker in WORKERS for name in re.findall(
        r"^\| `([^`]+)`", subprocess.run([BIN / f"freshet-{worker}", "--options"], check=True,
                                         text=True, stdout=subprocess.PIPE).stdout, re.M)}
    for room in ("stream", "ingest", "features", "trainer", "scorer"):
        for path in sorted((ROOT / room).rglob("*.c")):
            names |= set(re.findall(r'metrics_[cgh]\w+\(\s*[\w>-]+, "freshet_(\w+)"',
                                    path.read_text(encoding="utf-8")))
    assert len(names) > 200
    bad = {name for name in names
           for at, word in enumerate(re.split(r"[^a-z0-9]+", name))
           if word in tidy.VOCABULARY or word.removesuffix("s") in tidy.VOCABULARY or
           (at == 0 and word in tidy.ORDINARY)}
    assert not bad
