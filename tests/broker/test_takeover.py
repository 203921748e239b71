"""A copy that stands by takes over from a killed one, from its own disk."""

import json
import subprocess

from conftest import BIN, Copy
from oracle import count
from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND, assert_equal_similarities

EVENTS = 8_000
SESSION = {"kafka.consumer.session.timeout.ms": "6000"}


def standing_by(copy):
    """{partition: lag} of the warm copies that a process tells of."""
    return {one["partition"]: one["lag"] for one in json.loads(copy._get("/status"))["standby"]}


def serves(copy):
    told = json.loads(copy._get("/status"))["partitions"]
    return {one["partition"] for one in told if one["state"] == "running"}


def start_pair(world, worker):
    """Two copies on disks of their own, each warm for the other's partitions."""
    copies = []
    for slot in range(2):
        options = {**SESSION, **UNBOUND} if worker == "trainer" else dict(SESSION)
        options |= {"state.dir": world.state / f"disk-{slot}", "standby.copies": "1"}
        copies += world.start(worker, **{worker: options})
    return copies


def wait_warm(world, copies):
    partitions = set(range(world.partitions))

    def warm():
        return all(serves(copy) and set(standing_by(copy)) == partitions - serves(copy) and
                   set(standing_by(copy).values()) == {0} for copy in copies)
    world.wait(warm, "warm copies")


def status(world, disk):
    """What `freshet status` says on a machine with this disk."""
    command = [BIN / "freshet", "status", "--bootstrap", world.bootstrap, "--prefix", world.prefix,
               "--set", f"group.prefix={world.prefix}", "--set", f"state.dir={disk}"]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def test_killed_copy_is_taken_over(make_world):
    sent = clicks(EVENTS)
    world = make_world()
    world.start("ingest", ingest=SETTINGS)
    features = start_pair(world, "features")
    trainer = start_pair(world, "trainer")
    world.produce("clicks", records(sent[:EVENTS // 2]))
    world.drain("ingest", "features", "trainer")
    for victim, survivor in (features, trainer):
        wait_warm(world, (victim, survivor))
        assert "stands by for 0 (lag 0), 1 (lag 0)" in status(world, world.state / "disk-1")
        before = survivor.metrics()
        victim.kill()
        world.wait(lambda survivor=survivor: len(serves(survivor)) == world.partitions,
                   "the survivor to serve all")
        after = survivor.metrics()
        # Transaction markers aside, nothing was left to read.
        assert after["freshet_restored_records_total"] == before["freshet_restored_records_total"]
        assert after["freshet_store_wipes_total"] == 0
    world.produce("clicks", records(sent[EVENTS // 2:]))
    world.drain("ingest", "features", "trainer")
    assert_equal_similarities(world.rows(), count(world.events()))


def test_taken_over_in_the_middle_of_work(make_world):
    sent = clicks(EVENTS)
    world = make_world()
    world.start("ingest", ingest=SETTINGS)
    victim, survivor = start_pair(world, "features")
    wait_warm(world, (victim, survivor))
    world.start("trainer", trainer=UNBOUND)
    world.produce("clicks", records(sent[:EVENTS // 2]))
    world.wait(lambda: victim.metrics()["freshet_commits_total"] >= 1, "the victim to work")
    victim.kill()
    world.produce("clicks", records(sent[EVENTS // 2:]))
    world.drain("ingest", "features", "trainer")
    assert len(serves(survivor)) == world.partitions
    assert_equal_similarities(world.rows(), count(world.events()))


def test_copies_on_one_disk_share_it(make_world):
    """What one serves, the other leaves alone; what a killed one left, the other keeps warm and
    gives back at once when it is there again."""
    world = make_world()
    options = {"features": {"standby.copies": "1"}}
    killed, other = world.start("features", copies=2, **options)
    world.wait(lambda: len(serves(killed)) == len(serves(other)) == 2, "two partitions each")
    theirs = serves(killed)
    world.wait(lambda: set(standing_by(other)) == theirs, "the other to stand by")
    assert set(standing_by(other).values()) == {-1}
    killed.kill()
    world.wait(lambda: set(standing_by(other).values()) == {0}, "what was left to be opened")
    again = Copy(world, "features", 0, options["features"])
    world.copies.append(again)
    world.wait(lambda: again.healthy() and serves(again) == theirs, "it to serve again")
    assert serves(other) == set(range(world.partitions)) - theirs
