"""Items and users that are new, through Kafka and all workers: a part of the items and of the users
of a data set is held back while the rest is counted and learned from.

New items: the catalogue's records of the held items come when everything is at rest. Then lists are
asked for as they would stand before each of an item's first viewers acted on it, by the viewer's
actions until then, from all items (freshet-serve, which makes lists as the scorer does).

New users: a list by the first action of each held user, and the most popular items, beside what the
user did next.

There are three runs: with the whole catalogue (tags, title, and vectors of the title by
freshet-embed where deploy/encoder has fetched a model) and clusters of users by freshet-sequence;
with tags alone, without vectors and clusters; and with the whole catalogue, clusters and the
Transformer, which has learned three quarters of the actions when the others come, by which the
mixture learns what it is worth. The lists for viewers are asked for a second time by a rule that
gives new items two of ten places.
"""

import json
import math
import random
import subprocess
import time
import urllib.parse
from collections import Counter, defaultdict

import checkout
import openloop
import ratings
import serving
from bed import Failure, Workers
from wide import WHOLE

PORT = 18081
RATE = 2000
HELD_ITEMS = 0.05
HELD_USERS = 0.1
VIEWERS = 10  # the first ones of a held item
ACTIONS_MAX = 50  # the newest of a viewer: history.length
PLACES = 10
NEXT = 10  # actions of a held user behind the first one
ITEM_ACTIONS_MIN = 5
LEARNED = 0.75  # of the actions, before the Transformer serves
WAIT_SECONDS = 1800
ENCODER = checkout.BUILD / "encoder"
PLACEMENT = "new"
RULE = f"{PLACEMENT}.share.new=20% if age < 14d\n"
CLUSTERS = ["sequence.clusters.every.ms=2s"]
GROUPED_SECONDS = 15  # several groupings
NO_MODEL = ["sequence.train.threads=0", "sequence.train.actions.min=1000000000"]
LONG_AGO_MS = 1_500_000_000_000  # when the items that are not held back were created


class Held:
    """What of a data set is held back: rows are (user, item, weight or None, seconds)."""

    def __init__(self, rows):
        rng = random.Random(1)
        actions = Counter(item for _, item, _, _ in rows)
        items = sorted(item for item, count in actions.items() if count >= ITEM_ACTIONS_MIN)
        users = sorted({user for user, _, _, _ in rows})
        self.items = set(rng.sample(items, round(HELD_ITEMS * len(items))))
        self.users = set(rng.sample(users, round(HELD_USERS * len(users))))
        self.told = [row for row in rows if row[0] not in self.users and row[1] not in self.items]
        self.count = len(actions)
        self.firsts, self.sequences = defaultdict(list), defaultdict(list)
        for user, item, weight, seconds in rows:
            if item in self.items:
                if user not in self.users and self.sequences[user] \
                        and len(self.firsts[item]) < VIEWERS:
                    self.firsts[item].append(self.sequences[user][-ACTIONS_MAX:])
            else:
                self.sequences[user].append((item, weight, seconds))


def ask(path, body=None):
    """The items of a list that freshet-serve gives."""
    return [one["item"] for one in serving.ask(path, body, PORT, timeout=10)["items"]]


def list_for(actions, placement="main"):
    """A list by actions (item, weight or None, seconds), in their order."""
    told = [{"item": item, "time_ms": seconds * 1000,
             **({} if weight is None else {"kind": "rating", "weight": weight})}
            for item, weight, seconds in actions]
    return ask("/v1/recommendations",
               {"actions": told, "limit": PLACES, "placement": placement})


def replay(bed, prefix, directory, items):
    file = directory / "items.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in items))
    bed.write_items(prefix, file)


def wait_for(what, is_there):
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise Failure(f"{what} within {WAIT_SECONDS} s")
        time.sleep(0.2)


def vectors(bed, prefix):
    topic = f"{prefix}content-vectors"
    ends = bed.ends(topic)
    return len({one.key() for one in bed.read(topic, [0] * len(ends), ends) if one.value()})


