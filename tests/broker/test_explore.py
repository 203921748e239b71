"""Places that rules explore, through a real broker: each list's draw is the one that this program
makes from the topics; users click in a world whose click probabilities are known, and what
`freshet evaluate --protocol ips` says of it is what numpy says, and near the truth."""

import json
import random
import subprocess
from collections import defaultdict

import numpy as np
import pytest
import xxhash
from conftest import BIN
from contracts import Contract
from rules_oracle import drawn, mixed
from stream_data import SETTINGS, clicks, records
from test_rules import rules

EVENTS, DAY_S = 1500, 86_400
RULES = """\
home.length=10
home.explore=4 of 6 at 0.2
home.diversity=0.1
"""
MAPPED = {**SETTINGS, "map.list": "list", "map.place": "place", "action.seen": "EXPOSURE",
          "action.click": "CLICK:1", "action.unclick": "CLICK:back", "map.taken.back": "back"}


def evaluated(*words, code=0):
    done = subprocess.run([BIN / "freshet", "evaluate", "--protocol", "ips", *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def all_served(world):
    """All records of `served`, each list once."""
    form = Contract("served_place")
    found = {}
    for record in world.topics.read("served"):
        place = form.decode(record.value)
        assert record.key.decode() == place["list_id"]
        assert found.setdefault(place["list_id"], place) == place, "a repeat says the same"
    return found


def draw_is_ours(place, made):
    """Draws again from the list's own user and offset."""
    seed = xxhash.xxh3_64_intdigest(made["user_id"].encode())
    for part in (made["input_partition"], made["input_offset"], 0):
        seed = mixed(seed, part)
    seed = xxhash.xxh3_64_intdigest(place["placement"].encode(), seed=seed)
    hashes = [xxhash.xxh3_64_intdigest(item.encode()) for item in place["items"]]
    at, probabilities = drawn(place["scores"], hashes, place["temperature"], seed)
    assert place["items"][at] == place["item_id"]
    assert np.allclose(probabilities, place["probabilities"], rtol=1e-3, atol=1e-6)
    assert probabilities[at] == pytest.approx(place["probability"], rel=1e-3)
    return at


def check_lists(world, served):
    lists = world.decoded("recommendations", "recommendation_list")
    others = 0
    for made in lists.values():
        assert made["placements"] == ["home"]
        place = served[made["placement_list_ids"][0]]
        others += draw_is_ours(place, made) > 0
        assert made["placement_items"][3] == place["item_id"] and place["place"] == 4
        assert made["placement_rules"][3] == "explore"
        want = [0.0] * 10
        want[3] = place["probability"]
        assert np.allclose(made["placement_probabilities"], want)
    assert others > len(lists) / 10
    return {made["placement_list_ids"][0]: user.decode() for user, made in lists.items()}


def liking(item):
    """How probable a click is, known to this world alone; not in the order of the scores."""
    return 0.05 + 0.5 * (xxhash.xxh3_64_intdigest(item.encode()) % 1000) / 1000


def browse(shown, served, rng, first_ts):
    """What users do with the lists that they are shown: exposures, clicks, a few taken back."""
    events, gains = [], {}
    for number, (list_id, user) in enumerate(sorted(shown.items())):
        place = served[list_id]
        one = {"user": user, "item": place["item_id"], "list": list_id, "place": 4,
               "ts": first_ts + number}
        events.append({**one, "id": f"seen-{number}", "type": "seen"})
        gains[list_id] = 0
        if rng.random() < liking(place["item_id"]):
            gains[list_id] = 1
            events.append({**one, "id": f"click-{number}", "type": "click", "value": 1})
            if number % 17 == 0:
                gains[list_id] = 0
                events.append({**one, "id": f"back-{number}", "type": "unclick",
                               "back": f"click-{number}"})
    return events, gains


def ratio(above, below):
    """A ratio of sums over users, with its deviation (Cochran 6.3)."""
    value, users = above.sum() / below.sum(), len(above)
    rest = above - value * below
    return value, np.sqrt(users / (users - 1) * (rest ** 2).sum()) / below.sum()


def policy_of(name, place):
    scores = np.array(place["scores"], float)
    if name == "greedy":
        return np.eye(len(scores))[0]
    if name == "uniform":
        return np.full(len(scores), 1 / len(scores))
    parts = np.exp((scores - scores.max()) / float(name.split()[1]))
    return parts / parts.sum()


def naive(name, shown, served, gains):
    """IPS and SNIPS with deviations, the effective size, and what the policy gains in truth."""
    sums, weights, truth = defaultdict(lambda: np.zeros(3)), [], 0.0
    for list_id, user in shown.items():
        place = served[list_id]
        at = place["items"].index(place["item_id"])
        if name == "logged":
            policy, weight = np.array(place["probabilities"]), 1.0
        else:
            policy = policy_of(name, place)
            weight = policy[at] / place["probability"]
        sums[user] += (weight * gains[list_id], weight, 1)
        weights.append(weight)
        truth += sum(p * liking(item) * (1 - 1 / 17) for p, item in zip(policy, place["items"]))
    columns = np.array(list(sums.values()))
    return (*ratio(columns[:, 0], columns[:, 2]), *ratio(columns[:, 0], columns[:, 1]),
            sum(weights) ** 2 / np.square(weights).sum(), truth / len(shown))


def check_told(lines, shown, served, gains):
    told = {one["policy"]: one for one in map(json.loads, lines)}
    assert list(told) == ["logged", "greedy", "uniform", "softmax 0.05", "softmax 0.5"]
    for name, one in told.items():
        ips, ips_off, snips, snips_off, effective, truth = naive(name, shown, served, gains)
        assert (one["placement"], one["place"]) == ("home", 4)
        assert (one["lists"], one["gains"]) == (len(shown), sum(gains.values()))
        assert one["ips"] == pytest.approx(ips, rel=1e-5)
        assert one["snips"] == pytest.approx(snips, rel=1e-5)
        assert one["ips_upper"] - ips == pytest.approx(1.96 * ips_off, rel=1e-3)
        assert snips - one["snips_lower"] == pytest.approx(1.96 * snips_off, rel=1e-3)
        assert one["effective"] == pytest.approx(effective, rel=1e-5)
        assert abs(snips - truth) < 5 * snips_off + 0.01, name
    assert told["logged"]["effective"] == pytest.approx(len(shown))


def test_what_is_explored_is_judged(make_world, tmp_path):
    world = make_world(partitions=2)
    sent = clicks(EVENTS)
    file = tmp_path / "shop.rules"
    file.write_text(RULES)
    rules(world, "apply", file)
    world.start("ingest", "features", "trainer", "scorer", ingest=MAPPED,
                scorer={"lists.remake.share": "50"})
    shown = {}
    rng, last = random.Random(3), 0
    for part in range(5):
        few = sent[part * EVENTS // 5:(part + 1) * EVENTS // 5]
        world.produce("clicks", records(few))
        world.drain("ingest", "features", "trainer", "scorer")
        served = all_served(world)
        shown.update(check_lists(world, served))
        last = few[-1]["ts"]
    events, gains = browse(shown, served, rng, last + DAY_S)
    assert 0 < sum(gains.values()) < len(shown)
    rng.shuffle(events)
    world.produce("clicks", records(events))
    world.drain("ingest", "features", "trainer", "scorer")
    assert set(world.stop().values()) == {0}
    where = ("--bootstrap", world.bootstrap, "--prefix", world.prefix)
    words = ("--json", "--temperature", "0.05", "--temperature", "0.5")
    lines = evaluated(*where, *words).splitlines()
    check_told(lines, shown, all_served(world), gains)
    assert evaluated(*where, "--reward", "conversions").count("0 bought") == 1
    assert evaluated(*where, "--placement", "mail") == ""
    dump = tmp_path / "both.jsonl"
    with open(dump, "w", encoding="utf-8") as out:
        for topic in ("events", "served"):
            subprocess.run([BIN / "freshet", "peek", topic, *where], stdout=out, check=True)
    assert evaluated(dump, *words).splitlines() == lines
    print(evaluated(*where))
