"""Events for the tests: MovieLens-100k, fetched like the demo's."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / os.environ.get("BUILD", "build") / "data" / "ml-100k" / "events.jsonl"
SETTINGS = {"map.id": "id", "map.user": "user", "map.item": "item", "map.action": "type",
            "map.weight": "value", "map.time": "ts", "time.format": "s",
            "action.rating": "RATING:1"}


def clicks(count):
    """The first events in time order, as dicts."""
    if not FILE.exists():
        subprocess.run([ROOT / "deploy" / "movielens"], check=True)
    with open(FILE, encoding="utf-8") as file:
        return [json.loads(line) for line, _ in zip(file, range(count))]


def records(events):
    """As records of the topic `clicks`."""
    return [(event["user"], json.dumps(event), event["ts"] * 1000) for event in events]
