"""The verdict finds each kind of harm, done to topics that are in order."""

import copy
import io
import json
import sys
from collections import Counter
from pathlib import Path

import fastavro
import pytest

ROOT = Path(__file__).resolve().parents[2]
for room in ("deploy", "tests/broker", "tests/chaos"):
    sys.path.insert(0, str(ROOT / room))

from contracts import Contract, Record  # noqa: E402 (the path is set above)
from list_oracle import Counting, Table, histories, serving_rows  # noqa: E402
from verdict import HISTORY_LENGTH, Verdict, strength  # noqa: E402
from oracle import count, states  # noqa: E402

USERS, EVENTS = 5, 200
SEGMENT = 64  # actions in a segment of a user's archive
PREFIX = "p-"


def encode(contract, value):
    """As an Avro single object; fields that are not named are zero or empty."""
    schema = Contract(contract).schema
    zero = {"string": "", "bytes": b"", "long": 0, "int": 0, "double": 0.0, "float": 0.0,
            "boolean": False}
    whole = {}
    for field in schema["fields"]:
        kind = field["type"]
        plain = kind["type"] if isinstance(kind, dict) else kind
        first = kind["symbols"][0] if plain == "enum" else []
        whole[field["name"]] = value.get(field["name"], zero.get(plain, first))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, whole)
    return b"\xc3\x01" + bytes(8) + out.getvalue()


def segment(actions):
    """Of a user's archive: (item, weight, time) of each action."""
    items, weights, times = zip(*actions)
    steps = [after - before for before, after in zip((0, *times), times)]
    return encode("user_archive", {"items": items, "weights": weights, "time_steps_ms": steps})


class Calm:
    """Topics as they are after an undisturbed run: name -> records, to be harmed by a test."""

    def __init__(self, users=USERS, count_of=EVENTS):
        self.at = {}
        events = [{"event_id": f"e{n}", "user_id": f"u{n % users}", "item_id": f"i{n * 7 % 61}",
                   "action": "RATING", "weight": float(1 + n % 5), "event_time_ms": 1000 * n}
                  for n in range(count_of)]
        events = [{**one, "sequence": 0, "received_ms": 0} for one in events]
        clicks = [json.dumps({"id": one["event_id"], "type": "rating"}).encode() for one in events]
        self.put("clicks", [(None, value) for value in [*clicks, b"{garbage"]])
        self.put("events", [(one["user_id"], encode("user_event", one)) for one in events])
        self.put("dead-letters", [(None, b"{garbage")], headers=[
            ("worker", b"ingest"), ("origin.partition", b"0"),
            ("origin.offset", str(count_of).encode())])
        self.users(states(enumerate(events)))
        self.pairs(count(events), users)
        self.put("items", [])
        self.lists()

    def put(self, name, pairs, headers=None):
        keys = [key.encode(errors="surrogateescape") if key else None for key, _ in pairs]
        self.at[name] = [Record(0, offset, 0, keys[offset], value, headers)
                         for offset, (_, value) in enumerate(pairs)]

    def users(self, found):
        self.put("features-changelog", [(user, encode("user_state", state))
                                        for user, state in found.items()])
        self.at["features-changelog"] += [
            Record(0, 1000 + number, 0, b"\xff" + number.to_bytes(4, "big") + user.encode(),
                   segment(state["archive"][number * SEGMENT:][:SEGMENT]), None)
            for user, state in found.items() for number in range(state["segments"])]
        self.put("histories", [(user, encode("user_history", {
            **state, "user_id": user, "input_partition": 0,
            **{column: state[column][-HISTORY_LENGTH:]
               for column in ("items", "actions", "weights", "event_times_ms", "offsets")}}))
            for user, state in found.items()])

    def pairs(self, table, users):
        items = sorted(table.mass)
        self.put("pair-deltas", [(None, encode("pair_deltas", {
            "items": items, "masses": [table.mass[item] for item in items],
            "action_counts": [table.actions[item] for item in items],
            "new_users": [users, *[0] * (len(items) - 1)]}))])
        rows, serving = [], [("\udcffcomplete", encode("serving_row", {}))]
        for item in items:
            cells = table.neighbours(item)
            co, forward, backward = zip(*cells.values())
            rows.append((item, encode("item_neighbours", {
                "item_id": item, "mass": table.mass[item], "actions": table.actions[item],
                "items": list(cells), "co_ratings": co, "forwards": forward,
                "backwards": backward})))
            best = sorted(cells, key=lambda one: (-strength(*cells[one]), one))
            serving.append((item, encode("serving_row", {
                "item_id": item, "mass": table.mass[item], "actions": table.actions[item],
                "items": best, "co_ratings": [cells[one][0] for one in best],
                "forwards": [cells[one][1] for one in best],
                "backwards": [cells[one][2] for one in best]})))
        self.put("neighbours", rows)
        self.put("serving-rows", serving)

    def lists(self):
        """Each user's list, as the newest history and the tables give it."""
        table, lists = Table(serving_rows(self), {}), []
        for user, history in histories(self).items():
            places = Counting(table, history, table.set["list.length"]).list
            name = [one.decode() for one in table.names]
            lists.append((user.decode(), encode("recommendation_list", {
                "user_id": user.decode(), "input_offset": history["input_offset"],
                "items": [name[one.item] for one in places],
                "because": ["" if one.because is None else name[one.because] for one in places],
                "reasons": [one.reason for one in places],
                "scores": [one.score for one in places],
                "evidence": [one.evidence for one in places]})))
        self.put("recommendations", lists)

    def read(self, name):
        return iter(self.at[name])

    def change(self, name, contract, **fields):
        """Alters the first record."""
        first = self.at[name][0]
        value = {**Contract(contract).decode(first.value), **fields}
        self.at[name][0] = first._replace(value=encode(contract, value))


