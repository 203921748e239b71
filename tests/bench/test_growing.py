"""The measures of a catalogue that is being read, in their short form, with a real broker; and
their arithmetic."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
sys.path[:0] = [str(ROOT / "deploy"), str(ROOT / "bench")]

import growing  # noqa: E402


def listed(rows, items):
    return {"row_offsets": rows, "item_offsets": items}


def test_the_age_of_rows_is_that_of_the_oldest_unseen_one():
    times = {0: [100, 200, 300], 1: [150]}
    lists = [(400, listed([3, 1], [])), (400, listed([1, 1], [])), (400, listed([0, 0], [])),
             (90, listed([0], []))]
    assert growing.rows_ages(lists, times) == [0, 200, 300, 0]


def test_lists_count_that_were_made_while_items_were_read():
    lists = [(1000, listed([], [])), (2000, listed([], [4, 6])), (4000, listed([], [20, 10])),
             (5000, listed([], [20, 20]))]
    reading = growing.beside_reading(lists, 40)
    assert [at for at, _ in reading] == [2000, 4000]
    assert growing.items_per_second(reading) == 10


def test_the_short_form_has_its_rows():
    done = subprocess.run([sys.executable, ROOT / "bench/run", "--short", "--runs", "1", "--only",
                           "catalogue_million"], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((BUILD / "bench-short/results.json").read_text())
    assert results["catalogue_million_items"] == 20_000
    for name in ("freshness_p99_ms", "freshness_p99_ms_without", "items_per_s", "lists_per_s",
                 "lists_per_s_ratio", "start_s"):
        assert results[f"catalogue_million_{name}"] > 0
