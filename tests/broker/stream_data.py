"""Events for the tests: MovieLens-100k, fetched like the demo's; or, where ML_1M names the file,
the MovieLens-1M stream (ts,user,item,rating or 0,flag; gzip), which cannot be passed on."""

import gzip
import json
import os
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


def records(events):
    """As records of the topic `clicks`."""
    return [(event["user"], json.dumps(event), event["ts"] * 1000) for event in events]
