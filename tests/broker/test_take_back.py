"""Half of all actions are taken back, some before they come: tables and lists become those of the
other half alone, through a real broker, with counts computed again in Python. The learned members
are off: they have learned from what was there. The whole of MovieLens-100k: make taken-back."""

import json
import os
import random

from oracle import count
from stream_data import SETTINGS, clicks, records
from test_forget import assert_exact
from test_neighbours import UNBOUND

EVENTS = int(os.environ.get("TAKEN_BACK", "4000"))
BACK = {**SETTINGS, "action.unrate": "RATING:back", "map.taken.back": "taken"}
KEPT = {"history.taken.back.max": 1000}
LISTING = {"blend.leader": "counting", "vectors.used": "false", "lists.remake.share": 100,
           "lists.remake.rest.ms": 0}
COUNTS = ("items", "co_ratings", "forwards", "backwards", "mass", "actions", "first_users")
COLUMNS = ("items", "scores", "reasons", "because", "shares", "evidence", "made_by")


def take_back(event):
    return {"id": f"back-{event['id']}", "user": event["user"], "item": event["item"],
            "type": "unrate", "taken": event["id"], "ts": event["ts"]}


def with_take_backs(sent, taken):
    """What is taken back late is so in any order, behind all actions."""
    rng, stream, late = random.Random(3), [], []
    for event in sent:
        if event["id"] in taken and rng.random() < 0.3:
            stream.append(take_back(event))
        elif event["id"] in taken:
            late.append(take_back(event))
        stream.append(event)
    rng.shuffle(late)
    return stream + late


def run(make_world, sent):
    world = make_world()
    world.start("ingest", "features", "trainer", ingest=BACK, features=KEPT, trainer=UNBOUND)
    world.produce("clicks", records(sent))
    world.drain("ingest", "features", "trainer")
    world.start("scorer", scorer=LISTING)
    world.drain("scorer")
    return world


def counts(world):
    """The rows that are about anything; an item whose last action is gone may have an empty one."""
    rows = {item: {name: row[name] for name in COUNTS} for item, row in world.rows().items()}
    return {item: row for item, row in rows.items() if row["actions"] or row["items"]}


def lists(world):
    return {user: {name: made[name] for name in COLUMNS}
            for user, made in world.decoded("recommendations", "recommendation_list").items()
            if made["items"]}


def test_half_is_taken_back(make_world):
    sent = clicks(EVENTS)
    rng = random.Random(2)
    taken = {event["id"] for event in sent if rng.random() < 0.5}
    left = [event for event in sent if event["id"] not in taken]
    assert 0.4 < len(left) / len(sent) < 0.6
    world, other = run(make_world, with_take_backs(sent, taken)), run(make_world, left)
    assert not list(world.topics.read("dead-letters"))
    table = count(other.events())
    assert_exact(other.rows(), table)
    assert_exact(world.rows(), table)
    rows, wanted = counts(world), counts(other)
    assert rows == wanted
    made, listed = lists(world), lists(other)
    differing = [user for user in set(made) | set(listed) if made.get(user) != listed.get(user)]
    print(json.dumps({"actions": len(sent), "taken_back": len(taken), "rows": len(rows),
                      "lists": len(listed), "differing": len(differing)}))
    assert not differing, (len(differing), made.get(differing[0]), listed.get(differing[0]))
    assert len(listed) == len({event["user"] for event in left})
