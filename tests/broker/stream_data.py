"""Events for the tests: MovieLens-100k, fetched like the demo's; or, where ML_1M names the file,
the MovieLens-1M stream (ts,user,item,rating or 0,flag; gzip), which cannot be passed on."""

import gzip
import json
import os
import random
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / os.environ.get("BUILD", "build") / "data" / "ml-100k" / "events.jsonl"
SETTINGS = {"map.id": "id", "map.user": "user", "map.item": "item", "map.action": "type",
            "map.weight": "value", "map.time": "ts", "time.format": "s",
            "action.rating": "RATING:1"}


def ml_1m(count):
    with gzip.open(os.environ["ML_1M"], "rt", encoding="ascii") as file:
        next(file)
        rows = (line.split(",") for line, _ in zip(file, range(count)))
        return [{"id": f"ml-{number:07}", "user": user, "item": item, "type": "rating",
                 "value": float(rating) or 1.0, "ts": int(seconds)}
                for number, (seconds, user, item, rating, _) in enumerate(rows)]


def clicks(count):
    """The first events in time order, as dicts."""
    if "ML_1M" in os.environ:
        return ml_1m(count)
    if not FILE.exists():
        subprocess.run([ROOT / "deploy" / "movielens"], check=True)
    with open(FILE, encoding="utf-8") as file:
        return [json.loads(line) for line, _ in zip(file, range(count))]


def synthetic(users, count, items=2000):
    """Users walk among the items near to where they are; a few items are everybody's."""
    rng, at, made = random.Random(5), {}, []
    for number in range(count):
        # Everybody comes once; then a few come most often.
        user = number if number < users else int(rng.paretovariate(0.6)) * 7 % users
        near = (at.get(user, user) + int(rng.gauss(0, 6))) % items
        at[user] = near if rng.random() < 0.8 else int(rng.paretovariate(0.8)) % items
        made.append({"id": f"e{number}", "user": f"u{user}", "item": f"i{at[user]}",
                     "type": "rating", "value": float(rng.randrange(1, 6)),
                     "ts": 1_600_000_000 + 30 * number})
    return made


def grouped(users, groups, each, steps):
    """Users stay among the items of a group, and now and then take any other one."""
    rng, made = random.Random(6), []
    for number in range(users * steps):
        user, other = number % users, rng.random() < 0.1
        group = rng.randrange(groups) if other else user % groups
        made.append({"id": f"e{number}", "user": f"u{user}",
                     "item": f"g{group}-{rng.randrange(each)}", "type": "rating",
                     "value": float(rng.randrange(1, 6)), "ts": 1_600_000_000 + 30 * number})
    return made


def records(events):
    """As records of the topic `clicks`."""
    return [(event["user"], json.dumps(event), event["ts"] * 1000) for event in events]
