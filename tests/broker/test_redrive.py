"""Dead letters go round again, each once; several sources; users behind pseudonyms."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import time
from collections import Counter

from confluent_kafka.admin import NewTopic
from conftest import BIN

TIME_S = 1_700_000_000
KEY = bytes(range(32))
MAPPING = {"map.id": "", "map.user": "user", "map.item": "item", "map.action": "type",
           "map.time": "at", "time.format": "s"}
FIXED = {**MAPPING, "action.buy": "PURCHASE:5"}


def freshet(world, *words, code=0):
    done = subprocess.run(command(world, *words), text=True, capture_output=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def command(world, *words):
    return [BIN / "freshet", *words, "--bootstrap", world.bootstrap, "--prefix", world.prefix,
            "--set", f"group.prefix={world.prefix}", "--set", f"state.dir={world.state}"]


def action(user, item, kind, second=0):
    text = json.dumps({"user": user, "item": item, "type": kind, "at": TIME_S + second})
    return user.encode(), text.encode(), (TIME_S + second) * 1000


def redriven(world, name="clicks"):
    """Records of a topic that were sent again: their origins."""
    places = []
    for record in world.topics.read(name):
        headers = {key: value.decode() for key, value in record.headers or []}
        if "redriven" in headers:
            places.append((int(headers["origin.partition"]), int(headers["origin.offset"])))
    return places


def counts(table):
    """The table of `freshet redrive`: reason -> (letters, sent before, sent now)."""
    rows = [line.split() for line in table.splitlines()[1:] if len(line.split()) == 4]
    return {row[0]: tuple(map(int, row[1:])) for row in rows}


def test_letters_go_round_once_after_a_fix(make_world):
    world = make_world()
    sent = [action(f"u{n % 7}", f"i{n}", "view" if n % 3 else "buy", n) for n in range(300)]
    broken = [(b"k", b"{broken", TIME_S * 1000)] * 20
    places = dict(zip(world.produce("clicks", sent + broken), sent + broken))
    first, = world.start("ingest", ingest=MAPPING)
    world.drain("ingest")
    # A copy tells what it told a second ago.
    world.wait(lambda: "unknown_action 100" in freshet(world, "status"), "the count of letters")
    status = freshet(world, "status")
    assert "unknown_action 100" in status and "bad_json 20" in status
    assert f"{world.prefix}dead-letters: 120 kept" in status
    assert first.stop() == 0

    dry = counts(freshet(world, "redrive", "--dry-run"))
    assert dry == {"unknown_action": (100, 0, 100), "bad_json": (20, 0, 20)}
    assert redriven(world) == []
    world.start("ingest", ingest=FIXED)
    assert counts(freshet(world, "redrive", "--reason", "unknown_action", "--since",
                          "1d")) == {"unknown_action": (100, 0, 100)}
    assert counts(freshet(world, "redrive", "--reason",
                          "unknown_action")) == {"unknown_action": (100, 100, 0)}
    world.drain("ingest")
    events = world.events()
    assert len(events) == 300
    ids = {f"{world.prefix}clicks-{partition}-{offset:012d}": (partition, offset)
           for (partition, offset), record in places.items() if record[1] != b"{broken"}
    stamps = {(record.partition, record.offset): record.timestamp
              for record in world.topics.read("clicks")}
    assert {event["event_id"] for event in events} == set(ids)
    for event in events:
        place = ids[event["event_id"]]
        wanted = json.loads(places[place][1])
        assert (event["user_id"], event["item_id"]) == (wanted["user"], wanted["item"])
        assert event["received_ms"] == stamps[place]

    # What is refused again is a new dead letter, of the same origin.
    assert counts(freshet(world, "redrive", "--limit", "5"))["bad_json"] == (20, 0, 5)
    world.drain("ingest")
    again = [dict(record.headers) for record in world.topics.read("dead-letters")
             if dict(record.headers).get("redriven")]
    assert len(again) == 5 and {letter["redriven"] for letter in again} == {b"1"}
    assert all(places[int(letter["origin.partition"]), int(letter["origin.offset"])][1] ==
               b"{broken" for letter in again)
    anybodys_dead_letters_move_no_other_topic(world)
    assert "--until" in subprocess.run([BIN / "freshet", "redrive", "--help"], text=True,
                                       capture_output=True).stdout
    freshet(world, "redrive", "--since", "tomorrow", code=64)


def made_up(topic, number, value=b"{}", **more):
    """A dead letter as anybody may write it who may write to `dead-letters`."""
    headers = {"reason": "made_up", "message": "m", "worker": "ingest", "origin.topic": topic,
               "origin.partition": 0, "origin.offset": number, "origin.timestamp": 1, **more}
    return b"k", value, 1, [(key, str(text).encode()) for key, text in headers.items()]


def anybodys_dead_letters_move_no_other_topic(world):
    """Only sources of ingest are written to; a letter that Kafka refuses stops no other."""
    foreign = [*(world.prefix + name for name in ("generations", "events", "neighbours")), "other"]
    before = {name: world.topics.ends(name) for name in ("generations", "events")}
    clicks = world.prefix + "clicks"
    world.produce("dead-letters", [
        *(made_up(topic, number) for number, topic in enumerate(foreign)),
        made_up(world.prefix + "generations", 9, None, withheld="true"),
        made_up("\x1b]0;t\x07", 9),
        made_up(clicks, 1, **{"origin.timestamp": 2**63 - 1}),
        made_up(clicks, 2, os.urandom(9_000_000)),
        made_up(clicks, 3, b"last one")])
    done = subprocess.run(command(world, "redrive", "-r", "made_up", "--dry-run"), text=True,
                          capture_output=True, timeout=60)
    assert counts(done.stdout) == {"made_up": (8, 0, 3)}
    assert f"{clicks} 3 3" in " ".join(done.stdout.split())
    for topic in foreign:
        assert re.search(rf"^{topic} +\d +0$", done.stdout, re.M), done.stdout
        assert f"--origin {topic} if" in done.stderr
    done = subprocess.run(command(world, "redrive", "-r", "made_up"), text=True,
                          capture_output=True, timeout=120)
    assert done.returncode == 1 and "1 dead letters could not be sent" in done.stderr, done.stderr
    assert {name: world.topics.ends(name) for name in before} == before
    assert b"last one" in [record.value for record in world.topics.read("clicks")]
    # By hand, an operator may name another topic.
    assert counts(freshet(world, "redrive", "-r", "made_up", "--origin", world.prefix + "events",
                          "--dry-run")) == {"made_up": (1, 0, 1)}


def test_killed_in_the_middle_none_is_sent_twice(make_world):
    world = make_world(partitions=2)
    world.produce("clicks", [action(f"u{n}", f"i{n}", "buy", n) for n in range(6000)])
    first, = world.start("ingest", ingest=MAPPING)
    world.drain("ingest")
    first.stop()
    killed = 0
    for _ in range(3):
        before = len(redriven(world))
        process = subprocess.Popen(command(world, "redrive"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            if sum(world.topics.ends("redrives").values()) > before // 500 * 2:
                break
        killed += process.poll() is None
        process.kill()
        process.wait()
    table = counts(freshet(world, "redrive"))
    assert table["unknown_action"][0] == 6000 and sum(table["unknown_action"][1:]) == 6000
    assert set(Counter(redriven(world)).values()) == {1}
    assert len(redriven(world)) == 6000


def pseudonym(user):
    return "k1." + hmac.new(KEY, user.encode(), hashlib.sha256).hexdigest()


def test_users_have_pseudonyms_everywhere(make_world, tmp_path):
    world = make_world(partitions=2)
    keys = tmp_path / "keys"
    keys.write_text(f"k1 1970-01-01 {KEY.hex()}\nk2 2100-01-01 {(KEY + KEY).hex()}\n")
    settings = {**FIXED, "pseudonym.keys": str(keys), "sources": "clicks,people",
                "source.people.becomes": "UserProfile", "source.people.map.user": "$key"}
    world.create(NewTopic(world.prefix + "people", 3, 1))
    users = [f"anna.schmidt+{n}" for n in range(12)]
    world.produce("clicks", [action(user, f"i{(n + k) % 9}", "view", 60 * n + k)
                             for n, user in enumerate(users) for k in range(4)])
    world.produce("clicks", [(users[0].encode(), b"{" + users[0].encode(), TIME_S * 1000)] * 5)
    world.produce("people", [(user.encode(), b'{"country":"AT"}', TIME_S * 1000)
                             for user in users])
    world.produce("people", [(users[1].encode(), None, TIME_S * 1000)])
    world.start("ingest", "features", "trainer", "scorer", ingest=settings)
    world.drain("ingest", "features", "trainer", "scorer")
    world.wait(lambda: world.topics.lag(world.prefix + "ingest", "people") == 0, "people")

    for name in ("events", "dead-letters", "histories", "features-changelog", "recommendations",
                 "users"):
        records = list(world.topics.read(name))
        assert records
        for record in records:
            assert b"anna" not in (record.key or b"") + (record.value or b"")
            assert all(b"anna" not in value for _, value in record.headers or [])
    profiles = world.decoded("users", "user_profile")
    assert set(profiles) == {pseudonym(user).encode() for user in users if user != users[1]}

    keyed = ["--set", f"pseudonym.keys={keys}"]
    assert "user anna.schmidt+3:" in freshet(world, "list", users[3], *keyed)
    freshet(world, "list", users[3], code=1)
    status = freshet(world, "status", "--set", "sources=clicks,people")
    assert f"{world.prefix}people" in status and "bad_json 5" in status

    # The records of dead letters without bytes are read from their origin.
    table = counts(freshet(world, "redrive"))
    assert table == {"bad_json": (5, 0, 5)}
    assert len(redriven(world)) == 5
    again = [record for record in world.topics.read("clicks")
             if "redriven" in dict(record.headers or [])]
    assert {record.value for record in again} == {b"{" + users[0].encode()}

    receipts = [json.loads(line) for line in
                freshet(world, "forget", users[3], *keyed).splitlines()]
    assert [receipt["actions"] for receipt in receipts] == [0, 4]  # k2, k1
    freshet(world, "list", users[3], *keyed, code=1)
