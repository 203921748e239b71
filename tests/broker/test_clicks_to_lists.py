"""All workers: every event is in one history, every user has a list, nothing is unaccounted for."""

import json
import subprocess
import time
from collections import Counter

from conftest import BIN, Contract
from stream_data import SETTINGS, clicks, records
from test_new_items import write_items

EVENTS = 10_000
BROKEN = 50
ODD = 'an "odd"\\item'  # an id that JSON must escape


def freshet(world, *words):
    done = subprocess.run([BIN / "freshet", *words, "--bootstrap", world.bootstrap, "--prefix",
                           world.prefix, "--set", f"group.prefix={world.prefix}",
                           "--set", f"state.dir={world.state}"],
                          text=True, stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == 0
    return done.stdout


def check_histories(world, sent):
    """Each accepted event stands in exactly one history, of its own user."""
    states = world.decoded("features-changelog", "user_state")
    placed = Counter()
    partition_of = {}
    for record in world.topics.read("events"):
        partition_of[record.partition, record.offset] = record.key
    histories = world.decoded("histories", "user_history")
    for user, state in states.items():
        history = histories[user]
        assert history["events_total"] == state["events_total"] == len(state["offsets"])
        assert history["items"] == state["items"][-50:]
        for offset in state["offsets"]:
            placed[history["input_partition"], offset] += 1
            assert partition_of[history["input_partition"], offset] == user
    assert set(placed.values()) == {1}
    assert len(placed) == sent


def check_barred(world, folder, common, best):
    """Items that may no longer be recommended leave all lists, and similar items, too."""
    away, ended, early, gone = barred = [row["item"] for row in best if row["item"] != ODD][:4]
    write_items(world, folder, [
        {"item_id": away, "available": False}, {"item_id": ended, "available_until_ms": 1},
        {"item_id": early, "available_from_ms": int(time.time() * 1000) + 3_600_000},
        {"item_id": gone}])
    world.produce("items", [(gone, None, 0)])
    world.drain("scorer")
    left = [json.loads(line) for line in
            freshet(world, "similar", common, "--count", "5000").splitlines()]
    assert left == [row for row in best if row["item"] not in barred]
    listed = best[-1]["item"]
    write_items(world, folder, [{"item_id": listed}])
    left = [json.loads(line) for line in
            freshet(world, "similar", common, "--count", "5000", "--items-required").splitlines()]
    assert left == [best[-1]]
    lists = world.decoded("recommendations", "recommendation_list")
    assert lists and not any(set(barred) & set(one["items"]) for one in lists.values())
    assert all(one["items"] for one in lists.values())


def test_from_clicks_to_lists(make_world, tmp_path):
    world = make_world()
    sent = clicks(EVENTS)
    (common, _), (renamed, _) = Counter(event["item"] for event in sent).most_common(2)
    for event in sent:
        event["item"] = ODD if event["item"] == renamed else event["item"]
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS)
    for half in (sent[:EVENTS // 2], sent[EVENTS // 2:]):  # lists, and actions that follow them
        world.produce("clicks", records(half) + [(None, b"{no json", 0)] * (BROKEN // 2))
        world.drain("ingest", "features", "trainer", "scorer")
    accepted = sum(1 for _ in world.topics.read("events"))
    dead = sum(1 for _ in world.topics.read("dead-letters"))
    assert (accepted, dead) == (EVENTS, BROKEN)
    check_histories(world, EVENTS)

    lists = world.decoded("recommendations", "recommendation_list")
    users = {event["user"] for event in sent}
    seen = {user: set() for user in users}
    for event in sent:
        seen[event["user"]].add(event["item"])
    assert {key.decode() for key in lists} == users
    for key, one in lists.items():
        assert len(set(one["items"])) == len(one["items"])
        assert not set(one["items"]) & seen[key.decode()]
        assert len(one["items"]) == len(one["scores"]) == len(one["reasons"])

    quality = Contract("list_quality")
    judged = {record.key: quality.decode(record.value) for record in world.topics.read("quality")}
    assert sum(one["judged"] for one in judged.values()) > 0
    assert sum(one["unlisted"] for one in judged.values()) == len(users)

    user = sent[-1]["user"]
    assert f"user {user}:" in freshet(world, "list", user)
    best = [json.loads(line) for line in
            freshet(world, "similar", common, "--count", "5000").splitlines()]
    assert best == sorted(best, key=lambda row: -row["similarity"]) and best
    assert ODD in {row["item"] for row in best}
    check_barred(world, tmp_path, common, best)
    peeked = [json.loads(line) for line in freshet(world, "peek", "events", "--limit",
                                                   "5").splitlines()]
    assert len(peeked) == 5 and peeked[0]["value"]["user_id"] == peeked[0]["key"]
    assert "running" in freshet(world, "status")
    assert set(world.stop().values()) == {0}


def refused(world):
    """The origins of the records that have a dead letter. One record may have two: dead letters are
    sent at once, and a batch may be taken back."""
    return {tuple(dict(record.headers)[f"origin.{part}"] for part in ("topic", "partition",
                                                                      "offset"))
            for record in world.topics.read("dead-letters")}


def test_garbage_on_every_topic_stops_nobody(make_world):
    world = make_world()
    garbage = [(b"k", bytes(one), 0) for one in
               (b"", b"\xc3\x01", b"\xc3\x01" + b"\x00" * 8, b"\xff" * 100, b"{}", b"\x00\x00")]
    copies = world.start("features", "trainer", "scorer")
    for name in ("events", "pair-deltas", "histories"):
        world.produce(name, garbage, partition=0)
    world.drain("features", "trainer", "scorer")
    # Only now: a trainer whose changelog holds something and whose group has no offset must not go
    # on, and it opens its partitions again after a commit that was rolled back.
    for name in ("serving-rows", "items"):
        world.produce(name, garbage, partition=0)
    world.wait(lambda: len(refused(world)) == 5 * len(garbage), "a dead letter for each")
    assert all(copy.running() for copy in copies)
    assert set(world.stop().values()) == {0}
