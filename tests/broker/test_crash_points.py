"""Real workers on a real broker that stop, as kill -9 stops them, in the middle of a commit, of a
restore and of a rebalance: the tables are those of undisturbed ones. The whole of the points is
swept without a broker: tests/topology/test_sweep.c."""

import os
import shutil
import signal
import subprocess

import pytest
from conftest import BIN, Copy
from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND, cells, run

CRASHING = BIN.parent / "crash" / "bin"  # make crash-programs
EVENTS = 3_000
PLACES = {"features": ["restore.opened:1", "txn.begun:2", "txn.produce:40", "txn.offsets:1",
                       "txn.commit:2", "txn.committed:1", "commit.sent:2", "store.written:3",
                       "rebalance.assigned:1"],
          "trainer": ["commit.drained:2", "commit.sent:1", "restore.read:1"]}


def die_at(world, worker, place, options):
    """Starts a worker that dies at a place, and waits for it."""
    os.environ["CRASH_AT"] = place
    copy = Copy(world, worker, 0, options, CRASHING)
    del os.environ["CRASH_AT"]
    world.copies.append(copy)
    world.wait(lambda: not copy.running(), f"{worker} to die at {place}")
    copy.exit_code = copy.process.wait()
    assert copy.exit_code == -signal.SIGKILL, f"{place}: {copy.log()}"


@pytest.mark.skipif(not CRASHING.exists(), reason="make crash-programs has not been run")
def test_tables_are_the_same(make_world):
    sent = clicks(EVENTS)
    expected = cells(run(make_world(), sent))
    world = make_world()
    world.start("ingest", ingest=SETTINGS)
    options = {"features": {"batch.records.max": 100, "poll.records.max": 50},
               "trainer": {**UNBOUND, "checkpoint.replay.ms": "0", "poll.records.max": 20}}
    world.produce("clicks", records(sent))
    world.drain("ingest")
    for worker, places in PLACES.items():
        for number, place in enumerate(places):
            if number % 4 == 3 or place == "restore.read:1":
                shutil.rmtree(world.state / worker, ignore_errors=True)
            die_at(world, worker, place, options[worker])
        world.start(worker, **{worker: options[worker]})
        world.drain(worker)
    assert cells(world.rows()) == expected


def test_points_are_not_in_what_is_shipped():
    """The variable means nothing to a shipped program: it goes on to complain of its option."""
    done = subprocess.run([BIN / "freshet-features", "--set=no.such=1"], text=True,
                          env={**os.environ, "CRASH_AT": "list"}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert "no.such" in done.stdout and "commit.sent" not in done.stdout
