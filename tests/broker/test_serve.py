"""freshet-serve with a real broker and Python as an independent client: what it answers is what
stands in `recommendations`, before and after a restart, by HTTP and by topic, and while the broker
is away. For many users when asked: make same-lists (SAME_LISTS=1000)."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from confluent_kafka.admin import AdminClient
from conftest import ROOT, World
from served_lists import compare, compare_made, encode
from stream_data import SETTINGS, clicks, records, synthetic
from test_rules import rules

sys.path.insert(0, str(ROOT / "examples"))

from freshet_client import Freshet, Refused  # noqa: E402 (the path is set above)

PATIENCE = 120
# Lists that were made before there were rows are made again.
REMADE = {"lists.remake.share": 100, "lists.remake.rest.ms": 0}
RULES = """\
main.length=20
home.length=6
home.boost.some=1.5 if id in ('50', '100', '181', 'i50', 'i51', 'i900')
home.diversity=0.2
mail.length=4
mail.repeats=yes
mail.exclude.done=rating 2 times
"""
PLACEMENTS = ("", "main", "home", "mail")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:  # it does not listen yet
        return 0, {}


def list_of(port, user):
    return ask(port, f"/v1/users/{urllib.parse.quote(user, safe='')}/recommendations")


def apply_rules(world, folder):
    """Puts rules in force and waits for lists by them: they are made from the newest tables."""
    file = folder / "shop.rules"
    file.write_text(RULES)
    rules(world, "apply", file)
    world.wait(lambda: all(made["rules_offset"] == 0 for made in world.decoded(
        "recommendations", "recommendation_list").values()), "lists by the rules")


def check_made(world, port):
    """Lists made for a request leave out what was sent along; given candidates come back."""
    rows = world.decoded("serving-rows", "serving_row")
    item = max((row for row in rows.values() if row), key=lambda row: row["actions"])["item_id"]
    status, told = ask(port, "/v1/items/popular?limit=1")
    assert status == 200 and told["items"][0]["item"] == item
    status, told = ask(port, "/v1/recommendations", {"actions": [{"item": item}], "limit": 5})
    listed = [one["item"] for one in told["items"]]
    assert status == 200 and len(listed) == 5 and item not in listed
    status, told = ask(port, "/v1/recommendations",
                       {"actions": [{"item": item}], "candidates": listed[::-1]})
    assert status == 200 and [one["item"] for one in told["items"]] == listed
    assert told["cause"] == "request"


def check_client(world, port):
    """The client of examples/ against the server."""
    freshet = Freshet(f"http://127.0.0.1:{port}", timeout=PATIENCE)
    lists = world.decoded("recommendations", "recommendation_list")
    user = max(lists, key=lambda key: len(lists[key]["items"])).decode()
    stored = [one["item"] for one in freshet.user(user)["items"]]
    assert freshet.ready() and len(stored) > 3
    assert [one["item"] for one in freshet.user(user, exclude=stored[:2], limit=1)["items"]] == \
        stored[2:3]
    many = ["a,b", *(f"x{number}" for number in range(998))]
    assert freshet.user(user, exclude=many)["total"] == len(stored)
    assert [one["item"] for one in freshet.user(user, exclude=[*many, stored[0]])["items"]] == \
        stored[1:]
    assert freshet.user("no/such user") is None and freshet.similar("no such item") is None
    made = freshet.recommend(actions=[{"item": stored[0], "kind": "purchase"}, stored[1]], limit=3)
    assert len(made["items"]) == 3 and made["cause"] == "request"
    assert freshet.recommend(user=user, candidates=stored[::-1])["total"] == len(stored)
    assert freshet.similar(stored[0], limit=1)["items"] and freshet.items("popular")["items"]
    assert freshet.items("new", tag="nothing")["items"] == []
    with pytest.raises(Refused, match="400 bad_request: limit"):
        freshet.user(user, limit=5000)
    freshet.close()


def members(world):
    """The copies of serve in the group. A static member may be taken for its own twin when it joins
    again under load; then it ends with 75."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    group = f"{world.prefix}serve"
    return admin.describe_consumer_groups([group])[group].result().members


