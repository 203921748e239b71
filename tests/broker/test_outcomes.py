"""What came of the lists, through a real broker with kills: Python writes what users were shown and
did, with lists that are real, forged or none, twice, late, and taken back before or after; the
outcomes are those that Python counts from `events`."""

import io
import json
import random
import re
import subprocess
import time
from collections import Counter, defaultdict

import fastavro
from conftest import BIN
from contracts import Contract

HOUR_MS, FROM_MS = 3_600_000, 1_700_000_000_000 // 3_600_000 * 3_600_000
USERS, EVENTS = 40, 3000
NAMES = ("impressions", "clicks", "actions", "conversions", "revenue_micros")
KINDS = ["VIEW", "CLICK", "LIKE", "PURCHASE", "DISLIKE"]
HASHES = [f"{number:016x}" for number in (1, 77, 2**64 - 1)]
FORGED = ["x", "main:", "main::", "::" + HASHES[0], "Main::" + HASHES[0], "main::" + "A" * 16,
          "main:g:2:" + HASHES[0], "main::" + HASHES[0] + " ", "🌊::" + HASHES[0]]
OURS = re.compile(r"([a-z0-9_-]+):([a-z0-9_-]*):[0-9a-f]{16}")


def a_list(rng):
    if rng.random() < 0.2:
        return rng.choice(["", *FORGED])
    return f"{rng.choice(['main', 'home', 'a-b_3'])}:{rng.choice(['', 'g2'])}:{rng.choice(HASHES)}"


def an_event(rng, number):
    user = f"u{rng.randrange(USERS)}"
    event = {"event_id": f"e{number}", "user_id": user, "item_id": f"i{rng.randrange(8)}",
             "action": rng.choice(KINDS), "weight": 1.0, "list_id": a_list(rng),
             "event_time_ms": FROM_MS + rng.randrange(72 * HOUR_MS),
             "rule": rng.choice(["", "boost.x", "pin/ü"]),
             "value": rng.choice([0.0, 1.25, -3.0, 1e300, 0.1])}
    kind = rng.random()
    if kind < 0.25:
        count = rng.randrange(4)
        event |= {"action": "EXPOSURE", "place": rng.randrange(-2, 30),
                  "items": [f"i{rng.randrange(8)}" for _ in range(count)],
                  "places": [rng.randrange(-5, 50) for _ in range(count)] * rng.randrange(2)}
    elif kind < 0.35:
        event |= {"takes_back": True, "taken_back_id": f"e{rng.randrange(EVENTS)}"}
    elif kind < 0.42:
        event |= {"takes_back": True}
    return event


def stream(rng):
    """Take-backs by id name the user's own action, mostly: else they take nothing back."""
    made = [an_event(rng, number) for number in range(EVENTS)]
    for event in made:
        other = event.get("taken_back_id")
        if other and rng.random() < 0.9:
            event["user_id"] = made[int(other[1:])]["user_id"]
    made += rng.sample(made, EVENTS // 10)  # repeats
    rng.shuffle(made)
    return made


def encoded(form, event):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, form.schema, event)
    return event["user_id"], form.frame + out.getvalue(), FROM_MS + 100 * HOUR_MS


class User:
    def __init__(self):
        self.had, self.shown, self.ids, self.kinds = {}, set(), set(), {}

    def gone(self, event):
        until = self.kinds.get((event["item_id"], event["action"]), -1)
        return event["event_id"] in self.ids or event["event_time_ms"] <= until

    def take_back(self, event):
        """The actions that are gone."""
        if event["taken_back_id"]:
            self.ids.add(event["taken_back_id"])
            gone = [one for one in self.had if one == event["taken_back_id"]]
        else:
            what = event["item_id"], event["action"]
            until = max(event["event_time_ms"], self.kinds.get(what, -1))
            self.kinds[what] = until
            gone = [name for name, one in self.had.items()
                    if (one["item_id"], one["action"]) == what and one["event_time_ms"] <= until]
        return [self.had.pop(name) for name in gone]


