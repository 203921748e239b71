"""Contexts through a real broker: what features counts equals an offline count of the events that
went in, also when it was killed and when a user was forgotten; lists of freshet-serve, by HTTP and
by topic, follow the device that a request names. With FORMER_BIN=DIRECTORY (programs of a commit
that counts contexts without groups of days): what these have counted is taken back by the present
ones. With CONTEXT_MEASURE=FILE (u.data of MovieLens-100k, or lines of user::item::rating::seconds):
what the part of day and week are worth.

Ratings of MovieLens-100k get a device: films with an even number are rated on mobile more often."""

import math
import os
import random
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from conftest import BIN
from contracts import Contract
from oracle import canonical
from served_lists import encode
from stream_data import SETTINGS, clicks, records
from test_forget import forget
from test_merge import merge
from test_serve import ask, free_port
from test_take_back import BACK, KEPT, take_back

EVENTS, WINDOW = 16_000, 50
MARK = "\x1f"
MAPPED = {**SETTINGS, "map.device": "on", "time.zone": "-06:00"}
GROUPS, DAY_MS, ZONE_BEHIND_MS = 3, 86_400_000, 6 * 3_600_000
LETTERS = {"device": "d", "day": "t", "week": "w"}


def actions(count):
    rng = random.Random(4)
    return [{**event, "on": "Mobile" if rng.random() < (0.25, 0.75)[int(event["item"]) % 2 == 0]
             else "desktop"} for event in clicks(count)]


# ---- The definition ----

