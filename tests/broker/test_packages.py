"""The packages in a system that systemd has booted: installed by the page, units that run as their
users, an upgrade under load, and a purge. Above this machine's own system, whose libraries it has;
`make deb-test` takes a fresh Debian (FRESH_DEBIAN, a directory) and, with FORMER, the packages of a
former commit (FORMER_DEB, NEW_DEB: directories)."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from pathlib import Path

import pytest
from booted import Booted, CannotBoot
from conftest import INPUTS, ROOT, Copy, Topics, World

sys.path.insert(0, str(ROOT / "tests" / "deploy"))

from test_neighbours import UNBOUND, cells  # noqa: E402 (the path is set above)
from test_package import FORMER, PACKAGES, as_version, make  # noqa: E402

WORKERS = ["ingest", "features", "trainer", "scorer"]
FRESH = os.environ.get("FRESH_DEBIAN")
SOURCE = "shop.clickstream"
TRIAL, LINES_MOST = 2000, 100_000  # of the shop: those of the page, and all that there may be
TELLS = ("reason", "origin.topic")  # headers of a dead letter
AT_ONCE, PAUSE_SECONDS = 40, 0.1
# The page's topics, with what the test needs beside it: a secret, all neighbours, short waits.
BESIDE = {"features": ["log.level=${credential:secrets_level}", "commit.interval.ms=60ms"],
          "trainer": ["neighbours.max=0", "checkpoint.replay.ms=100ms", "checkpoint.rest.ms=200ms"],
          "serve": ["http.port=0"]}
APT = """APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::AutoRemove::RecommendsImportant "false";
APT::AutoRemove::SuggestsImportant "false";
DPkg::Options { "--force-confold"; };
"""
pytestmark = pytest.mark.skipif(bool(os.environ.get("SAN")),
                                reason="packages are made of programs without sanitizers")


@pytest.fixture(scope="module")
def system():
    try:
        booted = Booted(FRESH or "/")
    except CannotBoot as reason:
        pytest.skip(str(reason))
    yield booted
    booted.stop()


@pytest.fixture(scope="module")
def packages(system, tmp_path_factory):
    """Two directories inside the system, with the former packages and the new ones."""
    new = os.environ.get("NEW_DEB") or tmp_path_factory.mktemp("new")
    debs = {deb.name.split("_")[0]: deb for deb in Path(new).glob("*.deb")} or make(new)
    former = [*Path(os.environ["FORMER_DEB"]).glob("*.deb")] if os.environ.get("FORMER_DEB") else \
        [as_version(FORMER, debs[name], tmp_path_factory.mktemp(name)) for name in PACKAGES]
    assert len(former) == len(PACKAGES)
    for name, files in (("former", former), ("new", debs.values())):
        (system.root / "packages" / name).mkdir(parents=True)
        for deb in files:
            shutil.copy(deb, system.root / "packages" / name)
    (system.root / "etc/apt/apt.conf.d/99test").write_text(APT)
    # In images it says that no package may start anything.
    (system.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    if FRESH:
        system.run("apt-get", "update", "-qq")
    return {name: f"/packages/{name}" for name in ("former", "new")}


class Shop(World):
    """Topics without a prefix, as on the page."""

    def __init__(self, bootstrap, where):
        super().__init__(bootstrap, where)
        self.prefix, self.topics = "", Topics(bootstrap)

    def lag(self, worker, generation=""):
        return self.topics.lag(f"freshet-{worker}",
                               SOURCE if worker == "ingest" else INPUTS[worker])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """On a broker of its own."""
    where = tmp_path_factory.mktemp("kafka")
    script = ROOT / "deploy/local-kafka"
    kafka = subprocess.run([script, "start", "--quiet", "--dir", where], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.strip()
    yield Shop(kafka, tmp_path_factory.mktemp("world"))
    subprocess.run([script, "stop", "--dir", where], check=True, stdout=subprocess.DEVNULL)


class Unit(Copy):
    """A worker that systemd runs."""

    def __init__(self, world, system, worker):
        self.world, self.system, self.worker, self.generation = world, system, worker, ""
        self.name = f"freshet-{worker}@0"
        self.state = system.root / "var/lib/private/freshet" / worker
        self.slot_file = self.state / worker / "slot-0.json"

    def running(self):
        return self.system.run("systemctl", "is-active", self.name, code=None).strip() == "active"

    def log(self):
        return self.system.run("journalctl", "--no-pager", "-o", "cat", "-u", self.name)

    def told(self, name):
        return self.system.run("systemctl", "show", "-p", name, "--value", self.name).strip()

    def about(self, *words):
        """What ps says about its process."""
        return self.system.run("ps", *words, "-p", self.told("MainPID")).strip()

    def runs_what_is_installed(self):
        program = self.system.run("readlink", f"/proc/{self.told('MainPID')}/exe", code=None)
        return self.running() and program.strip() == f"/usr/bin/freshet-{self.worker}"


def commands_of_the_page():
    """The commands of the page's part about packages."""
    part = (ROOT / "docs/quickstart.md").read_text().split("\n## On a server\n")[1]
    return [textwrap.dedent(block)
            for block in re.findall(r"(?:^ {8}.*\n)+", part.split("\n## ")[0], re.M)]


