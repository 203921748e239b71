"""Every program and script says the version that the file VERSION holds."""

import json
import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
VERSION = (ROOT / "VERSION").read_text().strip()
PROGRAMS = [BIN / f"freshet{worker}"
            for worker in ("", "-ingest", "-features", "-trainer", "-sequence", "-scorer",
                           "-serve")]
SCRIPTS = [path for path in sorted((ROOT / "deploy").iterdir())
           if path.is_file() and os.access(path, os.X_OK)]


@pytest.mark.parametrize("program", PROGRAMS + SCRIPTS, ids=lambda path: path.name)
def test_a_program_says_its_version(program):
    done = subprocess.run([program, "--version"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, f"{program.name} {VERSION}\n")


@pytest.fixture
def worker(tmp_path):
    """A worker that waits for a broker that is not there; its metrics port is open."""
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen([BIN / "freshet-scorer", "--set", f"state.dir={tmp_path}",
                                    "--set", "bootstrap.servers=127.0.0.1:1"], stderr=log)
    yield tmp_path
    process.kill()
    process.wait()


def metrics_of(where):
    deadline = time.monotonic() + 120
    slot = where / "scorer/slot-0.json"
    while not slot.exists():
        assert time.monotonic() < deadline, (where / "log").read_text()
        time.sleep(0.02)
    port = json.loads(slot.read_text())["metrics_port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return answer.read().decode()


def test_a_worker_says_its_version_in_a_metric_and_in_the_first_line_of_its_log(worker):
    told = re.search(r'^freshet_build_info{worker="scorer",version="(.*)",commit="(.*)"} 1$',
                     metrics_of(worker), re.M)
    assert told[1] == VERSION
    first = (worker / "log").read_text().splitlines()[0]
    assert f'msg="starting" version={VERSION} commit={told[2]}' in first


def test_a_tree_without_git_builds_as_an_unknown_commit(tmp_path):
    """And one inside another's checkout does not take the other's commit for its own."""
    told = make(tmp_path)
    assert f'FRESHET_VERSION "{VERSION}"' in told and 'FRESHET_COMMIT ""' in told
    assert 'FRESHET_COMMIT "0123abc"' in make(tmp_path, "GIT_COMMIT=0123abc")


def make(where, *words):
    for name in ("Makefile", "VERSION"):
        (where / name).write_text((ROOT / name).read_text())
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MAKELEVEL", "BUILD", "GIT_COMMIT")}
    subprocess.run(["make", "-s", "build/version.inc", *words], cwd=where, check=True,
                   env=environment)
    return (where / "build/version.inc").read_text()
