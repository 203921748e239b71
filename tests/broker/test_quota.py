"""A produce quota of a real broker, far below what a worker could send: each works its backlog off,
as its batches become as large as can be delivered in a transaction's time."""

import os
import subprocess

import pytest
from conftest import ROOT, World
from oracle import count
from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND
from test_forget import assert_exact
from test_serve import own_broker  # noqa: F401 (a fixture)

EVENTS = int(os.environ.get("QUOTA_EVENTS", "3000"))
QUOTA = int(os.environ.get("QUOTA_BYTES", "25000"))  # a second; a full batch would take minutes
ABORTS_MAX = 25  # before batches shrank it went on for ever
pytestmark = pytest.mark.skipif("QUOTA_EVENTS" not in os.environ,
                                reason="QUOTA_EVENTS=3000: ten minutes under a quota")
JAVA = ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
        f"{ROOT / os.environ.get('BUILD', 'build')}/kafka/libs/*"]


def set_quota(world, *change):
    """kafka-configs.sh, for every user and client."""
    subprocess.run([*JAVA, "kafka.admin.ConfigCommand", "--bootstrap-server", world.bootstrap,
                    "--alter", "--entity-type", "clients", "--entity-default", *change],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)


@pytest.fixture
def world(own_broker, tmp_path):  # noqa: F811
    start, _ = own_broker
    world = World(start(), tmp_path, partitions=1).make_topics()
    yield world
    world.stop()


def works_off(world, worker, **settings):
    """Starts a worker with a backlog under the quota; returns the least share of a batch."""
    set_quota(world, "--add-config", f"producer_byte_rate={QUOTA}")
    # The first transaction of a broker waits for its log of them.
    copy, = world.start(worker, **{worker: {"connect.timeout.ms": "120s", **settings}})
    shares, lags = [], []

    def at_rest():
        if not copy.slot_file.exists():
            return False
        metrics = copy.metrics()
        shares.append(metrics["freshet_batch_share_ratio"])
        lags.append(metrics["freshet_lag"])
        return world.at_rest(worker)
    world.wait(at_rest, f"{worker} to work off its backlog")
    set_quota(world, "--delete-config", "producer_byte_rate")
    aborts = copy.metrics()["freshet_aborts_total"]
    print(f"{worker} rolled back {aborts:.0f} times, least share of a batch {min(shares)}, "
          f"greatest lag {max(lags):.0f}")
    assert copy.running() and lags[-1] == 0 and aborts < ABORTS_MAX
    return min(shares)


def test_a_backlog_under_a_quota(world):
    sent = clicks(EVENTS)
    world.produce("clicks", records(sent))
    works_off(world, "ingest", **SETTINGS)
    assert works_off(world, "features") < 1, "the quota was too large to be felt"
    works_off(world, "trainer", **UNBOUND)
    works_off(world, "scorer")
    assert_exact(world.rows(), count(world.events()))
    users = {event["user"] for event in sent}
    assert len(world.topics.newest("recommendations")) == len(users)
    assert set(world.stop().values()) == {0}