def shop(lines):
    done = subprocess.run([ROOT / "deploy/examples/shop-events", str(lines)], check=True, text=True,
                          stdout=subprocess.PIPE)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def installed(system, packages, world):
    """The former packages, by the page: what was there before, what the last command printed, and
    the units by worker."""
    before = system.written()
    units = {worker: Unit(world, system, worker) for worker in WORKERS}
    commands = commands_of_the_page()
    assert commands[0].startswith("apt install ./") and commands[1].startswith("export KAFKA=")
    for step in commands:
        step = re.sub("^export KAFKA=.*\n", "", step).replace(" ./", f" {packages['former']}/")
        if "shop-events" in step:
            have_shop(system)
        if "systemctl enable" in step:
            make_ready(system)
        if "freshet list" in step:
            world.copies = list(units.values())
            world.drain(*WORKERS)
        said = system.run("bash", "-c", f"set -e\n{step}", env={"KAFKA": world.bootstrap},
                          code=None if "freshet map" in step else 0)
    return before, said, units


def have_shop(system):
    """The page's example, where the former packages are of a commit that had none."""
    shop_events = system.root / "usr/share/freshet/examples/shop-events"
    if not shop_events.exists():
        shutil.copy(ROOT / "deploy/examples/shop-events", shop_events)


def make_ready(system):
    etc = system.root / "etc/freshet"
    for worker, lines in BESIDE.items():
        with open(etc / f"{worker}.properties", "a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
    (etc / "features.secrets/level").write_text("debug")


def test_the_page_leads_to_lists(installed):
    _, said, _ = installed
    assert said.startswith("user v3: ") and len(said.splitlines()) > 5, said


def test_units_run_as_their_users(installed, system):
    _, _, units = installed
    for worker, unit in units.items():
        # A minimal system does not know the names of dynamic users.
        assert unit.told("User") == f"freshet-{worker}"
        assert 61184 <= int(unit.about("-o", "uid=")) <= 65519
        file = system.root / f"etc/freshet/{worker}.properties"
        assert file.stat().st_uid == 0 and file.stat().st_mode & 0o777 == 0o640
        assert unit.state.stat().st_mode & 0o777 == 0o700
        assert f"freshet-{worker}:" not in (system.root / "etc/passwd").read_text()
        assert "CapEff:\t0000000000000000" in system.run(
            "cat", f"/proc/{unit.told('MainPID')}/status")
    assert "level=debug" in units["features"].log(), "a secret is a credential"


def test_a_unit_stops_with_a_last_commit(installed, world):
    _, _, units = installed
    for worker, unit in units.items():
        unit.system.run("systemctl", "stop", unit.name)
        assert (unit.told("Result"), unit.told("ExecMainStatus")) == ("success", "0"), unit.log()
        assert not unit.running()
        unit.system.run("systemctl", "start", unit.name)
        world.wait(unit.healthy, f"{worker} to be healthy")


def test_a_killed_unit_comes_back(installed, world):
    _, _, units = installed
    for unit in units.values():
        restarts, process = int(unit.told("NRestarts")), unit.told("MainPID")
        unit.slot_file.unlink()
        unit.system.run("systemctl", "kill", "--signal=KILL", unit.name)
        world.wait(lambda one=unit, most=restarts: int(one.told("NRestarts")) > most,
                   f"{unit.name} to be restarted")
        world.wait(lambda one=unit: one.running() and one.slot_file.exists(), unit.name)
        world.wait(unit.healthy, f"{unit.name} to be healthy")
        assert unit.told("MainPID") != process


def test_a_wrong_configuration_is_not_tried_again(installed, system):
    """Exit code 78 ends the unit; a later start with the right one works."""
    unit = Unit(None, system, "serve")
    file = system.root / "etc/freshet/serve.properties"
    right = file.read_text()
    file.write_text(right + "http.prot=1\n")
    system.run("systemctl", "start", unit.name, code=None)
    for _ in range(100):
        if unit.told("ActiveState") == "failed":
            break
        system.run("sleep", "0.1")
    assert (unit.told("ExecMainStatus"), unit.told("NRestarts")) == ("78", "0"), unit.log()
    assert "http.port" in unit.log()
    file.write_text(right)
    system.run("systemctl", "reset-failed", unit.name)


class Load:
    """Writes the shop's lines after those of the page, until it is told to stop."""

    def __init__(self, world):
        self.world, self.sent = world, TRIAL
        self.lines = shop(LINES_MOST)
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self._write)

    def _write(self):
        while not self.enough.wait(PAUSE_SECONDS) and self.sent < len(self.lines):
            self.world.produce(SOURCE,
                               as_records(self.lines[self.sent:self.sent + AT_ONCE]))
            self.sent += AT_ONCE

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.thread.join()