def wait_at_rest(bed, workers, prefix, catalogue, encoded):
    """Until the server knows the newest rows and, where there is an encoder, all vectors."""
    if encoded:
        wanted = sum(1 for item in catalogue if item.get("title"))
        wait_for("all items are encoded", lambda: vectors(bed, prefix) >= wanted)
    time.sleep(5)  # serving rows are sent within 1 s, and mixtures every few seconds
    wait_for("tables are read", lambda: workers.metric("serve", "freshet_table_lag") == 0)


def offer(bed, prefix, workers, rows, first=1):
    """Sends actions, the first of which has this number, and waits until all has followed."""
    openloop.offer(bed.producer(linger_ms=0), f"{prefix}clicks",
                   list(ratings.as_json(rows, first)), RATE)
    workers.wait_consumed(WHOLE)


def wait_trained(workers):
    """Until the Transformer has learned what there is, and serves."""
    def serves():
        rows = workers.metric("sequence", "freshet_training_items")
        return (workers.metric("sequence", "freshet_training_idle") == 1 and rows > 0 and
                workers.metric("scorer", "freshet_vector_rows") >= rows and
                workers.metric("serve", "freshet_table_lag") == 0)
    wait_for("the Transformer serves", serves)


def wait_grouped(workers):
    """Until users are grouped by all that they did: another count would say the same."""
    def sent():
        return workers.metric("sequence", "freshet_cluster_records_total")

    def is_settled():
        before = sent()
        time.sleep(GROUPED_SECONDS)
        return sent() == before and workers.metric("scorer", "freshet_clusters_served") > 0
    wait_for("users are grouped", is_settled)


def ndcg(items, wanted):
    """Of a list, each wanted item being as good as the others."""
    got = sum(1 / math.log2(place + 2) for place, item in enumerate(items) if item in wanted)
    return got / sum(1 / math.log2(place + 2) for place in range(min(len(wanted), PLACES)))


def give_places(bed, prefix, directory, known):
    """Applies the rule, and waits until lists, such as one by known actions, follow it."""
    file = directory / "rules"
    file.write_text(RULE)
    subprocess.run([checkout.BUILD / "bin/freshet", "rules", "apply", file, "-b", bed.bootstrap,
                    "--set", f"topic.prefix={prefix}"], check=True, stdout=subprocess.DEVNULL)

    def is_known():
        try:
            return list_for(known, PLACEMENT) is not None
        except OSError:
            return False
    wait_for("the rules are known", is_known)


def new_items(held, placement="main"):
    """Hits among the first ten places of lists from all items, as a rate and as times chance."""
    asked = hits = 0
    for item, histories in held.firsts.items():
        for history in histories:
            asked += 1
            hits += item in list_for(history, placement)
    had = sum(len(one) for histories in held.firsts.values() for one in histories) / max(asked, 1)
    return {"lists": asked, "hr10": hits / asked, "chance": PLACES / (held.count - had)}


def new_users(held):
    """Lists by one action, and the most popular items, of what a held user did next."""
    popular = ask(f"/v1/items/popular?{urllib.parse.urlencode({'limit': PLACES + 1})}")
    sums = Counter()
    differences = []
    for user in sorted(held.users):
        first, *rest = held.sequences[user]
        wanted = {item for item, _, _ in rest[:NEXT]} - {first[0]}
        if not wanted:
            continue
        known = [item for item in popular if item != first[0]][:PLACES]
        ours = list_for([first])
        one, other = ndcg(ours, wanted), ndcg(known, wanted)
        differences.append(one - other)
        sums.update(users=1, ndcg10=one, popularity_ndcg10=other, hr10=rest[0][0] in ours,
                    popularity_hr10=rest[0][0] in known)
    count = sums.pop("users")
    mean = sum(differences) / count
    spread = math.sqrt(sum((one - mean) ** 2 for one in differences) / (count - 1) / count)
    return {"users": count, **{name: value / count for name, value in sums.items()},
            "times_popularity": sums["ndcg10"] / sums["popularity_ndcg10"],
            "hr10_times_popularity": sums["hr10"] / max(sums["popularity_hr10"], 1),
            "standard_errors": mean / spread if spread else 0}


