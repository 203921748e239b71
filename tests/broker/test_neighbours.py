"""The table that comes out equals an offline count of the events that went in."""

import math
import random

import pytest
from oracle import count
from stream_data import SETTINGS, clicks, records

EVENTS = 20_000
DAY_MS = 86_400_000
UNBOUND = {"neighbours.max": "0"}


def run(world, sent, copies=1, features=None, trainer=None):
    """Sends the events through and returns the rows."""
    ingest, = world.start("ingest", ingest=SETTINGS)
    world.produce("clicks", records(sent))
    world.start("features", "trainer", copies=copies, features=features or {},
                trainer=UNBOUND if trainer is None else trainer)
    world.drain("ingest", "features", "trainer")
    rows = world.rows()
    assert set(world.stop().values()) == {0}
    return rows


def mass_of(row, epoch):
    return math.ldexp(row["mass"], row["epoch"] - epoch)


def similar(rows, item, size=20):
    row = rows[item]
    scores = [(co / math.sqrt(row["mass"] * mass_of(rows[other], row["epoch"])), other)
              for other, co in zip(row["items"], row["co_ratings"]) if co > 0]
    return sorted(scores, key=lambda pair: (-pair[0], pair[1]))[:size]


def cells(rows):
    """What the table says, whatever scale each row stands at."""
    epoch = max(row["epoch"] for row in rows.values())
    return {item: (mass_of(row, epoch), row["items"],
                   [[math.ldexp(value, row["epoch"] - epoch) for value in row[column]]
                    for column in ("co_ratings", "forwards", "backwards")])
            for item, row in rows.items()}


def assert_equal_similarities(rows, table):
    assert set(rows) == set(table.mass)
    for item in rows:
        got, expected = similar(rows, item), table.similar(item)
        assert [other for _, other in got] == [other for _, other in expected]
        for (a, _), (b, _) in zip(got, expected):
            assert abs(a - b) < 1e-9


@pytest.mark.parametrize("half_life_days", [0, 30])
def test_equals_the_oracle(make_world, half_life_days):
    world = make_world()
    rows = run(world, clicks(EVENTS), features={"decay.half.life": f"{half_life_days}d"})
    epoch = max(row["epoch"] for row in rows.values())
    table = count(world.events(), half_life_ms=half_life_days * DAY_MS, epoch=epoch)
    assert_equal_similarities(rows, table)
    for item, row in rows.items():
        expected = table.neighbours(item)
        assert set(row["items"]) == set(expected)
        for at, other in enumerate(row["items"]):
            for value, right in zip((row["co_ratings"][at], row["forwards"][at],
                                     row["backwards"][at]), expected[other]):
                assert math.ldexp(value, row["epoch"] - epoch) == pytest.approx(right, rel=1e-9)


def test_default_bounds_keep_the_best(make_world):
    world = make_world()
    rows = run(world, clicks(EVENTS), trainer={"neighbours.max": "512"})
    table = count(world.events())
    kept = wanted = 0
    for item in rows:
        best = {other for _, other in table.similar(item)}
        kept += len(best & {other for _, other in similar(rows, item)})
        wanted += len(best)
    assert kept / wanted >= 0.99


def test_same_table_however_it_is_split(make_world):
    sent = clicks(EVENTS)
    plain = cells(run(make_world(4), sent))
    assert cells(run(make_world(1), sent)) == plain
    assert cells(run(make_world(4), sent, copies=3)) == plain


def test_same_table_however_it_is_batched(make_world):
    sent = clicks(400)
    one = {"batch.records.max": "1"}
    many = {"batch.records.max": "10000"}
    often = {**UNBOUND, "poll.records.max": "1", "checkpoint.replay.ms": "0"}
    seldom = {**UNBOUND, "checkpoint.replay.ms": "1h"}
    assert cells(run(make_world(2), sent, features=one, trainer=often)) == \
        cells(run(make_world(2), sent, features=many, trainer=seldom))


def test_same_table_without_transactions(make_world):
    sent = clicks(400)
    world = make_world(2)
    loose = {"delivery": "at_least_once"}
    rows = run(world, sent, features=loose, trainer={**UNBOUND, **loose})
    assert cells(rows) == cells(run(make_world(2), sent))
    for name in ("pair-deltas", "neighbours", "features-changelog"):  # no marker anywhere
        assert sum(world.topics.ends(name).values()) == sum(1 for _ in world.topics.read(name))


def test_repeats_and_shuffles_change_nothing(make_world):
    sent = clicks(EVENTS)
    rng = random.Random(7)
    twice = [event for event in sent for _ in range(2)]
    for start in range(0, len(twice), 1000):
        block = twice[start:start + 1000]
        rng.shuffle(block)
        twice[start:start + 1000] = block
    world = make_world()
    again = run(world, twice)
    assert cells(again) == cells(run(make_world(), sent))
    assert_equal_similarities(again, count(world.events()))
