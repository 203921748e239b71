"""A user who is forgotten leaves the tables of a run in which that user never was."""

import hmac
import json
import subprocess
from collections import Counter

from confluent_kafka.admin import NewTopic
from conftest import BIN
from oracle import count
from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND, assert_equal_similarities

EVENTS = 15_000
KEPT_ACTIONS = 600  # history.actions.max
DAY_SECONDS = 86_400


def run_forget(world, user, *more):
    return subprocess.run([BIN / "freshet", "forget", user, "--bootstrap", world.bootstrap,
                           "--prefix", world.prefix, "--set", f"group.prefix={world.prefix}",
                           "--timeout", "120", *more], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=150)


def forget(world, user, *more):
    """Runs the command; returns the receipt."""
    done = run_forget(world, user, *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_worker_that_never_ran_is_named_at_once(make_world):
    """It would never answer: nobody waits ten minutes for it, and nothing is written."""
    world = make_world()
    done = run_forget(world, "u1", "--timeout", "3600")
    assert done.returncode == 1
    assert f"features has never run: there is no group {world.prefix}features" in done.stderr
    assert list(world.topics.read("events")) == []


def some_and_all_of_one():
    """The first events, and all of the user who has most, in time order."""
    everything = clicks(100_000)
    heavy = Counter(event["user"] for event in everything).most_common(1)[0][0]
    chosen = everything[:EVENTS] + [one for one in everything[EVENTS:] if one["user"] == heavy]
    return heavy, chosen


def assert_exact(rows, table):
    assert_equal_similarities(rows, table)
    for item, row in rows.items():
        got = {other: (row["co_ratings"][at], row["forwards"][at], row["backwards"][at])
               for at, other in enumerate(row["items"])}
        assert got == table.neighbours(item)
        assert (row["mass"], row["actions"]) == (table.mass[item], table.actions[item])


def test_forgotten_as_if_never_there(make_world):
    heavy, sent = some_and_all_of_one()
    theirs = [event for event in sent if event["user"] == heavy]
    assert len(theirs) > KEPT_ACTIONS
    world = make_world()
    for partition in range(world.partitions):  # whatever partitioner the platform has
        world.produce("users", [(heavy, b"a profile", 0), ("another", b"a profile", 0)], partition)
    world.create(NewTopic(world.prefix + "candidates", 2, 1))
    brought = [f"partner/{heavy}", f"own/{heavy}", f"gone/{heavy}", f"partner/{heavy}0", "partner"]
    for partition in range(2):
        world.produce("candidates", [(key, b"any", 0) for key in brought[partition:]], partition)
        world.produce("candidates", [(f"gone/{heavy}", None, 0)], partition)
    world.produce("clicks", records(sent))
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS, trainer=UNBOUND)
    world.drain("ingest", "features", "trainer", "scorer")
    assert heavy.encode() in world.topics.newest("recommendations")

    receipt = forget(world, heavy, "--until", "0")
    assert receipt["candidates"] == 3
    assert set(world.topics.newest("candidates")) == {f"partner/{heavy}0".encode(), b"partner"}
    assert receipt["actions"] == len(theirs)
    assert receipt["archived"] > 0 and receipt["left_in"] == 0
    for topic in ("features-changelog", "histories", "recommendations", "users"):
        newest = world.topics.newest(topic)
        assert newest and heavy.encode() not in newest
    gone = {record.partition for record in world.topics.read("users")
            if record.key == heavy.encode() and record.value is None}
    assert gone == set(range(world.partitions))
    parts = world.decoded("receipts", "forget_receipt").values()
    seal = hmac.new(bytes.fromhex(receipt["salt"]), heavy.encode(), "sha256").hexdigest()
    assert [part["user_hash"] for part in parts] == [seal[:16]] * world.partitions
    users = {event["user"] for event in sent}
    events = world.events()
    table = count(event for event in events if event["user_id"] != heavy)
    rows = world.rows()
    assert_exact(rows, table)
    assert sum(row["first_users"] for row in rows.values()) == len(users) - 1

    again = forget(world, heavy, "--until", "0")
    assert again["actions"] == again["contributions"] == 0
    later = [{**event, "id": f"{event['id']}-new", "ts": event["ts"] + 1000 * DAY_SECONDS}
             for event in theirs[:50]]
    world.produce("clicks", records(theirs[:200] + later))
    world.drain("ingest", "features", "trainer", "scorer")
    table = count(event for event in world.events() if event["user_id"] != heavy or
                  event["event_time_ms"] > receipt["until_ms"])
    rows = world.rows()
    assert_exact(rows, table)
    assert sum(row["first_users"] for row in rows.values()) == len(users)
    assert heavy.encode() in world.topics.newest("recommendations")
    assert set(world.stop().values()) == {0}