def run(bed, prefix, held, catalogue, settings, clusters=True, model=False):
    """One run with a catalogue of {"item_id", "tags", "title"}; figures of new items and users.
    clusters: with clusters of users; model: with a Transformer, too."""
    encoded = ENCODER.exists() and any(item.get("title") for item in catalogue)
    names = [name for name, _ in WHOLE] + ["serve"] + (["embed"] if encoded else []) + (
        ["sequence"] if clusters else [])
    settings = [f"serve.http.port={PORT}", *settings,
                *([f"embed.model.path={ENCODER}"] if encoded else []),
                *(CLUSTERS if clusters else []),
                *(NO_MODEL if clusters and not model else [])]
    directory = bed.directory / "newcomers"
    directory.mkdir(parents=True, exist_ok=True)
    with bed.topics(prefix):
        replay(bed, prefix, directory, [{**one, "created_ms": LONG_AGO_MS} for one in catalogue
                                        if one["item_id"] not in held.items])
        with Workers(bed, prefix, names, settings) as workers:
            workers.healthy()
            if encoded:
                wait_for("the catalogue is encoded", lambda: vectors(bed, prefix) >= 0.9 * len(
                    [one for one in catalogue if one.get("title")]) * (1 - HELD_ITEMS))
            first = round(LEARNED * len(held.told)) if model else 0
            if first:
                offer(bed, prefix, workers, held.told[:first])
                wait_trained(workers)
            offer(bed, prefix, workers, held.told[first:], first + 1)
            if model:
                wait_trained(workers)
            if clusters:
                wait_grouped(workers)
            users = new_users(held)
            now_ms = int(time.time() * 1000)
            replay(bed, prefix, directory, [{**one, "created_ms": now_ms} for one in catalogue
                                            if one["item_id"] in held.items])
            wait_at_rest(bed, workers, prefix, catalogue, encoded)
            figures = new_items(held)
            give_places(bed, prefix, directory, known=next(iter(held.firsts.values()))[0])
            figures["placed_hr10"] = new_items(held, PLACEMENT)["hr10"]
            return figures, users


def figures(bed, name, rows, catalogue, settings=()):
    """All figures of a data set, by name."""
    held = Held(rows)
    bed.say(f"{name}: {len(held.told):,} actions; {len(held.items):,} items and "
            f"{len(held.users):,} users are held back")
    whole, users = run(bed, f"new{name[:1]}.", held, catalogue, settings)
    learned, learned_users = run(bed, f"all{name[:1]}.", held, catalogue, settings, model=True)
    tags, _ = run(bed, f"tag{name[:1]}.", held,
                  [{"item_id": one["item_id"], "tags": one["tags"]} for one in catalogue], settings,
                  clusters=False)
    least = 1 / whole["lists"]
    return {"new_item_lists": whole["lists"], "new_item_hr10": whole["hr10"],
            "new_item_tags_hr10": tags["hr10"], "new_item_chance": whole["chance"],
            "new_item_times_chance": whole["hr10"] / whole["chance"],
            "new_item_placed_hr10": whole["placed_hr10"],
            "new_item_placed_times_chance": whole["placed_hr10"] / whole["chance"],
            "new_item_times_tags": whole["hr10"] / max(tags["hr10"], least),
            "transformer_new_item_times_chance": learned["hr10"] / learned["chance"],
            "transformer_new_item_times_tags": learned["hr10"] / max(tags["hr10"], least),
            "transformer_new_item_placed_times_chance": learned["placed_hr10"] / learned["chance"],
            **{f"one_action_{name}": value for name, value in users.items()},
            **{f"transformer_one_action_{name}": value for name, value in learned_users.items()}}
