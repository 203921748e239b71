"""Clusters through a real broker: what sequence publishes is what numpy makes of `histories`, also
after kills and when users were forgotten; serve and `freshet profile` say of users what follows
from both topics."""

import json
import math
import subprocess

import numpy as np
from conftest import BIN
from stream_data import SETTINGS, clicks, records
from test_forget import forget
from test_serve import Freshet, ask, free_port

EVENTS, D, LEAST, MOST, ITEM_LEAST = 20_000, 8, 5, 6, 3
IDLE = {"train.threads": "0", "train.actions.min": "1000000"}
GROUPING = {"clusters.every.ms": "1s", "clusters.users.min": str(LEAST), "clusters.d": str(D),
            "clusters.item.users.min": str(ITEM_LEAST), "clusters.max": str(MOST), **IDLE}


def acted(world):
    """user -> item -> what the actions count together; a rating counts 1."""
    users = {}
    for user, one in world.decoded("histories", "user_history").items():
        counts = {}
        for item, weight, action in zip(one["items"], one["weights"], one["actions"]):
            if weight > 0:
                counts[item] = counts.get(item, 0) + (1 if action == "RATING" else weight)
        if counts:
            users[user.decode()] = counts
    return users


class Published:
    def __init__(self, world):
        groups = world.decoded("profiles", "group_profile").values()
        self.clusters = {one["name"]: one for one in groups if one["kind"] == "CLUSTER"}
        parts = sorted((one for one in groups if one["kind"] == "FACTORS"),
                       key=lambda one: int(one["name"]))
        self.versions = {one["version"] for one in groups}
        self.whole = (len(self.versions) == 1 and parts and len(parts) == parts[0]["parts"]
                      and len(self.clusters) == parts[0]["clusters"])
        self.items = [item for part in parts for item in part["items"]]
        numbers = [number for part in parts for number in part["vectors"]]
        self.factors = np.array(numbers).reshape(len(self.items), -1) if self.whole else None

    def vector(self, counts):
        known = {item: k for k, item in enumerate(self.items)}
        sums = sum((math.log1p(count) * self.factors[known[item]]
                    for item, count in counts.items() if item in known), np.zeros(D))
        length = np.linalg.norm(sums)
        return sums / length if length > 0 else None

    def nearest(self, counts):
        """The nearest cluster, and by how much it is nearer than the second."""
        vector = self.vector(counts)
        if vector is None:
            return None, 1.0
        away = sorted((np.linalg.norm(vector - one["vectors"]), name)
                      for name, one in self.clusters.items())
        return away[0][1], away[1][0] - away[0][0] if len(away) > 1 else 1.0


def spectrum(users, items):
    """The matrix, and its greatest singular values."""
    counts = {item: sum(item in one for one in users.values()) for item in items}
    matrix = np.array([[math.log1p(one.get(item, 0)) / math.sqrt(counts[item]) for item in items]
                       for one in users.values()])
    return matrix, np.sqrt([counts[item] for item in items]), np.linalg.svd(
        matrix, compute_uv=False)[:D]


def agree(world):
    users, told = acted(world), Published(world)
    if not told.whole:
        return False
    popular = {}
    for one in users.values():
        for item in one:
            popular[item] = popular.get(item, 0) + 1
    if sorted(told.items) != sorted(i for i, count in popular.items() if count >= ITEM_LEAST):
        return False
    matrix, roots, values = spectrum(users, told.items)
    vectors = told.factors * roots[:, None]
    found = np.linalg.norm(matrix @ vectors, axis=0)
    if not (np.allclose(vectors.T @ vectors, np.eye(D), atol=1e-4)
            and np.allclose(found[:4], values[:4], rtol=1e-3)
            and (found ** 2).sum() > 0.99 * (values ** 2).sum()):
        return False
    sizes, counts, unsure = {}, {}, 0
    for one in users.values():
        name, margin = told.nearest(one)
        unsure += margin < 1e-5
        sizes[name] = sizes.get(name, 0) + 1
        for item in one:
            counts[name, item] = counts.get((name, item), 0) + 1
    return all(abs(one["users"] - sizes.get(name, 0)) <= unsure and one["users"] >= LEAST
               and one["all_users"] == len(users)
               and all(abs(here - counts.get((name, item), 0)) <= unsure and all_ == popular[item]
                       for item, here, all_ in zip(one["items"], one["item_users"],
                                                   one["item_all_users"]))
               for name, one in told.clusters.items())


def cosine(one, other):
    product = sum(count * other.get(item, 0) for item, count in one.items())
    squares = [sum(count * count for count in of.values()) for of in (one, other)]
    return product / math.sqrt(squares[0] * squares[1])


