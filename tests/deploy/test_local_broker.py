"""A local Kafka starts, is found, holds the topic table, and ends; nothing of it stays."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import SimpleNamespace

import pytest
from confluent_kafka import admin

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))


def run(script, *args, code=0):
    """Runs one of deploy/'s scripts and checks its exit code; returns what it said."""
    done = subprocess.run([ROOT / "deploy" / script, *map(str, args)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    directory = tmp_path_factory.mktemp("kafka")
    run("local-kafka", "start", "--dir", directory)
    yield directory
    run("local-kafka", "stop", "--dir", directory)
    assert "does not run" in run("local-kafka", "status", "--dir", directory, code=1)


@pytest.fixture(scope="module")
def bootstrap(node):
    return (node / "bootstrap").read_text().strip()


def topics(verb, bootstrap, *args, code=0):
    return run("topics", verb, "--bootstrap", bootstrap, *args, code=code)


def test_start_again_finds_it_running(node, bootstrap):
    assert f"already runs on {bootstrap}" in run("local-kafka", "start", "--dir", node)
    assert bootstrap in run("local-kafka", "status", "--dir", node)


def test_a_taken_port_is_refused_and_nothing_stays(node, bootstrap, tmp_path):
    port = bootstrap.rpartition(":")[2]
    told = run("local-kafka", "start", "--dir", tmp_path, "--port", port, code=1)
    assert f"port {port} is taken" in told
    run("local-kafka", "status", "--dir", tmp_path, code=1)


def test_apply_makes_the_table_and_then_finds_nothing_to_do(bootstrap):
    planned = topics("plan", bootstrap, "--prefix", "a.")
    assert topics("plan", bootstrap, "--prefix", "a.") == planned, "a plan changes nothing"
    made = topics("apply", bootstrap, "--prefix", "a.")
    assert made == re.sub("^make  ", "made  ", planned, flags=re.M)
    assert "a.events" in made and "a.clicks" not in made
    assert "nothing to change" in topics("apply", bootstrap, "--prefix", "a.")


def test_a_changed_configuration_is_changed_back(bootstrap):
    topics("apply", bootstrap, "--prefix", "b.")
    other = ["--set", "events.retention.ms=1000"]
    assert "changed b.events: retention.ms -1 -> 1000" in topics("apply", bootstrap, "--prefix",
                                                                 "b.", *other)
    assert "change b.events: retention.ms 1000 -> -1" in topics("plan", bootstrap, "--prefix", "b.")
    topics("apply", bootstrap, "--prefix", "b.")
    assert "nothing to change" in topics("plan", bootstrap, "--prefix", "b.")


class LateBroker:
    """In place of confluent_kafka's AdminClient: shows a change to the fourth look at it only."""

    LOOKS = 3

    def __init__(self, _):
        self.value, self.rights, self.shown, self.looks = "1000", [], ("1000", []), 0

    @staticmethod
    def _done(value=None):
        done = Future()
        done.set_result(value)
        return done

    def _look(self):
        self.looks += 1
        if self.looks > self.LOOKS:
            self.shown = self.value, list(self.rights)
        return self.shown

    def _change(self):
        self.looks = 0

    def list_topics(self, timeout):
        part = SimpleNamespace(leader=1)
        return SimpleNamespace(topics={f"p.{name}": SimpleNamespace(partitions={0: part})
                                       for name in ("events",)})

    def describe_configs(self, resources, request_timeout):
        entries = {"retention.ms": SimpleNamespace(name="retention.ms", value=self._look()[0])}
        return {one: self._done(entries) for one in resources}

    def incremental_alter_configs(self, resources, request_timeout):
        for one in resources:
            self.value = one.incremental_configs[0].value
        self._change()
        return {one: self._done() for one in resources}

    def describe_acls(self, _, request_timeout):
        return self._done(self._look()[1])

    def create_acls(self, bindings, request_timeout):
        self.rights = bindings
        self._change()
        return {one: self._done() for one in bindings}


def script(name):
    """One of deploy/'s scripts as a module."""
    sys.path.insert(0, str(ROOT / "deploy"))
    loader = SourceFileLoader(f"script_{name}", str(ROOT / "deploy" / name))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_apply_waits_until_the_broker_shows_the_change(monkeypatch):
    """A broker applies what its controller has acknowledged a moment later; with a real one the
    next command saw the old value once in some hundred runs."""
    monkeypatch.setattr(admin, "AdminClient", LateBroker)
    broker = script("topics").Broker("-", "p.", {})
    changes = {"events": {"retention.ms": ("1000", "-1")}}
    broker.alter(changes)
    assert broker.find(["events"])["events"]["config"] == {"retention.ms": "1000"}
    broker.wait_for({}, changes)
    assert broker.find(["events"])["events"]["config"] == {"retention.ms": "-1"}

    late = LateBroker(None)
    monkeypatch.setattr(admin, "AdminClient", lambda _: late)
    acls = script("acls")
    args = SimpleNamespace(bootstrap="-", principal=["User:x"], prefix="", group_prefix="g-",
                           generations=False, settings=False, set=[], kafka=[], verb="apply")
    assert all(line.startswith("granted User:x: ") for line in acls.reconcile(args))
    args.verb = "plan"
    assert "nothing to change" in acls.reconcile(args)[0]


def test_partitions_of_a_topic_with_state_are_left_alone(bootstrap):
    at = ("--prefix", "c.", "--partitions")
    topics("apply", bootstrap, *at, 2)
    assert "events has 2 partitions, 3 are asked for" in topics("apply", bootstrap, *at, 3, code=1)
    assert "cannot remove partitions" in topics("apply", bootstrap, *at, 1, code=1)
    # Without a number those that are there hold, also where the table has another number.
    assert "nothing to change" in topics("apply", bootstrap, "--prefix", "c.")


def test_topics_that_belong_together_have_equally_many_partitions(bootstrap):
    one = ("--prefix", "d.", "--set", "events.partitions=3")
    told = topics("apply", bootstrap, *one, "--set", "features-changelog.partitions=2", code=1)
    assert "features-changelog has 2 partitions and events 3" in told
    assert "nothing" not in topics("plan", bootstrap, *one), "what is refused changes nothing"
    assert "made   d.features-changelog: 3 partitions" in topics("apply", bootstrap, *one)


def program(verb, bootstrap, *args, code=0):
    """`freshet topics`, which an installed system has without Python."""
    return run(BIN / "freshet", "topics", verb, "--bootstrap", bootstrap, *args, code=code)


def test_the_program_and_the_script_agree(bootstrap):
    assert program("list", bootstrap) == run("topics", "list")
    planned = program("plan", bootstrap, "--prefix", "e.", "--with", "clicks")
    made = program("apply", bootstrap, "--prefix", "e.", "--with", "clicks")
    assert made == re.sub("^make  ", "made  ", planned, flags=re.M)
    assert "nothing to change" in program("plan", bootstrap, "--prefix", "e.")
    assert "nothing to change" in topics("plan", bootstrap, "--prefix", "e.", "--with", "clicks")
    # One setting is changed; what else is the topic's own stays.
    shorter = ("--prefix", "e.", "--override", "requests.retention.ms=1000")
    changed = program("apply", bootstrap, *shorter)
    assert changed == "changed e.requests: retention.ms 3600000 -> 1000\n"
    assert topics("plan", bootstrap, "--prefix", "e.") == (
        "change e.requests: retention.ms 1000 -> 3600000\n")
    assert "make   e.lists" not in program("plan", bootstrap, "--prefix", "e.")
    # What was changed is seen by the command right after it.
    for value in ("2000", "3000", "4000", "3600000"):
        at = ("--prefix", "e.", "--override", f"requests.retention.ms={value}")
        assert f"-> {value}\n" in program("apply", bootstrap, *at)
        assert "nothing to change" in program("plan", bootstrap, *at)


def test_the_program_adds_partitions_where_it_may(bootstrap):
    at = ("--prefix", "c.", "--partitions")
    refused = program("apply", bootstrap, *at, 3, code=1)
    assert "events has 2 partitions, 3 are asked for: keys would leave" in refused
    own = ("shop.views", "--prefix", "f.", "--partitions", 2, "--retention", "7d")
    assert "made   f.shop.views: 2 partitions" in program("make", bootstrap, *own)
    assert "exists f.shop.views: 2 partitions" in program("make", bootstrap, *own)
    other = program("make", bootstrap, "shop.views", "--prefix", "f.", "--partitions", 3,
                    "--retention", "3d", code=1)
    assert "f.shop.views: 2 partitions, not 3, retention.ms=" in other, other
    assert "is left as it is" in other and "kafka-topics.sh --alter" in other, other
    assert "is one of Freshet's own" in program("make", bootstrap, "events", code=64)
    assert "the table has no such topic" in program("plan", bootstrap, "--with", "nothing", code=64)
    program("apply", bootstrap, "--prefix", "g.", "--with", "clicks", "--partitions", 1)
    wider = ("--prefix", "g.", "--with", "clicks", "--override", "clicks.partitions=2")
    assert "nothing to change" in program("apply", bootstrap, *wider)


def test_a_broker_that_is_not_there_is_named():
    assert "127.0.0.1:1" in topics("plan", "127.0.0.1:1", code=1)


def runs(pid):
    """Whether the process still runs; one that ended and that nobody has collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_an_interrupted_start_leaves_nothing(tmp_path):
    process = subprocess.Popen([ROOT / "deploy/local-kafka", "start", "--dir", tmp_path])
    pid_file = tmp_path / "pid"
    deadline = time.monotonic() + 120
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    pid = int(pid_file.read_text().split()[0])
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert not runs(pid)