@pytest.fixture(name="calm", scope="module")
def make_calm():
    return Calm()


@pytest.fixture
def topics(calm):
    """A copy: records are never changed, only replaced."""
    mine = copy.copy(calm)
    mine.at = {name: list(records) for name, records in calm.at.items()}
    return mine


def compared(topics):
    verdict = Verdict("nowhere:1", PREFIX, Path("/nowhere"))
    verdict.topics = topics
    verdict.all({})
    return verdict


def test_all_in_order(topics):
    verdict = compared(topics)
    assert (verdict.differences, verdict.unaccounted, verdict.words) == (0, 0, [])
    assert verdict.counts["pairs"] > 50 and verdict.counts["users"] == USERS


def test_repeats_of_events_letters_and_histories_are_no_harm(topics):
    for name in ("events", "dead-letters", "histories", "recommendations"):
        again = topics.at[name]
        topics.at[name] = again + [one._replace(offset=one.offset + len(again)) for one in again]
    verdict = compared(topics)
    assert (verdict.differences, verdict.unaccounted) == (0, 0)
    assert verdict.counts["events_repeated"] == EVENTS and verdict.counts["letters_repeated"] == 1


@pytest.mark.parametrize("name", ["clicks", "events", "dead-letters"])
def test_a_record_too_few_or_from_nowhere_is_unaccounted_for(topics, name):
    del topics.at[name][0]
    assert compared(topics).unaccounted == 1


def test_an_event_that_is_a_dead_letter_too(topics):
    letter = topics.at["dead-letters"][0]
    topics.at["dead-letters"].append(letter._replace(headers=[
        ("worker", b"ingest"), ("origin.partition", b"0"), ("origin.offset", b"7")]))
    assert compared(topics).unaccounted == 1


def test_a_letter_of_another_worker_is_a_difference(topics):
    topics.at["dead-letters"].append(topics.at["dead-letters"][0]._replace(
        headers=[("worker", b"features"), ("message", b"too_late")]))
    assert compared(topics).differences == 1


def test_what_comes_too_late_is_told_apart(topics, monkeypatch):
    """A repeat of an action that is not kept any more is refused; what is refused too soon is a
    difference."""
    event, letter = topics.at["events"][3], topics.at["dead-letters"][0]
    topics.at["events"].append(event._replace(offset=EVENTS))
    topics.at["dead-letters"].append(letter._replace(offset=1, headers=[
        ("worker", b"features"), ("reason", b"too_late"), ("message", b"older than all"),
        ("origin.partition", b"0"), ("origin.offset", str(EVENTS).encode())]))
    newer = EVENTS // USERS - 1
    monkeypatch.setattr("verdict.LATE_LEAST", newer)
    verdict = compared(topics)
    assert (verdict.differences, verdict.unaccounted) == (0, 0), verdict.words
    assert verdict.counts["late"] == 1
    monkeypatch.setattr("verdict.LATE_LEAST", newer + 1)
    assert compared(topics).differences == 1


@pytest.mark.parametrize("name", ["features-changelog", "histories", "neighbours",
                                  "serving-rows", "recommendations"])
def test_a_missing_key_is_a_difference(topics, name):
    del topics.at[name][-1]
    verdict = compared(topics)
    lists = sum(word.startswith("list of") for word in verdict.words)
    assert verdict.differences - (lists if name == "serving-rows" else 0) == 1


