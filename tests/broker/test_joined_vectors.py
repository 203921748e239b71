"""Vectors by name, in the catalogue or on a topic of their own: items that nothing but such a
vector makes similar stand on the lists, and a vector that is taken back takes them off the next
ones."""

import json
import random
import subprocess

from confluent_kafka.admin import NewTopic
from conftest import BIN, ROOT
from replayed import send
from stream_data import SETTINGS
from test_new_items import act

GROUPS, EACH, USERS, STEPS, WIDTH = 200, 8, 400, 5, 24
CONTENT = {"content.used": "true"}
EMBED = {"model.path": ROOT / "tests/golden/sentences"}
NAMES = ("image", "clip-2")


def item_of(group, number):
    return f"i{group}-{number}"


def replay(world, folder, topic, contract, rows):
    path = folder / f"{topic}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    subprocess.run([BIN / "freshet", "replay", path, "--topic", topic, "--contract", contract,
                    "--bootstrap", world.bootstrap, "--prefix", world.prefix], check=True,
                   stdout=subprocess.DEVNULL)


class Catalogue:
    """Items whose groups are known by vectors alone: even groups by one name, odd by the other."""

    def __init__(self, world, folder, on_topic):
        self.world, self.folder, self.on_topic = world, folder, on_topic
        self.dice = random.Random(5)
        self.centres = [[self.dice.gauss(0, 1) for _ in range(WIDTH)] for _ in range(GROUPS)]

    def vector(self, group):
        return [x + self.dice.gauss(0, 0.1) for x in self.centres[group]]

    def put(self, items):
        """item -> group."""
        vectors = {item: (NAMES[group % 2], self.vector(group)) for item, group in items.items()}
        if self.on_topic:
            replay(self.world, self.folder, "given-vectors", "GivenVector",
                   [{"item_id": item, "name": name, "vector": vector}
                    for item, (name, vector) in vectors.items()])
        replay(self.world, self.folder, "items", "Item",
               [{"item_id": item} if self.on_topic else
                {"item_id": item, "vectors": {name: vector}}
                for item, (name, vector) in vectors.items()])

    def take_back(self, item, group):
        replay(self.world, self.folder, "given-vectors", "GivenVector",
               [{"item_id": item, "name": NAMES[group % 2], "vector": None}])


def rows(world):
    return {key.decode(): row for key, row in
            world.decoded("content-vectors", "content_vectors").items()}


def similar_by_vectors(make_world, tmp_path, on_topic):
    world = make_world(partitions=1)
    if on_topic:
        world.create(NewTopic(f"{world.prefix}given-vectors", 2,
                              config={"cleanup.policy": "compact"}))
    catalogue = Catalogue(world, tmp_path, on_topic)
    catalogue.put({item_of(group, n): group for group in range(GROUPS) for n in range(EACH)})
    world.start("ingest", "features", "trainer", "scorer", "embed", ingest=SETTINGS,
                scorer=CONTENT, embed=EMBED)
    dice = random.Random(3)
    sequences = {f"u{user}": [item_of(user % GROUPS, n) for n in dice.sample(range(EACH), STEPS)]
                 for user in range(USERS)}
    for step in range(STEPS):
        send(world, sequences, lambda items, at=step: at, lambda items, at=step: at + 1)
    new = {"new-even": 8, "new-odd": 9}
    catalogue.put(new)
    world.wait(lambda: all(rows(world).get(item, {}).get("names") for item in new), "rows")
    for item, group in new.items():
        row = rows(world)[item]
        assert row["names"] == [NAMES[group % 2]] and row["joined"] == int(on_topic)
        one, _ = act(world, f"visitor of {group}", item_of(group, 1))
        at = one["items"].index(item)
        print(f"{item} at place {at + 1}")
        assert at < EACH and one["reasons"][at] == "TAGS"
        assert one["because"][at] == item_of(group, 1)
    return world, catalogue


def test_by_the_catalogue(make_world, tmp_path):
    similar_by_vectors(make_world, tmp_path, False)


def test_by_a_topic_of_their_own(make_world, tmp_path):
    world, catalogue = similar_by_vectors(make_world, tmp_path, True)
    catalogue.take_back("new-even", 8)
    world.wait(lambda: rows(world)["new-even"]["names"] == [], "the vector to go")
    one, _ = act(world, "late visitor", item_of(8, 2))
    assert "new-even" not in one["items"][:EACH]
