"""Whole data sets replayed through the pipeline with the sequence trainer on: the last lists beside
what `freshet evaluate` measures of the same models, and quality beside a judgement by hand.
Long, so only when asked: make pipeline-quality. Environment:
  PIPELINE_QUALITY=ml-100k,toys   which sets
  QUALITY_DATA=../shared/data     where s3rec/ is, for toys; skipped when absent
  WAIT_SECONDS                    longest wait for the trainer to rest
"""

import gzip
import json
import math
import os
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from conftest import BIN, ROOT
from replayed import assert_quality_is_true, hit_rates, lists_anew, quality, send, served, settled
from stream_data import SETTINGS, clicks

SETS = [name for name in os.environ.get("PIPELINE_QUALITY", "").split(",") if name]
DATA = Path(os.environ.get("QUALITY_DATA", ROOT.parent / "shared/data"))
HELD = 3  # the test, and two actions to learn the blend from
NEAR = 0.95


def ml_100k():
    sequences = defaultdict(list)
    for event in clicks(100_000):
        sequences[event["user"]].append(event["item"])
    return dict(sequences), {}, {"history.length": 200}


def toys():
    path = DATA / "s3rec"
    if not path.exists():
        pytest.skip(f"no {path}: set QUALITY_DATA")
    with gzip.open(path / "Toys_and_Games.txt.gz", "rt", encoding="utf-8") as file:
        rows = (line.split() for line in file)
        sequences = {f"u{user}": [f"i{item}" for item in items] for user, *items in rows}
    with gzip.open(path / "Toys_and_Games_item2attributes.json.gz", "rt") as file:
        tags = {f"i{item}": [str(tag) for tag in tags] for item, tags in json.load(file).items()}
    return sequences, tags, {}


def write_catalogue(world, tags, folder):
    """Items with their attributes as tags, by `freshet replay`."""
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps({"item_id": item, "tags": ours}) + "\n"
                            for item, ours in tags.items()))
    subprocess.run([BIN / "freshet", "replay", path, "--topic", "items", "--contract", "Item",
                    "--bootstrap", world.bootstrap, "--prefix", world.prefix], check=True,
                   stdout=subprocess.DEVNULL)


def evaluate(sequences, tags, folder, model):
    path, attributes = folder / "sequences.txt", folder / "attributes.json"
    path.write_text("".join(f"{user} {' '.join(items)}\n" for user, items in sequences.items()))
    attributes.write_text(json.dumps(tags))
    more = ["--attributes", attributes] if tags else []
    done = subprocess.run([BIN / "freshet", "evaluate", path, "--json", "--model", model, *more],
                          check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["models"][model]


def told(name, hr10, ndcg10):
    print(f"    {name:34} HR@10 {hr10:.4f}  NDCG@10 {ndcg10:.4f}", flush=True)


@pytest.mark.parametrize("name", ["ml-100k", "toys"])
def test_as_good_as_offline(make_world, tmp_path, name):
    if name not in SETS:
        pytest.skip("make pipeline-quality")
    sequences, tags, features = {"ml-100k": ml_100k, "toys": toys}[name]()
    sequences = {user: items for user, items in sequences.items() if len(items) > HELD}
    world = make_world(partitions=4)
    world.start("ingest", "features", "trainer", ingest=SETTINGS, features=features)
    if tags:
        write_catalogue(world, tags, tmp_path)
    trainer, scorer = world.start("sequence", "scorer", sequence={"train.threads": 2})
    print(f"\n{name}: {len(sequences)} users, {sum(map(len, sequences.values()))} actions")
    send(world, sequences, lambda items: 0, lambda items: len(items) - HELD)
    settled(trainer)
    served(world, scorer)
    for left in range(HELD, 1, -1):  # the first time gives lists, what follows is learned from
        send(world, sequences, lambda items, at=left: len(items) - at,
             lambda items, at=left: len(items) - at + 1)
    assert_quality_is_true(world, features.get("history.length", 50))
    for (model, segment), (judged, hits, ndcg) in sorted(quality(world)[1].items()):
        print(f"    live, {model:9} segment {segment}  judged {judged:6}  "
              f"HR@10 {hits / judged:.4f}  NDCG@10 {ndcg / judged:.4f}")
    settled(trainer)
    wanted = {user: items[-1] for user, items in sequences.items()}
    rates = {}
    for leader in ("counting", "sequence", "mixture", "proved"):
        rates[leader] = hit_rates(lists_anew(world, leader, **{"blend.leader": leader}), wanted)
        told(f"lists, {leader}", *rates[leader])
    alone = evaluate(sequences, tags, tmp_path, "transformer")
    told("offline, transformer", alone["hr10"], alone["ndcg10"])
    # One standard error of the difference: a tenth of the hits are each other's misses.
    noise = math.sqrt(0.2 * alone["hr10"] / len(wanted))
    assert rates["sequence"][0] >= NEAR * alone["hr10"] - noise
    assert rates["proved"][0] >= max(rates["counting"][0], rates["sequence"][0]) - 2 * noise
