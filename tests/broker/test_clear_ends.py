"""What needs operator action ends a worker: one line, exit code 78, and nothing half applied."""

import re
import signal
import subprocess
import time

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

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


def recreate(world, name, partitions):
    """Deletes a topic and creates it again; deletion takes a moment."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    topic = world.prefix + name
    admin.delete_topics([topic])[topic].result()
    world.wait(lambda: topic not in admin.list_topics(timeout=10).topics, f"{name} to be gone")
    for _ in range(100):
        try:
            return admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
        except Exception as error:  # pylint: disable=broad-except
            assert "exists" in str(error) or "marked for deletion" in str(error), error
            time.sleep(0.1)
    raise AssertionError(f"{topic} cannot be made")


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
    changelog = world.topics.ends("features-changelog")
    trim(world, "events")
    features.process.send_signal(signal.SIGCONT)
    assert "retention has passed" in ended(world, features)
    assert "events are lost" in starts_and_ends(world)
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
    recreate(world, "features-changelog", 4)
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
    assert codes == re.findall(r"^    EXIT_\w+ = (\d+)", header, re.M)
