"""Replays users' sequences through the whole pipeline, and evaluates the published lists itself."""

import json
import math
from collections import defaultdict

from confluent_kafka.admin import NewTopic
from conftest import Contract, Copy

FROM_S = 1_600_000_000


def send(world, sequences, come, until):
    """Sends each user's actions come(user) .. until(user) - 1, step by step in time order."""
    order = []
    for user, items in sequences.items():
        for step in range(come(items), until(items)):
            order.append((step, user, items[step]))
    order.sort(key=lambda one: one[0])
    world.sent = getattr(world, "sent", 0)
    records = []
    for step, user, item in order:
        world.sent += 1
        event = {"id": f"e{world.sent:07}", "user": user, "item": item, "type": "rating",
                 "value": 1.0, "ts": FROM_S + world.sent}
        records.append((user, json.dumps(event), event["ts"] * 1000))
    world.produce("clicks", records)
    world.drain(*{copy.worker for copy in world.copies} - {"sequence"})


def settled(copy):
    """Waits until the trainer has learned and published all that there is."""
    def rests():
        if not copy.running():
            return False
        told = copy.metrics()
        return told.get("freshet_training_idle") == 1 and told["freshet_training_steps"] > 0
    copy.world.wait(rests, "the sequence trainer to rest")


def served(world, scorer):
    """Waits until the scorer serves the newest generation."""
    def serves():
        weights = Contract("model_weights")
        newest = None
        for record in world.topics.read("models"):
            one = weights.decode(record.value)
            newest = one if one["model"] == "sequence" else newest
        return newest and scorer.metrics()["freshet_vector_rows"] >= newest["items"]
    world.wait(serves, "the scorer to serve a generation")


def whole_generations(world):
    """Slots whose announced generation has all its rows."""
    weights, vector = Contract("model_weights"), Contract("item_vector")
    announced, rows = {}, defaultdict(set)
    for value in world.topics.newest("models").values():
        one = weights.decode(value.value)
        if one["model"] == "sequence":
            announced[one["slot"]] = one
    for value in world.topics.newest("item-vectors").values():
        one = vector.decode(value.value)
        if one["generation"] == announced.get(one["slot"], {}).get("generation"):
            rows[one["slot"]].add(one["row"])
    return {slot: one for slot, one in announced.items()
            if set(range(one["items"])) <= rows[slot]}, announced


def quality(world):
    """Sums of the quality topic, and by (model, segment)."""
    form = Contract("list_quality")
    sums, parts = defaultdict(float), defaultdict(lambda: [0, 0, 0.0])
    newest = {record.key: form.decode(record.value) for record in world.topics.read("quality")}
    for one in newest.values():
        for name in ("judged", "hits_at_10", "ndcg_at_10", "lists", "places", "unlisted",
                     "repeats"):
            sums[name] += one[name]
        for columns in zip(one["made_by"], one["segments"], one["judged_by"], one["hits_by"],
                           one["ndcg_by"]):
            part = parts[columns[0], columns[1]]
            for at, value in enumerate(columns[2:]):
                part[at] += value
    return sums, parts


def segment_of(actions):
    return 0 if actions <= 2 else 1 if actions < 20 else 2


def judged_by_hand(world, length):
    """The same figures from the topics `events` and `recommendations` alone; length: of the newest
    actions that a history tells of."""
    event, form = Contract("user_event"), Contract("recommendation_list")
    actions, lists = defaultdict(list), defaultdict(list)
    for record in world.topics.read("events"):
        one = event.decode(record.value)
        actions[one["user_id"]].append((record.offset, one["item_id"]))
    for record in world.topics.read("recommendations"):
        one = form.decode(record.value)
        if one["cause"] == "ACTION":  # only these are evaluated
            lists[one["user_id"]].append(one)
    sums, parts = defaultdict(float), defaultdict(lambda: [0, 0, 0.0])
    for user, given in lists.items():
        mine = sorted(actions[user])
        sums["lists"] += len(given)
        sums["places"] += sum(len(one["items"]) for one in given)
        for old, new in zip(given, given[1:]):
            told = [one for one in mine if one[0] <= new["input_offset"]][-length:]
            after = [one for one in told if one[0] > old["input_offset"]]
            if not after:
                continue
            before = sum(offset <= old["input_offset"] for offset, _ in mine)
            part = parts[old["made_by"], segment_of(before)]
            first = old["items"][:10]
            hit = after[0][1] in first
            sums["repeats"] += not hit and after[0][1] in {
                item for offset, item in mine if offset <= old["input_offset"]}
            gain = 1 / math.log2(first.index(after[0][1]) + 2) if hit else 0.0
            for at, value in enumerate((1, int(hit), gain)):
                part[at] += value
    for judged, hits, ndcg in parts.values():
        sums["judged"] += judged
        sums["hits_at_10"] += hits
        sums["ndcg_at_10"] += ndcg
    return sums, parts


def assert_quality_is_true(world, length=50):
    """The quality topic and a judgement by hand agree exactly."""
    told, told_parts = quality(world)
    mine, my_parts = judged_by_hand(world, length)
    for name in ("judged", "hits_at_10", "repeats", "lists", "places"):
        assert told[name] == mine[name], name
    assert math.isclose(told["ndcg_at_10"], mine["ndcg_at_10"], rel_tol=1e-9)
    assert told_parts.keys() == my_parts.keys()
    for key, (judged, hits, ndcg) in told_parts.items():
        assert (judged, hits) == tuple(my_parts[key][:2]), key
        assert math.isclose(ndcg, my_parts[key][2], rel_tol=1e-9, abs_tol=1e-12), key
    return told, told_parts


def lists_anew(world, name, **settings):
    """Lets another scorer make every user's list from what is there now: newest lists by user."""
    world.create(*(NewTopic(f"{world.prefix}{name}.{topic}", world.partitions, 1,
                            config={"cleanup.policy": "compact"})
                   for topic in ("recommendations", "lists", "quality")))
    options = {"group.prefix": f"{world.prefix}{name}-", "lists.evaluated": "false",
               "state.dir": world.dir / name,
               **{f"topic.{topic}": f"{world.prefix}{name}.{topic}"
                  for topic in ("recommendations", "lists", "quality")}, **settings}
    copy = Copy(world, "scorer", 0, options)
    try:
        world.wait(copy.healthy, "the other scorer to be healthy")
        world.wait(lambda: world.topics.lag(f"{world.prefix}{name}-scorer", "histories") == 0,
                   "the other scorer to make all lists")
    finally:
        copy.stop()
    form = Contract("recommendation_list")
    return {key.decode(): form.decode(record.value)
            for key, record in world.topics.newest(f"{name}.recommendations").items()}


def hit_rates(lists, wanted):
    """HR@10 and NDCG@10 of {user: item}."""
    hits = ndcg = 0
    for user, item in wanted.items():
        first = lists[user]["items"][:10] if user in lists else []
        if item in first:
            hits += 1
            ndcg += 1 / math.log2(first.index(item) + 2)
    return hits / len(wanted), ndcg / len(wanted)
