"""Two users who are one: by a login among the clicks and by `freshet merge`, the tables become
those of a stream in which they were one; the known user's list follows."""

import json
import subprocess
from collections import Counter

from conftest import BIN
from oracle import count
from stream_data import SETTINGS, clicks, records
from test_forget import assert_exact, forget
from test_neighbours import UNBOUND

EVENTS = 12_000
MERGED_AT = 9_000
LOGINS = {**SETTINGS, "map.user": "user|anon", "map.anonymous": "anon",
          "action.login": "IDENTIFY"}


def merge(world, *users, code=0):
    done = subprocess.run([BIN / "freshet", "merge", *users, "--bootstrap", world.bootstrap,
                           "--prefix", world.prefix, "--set", f"group.prefix={world.prefix}",
                           "--timeout", "120"], text=True, capture_output=True, timeout=150)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr


def login(user, seconds):
    text = json.dumps({"id": f"login-{user}", "user": user, "anon": f"anon-{user}",
                       "type": "login", "ts": seconds})
    return user.encode(), text.encode(), seconds * 1000


def split(chosen, sent):
    """Some of what the chosen users do is under another id: every third event once they are known,
    before they log in and after."""
    seen, parts = Counter(), []
    for event in sent:
        user = event["user"]
        seen[user] += user in chosen
        if user in chosen and seen[user] > 2 and seen[user] % 3 == 0:
            event = {**event, "user": None, "anon": f"anon-{user}"}
        parts.append(event)
    return parts


def keyed(events):
    """Keyed by who acts, as records() does it."""
    named = records([{**event, "user": event["user"] or event["anon"]} for event in events])
    return [(key, json.dumps(event).encode(), time_ms)
            for (key, _, time_ms), event in zip(named, events)]


def joined(events):
    """What ingest wrote, in the names of the users who are left."""
    for event in events:
        if event["action"] != "IDENTIFY":
            yield {**event, "user_id": event["user_id"].removeprefix("anon-")}


def total(world, user):
    history = world.decoded("histories", "user_history").get(user.encode())
    return history["events_total"] if history else 0


def assert_joined(world, chosen, sent):
    table, rows = count(joined(world.events())), world.rows()
    assert_exact(rows, table)
    assert sum(row["first_users"] for row in rows.values()) == len({one["user"] for one in sent})
    for topic in ("histories", "recommendations"):
        newest = world.topics.newest(topic)
        for user in chosen:
            assert user.encode() in newest and f"anon-{user}".encode() not in newest


def test_two_users_become_one(make_world):
    sent = clicks(EVENTS)
    common = Counter(event["user"] for event in sent[:MERGED_AT]).most_common(200)
    chosen = [user for user, events in common if events < 300][:6]
    by_login, by_hand = chosen[:4], chosen[4:]
    parts = split(chosen, sent)
    wanted = Counter(event["user"] for event in sent)
    world = make_world()
    world.produce("clicks", keyed(parts[:MERGED_AT]))
    world.start("ingest", "features", "trainer", "scorer", ingest=LOGINS, trainer=UNBOUND)
    world.drain("ingest", "features", "trainer", "scorer")
    newest = world.topics.newest("recommendations")
    assert all(f"anon-{user}".encode() in newest for user in chosen)

    at = sent[MERGED_AT]["ts"]
    world.produce("clicks", [login(user, at) for user in by_login])
    for user in by_hand:
        theirs = sum(event["user"] is None and event["anon"] == f"anon-{user}"
                     for event in parts[:MERGED_AT])
        receipt = merge(world, f"anon-{user}", user)
        assert receipt["actions"] == receipt["added"] == theirs > 0
        assert receipt["contributions"] > 0 and receipt["too_late"] == receipt["dropped"] == 0
    early = Counter(event["user"] for event in sent[:MERGED_AT])
    for user in chosen:
        world.wait(lambda one=user: total(world, one) == early[one], f"{user} to be one")
    world.drain("features", "trainer", "scorer")
    assert_joined(world, chosen, sent[:MERGED_AT])

    world.produce("clicks", keyed(parts[MERGED_AT:]))  # the other ids are still in use
    world.drain("ingest")
    for user in chosen:
        world.wait(lambda one=user: total(world, one) == wanted[one], f"{user} to have all")
    world.drain("features", "trainer", "scorer")
    assert_joined(world, chosen, sent)

    again = merge(world, f"anon-{by_hand[0]}", by_hand[0])
    assert again["actions"] == 0
    receipt = forget(world, f"anon-{chosen[0]}", "--until", "0")
    assert receipt["merged"] > 0 and receipt["actions"] == wanted[chosen[0]]
    assert chosen[0].encode() not in world.topics.newest("histories")
    letters = list(world.topics.read("dead-letters"))
    assert letters == []
    assert set(world.stop().values()) == {0}
