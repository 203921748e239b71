"""freshet-serve with a real broker and Python as an independent client: what it answers is what
stands in `recommendations`, before and after a restart."""

import json
import socket
import urllib.error
import urllib.parse
import urllib.request

from stream_data import SETTINGS, clicks, records


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=30) as answer:
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


def test_answers_are_the_topic(make_world):
    world = make_world()
    port = free_port()
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS)
    world.produce("clicks", records(clicks(300)))
    world.drain("ingest", "features", "trainer", "scorer")
    for _ in range(2):  # the second time from disk
        copy, = world.start("serve", serve={"http.port": port})
        world.wait(lambda: ask(port, "/ready")[0] == 200, "the lists")
        assert compare(world, port) > 0
        check_made(world, port)
        assert list_of(port, "no/such user")[0] == 404
        assert copy.stop() == 0
