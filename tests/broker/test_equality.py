"""At rest each list is the one that the topics give: recomputed from histories, serving rows and
catalogue by list_oracle.py, with placements by rules_oracle.py, with the Transformer and content by
blend_oracle.py and content_oracle.py, while the catalogue changes and workers are killed. Longer,
with a restart of the broker, when asked: make equality. Environment:
  EQUALITY=ml-100k,synthetic,rules,content,blended,starts
                which events; rules: with the placement `main`, too; content: with tags and vectors
                of texts; blended: with the Transformer; starts: on topics that exist
  COPIES=1,3    of each worker
"""

import io
import json
import os
import random
import subprocess
import time
from types import SimpleNamespace

import pytest

from conftest import ROOT, Copy, World
from blend_oracle import CONTENDERS, MIXTURE, SEGMENTS, BlendVerdict, UsersVerdict
from contracts import Contract
from fastavro import schemaless_writer
from list_oracle import Verdict, standing
from replayed import send, served, settled
from rules_oracle import RulesVerdict
from stream_data import FILE, SETTINGS, clicks, grouped, records, synthetic
from test_clusters import GROUPING, agree
from test_forget import forget
from test_new_items import write_items
from test_rules import rules
from test_sequence import ITEMS as WALKED, QUICK, STEPS, walkers

EVENTS = 4000
PARTS = 8
ENDED_WELL = 75  # a supervisor starts it again: deploy/systemd
WORKERS = ("ingest", "features", "trainer", "scorer")
ASKED = [(data, int(copies))
         for data in os.environ.get("EQUALITY", "").split(",") if data
         for copies in os.environ.get("COPIES", "1,3").split(",")]
USERS, ITEMS, SYNTHETIC_EVENTS = 5000, 2000, 200_000
STARTS = 5
SENTENCES = ROOT / "tests/golden/sentences"
REPLAYED = ("items", "reasons", "because")
LONG_AGO_MS = 1_500_000_000_000


EVENTS_OF = {"ml-100k": lambda: clicks(100_000), "rules": lambda: clicks(100_000),
             "content": lambda: grouped(2000, 200, 20, 20),
             "synthetic": lambda: synthetic(USERS, SYNTHETIC_EVENTS, ITEMS)}
PLACEMENTS = """\
home.length=16
home.filter.cheap=price < 80 or price is unknown
home.filter.not_odd=not (kind = 'odd' and stock <= 2)
home.again.rated=rating, like every 9000d if price < 60
home.boost.house=1.5 if brand in ('b1', 'b2') from 2020-01-01
home.boost.over=3 if brand = 'b3' until 2020-01-01
home.cap.brand=2 per brand
home.share.new=25% if age < 3650d
home.pin.second=2 if kind = 'odd' and price is known
home.diversity=0.3
home.explore=5 of 12 at 0.2
mail.length=6
mail.repeats=yes
mail.exclude.done=rating in 36500d for 36500d if brand = 'b0'
mail.filter.in_stock=stock > 1 or tags has 't3'
mail.boost.less=-0.1 if category has 'west' or user.bucket < 50
mail.fallback=new, uncapped
mail.explore=6 at 0.5
"""
# After 100,000 actions sixteen others come before what is due again: a list of its own is longer.
MAIN = f"""\
{PLACEMENTS.replace("home.again", "back.again")}
back.length=200
main.length=15
main.explore=15 of 5 at 1
shelf.only=again
shelf.length=4
shelf.again.rated=rating, like every 30d
main.boost.house=2 if brand = 'b1'
main.cap.kind=9 per kind
"""
TIMED = ("back", "shelf")
DAY_MS = 86_400_000


