"""Items that a platform brings, through a real broker: Python writes them like any other program,
each list is the one that is recomputed from the topics alone, and records that cannot be right
become dead letters."""

import io
import random
import struct

import fastavro
from confluent_kafka.admin import NewTopic
from contracts import Contract
from list_oracle import Counting, F, Place, Verdict, standing
from stream_data import SETTINGS, clicks, records

EVENTS, WEIGHT = 1500, 0.7
SCORING = {"lists.remake.share": "50", "candidates.used": "true", "candidates.weight": str(WEIGHT)}


class BroughtVerdict(Verdict):
    def __init__(self, topics, brought):
        self.brought, self.placed = brought, 0
        super().__init__(topics)

    def priors(self, user):
        """item -> (prior, source), the greatest prior, then the source that comes first."""
        found = {}
        for owner in (user, ""):
            for (source, whose), (items, scores) in sorted(self.brought.items()):
                for k, item in enumerate(items if whose == owner else []):
                    prior = scores[k] / max(scores) if scores else 1 - k / len(items)
                    at = self.table.numbers.get(item.encode())
                    if at is not None and prior > found.get(at, (0, ""))[0]:
                        found[at] = prior, source
        return found

    def list_of(self, user, history, _found):
        counting = Counting(self.table, history, self.table.set["list.length"])
        places = {one.item: one for one in counting.list if one.score >= 0}
        best = max((one.score for one in places.values()), default=0.0)
        priors = {at: one for at, one in self.priors(user.decode()).items()
                  if not counting.seen[at] and not self.table.barred[at]}
        own = {at: float(counting.scores[at]) for at in priors}
        best = max([best, *own.values()]) or 1.0
        for at, (prior, source) in priors.items():
            more = WEIGHT * prior * best
            alone = Place(at, own[at], "BROUGHT", source, float(F(self.table.actions[at])))
            one = places.get(at, alone)
            if more > one.score:
                one = alone._replace(score=one.score)
            places[at] = one._replace(score=one.score + more)
        order = sorted(places.values(), key=lambda one: (-one.score,
                                                         self.table.names[one.item]))
        fillers = [one for one in counting.list if one.score < 0 and one.item not in places]
        made = order[:len(counting.list)]
        for one in fillers[:len(counting.list) - len(made)]:
            before = min(made[-1].score if made else 0.0, 0.0)
            made.append(one._replace(score=before - 1.0))
        self.placed += sum(one.reason == "BROUGHT" for one in made)
        return made


def encoded(source, user, items, scores=(), expires_ms=0):
    form, out = Contract("candidate_list"), io.BytesIO()
    fastavro.schemaless_writer(out, form.schema, {
        "source": source, "user_id": user, "items": list(items), "scores": list(scores),
        "expires_ms": expires_ms})
    return form.frame + out.getvalue()


def key(source, user):
    return f"{source}/{user}" if user else source


def bring(world, brought):
    world.produce("candidates", [(key(*at), encoded(*at, *value), 0)
                                 for at, value in brought.items()])


def refused(world):
    """Sends what cannot be right; the reasons of its dead letters, in order."""
    nan = bytearray(encoded("ads", "1", ["a"], [1.0]))
    nan[-5 - 1:-2] = struct.pack("<f", float("nan"))
    many = [str(k) for k in range(501)]
    before = sum(1 for _ in world.topics.read("dead-letters"))
    sent = [("ads/1", bytes(nan)), ("ads/1", encoded("ads", "1", many)),
            ("ads/2", encoded("ads", "1", ["a"])), ("Ads/1", encoded("Ads", "1", ["a"])),
            ("ads/1", encoded("ads", "1", ["a", "b"], [1.0])),
            ("ads/1", encoded("ads", "1", ["a"], [-1.0])), ("ads/1", b"no message")]
    for one in sent:
        world.produce("candidates", [(*one, 0)], partition=0)
    world.wait(lambda: sum(1 for _ in world.topics.read("dead-letters")) - before >= len(sent),
               "dead letters of candidates")
    found = [dict(one.headers)["reason"].decode() for one in world.topics.read("dead-letters")]
    assert sorted(found[before:]) == sorted([
        "not_finite", "over_limit", "key_mismatch", "bad_key", "columns_differ", "negative_score",
        "bad_magic"])


def test_what_is_brought_is_listed(make_world):
    world = make_world(partitions=2)
    world.create(NewTopic(f"{world.prefix}candidates", 2, 1, config={
        "cleanup.policy": "compact", "delete.retention.ms": "604800000"}))
    sent = clicks(EVENTS)
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS, scorer=SCORING)
    world.produce("clicks", records(sent))
    world.drain("ingest", "features", "trainer", "scorer")
    rng = random.Random(4)
    items, users = (sorted({event[name] for event in sent}) for name in ("item", "user"))
    some = lambda count: rng.sample(items, count)  # noqa: E731
    brought = {("ads", user): (some(6) + ["nowhere"], [rng.random() for _ in range(7)])
               for user in users[::2]}
    brought |= {("editors", user): (some(30), []) for user in users[::3]}
    brought[("season", "")] = some(5), [3.0, 2.0, 1.0, 0.5, 0.0]
    bring(world, brought)
    ends = sum(world.topics.ends("candidates").values())
    world.wait(lambda: any(sum(made["candidate_offsets"]) == ends
                           for made in standing(world.topics).values()), "lists with candidates")
    world.drain("scorer")
    verdict = BroughtVerdict(world.topics, brought)
    assert not verdict.words, verdict.words[:3]
    assert verdict.lists > 10 and verdict.placed > 3 * verdict.lists
    assert BroughtVerdict(world.topics, {}).differing > verdict.lists / 2, "the oracle sees it"
    refused(world)
    world.drain("scorer")
    assert not BroughtVerdict(world.topics, brought).words
    world.produce("candidates", [(key(*at), None, 0) for at in brought])
    world.wait(lambda: not any("BROUGHT" in made["reasons"]
                               for made in standing(world.topics).values()), "plain lists")
    world.drain("scorer")
    assert not BroughtVerdict(world.topics, {}).words
    assert set(world.stop().values()) == {0}
