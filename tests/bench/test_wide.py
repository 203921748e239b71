"""The measures of a wide catalogue in their short form, with a real broker."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")


def test_the_short_form_has_its_rows():
    done = subprocess.run([sys.executable, ROOT / "bench/run", "--short", "--runs", "1", "--only",
                           "wide_20k,wide_200k"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((BUILD / "bench-short/results.json").read_text())
    for name in ("wide_20k_events_per_s", "wide_20k_trainer_us_per_update",
                 "wide_20k_trainer_restart_s",
                 "wide_200k_trainer_us_per_update", "wide_20k_trainer_rss_mb"):
        assert results[name] > 0
    assert results["wide_20k_events"] == 6000
    assert results["wide_20k_trainer_updates"] > 10 * 6000
    assert results["wide_20k_trainer_rows_written"] <= 2 * 500, "a row in few checkpoints"
