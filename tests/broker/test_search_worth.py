"""What searches are worth on published lists, by the figures of `quality`: a stream in which users
search for what they choose next, in other words than those of titles, and one in which searches say
nothing, which the scorer finds out. With the real encoder, where deploy/encoder has fetched it."""

import json
import random

import pytest
from conftest import BUILD
from replayed import FROM_S, quality
from stream_data import SETTINGS
from test_embed import write_items

REAL = BUILD / "encoder"
EACH, USERS, STEPS, LEAVES, SEARCHES = 8, 500, 10, 0.4, 0.5
# what the titles of a group have, and what users write
THEMES = [("ocean", "sea"), ("physician", "doctor"), ("automobile", "car"), ("infant", "baby"),
          ("film", "movie"), ("house", "home"), ("garments", "clothes"), ("woods", "forest"),
          ("canine", "dog"), ("feline", "cat"), ("couch", "sofa"), ("instructor", "teacher"),
          ("attorney", "lawyer"), ("aircraft", "airplane"), ("bicycle", "bike"),
          ("spectacles", "glasses"), ("sickness", "illness"), ("present", "gift"),
          ("stone", "rock"), ("nation", "country"), ("soil", "earth"), ("vessel", "boat"),
          ("currency", "money"), ("beverage", "drink"), ("snapshot", "photo"),
          ("meal", "dinner"), ("pupil", "student"), ("combat", "war"), ("infantry", "soldiers"),
          ("monarch", "king"), ("bandit", "robber"), ("melody", "song"), ("equine", "horse"),
          ("blossom", "flower"), ("blaze", "fire"), ("blizzard", "snow"), ("timber", "wood"),
          ("labour", "work"), ("nuptials", "wedding"), ("sorcerer", "wizard")]


def item_of(group, number):
    return f"i{group}-{number}"


def walk_of(rng, user, says):
    """(search or None, item) of a user, who stays in a group and now and then goes to another."""
    for _ in range(STEPS):
        leaves = rng.random() < LEAVES
        group = rng.randrange(len(THEMES)) if leaves else user % len(THEMES)
        told = group if says else rng.randrange(len(THEMES))
        search = THEMES[told][1] if rng.random() < SEARCHES else None
        yield search, item_of(group, rng.randrange(EACH))


def worth(make_world, tmp_path, says, settings):
    world = make_world(partitions=1)
    write_items(world, tmp_path, [
        {"item_id": item_of(group, number), "title": f"{title} number {number}"}
        for group, (title, _) in enumerate(THEMES) for number in range(EACH)])
    world.start("ingest", "features", "trainer", "scorer", "embed",
                ingest={**SETTINGS, "map.query": "q", "action.find": "SEARCH"},
                scorer={"content.used": "true", **settings}, embed={"model.path": REAL})
    world.wait(lambda: world.topics.lag(world.prefix + "embed", "items") == 0, "vectors")
    rng = random.Random(3)
    users = {f"u{user}": list(walk_of(rng, user, says)) for user in range(USERS)}
    sent = 0
    halves = []
    for step in range(STEPS):
        if step == STEPS // 2:
            halves.append(quality(world)[0])
        for part in (0, 1):
            batch = []
            for user, steps in users.items():
                if steps[step][part] is None:
                    continue
                sent += 1
                event = {"id": f"e{sent:07}", "user": user, "ts": FROM_S + sent,
                         **({"type": "rating", "value": 1.0, "item": steps[step][1]} if part else
                            {"type": "find", "q": steps[step][0]})}
                batch.append((user, json.dumps(event), event["ts"] * 1000))
            world.produce("clicks", batch)
            world.drain("ingest", "features", "trainer", "scorer")
    first, both = halves[0], quality(world)[0]
    judged = both["judged"] - first["judged"]
    lists = world.decoded("recommendations", "recommendation_list").values()
    return (both["ndcg_at_10"] / both["judged"],
            (both["ndcg_at_10"] - first["ndcg_at_10"]) / judged,
            sum("QUERY" in one["reasons"] for one in lists))


@pytest.mark.skipif(not REAL.exists(), reason="deploy/encoder has not fetched the model")
@pytest.mark.parametrize("says", [True, False])
def test_searches(make_world, tmp_path, says):
    ways = {"without": {"search.weight": "0"}, "vectors": {"query.model.path": REAL}}
    found = {}
    for name, settings in ways.items():
        found[name] = worth(make_world, tmp_path, says, settings)
        print(f"\nsearches {'tell' if says else 'tell nothing'}, {name}: NDCG@10 "
              f"{found[name][0]:.4f}, of the second half {found[name][1]:.4f}")
    if says:
        assert found["vectors"][0] > 1.3 * found["without"][0] and found["vectors"][2]
    else:
        assert found["vectors"][2] == 0
