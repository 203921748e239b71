"""Lists of items in `item-lists` through a real broker, against the counts of `neighbours` and the
catalogue: Python computes them again, from other topics than freshet-serve."""

import math
import subprocess
import sys
import time

from conftest import BIN, ROOT
from stream_data import SETTINGS, clicks, records
from test_new_items import write_items

EVENTS, LENGTH, PARTITIONS, STILL = 600, 8, 3, 5
EVERY = {"http.port": 0, "item.lists.every.ms": "1s", "item.lists.length": LENGTH}
KINDS = {"similar": "SIMILAR", "together": "TOGETHER", "popular": "POPULAR",
         "trending": "TRENDING", "new": "NEW"}
CLOSE = 1e-4


def make_topic(world):
    subprocess.run([sys.executable, ROOT / "deploy/topics", "apply", "--bootstrap",
                    world.bootstrap, "--prefix", world.prefix, "--partitions", str(PARTITIONS),
                    "--with", "item-lists"], check=True, stdout=subprocess.DEVNULL)


def sent(world):
    return {key.decode(): value
            for key, value in world.decoded("item-lists", "item_list").items()}


def wait_until_still(world):
    """Until nothing is sent in some rounds."""
    counts = []

    def still():
        time.sleep(1)
        counts.append(len(list(world.topics.read("item-lists"))))
        return len(counts) >= STILL and counts[-1] and len(set(counts[-STILL:])) == 1

    world.wait(still, "no more lists of items")


def is_best(made, score, key):
    """The list has the scores that it must have, and nothing that is left out has more."""
    listed = made["items"]
    assert len(set(listed)) == len(listed) == min(LENGTH, len(score)), (key, made)
    for item, told in zip(listed, made["scores"], strict=True):
        assert math.isclose(told, score[item], rel_tol=CLOSE), (key, item)
    least = min(score[item] for item in listed)
    assert all(score[item] <= least * (1 + CLOSE) for item in set(score) - set(listed)), key


def check_neighbours(lists, rows, barred):
    """Cosine by its formula, from the exact counts of the trainer."""
    compared = 0
    for item, row in rows.items():
        scale = 2.0 ** row["epoch"]
        both = {other: count * scale for other, count in zip(row["items"], row["co_ratings"],
                                                             strict=True)
                if count > 0 and other not in barred and other in rows}
        cosine = {other: count / math.sqrt(row["mass"] * scale * rows[other]["mass"]
                                           * 2.0 ** rows[other]["epoch"])
                  for other, count in both.items()}
        for kind, score in (("together", both), ("similar", cosine)):
            key = f"{kind}/{item}"
            assert (key in lists) == bool(score), key
            if not score:
                continue
            made = lists[key]
            assert (made["kind"], made["about"]) == (KINDS[kind], item)
            is_best(made, score, key)
            for other, evidence in zip(made["items"], made["evidence"], strict=True):
                assert math.isclose(evidence, both[other], rel_tol=CLOSE)
            compared += 1
    return compared


def check_all_items(lists, rows, items):
    def tagged(tag):
        return {one["item_id"] for one in items if one["available"] and tag in one["tags"]}

    barred = {one["item_id"] for one in items if not one["available"]}
    actions = {item: row["actions"] * 2.0 ** row["epoch"] for item, row in rows.items()
               if item not in barred}
    is_best(lists["popular"], actions, "popular")
    for tag in ("even", "rare"):
        is_best(lists[f"popular/{tag}"], {item: count for item, count in actions.items()
                                          if item in tagged(tag)}, tag)
        made = {one["item_id"]: one["created_ms"] for one in items
                if one["item_id"] in tagged(tag)}
        newest = sorted(made, key=lambda item: -made[item])[:LENGTH]
        assert lists[f"new/{tag}"]["items"] == newest
    assert lists["trending"]["items"] and "popular/nothing" not in lists


def test_item_lists(make_world, tmp_path):
    world = make_world(partitions=PARTITIONS)
    make_topic(world)
    events = clicks(EVENTS)
    names = sorted({event["item"] for event in events})
    items = [{"item_id": item, "available": number != 3, "created_ms": 1000 + number,
              "tags": ["even"] * (number % 2 == 0) + ["rare"] * (number % 20 == 1)}
             for number, item in enumerate(names)]
    write_items(world, tmp_path, items)
    world.start("ingest", "features", "trainer", ingest=SETTINGS)
    world.produce("clicks", records(events))
    world.drain("ingest", "features", "trainer")
    copies = world.start("serve", copies=2, serve=EVERY)
    rows = world.rows()
    wait_until_still(world)
    lists = sent(world)
    assert check_neighbours(lists, rows, {names[3]}) > 50
    check_all_items(lists, rows, items)
    assert {made["generation"] for made in lists.values()} == {""}

    # One copy dies, and an item is no longer to be had: the other takes the dead one's lists over.
    copies[0].process.kill()
    items[0]["available"] = False
    items = [{**one, "tags": [tag for tag in one["tags"] if tag != "rare"]} for one in items]
    write_items(world, tmp_path, items)
    world.wait(lambda: not any(names[0] in made["items"] for made in sent(world).values())
               and "popular/rare" not in sent(world), "lists without the item and the tag")
    shown = subprocess.run([BIN / "freshet", "peek", "item-lists", "--key", "popular",
                            "--bootstrap", world.bootstrap, "--prefix", world.prefix], text=True,
                           stdout=subprocess.PIPE, check=True, timeout=60).stdout
    assert '"kind":"POPULAR"' in shown.replace(" ", "")