def entry(item, rng):
    """Of the catalogue: what rules ask for, and some dates, of which none comes meanwhile."""
    now = int(time.time() * 1000)
    one = {"item_id": item, "title": f"Film {item}", "tags": [f"t{rng.randrange(20)}"],
           "available": rng.random() < 0.8, "created_ms": now - rng.randrange(9000) * DAY_MS,
           "price": rng.randrange(100), "stock": rng.randrange(5), "brand": f"b{rng.randrange(6)}",
           "kind": rng.choice(["film", "odd"]), "category": [rng.choice(["west", "east"])]}
    if "-" in item:  # stream_data.grouped
        one["tags"].append(item.split("-")[0])
    if rng.random() < 0.2:
        begins = now + DAY_MS * rng.choice([-2, 1])
        one.update(available_from_ms=begins, available_until_ms=begins + 4 * DAY_MS)
    if rng.random() < 0.2:
        one.update(available_until_ms=now - DAY_MS, available_from_ms=0)
    return one


def change_catalogue(world, folder, items, rng, count):
    """Entries that come and change, and one that goes."""
    write_items(world, folder, [entry(item, rng) for item in rng.sample(items, count)])
    world.produce("items", [(rng.choice(items).encode(), None, 0)])


def apply(world, folder, text):
    file = folder / "shop.rules"
    file.write_text(text)
    rules(world, "apply", file)


