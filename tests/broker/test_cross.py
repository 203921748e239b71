"""Cross pairs (views -> purchases): what features counts and lists say equals an offline count of
the events that went in. With CROSS_MEASURE=1: hits on purchases with them and without.

Ratings of MovieLens-100k stand for actions of two kinds: one of at least 4 is a purchase, a lower
one a view."""

import math
import os
from collections import Counter

import pytest
from oracle import canonical
from stream_data import SETTINGS, clicks, records

EVENTS = 12_000
PAIRS = [("VIEW", "PURCHASE")]
KINDS = {"VIEW": "1", "PURCHASE": "5"}
MARK = "\x1f"
MAPPED = {**SETTINGS, "action.view": "VIEW:1", "action.purchase": "PURCHASE:1"}
COUNTED = {"cross.pairs": "VIEW>PURCHASE"}
LISTING = {"blend.leader": "counting", "vectors.used": "false", "lists.remake.share": 100,
           "lists.remake.rest.ms": 0, "cross.weight": 1}


def actions(count):
    return [{**event, "type": "purchase" if event["value"] >= 4 else "view", "value": 1.0}
            for event in clicks(count)]


# ---- The definition ----

def same(one, kind, item):
    return one["action"] == kind and one["item_id"] == item and one["weight"] > 0


def add(one, before, users, both):
    kind, item = one["action"], one["item_id"]
    if any(kind in pair for pair in PAIRS) and not any(same(x, kind, item) for x in before):
        users[kind, item] += 1
    latest = max((at for at, x in enumerate(before) if same(x, kind, item)), default=-1)
    for first, then in PAIRS:
        if then != kind:
            continue
        others = {x["item_id"] for x in before if x["action"] == first and x["weight"] > 0}
        for other in others - {item}:
            oldest = min(at for at, x in enumerate(before) if same(x, first, other))
            if not oldest < latest:
                both[(first, other), (kind, item)] += 1


def defined(events, window=50):
    users, both = Counter(), Counter()
    for user in canonical(events):
        for place, one in enumerate(user):
            if one["weight"] > 0:
                add(one, user[max(0, place - window):place], users, both)
    return users, both


def ratio(both, one, other, everybody):
    """Dunning's statistic by entropies, with its sign."""
    def part(*cells):
        return sum(cell * math.log(cell / sum(cells)) for cell in cells if cell > 0)

    a, b, c = both, max(one - both, 0), max(other - both, 0)
    d = max(everybody - one - other + both, 0)
    value = 2 * (part(a, b, c, d) - part(a + b, c + d) - part(a + c, b + d))
    return value if a * d > b * c else -value


# ---- The pipeline ----

def name_of(text):
    kinds = {digit: kind for kind, digit in KINDS.items()}
    assert text[0] == MARK
    return kinds[text[1]], text[2:]


def counted(rows):
    users, both = Counter(), Counter()
    for text, row in rows.items():
        if not text.startswith(MARK):
            assert not any(other.startswith(MARK) for other in row["items"])
            continue
        users[name_of(text)] = row["mass"]
        for other, forward, backward in zip(row["items"], row["forwards"], row["backwards"]):
            both[name_of(text), name_of(other)] += forward
            assert rows[other]["forwards"][rows[other]["items"].index(text)] == backward
    return +users, +both


def test_counts_and_reasons_are_those_of_the_definition(make_world):
    world = make_world()
    world.start("ingest", "features", "trainer", ingest=MAPPED, features=COUNTED,
                trainer={"neighbours.max": 0})
    world.produce("clicks", records(actions(EVENTS)))
    world.drain("ingest", "features", "trainer")
    world.start("scorer", scorer=LISTING)
    world.drain("scorer")
    events = world.events()
    users, both = defined(events)
    is_users, is_both = counted(world.rows())
    assert is_users == users and is_both == both and len(both) > 10_000
    everybody = len({event["user_id"] for event in events})
    crossed = 0
    for made in world.decoded("recommendations", "recommendation_list").values():
        for item, reason, because, evidence in zip(made["items"], made["reasons"], made["because"],
                                                   made["evidence"]):
            if reason != "CROSS":
                continue
            pair = ("VIEW", because), ("PURCHASE", item)
            assert evidence == both[pair] > 0
            assert ratio(both[pair], users[pair[0]], users[pair[1]], everybody) > 0
            crossed += 1
    assert crossed > 100
    assert set(world.stop().values()) == {0}


# ---- The figure ----

def split(sent):
    """The first four fifths of each user's actions; the purchases of the rest, of other items."""
    users, first, held = {}, [], {}
    for event in sent:
        users.setdefault(event["user"], []).append(event)
    for user, events in users.items():
        at = len(events) * 4 // 5
        first += events[:at]
        had = {event["item"] for event in events[:at]}
        held[user] = [event["item"] for event in events[at:]
                      if event["type"] == "purchase" and event["item"] not in had]
    return sorted(first, key=lambda event: event["ts"]), held


def look_at(world, held):
    """Of users who bought something more: whether one of the first ten is the next purchase, and
    how many of the ten were bought."""
    judged = found = bought = 0
    lists = world.decoded("recommendations", "recommendation_list")
    for user, items in held.items():
        if items:
            ten = lists[user.encode()]["items"][:10]
            judged += 1
            found += items[0] in ten
            bought += len(set(items) & set(ten))
    return judged, found / judged, bought / judged


@pytest.mark.skipif("CROSS_MEASURE" not in os.environ, reason="CROSS_MEASURE=1 measures")
def test_purchases_on_lists(make_world):
    first, held = split(actions(int(os.environ.get("CROSS_EVENTS", "100000"))))
    world = make_world()
    world.start("ingest", "features", "trainer", ingest=MAPPED, features=COUNTED)
    world.produce("clicks", records(first))
    world.drain("ingest", "features", "trainer")
    for weight in [float(one) for one in os.environ.get("CROSS_WEIGHTS", "0,0.3,1").split(",")]:
        scorer, = world.start("scorer", scorer={**LISTING, "cross.weight": weight})
        world.drain("scorer")
        judged, found, bought = look_at(world, held)
        scorer.process.terminate()
        assert scorer.stop() == 0 and judged > 0
        print(f"\ncross.weight={weight}: {judged} users, next purchase among ten {found:.4f}, "
              f"purchases among ten {bought:.3f}")
