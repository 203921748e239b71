"""docs/quickstart.md: its commands, run as they stand there, lead from a real CSV to lists."""

import os
import re
import subprocess
import textwrap
import time

import pytest
from conftest import BIN, BUILD, ROOT

COMMANDS_MOST = 7
PATIENCE_SECONDS = 60


def commands():
    """The indented blocks of the page's first part, in order."""
    text = (ROOT / "docs/quickstart.md").read_text().split("\n## ")[0]
    blocks = re.findall(r"(?:^ {8}.*\n)+", text, re.M)
    return [textwrap.dedent(block) for block in blocks]


@pytest.fixture
def checkout_copy(tmp_path):
    """A directory that looks like the checkout and has a build directory of its own."""
    build = tmp_path / "build"
    build.mkdir()
    (build / "bin").symlink_to(BIN.resolve())
    for name in ("kafka", "venv", "data"):
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


def test_the_page_leads_to_lists(checkout_copy):
    steps = commands()
    assert 5 < len(steps) <= COMMANDS_MOST
    assert steps[0].startswith("make")
    shell = Shell(checkout_copy)
    told = {}
    for step in steps[1:]:  # what is built is what is tested
        word = next((word for word in ("map", "list") if f"freshet {word}" in step), "")
        until = time.monotonic() + PATIENCE_SECONDS
        while True:  # a person reads for a moment before the last one
            told[word] = shell.run(step, allowed=(0, 1) if word == "list" else (0,))
            if word != "list" or len(told[word].splitlines()) > 5 or time.monotonic() > until:
                break
            time.sleep(1)
    assert '"becomes":"UserEvent","key":"259"' in told["map"]
    assert "40 records: 40 written, 0 would be dead letters" in told["map"]
    lines = told["list"].splitlines()
    assert lines[0].startswith("user 259: ") and len(lines) > 5, told["list"]
    assert re.search(r"\w.*\(19\d\d\)", told["list"]), "films have titles"


def test_the_mapping_of_a_topic_with_json(tmp_path):
    """The page's second mapping, on records of the shop that it names."""
    text = (ROOT / "docs/quickstart.md").read_text()
    (tmp_path / "shop.properties").write_text(textwrap.dedent(
        re.search(r"(?:^ {4}\S.*\n)+", text, re.M)[0]))
    shop = subprocess.run([ROOT / "deploy/examples/shop-events", "100"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    done = subprocess.run([BIN / "freshet", "map", "--config", tmp_path / "shop.properties",
                           "--try", "-"], input=shop, text=True, capture_output=True, timeout=60)
    assert '"becomes":"UserEvent"' in done.stdout and '"item_id":"d' in done.stdout
    assert "100 records: 99 written, 1 would be dead letters" in done.stderr, done.stderr
