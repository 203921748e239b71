"""freshet-serve with a real broker and Python as an independent client: what it answers is what
stands in `recommendations`, before and after a restart, by HTTP and by topic, and while the broker
is away."""

import io
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import fastavro
import pytest
from conftest import ROOT, World
from contracts import Contract
from stream_data import SETTINGS, clicks, records

sys.path.insert(0, str(ROOT / "examples"))

from freshet_client import Freshet, Refused  # noqa: E402 (the path is set above)

PATIENCE = 120


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


def compare(world, port):
    """Every list of the topic with the answer for its user; returns how many there are."""
    lists = world.decoded("recommendations", "recommendation_list")
    for user, value in lists.items():
        user = user.decode() if isinstance(user, bytes) else user
        status, told = list_of(port, user)
        assert status == 200, told
        items = told["items"]
        assert [one["item"] for one in items] == value["items"]
        assert [one["because"] for one in items] == value["because"]
        assert [one["reason"].upper() for one in items] == value["reasons"]
        assert all(abs(one["score"] - score) <= 1e-6 * abs(score)
                   for one, score in zip(items, value["scores"], strict=True))
        assert told["cause"].upper() == value["cause"]
    return len(lists)


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


def encode(name, value):
    contract, out = Contract(name), io.BytesIO()
    fastavro.schemaless_writer(out, contract.schema, value)
    return contract.frame + out.getvalue()


def check_topic(world, run):
    """For each user the list by request topic is that of the topic of lists."""
    lists = world.decoded("recommendations", "recommendation_list")
    sent = [(key, encode("recommendation_request",
                         {"request_id": f"{run}-{key.decode()}", "user_id": key.decode()}), None)
            for key in lists]
    world.produce("requests", [(key, value, 0) for key, value, _ in sent])

    def answered():
        told = world.decoded("responses", "recommendation_response")
        return {key: one for key, one in told.items()
                if one["request_id"] == f"{run}-{key.decode()}"}
    world.wait(lambda: len(answered()) == len(lists), "the responses")
    for key, one in answered().items():
        assert one["status"] == 200 and one["as_of_ms"] == lists[key]["as_of_ms"]
        for column in ("items", "scores", "reasons", "because", "shares", "evidence"):
            assert one[column] == lists[key][column], column


def check_client(world, port):
    """The client of examples/ against the server."""
    freshet = Freshet(f"http://127.0.0.1:{port}", timeout=PATIENCE)
    lists = world.decoded("recommendations", "recommendation_list")
    user = max(lists, key=lambda key: len(lists[key]["items"])).decode()
    stored = [one["item"] for one in freshet.user(user)["items"]]
    assert freshet.ready() and len(stored) > 3
    assert [one["item"] for one in freshet.user(user, exclude=stored[:2], limit=1)["items"]] == \
        stored[2:3]
    assert freshet.user("no/such user") is None and freshet.similar("no such item") is None
    made = freshet.recommend(actions=[{"item": stored[0], "kind": "purchase"}, stored[1]], limit=3)
    assert len(made["items"]) == 3 and made["cause"] == "request"
    assert freshet.recommend(user=user, candidates=stored[::-1])["total"] == len(stored)
    assert freshet.similar(stored[0], limit=1)["items"] and freshet.items("popular")["items"]
    assert freshet.items("new", tag="nothing")["items"] == []
    with pytest.raises(Refused, match="400 bad_request: limit"):
        freshet.user(user, limit=5000)
    freshet.close()


def test_answers_are_the_topic(make_world):
    world = make_world()
    port = free_port()
    # Lists that were made before there were rows are made again.
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS,
                scorer={"lists.remake.share": 100})
    world.produce("clicks", records(clicks(300)))
    world.drain("ingest", "features", "trainer", "scorer")
    for run in range(2):  # the second time from disk
        copy, = world.start("serve", serve={"http.port": port})
        world.wait(lambda: ask(port, "/ready")[0] == 200, "the lists")
        assert compare(world, port) > 0
        check_made(world, port)
        check_topic(world, run)
        check_client(world, port)
        assert list_of(port, "no/such user")[0] == 404
        assert copy.stop() == 0


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
