"""`freshet size`: how memory is cut, and what does not fit."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
WORKERS = ["ingest", "features", "trainer", "sequence", "scorer", "serve", "embed"]


def size(*words):
    return subprocess.run([BIN / "freshet", "size", *words], capture_output=True, text=True)


def rows(text):
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()
            if line.split()[:1] and line.split()[0] in WORKERS}


def test_each_worker_has_a_row():
    done = size("--machine", "16g")
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    assert list(found) == WORKERS
    assert found["trainer"][0] == "2g" and found["features"][0] == "1g"


def test_what_does_not_fit_is_told():
    found = rows(size("--machine", "1g", "--items", "1000000", "--users", "5000000").stdout)
    assert "on disk" in " ".join(found["trainer"]) and "on disk" in " ".join(found["features"])
    assert "too small" in " ".join(found["scorer"])
    found = rows(size("--machine", "64g", "--items", "1000", "--users", "1000").stdout)
    assert all("all in memory" in " ".join(found[name])
               for name in ("features", "trainer", "scorer"))


def test_nonsense_is_refused():
    done = size("--memory-max", "10m")
    assert done.returncode == 64 and "from 64m" in done.stderr
    done = size("--machine", "2g", "--memory-max", "4g")
    assert done.returncode == 1 and "hint: " in done.stderr


def test_a_worker_refuses_it_as_well_and_tells_its_plan_first(tmp_path):
    def start(*settings):
        words = [f"--set={setting}" for setting in ("bootstrap.servers=127.0.0.1:1",
                 f"state.dir={tmp_path}", "connect.timeout.ms=1s", "metrics.port=-1", *settings)]
        return subprocess.run([BIN / "freshet-trainer", *words], capture_output=True, text=True)
    done = start("memory.max=256m", "rows.cache.bytes=1g")
    assert done.returncode == 78 and "need 1.0g" in done.stderr
    first = start("memory.max=256m").stderr.splitlines()[0]
    assert 'msg="starting"' in first or "msg=starting" in first
    assert "memory=256m" in first and "cache=" in first and "batch=" in first