def counted(events):
    """(hour or "all", placement, generation, rule) -> what it comes to, and the users' states."""
    users, sums = defaultdict(User), defaultdict(Counter)

    def add(event, sign, what):
        names = OURS.fullmatch(event["list_id"])
        if not names:
            return
        hour = event["event_time_ms"] // HOUR_MS * HOUR_MS
        for window in (hour, "all"):
            for name, number in what.items():
                sums[window, names[1], names[2], event["rule"]][name] += sign * number

    def outcome(event):
        value = min(1e10, max(-1e10, event["value"]))
        return {"clicks": event["action"] in ("VIEW", "CLICK"), "actions": 1,
                "conversions": event["action"] == "PURCHASE", "revenue_micros": round(value * 1e6)}

    for event in events:
        user = users[event["user_id"]]
        if event["takes_back"]:
            for gone in user.take_back(event):
                add(gone, -1, outcome(gone))
        elif event["action"] == "EXPOSURE":
            if event["event_id"] not in user.shown:
                user.shown.add(event["event_id"])
                add(event, 1, {"impressions": len(event["items"]) or 1})
        elif event["event_id"] not in user.had and not user.gone(event):
            user.had[event["event_id"]] = event
            add(event, 1, outcome(event))
    return {key: {name: one[name] for name in NAMES} for key, one in sums.items()
            if any(one.values())}, users


def told(world):
    """The same from `outcomes`, over all partitions."""
    sums = defaultdict(Counter)
    for key, row in world.decoded("outcomes", "placement_outcomes").items():
        hour = row["from_ms"] if row["to_ms"] else "all"
        names = row["placement"], row["generation"], row["rule"]
        assert key.decode() == f"{hour}/{row['partition']}/{'/'.join(names)}"
        assert row["to_ms"] == (0 if hour == "all" else hour + HOUR_MS)
        assert any(row[name] for name in NAMES)
        sums[(hour, *names)].update({name: row[name] for name in NAMES})
    return {key: {name: one[name] for name in NAMES} for key, one in sums.items()
            if any(one.values())}


def check_histories(world, users):
    histories = world.decoded("histories", "user_history")
    for name, user in users.items():
        had = histories[name.encode()]["items"] if name.encode() in histories else []
        assert Counter(had) == Counter(one["item_id"] for one in user.had.values()), name


def test_outcomes_are_those_of_the_events(make_world):
    world, rng, form = make_world(partitions=2), random.Random(11), Contract("user_event")
    settings = {"history.shown.max": "1000", "history.taken.back.max": "1000",
                "history.listed.max": "1000"}
    plain = {"place": 0, "items": [], "places": [], "takes_back": False, "taken_back_id": ""}
    events = [encoded(form, plain | event) for event in stream(rng)]
    copy, = world.start("features", features=settings)
    for begin in range(0, len(events), 600):
        world.produce("events", events[begin:begin + 600])
        time.sleep(rng.random())  # it has begun, or not yet
        copy.kill()
        copy, = world.start("features", features=settings)
    world.drain("features")
    wanted, users = counted(world.events())
    assert told(world) == wanted and len(wanted) > 500
    assert not list(world.topics.read("dead-letters"))
    check_histories(world, users)
    lines = subprocess.run([BIN / "freshet", "outcomes", "--json", "--by", "rule", "--bootstrap",
                            world.bootstrap, "--prefix", world.prefix], text=True, check=True,
                           stdout=subprocess.PIPE, timeout=60).stdout.splitlines()
    clicks = Counter()
    for key, one in wanted.items():
        clicks[key[1], key[3]] += (key[0] == "all") * one["clicks"]
    printed = {(one["placement"], one["rule"]): one["clicks"] for one in map(json.loads, lines)}
    assert printed == clicks
    assert copy.metrics()["freshet_outcome_clicks"] == sum(clicks.values())
    assert set(world.stop().values()) == {0}
