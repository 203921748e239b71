"""What others do to Freshet's groups, topics and disks with a real Kafka: the tables are right, or
the worker ends with 78 and names the command, which mends it."""

import re
import shutil
import time

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from conftest import Copy
from stream_data import SETTINGS, clicks, records
from test_clear_ends import alter, ended
from test_neighbours import UNBOUND, cells, run

EVENTS = 900
COUNTING = ("features", "trainer")
INPUTS = {"features": "events", "trainer": "pair-deltas", "scorer": "histories"}


def set_offset(world, worker, offset):
    """As kafka-consumer-groups.sh --reset-offsets does; the group forgets its member first."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    at = [TopicPartition(world.prefix + INPUTS[worker], 0, offset)]
    group = ConsumerGroupTopicPartitions(world.prefix + worker, at)

    def done():
        try:
            answer = admin.alter_consumer_group_offsets([group])[group.group_id].result()
            return all(one.error is None for one in answer.topic_partitions)
        except Exception as error:  # pylint: disable=broad-except
            assert "UNKNOWN_MEMBER_ID" in str(error) or "NON_EMPTY_GROUP" in str(error), error
            return False
    world.wait(done, f"the offsets of {worker} to be set")


def begin(make_world, sent, *workers):
    world = make_world(1)
    world.start("ingest", ingest=SETTINGS)
    more(world, sent, workers)
    return world


# Without a static member a group is empty as soon as its worker has ended.
ALONE = {"features": {"static.member": "false"}, "scorer": {"static.member": "false"},
         "trainer": {"static.member": "false", **UNBOUND}}


def start(world, *workers):
    return world.start(*workers, **ALONE)


def starts_and_ends(world, worker):
    copy = Copy(world, worker, 0, ALONE[worker])
    world.copies.append(copy)
    line = ended(world, copy)
    world.copies.remove(copy)
    return line


def more(world, sent, workers):
    world.produce("clicks", records(sent))
    world.drain("ingest")
    copies = start(world, *workers)
    world.drain(*workers)
    return copies


def end(world, *copies):
    for copy in copies:
        assert copy.stop() == 0, copy.log()
        world.copies.remove(copy)


def of_workers(world, *workers):
    return [copy for copy in world.copies if copy.worker in workers]


def test_offsets_that_somebody_sets(make_world):
    sent = clicks(EVENTS)
    expected = cells(run(make_world(1), sent))
    third = len(sent) // 3
    world = begin(make_world, sent[:third], *COUNTING, "scorer")
    before = cells(world.rows())
    end(world, *of_workers(world, *INPUTS))
    for worker in INPUTS:
        set_offset(world, worker, 0)
    copies = start(world, *INPUTS)
    world.drain(*INPUTS)
    assert cells(world.rows()) == before
    for copy in copies[:2]:
        assert "input goes on where the changelog ends" in copy.log()
        assert copy.metrics()["freshet_input_skipped_total"] > 0
    end(world, *copies)

    for number, worker in enumerate(COUNTING):  # set ahead: the line names the way back
        at = third * (1 + number)
        world.produce("clicks", records(sent[at:at + third]))
        world.drain("ingest")
        if worker == "trainer":
            end(world, *more(world, [], ["features"]))
        behind = world.topics.ends(INPUTS[worker])[0]
        set_offset(world, worker, behind)
        line = starts_and_ends(world, worker)
        assert "would never be counted" in line and "freshet reset base --yes" in line
        counted, = re.findall(rf"--group {world.prefix}{worker} --topic \S+:0 --reset-offsets "
                              r"--to-offset (\d+) --execute", line)
        assert int(counted) < behind
        set_offset(world, worker, int(counted))
        end(world, *more(world, [], [worker]))
    start(world, *INPUTS)
    world.drain(*INPUTS)
    assert cells(world.rows()) == expected
    histories = world.decoded("histories", "user_history")
    lists = world.decoded("recommendations", "recommendation_list")
    assert {user: one["input_offset"] for user, one in lists.items()} == \
        {user: one["input_offset"] for user, one in histories.items()}


def test_disks_and_settings(make_world):
    sent = clicks(EVENTS)
    half = len(sent) // 2
    world = begin(make_world, sent[:half], *COUNTING)
    end(world, *of_workers(world, *COUNTING))
    shutil.copytree(world.state / "features", world.dir / "away")
    copies = more(world, sent[half:half + half // 2], COUNTING)
    end(world, *copies)
    newest = world.decoded("features-changelog", "user_state")
    assert newest

    alter(world, world.prefix + "features-changelog", "delete.retention.ms", "1000")
    time.sleep(1.5)  # the disk is older than that
    shutil.rmtree(world.state / "features")
    shutil.copytree(world.dir / "away", world.state / "features")
    features, = more(world, [], ["features"])
    assert "it is older than the changelog's tombstones are kept" in features.log()
    assert features.metrics()["freshet_store_wipes_total"] == 1
    assert world.decoded("features-changelog", "user_state") == newest
    end(world, features)

    alter(world, world.prefix + "neighbours", "retention.ms", "604800000")
    alter(world, world.prefix + "neighbours", "cleanup.policy", "delete")
    line = starts_and_ends(world, "trainer")
    topic, policy = re.search(r"--entity-name (\S+) --add-config cleanup.policy=(\w+)",
                              line).groups()
    alter(world, topic, "cleanup.policy", policy)
    trainer = more(world, sent[half + half // 2:], COUNTING)[1]
    assert trainer.metrics()["freshet_store_wipes_total"] == 0