def profile(world, user):
    told = subprocess.run([BIN / "freshet", "profile", user, "--json", "--count", "10",
                           "--bootstrap", world.bootstrap, "--prefix", world.prefix],
                          capture_output=True, check=True, text=True)
    return json.loads(told.stdout)


def test_by_default_where_there_is_the_topic(make_world):
    """An installation of before has no topic `profiles`: sequence trains, and says what is missing.
    Once it is made, users are grouped after the next start, with no setting."""
    world = make_world(partitions=2)
    (future,) = world.admin().delete_topics([f"{world.prefix}profiles"]).values()
    future.result()
    world.wait(lambda: f"{world.prefix}profiles" not in world.admin().list_topics().topics,
               "the topic to go")
    world.produce("clicks", records(clicks(EVENTS)))
    world.start("ingest", "features", ingest=SETTINGS)
    (copy,) = world.start("sequence", sequence=IDLE)
    world.drain("ingest", "features")
    world.wait(lambda: copy.metrics()["freshet_training_actions"] > 0, "histories to be read")
    assert 'msg="nothing is written to a topic"' in copy.log()
    assert f"topic={world.prefix}profiles" in copy.log()
    assert copy.stop() == 0

    world.make_topics()
    world.start("sequence", sequence=IDLE)
    world.wait(lambda: any(record.key.startswith(b"cluster/")
                           for record in world.topics.newest("profiles").values()),
               "clusters by default")
    assert set(world.stop().values()) == {0}


def test_users_who_act_alike(make_world):
    world, port = make_world(partitions=2), free_port()
    sent = clicks(EVENTS)
    names = sorted({event["user"] for event in sent})
    world.produce("clicks", records(sent))
    world.start("ingest", "features", "trainer", "scorer", "serve", ingest=SETTINGS,
                serve={"http.port": port})
    (copy,) = world.start("sequence", sequence=GROUPING)
    world.drain("ingest", "features", "trainer", "scorer")
    world.wait(lambda: agree(world), "clusters as numpy makes them")
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the tables")

    users, told = acted(world), Published(world)
    before = {user: told.nearest(one)[0] for user, one in users.items()}
    assert len(told.clusters) > 2
    version = told.versions.pop()
    world.wait(lambda: (ask(port, f"/v1/users/{names[0]}/profile")[1].get("cluster")
                        or {}).get("version") == version, "the version in serve")
    in_use = ask(port, "/console/flow?format=json")[1]["in_use"]
    assert in_use["clusters"] == len(told.clusters) and in_use["segments"] == 0
    for user in names[:30]:
        status, answer = ask(port, f"/v1/users/{user}/profile?limit=3")
        name, margin = told.nearest(users[user])
        assert status == 200 and (answer["cluster"]["name"] == name or margin < 1e-5)
        assert answer["cluster"]["users"] == told.clusters[answer["cluster"]["name"]]["users"]
        for one in answer["users"]:
            assert math.isclose(one["cosine"], cosine(users[user], users[one["user"]]),
                                rel_tol=1e-6)
            assert one["common"] == len(users[user].keys() & users[one["user"]].keys())
    printed = profile(world, names[0])
    best = sorted((-cosine(users[names[0]], one), user) for user, one in users.items()
                  if user != names[0])
    assert printed["cluster"]["name"] == before[names[0]]
    assert np.allclose([one["cosine"] for one in printed["users"]],
                       [-away for away, _ in best[:10]], rtol=1e-6)
    some, client = next(iter(told.clusters)), Freshet(f"http://127.0.0.1:{port}", timeout=60)
    answer = client.group("cluster", some, limit=5)
    assert answer["made_by"] == "clusters" and len(answer["items"]) == 5
    assert client.profile(names[0])["cluster"]["name"] == before[names[0]]
    (nearest,) = client.similar_users(names[0], limit=1)["users"]
    assert math.isclose(nearest["cosine"], -best[0][0], rel_tol=1e-6)
    assert client.profile("nobody") is client.group("segment", "none") is None

    # Killed, more actions, a user forgotten: the next count says so, and names stay.
    copy.kill()
    world.produce("clicks", records(clicks(EVENTS + 2_000)[EVENTS:]))
    forget(world, names[1])
    world.start("sequence", sequence=GROUPING)
    world.drain("ingest", "features", "trainer", "scorer")
    world.wait(lambda: agree(world) and names[1] not in acted(world), "the next clusters")
    users, told = acted(world), Published(world)
    same = [told.nearest(users[user])[0] == name for user, name in before.items() if user in users]
    assert told.versions.pop() > version and sum(same) > 0.75 * len(same)
    assert ask(port, f"/v1/users/{names[1]}/profile")[0] == 404
    assert set(world.stop().values()) == {0}
