"""freshet-embed on a real broker: killed while it encodes, it ends with the vectors of a run that
nobody disturbed. KILLS=20 kills more often."""

import json
import os
import random
import subprocess
import time

from conftest import BIN, ROOT

KILLS = int(os.environ.get("KILLS", "2"))
ITEMS = 400
SETTINGS = {"model.path": ROOT / "tests/golden/sentences", "poll.records.max": 16}


def write_items(world, folder, rows, name="items.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    subprocess.run([BIN / "freshet", "replay", path, "--topic", "items", "--contract", "Item",
                    "--bootstrap", world.bootstrap, "--prefix", world.prefix], check=True,
                   stdout=subprocess.DEVNULL)


def films(generation):
    return [{"item_id": f"i{number}", "title": f"film {number} of the sea",
             "text": f"part {generation}" if number % 4 == 0 else ""} for number in range(ITEMS)]


def settled(world):
    world.wait(lambda: world.topics.lag(world.prefix + "embed", "items") == 0, "embed to be done")
    return world.decoded("content-vectors", "content_vectors")


def test_kills_change_nothing(make_world, tmp_path):
    ends = []
    for kills in (0, KILLS):
        world = make_world(partitions=2)
        dice = random.Random(kills)
        copy, = world.start("embed", embed=SETTINGS)
        for turn in range(max(kills, 2)):
            write_items(world, tmp_path, films(min(turn, 1)))
            if kills:
                time.sleep(dice.random() * 0.2)
                copy.kill()
                copy, = world.start("embed", embed=SETTINGS)
        world.produce("items", [("i7", None, 0)])
        ends.append(settled(world))
        assert copy.running() and copy.stop() == 0
    assert ends[0] == ends[1]
    assert set(ends[0]) == {f"i{number}".encode() for number in range(ITEMS)} - {b"i7"}
    assert all(row["names"] == ["text"] for row in ends[0].values())
