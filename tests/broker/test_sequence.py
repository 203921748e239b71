"""The sequence trainer in the whole pipeline: its generations, the lists made with them, and what
the quality topic says of those."""

import json
import os
import random
import subprocess
import time

from conftest import BIN
from replayed import (assert_quality_is_true, hit_rates, lists_anew, send, served, settled,
                      whole_generations)
from stream_data import SETTINGS

USERS, ITEMS, STEPS, HELD = 240, 61, 13, 5
KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("SEED", "1"))
QUICK = {"train.d": 32, "train.blocks": 1, "train.length": 16, "train.dropout": 0.1,
         "train.batch": 16, "train.rate": 0.003, "train.epochs.max": 40, "train.patience": 10,
         "train.run.growth": 9, "train.checkpoint.interval.ms": "500ms",
         "train.publish.interval.ms": "500ms"}


def walkers(users=USERS):
    """Each user walks the ring of items with a stride that two steps tell: what one item is
    followed by is one of four."""
    return {f"u{user}": [f"i{(user * 7 + step * (5, 7, 11, 13)[user % 4]) % ITEMS}"
                         for step in range(STEPS)] for user in range(users)}


def offline(path, sequences, *words):
    path.write_text("".join(f"{user} {' '.join(items)}\n" for user, items in sequences.items()))
    done = subprocess.run([BIN / "freshet", "evaluate", path, "--json", "--model", "transformer",
                           *words], check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["models"]["transformer"]


def test_lists_and_quality(make_world, tmp_path):
    """From clicks to lists that the generation makes, with no counting beside it; quality agrees
    with a judgement by hand; the last lists are as good as the model is offline."""
    world = make_world(partitions=1)
    sequences = walkers()
    world.start("ingest", "features", ingest=SETTINGS)
    send(world, sequences, lambda items: 0, lambda items: STEPS - HELD)
    # The trainer starts when all is there: with QUICK its first run is the only one.
    trainer, scorer = world.start("sequence", "scorer", sequence=QUICK)
    world.drain("scorer")
    settled(trainer)
    served(world, scorer)
    for step in range(STEPS - HELD, STEPS - 1):
        send(world, sequences, lambda items, at=step: at, lambda items, at=step: at + 1)
        # Lists are made with the weights of the last commit: those of the third step are judged.
        world.drain("scorer")
    _, parts = assert_quality_is_true(world)
    assert {model for model, _ in parts} & {"sequence", "mixture"}, parts
    assert scorer.metrics()["freshet_blend_training_examples_total"] >= 2 * USERS * .9
    settled(trainer)
    lists = lists_anew(world, "final")
    wanted = {user: items[-1] for user, items in sequences.items()}
    hr10, ndcg10 = hit_rates(lists, wanted)
    alone = offline(tmp_path / "walks.txt", sequences, "--set", "transformer.dropout=0.1",
                    "--set", "transformer.rate=0.003", "--set", "transformer.batch=16",
                    "--set", "transformer.epochs=40", "--set", "transformer.patience=10")
    assert hr10 >= 0.95 * alone["hr10"], (hr10, alone)
    assert ndcg10 >= 0.95 * alone["ndcg10"], (ndcg10, alone)
    assert {one["made_by"] for one in lists.values()} & {"sequence", "mixture"}
    assert all(one["vectors"] for one in lists.values())
    assert set(world.stop().values()) == {0}


def test_killed_while_training(make_world):
    """Kill -9 of trainer and scorer at random: a generation is whole at any time, training goes on
    and comes to the quality that it has without kills."""
    dice, world = random.Random(SEED), make_world(partitions=2)
    sequences = walkers()
    world.start("ingest", "features", "trainer", ingest=SETTINGS)
    again = {**QUICK, "train.run.growth": 0.25}  # it begins while actions still arrive
    copies = dict(zip(("sequence", "scorer"), world.start("sequence", "scorer", sequence=again)))
    send(world, sequences, lambda items: 0, lambda items: STEPS - 1)
    for kill in range(KILLS):
        time.sleep(dice.uniform(0.3, 4.0))
        victim = "scorer" if kill % 3 == 2 else "sequence"
        copies[victim].kill()
        whole, announced = whole_generations(world)
        assert whole or not announced, (kill, victim, announced)
        options = {"sequence": again} if victim == "sequence" else {}
        copies[victim], = world.start(victim, **options)
    settled(copies["sequence"])
    served(world, copies["scorer"])
    whole, _ = whole_generations(world)
    newest = max(whole.values(), key=lambda one: one["steps"])
    assert newest["ndcg10"] > 0.9, newest
    assert sum(1 for _ in world.topics.read("dead-letters")) == 0
    assert set(world.stop().values()) == {0}
