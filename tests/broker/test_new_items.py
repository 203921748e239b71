"""A new user has a personal list after the first event; a new item is recommended from its content
at once, and from counts after its first actions. Says how many events and ms it took."""

import json
import random
import subprocess
import time

from conftest import BIN, Contract
from replayed import lists_anew, send
from stream_data import SETTINGS

GROUPS, EACH, USERS, STEPS = 300, 8, 500, 5
CONTENT = {"content.used": "true"}


def item_of(group, number):
    return f"i{group}-{number}"


def write_items(world, folder, rows):
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    subprocess.run([BIN / "freshet", "replay", path, "--topic", "items", "--contract", "Item",
                    "--bootstrap", world.bootstrap, "--prefix", world.prefix], check=True,
                   stdout=subprocess.DEVNULL)


def walks(dice):
    """Everybody stays in a group; groups are many, so that counts know little of any of them."""
    return {f"u{user}": [item_of(user % GROUPS, number)
                         for number in dice.sample(range(EACH), STEPS)] for user in range(USERS)}


def act(world, user, item):
    """One action; returns the user's list that answers it, and the milliseconds that it took."""
    began = time.time() * 1000
    send(world, {user: [item]}, lambda items: 0, lambda items: 1)
    form, newest = Contract("recommendation_list"), None
    for record in world.topics.read("recommendations"):
        if record.key == user.encode():
            newest = record
    return form.decode(newest.value), newest.timestamp - began


def test_new_user_and_new_item(make_world, tmp_path):
    world = make_world(partitions=1)
    write_items(world, tmp_path, [{"item_id": item_of(group, number), "tags": [f"group {group}"]}
                                  for group in range(GROUPS) for number in range(EACH)])
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS, scorer=CONTENT)
    sequences = walks(random.Random(3))
    for step in range(STEPS):
        send(world, sequences, lambda items, at=step: at, lambda items, at=step: at + 1)

    one, ms = act(world, "newcomer", item_of(7, 0))
    print(f"\nnew user: after 1 event and {ms:.0f} ms, list by {one['made_by']}")
    assert one["made_by"] != "counting"
    assert sum(item.startswith("i7-") for item in one["items"][:7]) == 7

    began = time.time() * 1000
    write_items(world, tmp_path, [{"item_id": "novelty", "tags": ["group 9"], "title": "Novelty"}])
    one, _ = act(world, "curious", item_of(9, 1))
    ms = time.time() * 1000 - began
    print(f"new item, by content: after 0 actions on it, on the next list of its kind "
          f"({ms:.0f} ms with the writing)")
    assert "novelty" in one["items"][:EACH]

    for user in ("a", "b"):
        act(world, user, item_of(9, 2))
        act(world, user, "novelty")
    lists = None
    act(world, "later", item_of(9, 2))
    world.drain("trainer")
    lists = lists_anew(world, "counted", **{"blend.leader": "counting"})
    at = lists["later"]["items"].index("novelty")
    assert lists["later"]["reasons"][at] == "BECAUSE"
    assert lists["later"]["because"][at] == item_of(9, 2)
    print(f"new item, by counts: after 2 actions on it, place {at + 1}")
    assert at < 10
