"""What needs operator action ends a worker: one line, exit code 78, and nothing half applied."""

import re
import signal
import subprocess

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource,
                                   NewTopic)

from conftest import BIN, ROOT, Copy
from stream_data import SETTINGS, clicks, records

EVENTS = 400
EXIT_CONFIG = 78


def ended(world, copy):
    """The last error line of a copy that must end by itself."""
    world.wait(lambda: not copy.running(), f"{copy.worker} to end")
    copy.exit_code = copy.process.wait()
    lines = [line for line in copy.log().splitlines() if "level=error" in line]
    assert copy.exit_code == EXIT_CONFIG, copy.log()
    assert "hint: " in lines[-1] and "exit=78" in lines[-1], lines
    return lines[-1]


def starts_and_ends(world, worker="features"):
    copy = Copy(world, worker, 0, {})
    world.copies.append(copy)
    return ended(world, copy)


def recreate(world, name, partitions, **config):
    """Deletes a topic and creates it again; deletion takes a moment."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    topic = world.prefix + name
    admin.delete_topics([topic])[topic].result()
    world.wait(lambda: topic not in admin.list_topics(timeout=60).topics, f"{name} to be gone")

    def made():
        try:
            world.create(NewTopic(topic, partitions, 1, config=config))
            return True
        except KafkaException as error:
            assert "exists" in str(error) or "marked for deletion" in str(error), error
            return False
    world.wait(made, f"{name} to be made again")


def alter(world, topic, name, value):
    """As kafka-configs.sh --alter does."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)])
    for future in admin.incremental_alter_configs([resource]).values():
        future.result()
    asked = ConfigResource(ConfigResource.Type.TOPIC, topic)
    world.wait(lambda: admin.describe_configs([asked])[asked].result()[name].value == value,
               f"{name} of {topic}")


def trim(world, name):
    """Retention passes everything that is there."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    for future in admin.delete_records(
            [TopicPartition(world.prefix + name, partition, -1)
             for partition in range(world.partitions)]).values():
        future.result()


def fed(make_world):
    """A world in which features has counted some events and is still running."""
    world = make_world()
    world.start("ingest", ingest=SETTINGS)
    world.produce("clicks", records(clicks(EVENTS)))
    world.drain("ingest")
    world.start("features")
    world.drain("features")
    return world


def test_retention_and_topics_made_anew(make_world):
    world = fed(make_world)
    features = world.copies[-1]
    features.process.send_signal(signal.SIGSTOP)
    world.produce("clicks", records(clicks(EVENTS)))
    world.drain("ingest")
    trim(world, "events")
    features.process.send_signal(signal.SIGCONT)
    assert "retention has passed" in ended(world, features)
    assert "events are lost" in starts_and_ends(world)
    # Its start ended what the stopped copy had open, with a marker.
    changelog = world.topics.ends("features-changelog")
    world.copies[0].stop()
    recreate(world, "events", 6)
    line = starts_and_ends(world)
    assert "6 partitions" in line and "features-changelog" in line
    recreate(world, "events", 4)
    assert "count twice" in starts_and_ends(world)
    assert world.topics.ends("features-changelog") == changelog


def test_trimmed_input_is_no_end(make_world):
    """Retention that has passed only what was read: every start goes on from there."""
    world = fed(make_world)
    for _ in range(4):
        assert world.copies.pop().stop() == 0
        trim(world, "events")
        world.start("features")
        world.produce("clicks", records(clicks(EVENTS)))
        world.drain("ingest", "features")
    assert world.copies[-1].stop() == 0


def test_changelog_made_anew(make_world):
    world = fed(make_world)
    assert world.copies[-1].stop() == 0
    recreate(world, "features-changelog", 4, **{"retention.ms": "604800000"})  # as other tools do
    line = starts_and_ends(world)
    assert "has cleanup.policy=delete" in line and "features-changelog" in line
    topic, value = re.search(r"--entity-name (\S+) --add-config cleanup.policy=(\w+)",
                             line).groups()
    alter(world, topic, "cleanup.policy", value)
    line = starts_and_ends(world)
    assert "state is lost" in line and "features-changelog" in line
    assert set(world.topics.ends("features-changelog").values()) == {0}


def test_input_deleted_while_running(make_world):
    world = make_world()
    features, = world.start("features")
    topic = world.prefix + "events"
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    admin.delete_topics([topic])[topic].result()
    assert "deleted" in ended(world, features)


def test_exit_codes_are_documented():
    shown = subprocess.run([BIN / "freshet-features", "--help"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    codes = re.findall(r"^  (\d+) +\w", shown, re.M)
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert codes == re.findall(r"^\| (\d+) \|", page, re.M)
    header = (ROOT / "base/exit_code.h").read_text(encoding="utf-8")
    every = re.findall(r"^    EXIT_\w+ = (\d+)", header, re.M)
    assert codes == [code for code in every if code != "66"], "a worker is given no files to read"
    shown = subprocess.run([BIN / "freshet", "--help"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    assert "66 a file" in shown
