"""docs/quickstart.md: its commands, run as they stand there, lead from JSON to lists."""

import os
import re
import subprocess
import textwrap
import time

import pytest
from conftest import BIN, BUILD, INPUTS, ROOT, Topics

COMMANDS_MOST = 10
PATIENCE_SECONDS = 60


def commands():
    """The indented blocks of the page, in order."""
    text = (ROOT / "docs/quickstart.md").read_text()
    blocks = re.findall(r"(?:^ {8}.*\n)+", text, re.M)
    return [textwrap.dedent(block) for block in blocks]


@pytest.fixture
def checkout_copy(tmp_path):
    """A directory that looks like the checkout and has a build directory of its own."""
    build = tmp_path / "build"
    build.mkdir()
    (build / "bin").symlink_to(BIN.resolve())
    for name in ("kafka", "venv"):
        if (BUILD / name).exists():
            (build / name).symlink_to((BUILD / name).resolve())
    for name in ("deploy", "schemas", "Makefile", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {**os.environ, "BUILD": str(build)}
    yield tmp_path, environment
    for script in ("pipeline", "local-kafka"):
        subprocess.run([ROOT / "deploy" / script, "down" if script == "pipeline" else "stop"],
                       env=environment, stdout=subprocess.DEVNULL)


class Shell:
    """One shell for all commands, as a person would have."""

    def __init__(self, checkout_copy):
        self.where, self.environment = checkout_copy

    def run(self, command, allowed=(0,)):
        done = self._run(command)
        assert done.returncode in allowed, f"{command}\n{done.stdout}"
        return done.stdout

    def _run(self, command):
        kept = self.where / "environment"
        script = f"{command}\ncode=$?\nenv -0 > {kept}\nexit $code"
        done = subprocess.run(["bash", "-c", script], cwd=self.where, env=self.environment,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=300)
        pairs = (entry.partition("=") for entry in kept.read_text().split("\0") if entry)
        self.environment = {name: value for name, _, value in pairs}
        return done


def wait_until_read(bootstrap):
    """What a person's own reading time gives the workers."""
    topics = Topics(bootstrap)
    until = time.monotonic() + PATIENCE_SECONDS
    for worker, topic in INPUTS.items():
        while topics.lag(f"freshet-{worker}", topic) and time.monotonic() < until:
            time.sleep(0.2)


def test_the_page_leads_to_lists(checkout_copy):
    steps = commands()
    assert 5 < len(steps) <= COMMANDS_MOST
    assert steps[0].startswith("make")
    shell = Shell(checkout_copy)
    told = {}
    for step in steps[1:]:  # what is built is what is tested
        word = next((word for word in ("map", "list") if f"freshet {word}" in step), "")
        if "more.jsonl" in step:
            wait_until_read(shell.environment["KAFKA"])
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            told[word] = shell.run(step, allowed=(0, 1) if word in ("map", "list") else (0,))
            if word != "list" or len(told[word].splitlines()) > 5 or time.monotonic() > until:
                break
            time.sleep(1)
    assert '"becomes":"UserEvent"' in told["map"] and '"item_id":"d' in told["map"]
    assert "40 records: " in told["map"]
    lines = told["list"].splitlines()
    assert lines[0].startswith("user v7: ") and len(lines) > 5, told["list"]
