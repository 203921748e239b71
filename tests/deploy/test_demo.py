"""`make demo` shows what it promises. An interrupt ends it at once, wherever it is, and leaves
nothing running."""

import importlib.machinery
import importlib.util
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", ROOT / "build"))
BIN = Path(os.environ.get("FRESHET_BIN", BUILD / "bin"))
PATIENCE_SECONDS = 120
SENTENCES = ROOT / "tests/golden/sentences"  # a small encoder

# What the demo has said last when it is interrupted, and for how long it goes on then.
PLACES = [("", 0.7), ("Kafka runs", 0), ("topics made", 1), ("phase 1", 0.2)]


@pytest.fixture(name="build")
def own_build(tmp_path):
    """A build directory of its own, with what is made already."""
    build = tmp_path / "build"
    build.mkdir()
    (build / "bin").symlink_to(BIN.resolve())
    for name in ("kafka", "venv", "data"):
        if (BUILD / name).exists():
            (build / name).symlink_to((BUILD / name).resolve())
    return build


def running(build):
    """Processes that were started for this directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(build).encode() in words and int(entry.name) != os.getpid():
            found.append((entry.name, (entry / "cmdline").read_bytes()))
    return found


def test_what_the_demo_shows(build):
    """Lists by device, for somebody new, and with films on which nobody has acted; on every run."""
    for _ in range(2):
        demo = subprocess.run(
            [ROOT / "deploy/demo", "--limit", "20000", "--rate", "5000", "--encoder", SENTENCES],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "BUILD": str(build)})
        told = demo.stdout
        assert demo.returncode == 0, told
        assert "chosen more often on tablet" in told and "liked by gender=F" in told, told
        assert re.search(r"^ +\d+\.  The Saturn Convoy \(1998\) +new; like .+, rated [45]/5$", told,
                         re.M), told
        figures = json.loads((build / "run/demo/figures.json").read_text())
        assert figures["new_film_to_list_ms"] >= 0 and figures["new_film_lists"] > 0, figures
        assert running(build) == []
        assert "vectors of the films' titles" in told and "films by words+vectors" in told, told


@pytest.mark.parametrize("said, more", PLACES)
def test_an_interrupt_leaves_nothing(build, said, more):
    demo = subprocess.Popen(
        [ROOT / "deploy/demo", "--limit", "3000", "--keep", "--encoder", SENTENCES], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "BUILD": str(build)},
        start_new_session=True)
    told = ""
    while said not in told:
        line = demo.stdout.readline()
        assert line, told
        told += line
    time.sleep(more)
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
    rest, _ = demo.communicate(timeout=PATIENCE_SECONDS)
    assert demo.returncode in (0, 130, -signal.SIGINT), told + rest
    assert "Traceback" not in rest, rest
    assert running(build) == []


@pytest.fixture(name="demo")
def demo_as_a_module(monkeypatch):
    """The demo's own lines, with nothing started and nothing to stop."""
    monkeypatch.syspath_prepend(ROOT / "deploy")
    loader = importlib.machinery.SourceFileLoader("demo", str(ROOT / "deploy/demo"))
    demo = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo", loader))
    loader.exec_module(demo)
    monkeypatch.setattr(demo.checkout, "enter_venv", lambda: None)
    monkeypatch.setattr(demo, "prepare", lambda: None)
    monkeypatch.setattr(demo, "end_everything", lambda: True)
    monkeypatch.setattr("sys.argv", ["demo"])
    former = {number: signal.getsignal(number) for number in demo.STOPPING}
    yield demo
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("hidden_by", [None, ImportError("an import within C met a signal")])
def test_an_interrupt_ends_with_its_code_whatever_hides_it(demo, monkeypatch, hidden_by):
    def show(_):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except SystemExit as met:
            raise hidden_by or met

    monkeypatch.setattr(demo, "show", show)
    with pytest.raises(SystemExit) as ended:
        demo.main(demo.Interrupt())
    assert ended.value.code == 128 + signal.SIGINT


def test_a_failure_of_its_own_is_not_hidden(demo, monkeypatch):
    def show(_):
        raise demo.Failure("scorer is still 3 records behind")

    monkeypatch.setattr(demo, "show", show)
    with pytest.raises(demo.Failure):
        demo.main(demo.Interrupt())