@pytest.mark.parametrize("name, contract, field", [
    ("features-changelog", "user_state", {"events_total": 1}),
    ("features-changelog", "user_state", {"weights": [0.5]}),
    ("histories", "user_history", {"items": ["i1"]}),
    ("neighbours", "item_neighbours", {"mass": 0.5}),
    ("neighbours", "item_neighbours", {"actions": 2.0 ** -32}),
    ("recommendations", "recommendation_list", {"input_offset": 3}),
    ("recommendations", "recommendation_list", {"items": ["i1"]}),
    ("recommendations", "recommendation_list", {"because": ["i1"]}),
    ("recommendations", "recommendation_list", {"scores": [0.5]})])
def test_another_value_is_a_difference(topics, name, contract, field):
    topics.change(name, contract, **field)
    # Of another history, the list is another one, too.
    assert compared(topics).differences == 1 + (name == "histories")


def test_a_list_with_an_item_that_was_barred(topics):
    barred = Contract("recommendation_list").decode(topics.at["recommendations"][0].value)["items"]
    topics.put("items", [(barred[0], encode("item", {"item_id": barred[0], "available": False}))])
    assert compared(topics).differences >= 1


def test_a_list_behind_a_newer_one_is_told_apart(topics):
    old = topics.at["recommendations"][0]
    value = encode("recommendation_list", {"user_id": old.key.decode(), "items": ["i1"]})
    topics.at["recommendations"].append(old._replace(value=value))
    verdict = compared(topics)
    assert verdict.differences == 0
    assert verdict.counts == verdict.counts | Counter(lists_behind=1)


def test_a_cell_off_by_the_least_there_is(topics):
    row = Contract("item_neighbours").decode(topics.at["neighbours"][0].value)
    row["co_ratings"][0] += 2.0 ** -32
    topics.change("neighbours", "item_neighbours", co_ratings=row["co_ratings"])
    assert compared(topics).differences == 1


def test_a_serving_row_that_is_behind(topics):
    last = topics.at["serving-rows"][-1]
    row = Contract("serving_row").decode(last.value)
    row["forwards"][0] += 1.0
    topics.at["serving-rows"][-1] = last._replace(value=encode("serving_row", row))
    assert compared(topics).differences == 1


def test_a_serving_row_that_came_late(topics):
    """A row of a smaller version behind the newest one is the one of a former owner."""
    last = topics.at["serving-rows"][-1]
    row = Contract("serving_row").decode(last.value)
    row["version"] -= 1
    row["forwards"][0] += 1.0
    topics.at["serving-rows"].append(last._replace(value=encode("serving_row", row)))
    assert compared(topics).differences == 0


def test_deltas_that_count_twice(topics):
    topics.at["pair-deltas"] *= 2
    items = len(topics.at["neighbours"])
    assert compared(topics).differences == 2 * items + 1  # masses, actions, and the users


def test_users_with_an_archive():
    topics = Calm(users=2, count_of=1500)  # 600 of 750 actions are kept, 128 of 150 in segments
    verdict = compared(topics)
    assert (verdict.differences, verdict.words) == (0, [])
    assert verdict.counts["archived"] == 2 * 128
    first = next(at for at, one in enumerate(topics.at["features-changelog"])
                 if one.key[0] == 0xff)
    del topics.at["features-changelog"][first]
    assert compared(topics).differences == 1


def test_an_archive_of_nobody(topics):
    topics.at["features-changelog"].append(Record(0, 9, 0, b"\xff\0\0\0\0nobody",
                                                  segment([("i1", 1.0, 5)]), None))
    assert compared(topics).differences == 1


def test_a_history_behind_a_newer_one_is_told_apart(topics):
    old = topics.at["histories"][0]
    value = {**Contract("user_history").decode(old.value), "input_offset": 0, "items": ["i1"]}
    topics.at["histories"].append(old._replace(value=encode("user_history", value)))
    verdict = compared(topics)
    assert verdict.differences == 0
    assert verdict.counts == verdict.counts | Counter(histories_behind=1)


def test_a_store_that_differs_from_its_changelog(topics, tmp_path):
    program = tmp_path / "freshet"
    fold = {one.key: one.value for one in topics.at["neighbours"]}

    def store(pairs):
        lines = ["{}", *(json.dumps({"key": key.hex(), "value": value.hex()})
                         for key, value in pairs.items())]
        (tmp_path / "dumped").write_text("\n".join(lines) + "\n")
        program.write_text(f"#!/bin/sh\ncat {tmp_path}/dumped\n")
        program.chmod(0o755)
        verdict = Verdict("nowhere:1", PREFIX, tmp_path)
        verdict.topics = topics
        verdict.all({("trainer", 0): "state"})
        return verdict.differences
    assert store(fold) == 0
    first = next(iter(fold))
    assert store({**fold, first: b"other"}) == 1
    assert store({**fold, b"more": b"more"}) == 1
    del fold[first]
    assert store(fold) == 1
