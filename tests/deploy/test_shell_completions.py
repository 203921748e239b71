"""Completions and manual pages, each through its own shell or formatter where it is installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRESHET = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"),
               "freshet")


def run(*words, code=0, **more):
    done = subprocess.run([str(word) for word in words], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def needs(name):
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture
def script(tmp_path):
    def write(shell):
        file = tmp_path / f"freshet.{shell}"
        file.write_text(run(FRESHET, "completion", shell))
        return file
    return write


def bash(file, *words):
    """What bash offers for a command line whose last word is being written."""
    line = " ".join(f"'{word}'" for word in words)
    return run(needs("bash"), "--norc", "-c",
               f"source {file}; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
               "_freshet; printf '%s\\n' \"${COMPREPLY[@]}\"").split()


def test_bash(script, tmp_path):
    file = script("bash")
    assert {"peek", "letters", "--help"} <= set(bash(file, "freshet", ""))
    assert bash(file, "freshet", "pee") == ["peek"]
    assert bash(file, "freshet", "peek", "--fo") == ["--format", "--follow"]
    assert bash(file, "freshet", "status", "--group") == ["--group-prefix"]
    assert bash(file, "freshet", "help", "stat") == ["status"]
    measures = bash(file, "freshet", "similar", "--measure", "")
    assert "cosine" in measures and measures == bash(file, "freshet", "similar", "--measure", "=")
    assert bash(file, "freshet", "peek", "--limit", "") == []
    (tmp_path / "ingest.properties").touch()
    assert bash(file, "freshet", "list", "-c", f"{tmp_path}/ing") == [
        f"{tmp_path}/ingest.properties"]


def test_zsh(script):
    file = script("zsh")
    run(needs("zsh"), "-n", file)
    assert "peek" in file.read_text()


def test_fish(script):
    file = script("fish")
    run(needs("fish"), "--no-execute", file)
    said = run("fish", "--no-config", "-c", f"source {file}; complete -C 'freshet pee'")
    assert said.split("\t")[0] == "peek", said
    said = run("fish", "--no-config", "-c", f"source {file}; complete -C 'freshet peek --fo'")
    assert {line.split("\t")[0] for line in said.splitlines()} == {"--follow", "--format"}


def test_an_unknown_shell():
    done = subprocess.run([FRESHET, "completion", "tcsh"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 64 and "it takes bash, zsh or fish" in done.stderr


def test_manual_pages(tmp_path):
    run(FRESHET, "manual", "--to", tmp_path / "man")
    pages = sorted((tmp_path / "man").glob("*.1"))
    assert {"freshet.1", "freshet-peek.1"} <= {page.name for page in pages}
    assert run(FRESHET, "manual", "peek") == (tmp_path / "man/freshet-peek.1").read_text()
    for page in pages:
        text = page.read_text()
        assert text.isascii() and ".SH NAME" in text
    if shutil.which("groff"):
        for page in pages:
            done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tascii", page], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            assert not done.stdout, done.stdout
    if shutil.which("mandoc"):
        run("mandoc", "-T", "lint", "-W", "error", *pages)