def indicators(event):
    day = ("night", "morning", "afternoon", "evening")[event["hour"] // 6]
    week = "weekday" if event["weekday"] < 6 else "weekend"
    return {MARK + LETTERS[name] + value for name, value in
            (("device", event["device"].lower()), ("day", day), ("week", week))}


def grouped(name, event):
    """Part of day and week are counted by groups of days, by the user's own; a former build had
    none."""
    if name[1] == LETTERS["device"] or event.get("former"):
        return name
    return f"{name}/{1 + (event['event_time_ms'] - ZONE_BEHIND_MS) // DAY_MS % GROUPS}"


def plain(name, _):
    return name


def defined(events, apart=False):
    """(indicator, item): users, each once within the window; apart: once in each group of days, as
    a former build takes what has a group for another indicator."""
    counts = Counter()
    for user in canonical(events):
        for place, one in enumerate(user):
            if not one["weight"] > 0:
                continue
            before = [other for other in user[max(0, place - WINDOW):place]
                      if other["item_id"] == one["item_id"] and other["weight"] > 0]
            had = {(grouped if apart else plain)(name, other)
                   for other in before for name in indicators(other)}
            counts.update((grouped(name, one), one["item_id"]) for name in indicators(one)
                          if (grouped if apart else plain)(name, one) not in had)
    return counts


def counted(rows):
    """What the rows say of each pair, and that their sums are those of the pairs."""
    of_items, of_indicators, masses = Counter(), Counter(), {}
    for text, row in rows.items():
        if not text.startswith(MARK):
            assert not any(other.startswith(MARK) for other in row["items"])
            continue
        masses[text] = row["mass"]
        for other, forward, backward in zip(row["items"], row["forwards"], row["backwards"]):
            if text[1] == "i":
                of_items[other, text[2:]] += backward
            else:
                of_indicators[text, other[2:]] += forward
    assert of_items == of_indicators
    sums = defaultdict(float)
    for (name, item), users in of_items.items():
        sums[name] += users
        sums[name[:2]] += users
        sums[MARK + "i" + item] += users
    assert sums == masses
    return of_items


def of_device(world, port, user, device):
    """The list by HTTP and by topic, which are one."""
    status, told = ask(port, f"/v1/users/{user}/recommendations?device={device}&limit=10")
    assert status == 200 and told["cause"] == "request"
    key, form, found = f"{user}/{device}", Contract("recommendation_response"), []
    ends = world.topics.ends("responses")
    world.produce("requests", [(key, encode("recommendation_request", {
        "request_id": key, "user_id": user, "device": device, "limit": 10}), 0)])

    def answered():
        found.extend(one for record in world.topics.read("responses", ends)
                     if (one := form.decode(record.value))["request_id"] == key)
        return found
    world.wait(answered, "the response")
    assert found[0]["status"] == 200
    assert found[0]["items"] == [one["item"] for one in told["items"]]
    assert [one.lower() for one in found[0]["reasons"]] == [one["reason"] for one in told["items"]]
    return told["items"]


def test_counts_and_lists_are_those_of_the_definition(make_world):
    world, port = make_world(), free_port()
    world.start("ingest", "trainer", ingest=MAPPED, trainer={"neighbours.max": 0})
    (copy,) = world.start("features")
    sent = actions(EVENTS)
    world.produce("clicks", records(sent[:EVENTS // 2]))
    world.wait(lambda: len(list(world.topics.read("events"))) > EVENTS // 4, "some events")
    copy.kill()
    *_, server = world.start("features", "scorer", "serve", serve={"http.port": port})
    world.produce("clicks", records(sent[EVENTS // 2:]))
    world.drain("ingest", "features", "trainer", "scorer")
    events = world.events()
    counts = defined(events)
    assert counted(world.rows()) == counts and len(counts) > 5_000

    gone = Counter(event["user_id"] for event in events).most_common(1)[0][0]
    forget(world, gone)
    world.drain("features", "trainer", "scorer")
    counts = defined([event for event in events if event["user_id"] != gone])
    assert counted(world.rows()) == counts

    # Whether somebody asks on mobile makes the list another one, and says why.
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the tables")
    world.wait(server.at_rest, "the newest rows to be read")
    users = sorted({event["user_id"] for event in events} - {gone})[:30]
    world.wait(lambda: ask(port, f"/v1/users/{users[0]}/recommendations?device=mobile")[1].get(
        "cause") == "request", "contexts in the tables")
    even, reasons = Counter(), Counter()
    for user in users:
        for device in ("mobile", "desktop"):
            items = of_device(world, port, user, device)
            even[device] += sum(int(one["item"]) % 2 == 0 for one in items)
            for one in items:
                if one["reason"] != "context":
                    continue
                reasons[one["because"]] += 1
                name = MARK + "d" + one["because"].removeprefix("device=")
                assert one["evidence"] == counts[name, one["item"]] > 0
    assert even["mobile"] > 1.5 * even["desktop"]
    assert set(reasons) == {"device=mobile", "device=desktop"}
    status, told = ask(port, f"/v1/users/{users[0]}/recommendations?device=watch")
    assert status == 200 and told["cause"] != "request"
    assert set(world.stop().values()) == {0}


# ---- Upgraded ----

def joined(events, joins):
    return [{**event, "user_id": joins.get(event["user_id"], event["user_id"])} for event in events]


def choose_users(events):
    """One who is forgotten, and two who are merged, with some actions each."""
    common = [user for user, count in Counter(event["user"] for event in events).most_common()
              if count < 150]
    return common[0], common[1], common[2]


def assert_read(world, users, programs):
    """A former freshet-serve reads the rows, and answers by device and hour."""
    port = free_port()
    world.start("serve", serve={"http.port": port}, programs=programs)
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the tables")
    for user in users:
        path = f"/v1/users/{user}/recommendations?device=mobile&hour=20&weekday=3"
        status, told = ask(port, path)
        assert status == 200 and told["items"]


@pytest.mark.skipif("FORMER_BIN" not in os.environ, reason="FORMER_BIN=DIRECTORY upgrades from it")
@pytest.mark.parametrize("case", ["state", "changelog", "downgraded"])
def test_counts_of_a_former_build_are_taken_back(make_world, case):
    """Late actions, actions taken back, a forgotten user and merged ones, of before and after; also
    when the former programs come after the present ones."""
    rng, world, former = random.Random(7), make_world(), Path(os.environ["FORMER_BIN"])
    order = [BIN, former] if case == "downgraded" else [former, BIN]
    sent, names = actions(8000), ("ingest", "features", "trainer", "scorer")
    gone, old, new = choose_users(sent)
    late = {event["id"] for event in sent[:4000] if rng.random() < 0.1}
    taken = {event["id"] for event in sent if rng.random() < 0.2}
    first = [event for event in sent[:4000] if event["id"] not in late]
    rest = [event for event in sent if event not in first]
    settings = {"ingest": {**MAPPED, **BACK}, "features": KEPT, "trainer": {"neighbours.max": 0}}
    world.start(*names, programs=order[0], **settings)
    world.produce("clicks", records(first))
    world.drain(*names)
    before = {event["event_id"] for event in world.events()}
    assert counted(world.rows()) == defined(
        [{**one, "former": order[0] == former} for one in world.events()])
    world.stop()
    if case == "changelog":
        shutil.rmtree(world.state)
    world.start(*names, programs=order[1], **settings)
    world.produce("clicks", records(rest + [take_back(one) for one in sent if one["id"] in taken]))
    world.drain(*names)
    forget(world, gone)
    merge(world, old, new)
    world.drain(*names)
    assert not list(world.topics.read("dead-letters"))
    here = {one["id"] for one in sent} - taken
    left = [{**event, "former": (event["event_id"] in before) == (order[0] == former)}
            for event in world.events() if event["event_id"] in here and event["user_id"] != gone]
    counts = defined(joined(left, {old: new}), apart=case == "downgraded")
    assert counted(world.rows()) == counts
    by_day = [name for name, _ in counts if name[1] == LETTERS["day"]]
    assert 100 < sum("/" in name for name in by_day) < len(by_day) - 100
    assert_read(world, sorted({event["user_id"] for event in left} - {old})[:20], former)
    assert set(world.stop().values()) == {0}


# ---- The figure ----

def ratings(file):
    """In time order, all of weight 1."""
    lines = [re.split(r"::|\t", line) for line in file.read_text().splitlines() if line]
    order = sorted((int(at), user, item) for user, item, _, at in lines)
    return [{"id": f"r-{number:07}", "user": user, "item": item, "type": "rating", "value": 1.0,
             "ts": at} for number, (at, user, item) in enumerate(order)]


def clock_of(event, offset_hours):
    seconds = event["ts"] + offset_hours * 3600
    return seconds % 86400 // 3600, (seconds // 86400 + 3) % 7 + 1


def gain(told, item):
    made = [one["item"] for one in told["items"][:10]]
    return 1 / math.log2(made.index(item) + 2) if item in made else 0.0


@pytest.mark.skipif("CONTEXT_MEASURE" not in os.environ, reason="CONTEXT_MEASURE=FILE measures")
def test_what_part_of_day_and_week_are_worth(make_world):
    """The last fifth, in time; who has acted before, on items that the user has not had."""
    sent, zone = ratings(Path(os.environ["CONTEXT_MEASURE"])), int(os.environ.get("ZONE", "0"))
    first, rest = sent[:len(sent) * 4 // 5], sent[len(sent) * 4 // 5:]
    world, port = make_world(), free_port()
    settings = {**SETTINGS, "time.zone": f"{zone:+03}:00"}
    world.start("ingest", "features", "trainer", ingest=settings)
    world.produce("clicks", records(first))
    world.drain("ingest", "features", "trainer")
    world.start("scorer", "serve", scorer={"vectors.used": "false"}, serve={"http.port": port})
    world.drain("scorer")
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the tables")
    had = {(one["user"], one["item"]) for one in first}
    known = {user for user, _ in had}
    judged = [one for one in rest if one["user"] in known and (one["user"], one["item"]) not in had]
    random.Random(1).shuffle(judged)
    sums, reasons, changed = Counter(), Counter(), 0
    for one in judged[:int(os.environ.get("JUDGED", "10000"))]:
        hour, weekday = clock_of(one, zone)
        path = f"/v1/users/{one['user']}/recommendations"
        (_, plain), (_, told) = ask(port, path), ask(port, f"{path}?hour={hour}&weekday={weekday}")
        orders = [[item["item"] for item in made["items"][:10]] for made in (plain, told)]
        sums.update(judged=1, plain=gain(plain, one["item"]), context=gain(told, one["item"]),
                    hits=gain(plain, one["item"]) > 0, context_hits=gain(told, one["item"]) > 0)
        reasons.update(item["because"] for item in told["items"] if item["reason"] == "context")
        changed += orders[0] != orders[1]
    count = sums["judged"]
    print(f"\n{count} actions; NDCG@10 {sums['plain'] / count:.4f} without, "
          f"{sums['context'] / count:.4f} with the part of day and week; hit@10 "
          f"{sums['hits'] / count:.4f}, {sums['context_hits'] / count:.4f}; lists changed "
          f"{changed / count:.3f}; reasons {dict(reasons)}")
    assert sums["context"] >= 0.995 * sums["plain"]