def feed(world, folder, sent, between=lambda part: None, copies=1, scoring=None):
    """Events in parts; before each the catalogue changes. One scorer is killed in the middle.
    Without `scoring`, lists are counting's."""
    scoring = scoring or {"content.used": "false"}
    rng, items = random.Random(1), sorted({event["item"] for event in sent})
    world.start(*WORKERS, copies=copies, ingest=SETTINGS, trainer={"neighbours.max": 0},
                scorer=scoring)
    size = -(-len(sent) // PARTS)
    for part in range(PARTS):
        world.produce("clicks", records(sent[part * size:(part + 1) * size]))
        change_catalogue(world, folder, items, rng, len(items) // 10)
        if part == PARTS // 2:
            world.copies[-1].kill()
            world.start("scorer", scorer=scoring)
        between(part)
    world.wait(lambda: "embed" not in [copy.worker for copy in world.copies]
               or world.lag("embed") == 0, "embed to be done")
    world.drain(*WORKERS)


def compared(world, verdict=None):
    verdict = verdict or Verdict(world.topics)
    print(f"\n{verdict}")
    assert verdict.empty == 0
    assert not verdict.words, "\n".join(verdict.words[:5])
    return verdict


def test_lists_equal_a_recomputation(make_world, tmp_path):
    world = make_world()
    apply(world, tmp_path, PLACEMENTS)
    feed(world, tmp_path, clicks(EVENTS))
    verdict = compared(world, RulesVerdict(world.topics))
    assert verdict.lists > 40 and verdict.acted()


def feed_blended(world, folder, users, scoring, copies=1, between=lambda step: None):
    """Walks that the Transformer learns, while lists stand; the weights of the blend are learned
    from the last steps, while the catalogue changes."""
    sequences = walkers(users)
    world.start("ingest", "features", "trainer", "scorer", copies=copies, ingest=SETTINGS,
                scorer=scoring)
    send(world, sequences, lambda items: 0, lambda items: STEPS - 2)
    trainer, = world.start("sequence", sequence={**QUICK, "train.epochs.max": 5,
                                                 "clusters.every.ms": "0"})
    settled(trainer)
    for copy in world.copies:
        if copy.worker == "scorer":
            served(world, copy)
    world.drain("scorer")
    lists = standing(world.topics).values()
    assert {(one["made_by"], one["cause"]) for one in lists} == {("mixture", "MODEL")}
    for step in range(STEPS - 2, STEPS):
        change_catalogue(world, folder, [f"i{at}" for at in range(WALKED)], random.Random(step), 9)
        send(world, sequences, lambda items, at=step: at, lambda items, at=step: at + 1)
        between(step)
        world.drain("scorer")
    world.drain("ingest", "features", "trainer", "scorer")


@pytest.mark.parametrize("content", ["false", "true"])
def test_blended_lists_equal_a_recomputation(make_world, tmp_path, content):
    world = make_world(partitions=2)
    scoring = {"blend.leader": "mixture", "lists.remake.rest.ms": 0, "lists.remake.share": 100,
               "content.used": content}
    feed_blended(world, tmp_path, 110, scoring)
    verdict = compared(world, BlendVerdict(world.topics, scoring))
    assert verdict.lists == 110 and verdict.exact > 0
    assert verdict.leaders == {"mixture"} and len(verdict.versions) > 1
    # The oracle sees it when the model is another one, or the weights are.
    wrong = BlendVerdict(world.topics, scoring, lambda one: one.model.turn_around())
    assert wrong.differing > 55
    wrong = BlendVerdict(world.topics, scoring, lambda one: one.blends.clear())
    assert wrong.differing > 55


def feed_content(world, folder, sent, between=lambda part: None, copies=1):
    """With content, whose texts embed makes vectors of; returns the verdict."""
    scoring = {"content.used": "true", "blend.leader": "mixture"}
    world.start("embed", copies=copies, embed={"model.path": SENTENCES})
    feed(world, folder, sent, between, copies, scoring)
    return BlendVerdict(world.topics, scoring)


def test_content_lists_equal_a_recomputation(make_world, tmp_path, monkeypatch):
    world = make_world(partitions=2)
    verdict = compared(world, feed_content(world, tmp_path, grouped(100, 40, 8, 8)))
    assert verdict.lists == 100 and len(verdict.versions) > 1
    assert verdict.alike > 50
    # The oracle sees it when items are alike otherwise.
    monkeypatch.setattr("content_oracle.KINDS", ("given",))
    wrong = BlendVerdict(world.topics, verdict.table.set)
    assert wrong.differing > 50


def weigh_users(world, partitions):
    """Learned weights by which users who act alike count more than counting."""
    form = Contract("model_weights")
    part = [0.2, 0, 0, 0.5] + [0.01] * 4 + [0] * (2 * CONTENDERS ** 2 + CONTENDERS + 1) + [MIXTURE]
    for partition in range(partitions):
        out = io.BytesIO(form.frame)
        out.seek(0, io.SEEK_END)
        schemaless_writer(out, form.schema, {"model": "blend", "part": partition,
                                             "parts": partitions, "weights": part * SEGMENTS})
        world.produce("models", [(f"blend/{partition}".encode(), out.getvalue(), 0)])


def feed_users(world, sent, scoring):
    """Half of the events; then users are grouped, and the blend goes on from weights of theirs."""
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS, scorer=scoring,
                trainer={"neighbours.max": 0})
    half, size = len(sent) // 2, len(sent) // 12
    world.produce("clicks", records(sent[:half]))
    world.drain("ingest", "features", "trainer", "scorer")
    world.start("sequence", sequence=GROUPING)
    world.copies[3].kill()
    weigh_users(world, 2)
    scorer, = world.start("scorer", scorer=scoring)
    world.wait(lambda: scorer.metrics().get("freshet_sampled_users", 0) > 0, "a sample of users")
    for at in range(half, len(sent), size):
        world.produce("clicks", records(sent[at:at + size]))
        world.drain("ingest", "features", "trainer", "scorer")


def test_lists_with_users_equal_a_recomputation(make_world, monkeypatch):
    world = make_world(partitions=2)
    scoring = {"blend.leader": "mixture", "lists.remake.rest.ms": 0, "lists.remake.share": 100}
    sent = clicks(6000)
    feed_users(world, sent, scoring)
    world.wait(lambda: agree(world), "the clusters of all actions")
    world.drain("scorer")
    verdict = compared(world, UsersVerdict(world.topics, scoring))
    told = verdict.users.users
    assert verdict.voiced > verdict.lists / 2 and told > verdict.lists / 2
    # Who is forgotten is in no sample: lists are those of the others.
    forget(world, sent[0]["user"])
    world.wait(lambda: agree(world), "the clusters without one user")
    world.drain("scorer")
    without = compared(world, UsersVerdict(world.topics, scoring))
    assert without.lists == verdict.lists - 1 and without.users.users < told
    # The oracle sees it when other users are asked.
    monkeypatch.setattr("alike_oracle.NEAREST", 1)
    assert UsersVerdict(world.topics, scoring).differing > verdict.lists / 4


def test_a_trial_of_rules_says_what_the_scorer_makes(make_world, tmp_path):
    """`freshet rules --try --file` makes the lists that the scorer makes when the rules are in
    force: with content, users who act alike, and new items by their guessed factors."""
    world, sent = make_world(partitions=2), clicks(3000)
    scoring = {"blend.leader": "mixture", "lists.remake.rest.ms": 0, "lists.remake.share": 100}
    acted, now_ms = {event["item"] for event in sent}, int(time.time() * 1000)
    with open(FILE.with_name("items.jsonl"), encoding="utf-8") as file:
        catalogue = list(map(json.loads, file))
    write_items(world, tmp_path, [
        {**one, "created_ms": LONG_AGO_MS if one["item_id"] in acted else now_ms}
        for one in catalogue])
    feed_users(world, sent, scoring)
    world.wait(lambda: agree(world), "the clusters of all actions")
    world.drain("scorer")
    file = tmp_path / "new.rules"
    file.write_text("main.share.new=30% if age < 14d\n")
    users = sorted(user.decode() for user in standing(world.topics))[:6]
    rules(world, "--try", users[0], "--file", file, "--set", "candidates.used=true")  # of no topic
    tried = {user: rules(world, "--try", user, "--file", file, "--set", "blend.leader=mixture")
             .splitlines() for user in users}
    rules(world, "apply", file)
    world.wait(lambda: all(made["rules_offset"] == 0 for made in standing(world.topics).values()),
               "lists by the rules")
    world.drain("scorer")
    lists = standing(world.topics)
    for user in users:
        told = rules(world, "--try", user).splitlines()
        assert len(told) > 10 and tried[user][1:] == told[1:], user
    on = [item for user in users for item in lists[user.encode()]["items"]]
    assert len(set(on) - acted) > 3
    assert any("USERS" in one["reasons"] for one in lists.values())


# ---- When asked ----

def before_draws(made):
    """What depends on no offset of `events`: lists as far as no place of them was drawn. Where what
    comes again stands depends on as_of_ms, which another run has not."""
    drawn, ends, at, parts = made["placement_probabilities"], {}, 0, {}
    for name, count in zip(made["placements"], made["placement_counts"]):
        chances = enumerate(drawn[at:at + count])
        ends[name] = next((k for k, one in chances if one > 0), count)
        parts[name] = [made[f"placement_{one}"][at:at + ends[name]] for one in REPLAYED]
        at += count
    parts[""] = [made[one][:ends.get("main")] for one in REPLAYED]
    return {name: part for name, part in parts.items() if name not in TIMED}


def replayed(data, world, before={}):  # noqa: B006: kept from run to run
    """Compares the lists with those of the same events and catalogue with other copies."""
    found = {user: before_draws(one) for user, one in standing(world.topics).items()}
    first = before.setdefault(data, found)
    differing = [user for user in found.keys() | first.keys()
                 if found.get(user) != first.get(user)]
    print(f"replayed {len(found)} differing {len(differing)}")
    for user in differing[:3]:
        one, other = first.get(user, {}), found.get(user, {})
        print(user, *((name, one.get(name), other.get(name)) for name in one.keys() | other.keys()
                      if one.get(name) != other.get(name)), sep="\n")
    assert not differing


class Supervised(World):
    """Its copies are started again when a restart of the broker ends them."""

    def start(self, *workers, copies=1, **options):
        self.options = {**getattr(self, "options", {}), **options}
        return super().start(*workers, copies=copies, **options)

    def at_rest(self, worker, generation=""):
        for at, copy in enumerate(self.copies):
            if copy.process.poll() == ENDED_WELL:
                slot = int(copy.slot_file.stem.rpartition("-")[2])
                self.copies[at] = Copy(self, copy.worker, slot, self.options.get(copy.worker, {}))
        ended = [copy for copy in self.copies if copy.process.poll() not in (None, -9)]
        assert not ended, "\n".join(copy.log()[-1000:] for copy in ended)
        return super().at_rest(worker, generation)


@pytest.fixture
def own_broker(tmp_path):
    """A broker that may be restarted."""
    script, where = ROOT / "deploy" / "local-kafka", tmp_path / "kafka"

    def start(*words):
        done = subprocess.run([script, "start", "--quiet", "--dir", where, *words], check=True,
                              text=True, stdout=subprocess.PIPE)
        return done.stdout.strip()

    def stop():
        subprocess.run([script, "stop", "--dir", where], check=True, stdout=subprocess.DEVNULL)

    def restart():
        stop()
        start("--port", bootstrap.rpartition(":")[2])

    bootstrap = start()
    yield SimpleNamespace(bootstrap=bootstrap, restart=restart)
    stop()


@pytest.mark.parametrize("data,copies", [one for one in ASKED if one[0] in EVENTS_OF])
def test_equality_in_full(own_broker, tmp_path, data, copies):
    world = Supervised(own_broker.bootstrap, tmp_path).make_topics()

    def between(part):
        if part == PARTS - 2:
            own_broker.restart()

    try:
        sent = EVENTS_OF[data]()
        if data == "rules":
            apply(world, tmp_path, MAIN)
        if data == "content":
            verdict = feed_content(world, tmp_path, sent, between, copies)
        else:
            feed(world, tmp_path, sent, between, copies)
            verdict = RulesVerdict(world.topics)
        print(json.dumps({"data": data, "copies": copies, "events": len(sent)}), end="")
        compared(world, verdict)
        assert data != "rules" or verdict.acted()
        if data != "content":  # weights are learned from what arrives in which order
            replayed(data, world)
    finally:
        world.stop()


@pytest.mark.parametrize("copies", [copies for data, copies in ASKED if data == "blended"])
def test_blended_equality_in_full(own_broker, tmp_path, copies):
    world = Supervised(own_broker.bootstrap, tmp_path).make_topics()
    scoring = {"blend.leader": "mixture"}

    def between(step):
        if step == STEPS - 2:
            [copy for copy in world.copies if copy.worker == "scorer"][-1].kill()
            world.start("scorer", scorer=scoring)
        if step == STEPS - 1:
            own_broker.restart()

    try:
        feed_blended(world, tmp_path, 1000, scoring, copies, between)
        print(json.dumps({"data": "blended", "copies": copies}), end="")
        assert compared(world, BlendVerdict(world.topics, scoring)).leaders == {"mixture"}
    finally:
        world.stop()


@pytest.mark.parametrize("listed", [False, True] if "starts" in dict(ASKED) else [])
@pytest.mark.parametrize("turn", range(STARTS))
def test_full_starts_on_existing_topics(make_world, tmp_path, turn, listed):
    """The trainer and scorers start on topics that are full, while more events come."""
    world, sent = make_world(), clicks(40_000)
    items = sorted({event["item"] for event in sent})
    if listed:
        change_catalogue(world, tmp_path, items, random.Random(turn), len(items) // 2)
    world.start("ingest", "features", ingest=SETTINGS)
    world.produce("clicks", records(sent[:30_000]))
    world.drain("features")
    scorers = world.start("scorer", copies=1 + turn % 2)
    for at in range(30_000, 40_000, 1000):
        world.produce("clicks", records(sent[at:at + 1000]))
        if at == 31_000 + 1000 * turn:
            world.start("trainer")
    world.drain(*WORKERS)
    print(json.dumps({"data": "starts", "listed": listed, "scorers": len(scorers)}), end="")
    compared(world)
