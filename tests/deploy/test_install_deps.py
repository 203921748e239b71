"""deploy/install-deps with stand-ins for the system's programs: what it takes for missing, and how
it ends when it is interrupted."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy/install-deps"


@pytest.fixture
def system(tmp_path):
    """Starts the script as a plain user or as root; these packages are installed."""
    def begin(installed, user=1000, apt="exit 100", sudo="exit 1"):
        bin_ = tmp_path / "bin"
        bin_.mkdir()
        names = "".join(f"installed {name}\\n" for name in installed)
        stands = {"dpkg-query": f"printf '{names}'", "id": f"echo {user}", "apt-get": apt,
                  "sudo": sudo}
        for name, body in stands.items():
            (bin_ / name).write_text(f"#!/bin/bash\n{body}\n")
            (bin_ / name).chmod(0o755)
        return subprocess.Popen([SCRIPT, "--for", "build"], text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True,
                                # A job in the background may have been told to ignore it.
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                                env={**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"})
    return begin


def wanted():
    """The first choice of each package that building needs."""
    words = SCRIPT.read_text().split("build=(")[1].split(")")[0].replace("'", "").split()
    return [word.split("|")[0] for word in words]


def test_a_plain_user_needs_nothing_when_all_is_there(system):
    assert "g++" in wanted()
    process = system(wanted())
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and "nothing is missing" in said


def test_another_choice_of_a_package_will_do(system):
    names = [name for name in wanted() if name != "libcurl4-openssl-dev"]
    process = system([*names, "libcurl4-gnutls-dev"])
    assert "nothing is missing" in process.communicate(timeout=120)[0]


def test_what_is_missing_is_named(system):
    process = system([name for name in wanted() if name not in ("g++", "git")])
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.rstrip().endswith("install -y --no-install-recommends g++ git")


def test_an_interrupt_is_no_sign_of_old_lists(system, tmp_path):
    process = system([], user=0, apt=f"trap 'exit 100' INT; touch {tmp_path}/began; "
                                     "for i in {1..200}; do sleep 0.1; done")
    until = time.monotonic() + 120
    while not (tmp_path / "began").exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 130 and "interrupted" in said
    assert "lists are missing or old" not in said


# sudo without a password; like the real one it gives apt-get a terminal of its own.
SUDO = '[ "$1" = -n ] || setsid --wait "$@"'


@pytest.mark.parametrize("apt, code", [
    ("kill -INT $$", 130), ("exit 130", 130),
    ("echo 'E: Sub-process /usr/bin/dpkg received signal 2.'; exit 100", 130),
    ("echo 'E: Could not get lock /var/lib/dpkg/lock-frontend'; exit 100", 1),
])
def test_only_what_the_archive_lacks_is_a_sign_of_old_lists(system, apt, code):
    """An interrupt below sudo does not reach the script; a lock is held by another apt-get."""
    process = system([], apt=f'case "$*" in *update*) exit 0 ;; esac; {apt}', sudo=SUDO)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "lists are missing or old" not in said
    assert ("interrupted" if code == 130 else "Could not get lock") in said


@pytest.mark.parametrize("said_by_apt", [
    "E: Unable to locate package gcc", "E: Package 'gcc' has no installation candidate",
    "E: Failed to fetch http://archive/gcc.deb  404  Not Found",
])
def test_old_lists_are_updated(system, tmp_path, said_by_apt):
    process = system([], sudo=SUDO, apt=(
        f'case "$*" in *update*) touch {tmp_path}/updated; exit 0 ;; esac; '
        f'[ -e {tmp_path}/updated ] || {{ echo "{said_by_apt}"; exit 100; }}'))
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and said.rstrip().endswith("install-deps: done"), said
    assert "lists are missing or old" in said


def test_a_refusal_of_sudo_is_told(system):
    """With a terminal, sudo may ask; it is not asked again after it has refused."""
    process = system([], sudo='case $1 in -n) [ -e "$0.asked" ] || { touch "$0.asked"; exit 0; }; '
                              'exit 1 ;; -v) exit 1 ;; esac; touch "$0.used"')
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1 and "sudo refuses" in said and "lists" not in said, said