def test_answers_are_the_topic(make_world, tmp_path):
    world = make_world()
    port = free_port()
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS, scorer=REMADE)
    world.produce("clicks", records(clicks(300)))
    world.drain("ingest", "features", "trainer", "scorer")
    apply_rules(world, tmp_path)
    for run in range(2):  # the second time from disk
        copy, = world.start("serve", serve={"http.port": port})
        world.wait(lambda: ask(port, "/ready")[0] == 200, "the lists")
        assert compare(world, port, run, PLACEMENTS) > 0
        assert compare_made(world, port, PLACEMENTS) > 0
        check_made(world, port)
        check_client(world, port)
        assert list_of(port, "no/such user")[0] == 404
        assert [one.group_instance_id for one in members(world)] == [None]
        assert copy.stop() == 0
        assert not members(world)


@pytest.mark.parametrize("users", [int(users) for users in
                                   os.environ.get("SAME_LISTS", "").split(",") if users])
def test_full_lists_are_the_same(make_world, tmp_path, users):
    """The same for so many users, and lists that are made for sessions of all that they did."""
    world, port = make_world(), free_port()
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS, scorer=REMADE)
    world.produce("clicks", records(synthetic(users, 40 * users)))
    world.drain("ingest", "features", "trainer", "scorer")
    apply_rules(world, tmp_path)
    world.drain("scorer")
    world.start("serve", serve={"http.port": port})
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the lists")
    equal = compare(world, port, 0, PLACEMENTS)
    print(json.dumps({"users": users, "equal": equal}))
    made = compare_made(world, port, PLACEMENTS)
    print(json.dumps({"made_equal": made}))
    assert equal == users * len(PLACEMENTS) and made > 0.8 * equal


@pytest.fixture
def own_broker(tmp_path):
    """A broker of this test's own, which may be killed."""
    script, where = ROOT / "deploy/local-kafka", tmp_path / "kafka"

    def start(*words):
        done = subprocess.run([script, "start", "--quiet", "--dir", where, *words], check=True,
                              text=True, stdout=subprocess.PIPE)
        return done.stdout.strip()
    yield start, where
    subprocess.run([script, "stop", "--dir", where], check=True, stdout=subprocess.DEVNULL)


def list_for(user, item):
    return (user, encode("recommendation_list", {
        "user_id": user.decode(), "items": [item], "scores": [1.0], "reasons": ["POPULAR"],
        "because": [""], "evidence": [3.0], "model": "item-item", "event_time_ms": 1,
        "input_partition": 0, "input_offset": 1}), 0)


def test_while_the_broker_is_away(own_broker, tmp_path):
    """It answers from disk and says how old that is, and goes on when the broker is back."""
    start, where = own_broker
    bootstrap = start()
    world = World(bootstrap, tmp_path, partitions=1).make_topics()
    port = free_port()
    try:
        world.produce("recommendations", [list_for(b"u1", "a")])
        copy, = world.start("serve", serve={"http.port": port})
        world.wait(lambda: ask(port, "/ready")[0] == 200, "the lists")
        ages = [list_of(port, "u1")[1]["data_age_ms"]]
        pid = int((where / "pid").read_text().split()[0])
        subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(pid)], check=True)
        until = time.monotonic() + PATIENCE
        while ages[-1] <= 10_000 and time.monotonic() < until:
            status, told = list_of(port, "u1")
            assert status == 200 and told["items"][0]["item"] == "a"
            ages.append(told["data_age_ms"])
            time.sleep(0.2)
        assert ages[-1] > 10_000 and copy.running()
        start("--port", bootstrap.rpartition(":")[2])
        world.produce("recommendations", [list_for(b"u1", "b")])
        world.wait(lambda: list_of(port, "u1")[1]["items"][0]["item"] == "b", "the new list")
        assert copy.stop() == 0
    finally:
        world.stop()