def as_records(lines):
    return [(None, line, 0) for line in lines]


@pytest.fixture(scope="module")
def upgraded(installed, system, packages, world):
    """The new packages, while events come in; returns the lines that were written. As the page says
    the table of topics comes first."""
    _, _, units = installed
    with Load(world) as load:
        world.wait(lambda: load.sent >= TRIAL + 10 * AT_ONCE, "some load")
        system.run("sh", "-c", f"apt install {packages['new']}/freshet_*.deb &&"
                   f"freshet topics apply --bootstrap {world.bootstrap} &&"
                   f"apt install {packages['new']}/*.deb")
        world.wait(lambda: all(unit.healthy() for unit in units.values()), "units to be healthy")
        so_far = load.sent
        world.wait(lambda: load.sent >= so_far + 10 * AT_ONCE, "some more load")
        assert load.thread.is_alive(), "the load ended before the upgrade"
    world.drain(*WORKERS)
    return load.lines[:load.sent]


def test_upgraded_under_load(installed, upgraded, system, world, make_world):
    """Each event counts once: the table is that of workers that nobody disturbs."""
    _, _, units = installed
    for unit in units.values():
        assert unit.runs_what_is_installed(), unit.log()
    version = system.run("dpkg-query", "-W", "-f", "${Version}\n", "freshet*").split()
    assert len(set(version)) == 1 and version[0] != FORMER
    assert "checkpoint.rest.ms=200ms" in (
        system.root / "etc/freshet/trainer.properties").read_text().splitlines()
    accepted = [line for line in upgraded if line.endswith("}")]
    # Those of a former release may have another schema, and are counted all the same.
    assert len(list(world.topics.read("events"))) == len(accepted) < len(upgraded)
    ids = [event["event_id"] for event in world.events()]
    assert len(ids) == len(set(ids)) > 0
    letters = Counter(b" ".join(value for name, value in letter.headers if name in TELLS)
                      for letter in world.topics.read("dead-letters"))
    assert letters == {f"bad_json {SOURCE}".encode(): len(upgraded) - len(accepted)}
    assert cells(world.rows()) == cells(undisturbed(make_world(), accepted))
    users = {json.loads(line)["visitor"]["id"] for line in accepted}
    lists = {one["user_id"] for one in world.decoded("recommendations",
                                                     "recommendation_list").values()}
    assert lists == users


def undisturbed(world, lines):
    """The rows that the programs of this checkout make of the lines, by the page's mapping."""
    step = next(step for step in commands_of_the_page() if "<<END" in step)
    mapping = re.search(r"^topic.clicks=.*?\n(.*?)^END$", step, re.S | re.M)[1]
    settings = dict(line.split("=", 1) for line in mapping.splitlines())
    world.start("ingest", ingest=settings)
    world.produce("clicks", as_records(lines))
    world.start("features", "trainer", trainer=UNBOUND)
    world.drain("ingest", "features", "trainer")
    return world.rows()


def test_purged_without_a_trace(installed, upgraded, system):
    """All that the packages wrote, and all that their units and an operator's commands left."""
    before, _, units = installed
    system.run("freshet-acls", "list")
    system.run("apt", "purge", "freshet*")
    if FRESH:  # what apt takes for unused elsewhere was there before
        system.run("apt", "autoremove", "--purge")
    assert not system.run("ps", "-e", "-o", "comm=").count("freshet")
    assert system.written() - before == set()
    left = [path for path in system.root.glob("var/lib/private/*")] + [
        path for path in system.root.glob("var/lib/fresh*")]
    assert not left
    assert "freshet" not in system.run("systemctl", "list-units", "--all", "--plain", "freshet*") \
        .replace("freshet*", "")
    assert not any(unit.running() for unit in units.values())
