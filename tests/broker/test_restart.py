"""Workers that are killed, stopped and moved leave the same table as undisturbed ones."""

import json
import shutil
import subprocess

from conftest import BIN, Copy
from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND, cells, run

EVENTS = 8_000


def test_killed_stopped_and_moved(make_world):
    sent = clicks(EVENTS)
    expected = cells(run(make_world(), sent))
    world = make_world()
    world.start("ingest", ingest=SETTINGS)
    pieces = [sent[at:at + EVENTS // 4] for at in range(0, EVENTS, EVENTS // 4)]
    for number, piece in enumerate(pieces):
        world.produce("clicks", records(piece))
        features, trainer = world.start("features", "trainer", trainer=UNBOUND)
        if number == 0:  # in the middle of its work
            features.kill()
            trainer.kill()
        elif number == 1:  # in good order
            world.drain("ingest", "features")
            assert features.stop() == 0
            trainer.kill()
        elif number == 2:  # on a new machine
            features.kill()
            assert trainer.stop() == 0
            shutil.rmtree(world.state / "features")
            shutil.rmtree(world.state / "trainer")
    world.drain("ingest", "features", "trainer")
    assert cells(world.rows()) == expected


def test_a_slot_whose_file_cannot_be_written_yet(make_world):
    """As on a full disk. Tools find the copy once there is room; until then no file of a former
    process tells them another port."""
    world = make_world()
    (copy,) = world.start("ingest", ingest=SETTINGS)
    assert copy.stop() == 0
    beside = copy.slot_file.with_name(copy.slot_file.name + ".next")
    beside.mkdir()
    again = Copy(world, "ingest", 0, SETTINGS)
    world.copies.append(again)
    copy.slot_file.write_text('{"worker":"ingest","slot":0,"pid":1,"metrics_port":1}')
    world.wait(lambda: "the file of the slot cannot be written" in again.log(), "the warning")
    assert again.running() and not copy.slot_file.exists()
    beside.rmdir()
    world.wait(lambda: copy.slot_file.exists() and again.healthy(), "the file")
    assert again.log().count("the file of the slot cannot be written") == 1
    assert set(world.stop().values()) == {0}


def dump(world, *words):
    return subprocess.run([BIN / "freshet", "dump", *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def test_what_is_on_disk_is_what_the_changelog_says(make_world):
    world = make_world(1)
    world.start("ingest", "features", ingest=SETTINGS)
    world.produce("clicks", records(clicks(500)))
    world.drain("ingest", "features")
    store = world.state / "features" / "0"
    refused = dump(world, store)
    assert refused.returncode == 1 and "its worker is running" in refused.stdout
    world.stop()
    bookmark, *lines = map(json.loads, dump(world, store).stdout.splitlines())
    assert bookmark["input_offset"] == 500
    newest = world.topics.newest("features-changelog")
    assert [one["key"].encode() for one in lines] == sorted(newest)
    assert all(one["value"]["events_total"] == len(one["value"]["offsets"]) for one in lines)
    raw = map(json.loads, dump(world, "--raw", store).stdout.splitlines()[1:])
    assert {bytes.fromhex(one["key"]): bytes.fromhex(one["value"]) for one in raw} == \
        {key: record.value for key, record in newest.items()}
    missing = dump(world, world.state / "nowhere")
    assert missing.returncode == 66 and "nowhere" in missing.stdout


def test_a_broker_that_is_away_is_no_wrong_setting(make_world):
    """A supervisor starts a worker again that ended with 70, not one that ended with 78."""
    def end_of(**settings):
        copy = Copy(world, "features", 0, {"connect.timeout.ms": "1s",
                                           **{key.replace("_", "."): value
                                              for key, value in settings.items()}})
        world.copies.append(copy)
        return copy.process.wait(120), copy.log()
    world = make_world(1)
    code, log = end_of(bootstrap_servers="127.0.0.1:9")  # nobody listens there
    assert code == 70 and "at 127.0.0.1:9" in log
    code, log = end_of(topic_prefix="nowhere-")
    assert code == 78 and "deploy/topics apply" in log
