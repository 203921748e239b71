"""Searches as steps of the Transformer's sequences, through Kafka: users search for what they take
next, in words that no title has, and the lists that the model leads follow them. The encoder is
the small one of the tests: what a text means is learned from what users do after it."""

import json
import os
import random

import pytest
from conftest import ROOT
from replayed import FROM_S, quality, served, settled
from stream_data import SETTINGS
from test_embed import write_items
from test_search_worth import THEMES, item_of

MODEL = ROOT / "tests/golden/sentences"
EACH, USERS, STEPS, JUDGED, SEARCHES = 3, 300, 10, 2, 0.6
QUICK = {"train.d": 32, "train.blocks": 1, "train.length": 24, "train.dropout": 0.1,
         "train.batch": 16, "train.rate": 0.003, "train.epochs.max": 30, "train.patience": 8,
         "train.vectors.d": 32, "train.run.growth": 9, "train.publish.interval.ms": "500ms"}
# the model alone leads, and what matches a search goes up by nothing else
LEAD = {"blend.leader": "sequence", "content.used": "true", "search.weight": "1e-6"}
MAPPING = {**SETTINGS, "map.query": "q", "action.find": "SEARCH"}


def walks():
    """Of each user, (search or None, item) by step; the item is of any theme, by chance."""
    rng = random.Random(3)
    for user in range(USERS):
        steps = []
        for _ in range(STEPS):
            theme = rng.randrange(len(THEMES))
            search = THEMES[theme][1] if rng.random() < SEARCHES else None
            steps.append((search, item_of(theme, rng.randrange(EACH))))
        yield f"u{user}", steps


def send_steps(world, users, come, until):
    """Searches and actions of some steps, in the order of time; lists are made in between."""
    for step in range(come, until):
        for part in (0, 1):
            batch = []
            for user, steps in users.items():
                if steps[step][part] is None:
                    continue
                world.sent = getattr(world, "sent", 0) + 1
                event = {"id": f"e{world.sent:07}", "user": user, "ts": FROM_S + world.sent,
                         **({"type": "rating", "value": 1.0, "item": steps[step][1]} if part else
                            {"type": "find", "q": steps[step][0]})}
                batch.append((user, json.dumps(event), event["ts"] * 1000))
            world.produce("clicks", batch)
            world.drain(*{copy.worker for copy in world.copies} - {"sequence", "embed"})


def ndcg(make_world, tmp_path, reads):
    world = make_world(partitions=1)
    write_items(world, tmp_path, [
        {"item_id": item_of(theme, number), "title": f"{title} number {number}"}
        for theme, (title, _) in enumerate(THEMES) for number in range(EACH)])
    world.start("ingest", "features", "embed", ingest=MAPPING, embed={"model.path": MODEL})
    users = dict(walks())
    send_steps(world, users, 0, STEPS - JUDGED)
    world.wait(lambda: world.topics.lag(world.prefix + "embed", "items") == 0, "vectors")
    searches = {"query.model.path": MODEL} if reads else {}
    trainer, scorer = world.start("sequence", "scorer", sequence={**QUICK, **searches},
                                  scorer={**LEAD, **searches})
    settled(trainer)
    known = trainer.metrics()["freshet_training_searches"]
    assert known == (len({search for _, search in THEMES}) if reads else 0)
    assert trainer.metrics()["freshet_training_content_items"] == EACH * len(THEMES)
    served(world, scorer)
    world.drain("scorer")
    before = quality(world)[0]
    send_steps(world, users, STEPS - JUDGED, STEPS)
    after = quality(world)[0]
    lists = world.decoded("recommendations", "recommendation_list").values()
    assert {one["made_by"] for one in lists} == {"sequence"}
    assert sum(1 for _ in world.topics.read("dead-letters")) == 0
    assert set(world.stop().values()) == {0}
    return (after["ndcg_at_10"] - before["ndcg_at_10"]) / (after["judged"] - before["judged"])


@pytest.mark.parametrize("reads", [
    True, pytest.param(False, marks=pytest.mark.skipif("BOTH" not in os.environ,
                                                       reason="BOTH=1: without searches, too"))])
def test_searches_decide(make_world, tmp_path, reads):
    found = ndcg(make_world, tmp_path, reads)
    print(f"\nNDCG@10 {'with' if reads else 'without'} searches {found:.4f}")
    assert found > 0.25 if reads else found < 0.06, found
