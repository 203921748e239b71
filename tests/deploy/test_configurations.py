"""The workers' properties files name what there is, with the defaults that hold."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / "build/bin"))
WORKERS = ["ingest", "features", "trainer", "sequence", "scorer", "serve", "embed"]
# Commented lines that show a use and not the default.
EXAMPLES = re.compile(r"kafka\.|action\.(view|buy)$|topic\.")


def options_of(worker):
    """Default by key, as the program prints them."""
    told = subprocess.run([BIN / f"freshet-{worker}", "--options"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \|\s*(?:`([^`]*)`)? \|", told, re.M)
    return {name: default for name, _, default in rows}


def settings_of(worker):
    """(commented out, key, value) of each setting in the file."""
    text = (ROOT / f"deploy/conf/{worker}.properties").read_text()
    return re.findall(r"^(#?)([a-z][\w.-]*)=(.*)$", text, re.M)


@pytest.mark.parametrize("worker", WORKERS)
def test_every_setting_is_known_and_every_option_is_named(worker):
    options = options_of(worker)
    prefixes = tuple(name[:-1] for name in options if name.endswith("*"))
    named = {key for _, key, _ in settings_of(worker)}
    assert not [key for key in named if key not in options and not key.startswith(prefixes)]
    plain = {name for name in options if not name.endswith("*")}
    missing = plain - named
    of_state = ("store.", "restore.", "standby.", "state.cleanup.")
    assert not {name for name in missing if not name.startswith(of_state)}
    if worker != "ingest":
        assert not missing


@pytest.mark.parametrize("worker", WORKERS)
def test_a_commented_setting_shows_the_default(worker):
    options = options_of(worker)
    for commented, key, value in settings_of(worker):
        if commented and not EXAMPLES.match(key):
            assert value == options[key], key


@pytest.mark.parametrize("worker", WORKERS)
def test_the_program_takes_the_file(worker):
    done = subprocess.run([BIN / f"freshet-{worker}", "--config",
                           ROOT / f"deploy/conf/{worker}.properties", "--set", "no.such.key=1"],
                          text=True, stderr=subprocess.PIPE)
    faults = [line for line in done.stderr.splitlines() if "level=error" in line]
    assert len(faults) == 1 and "no.such.key" in faults[0], done.stderr
