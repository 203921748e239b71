"""Compares freshet-serve's answers with the topics: for each user and each placement the list by
HTTP, the list by the topic of requests, and the list in `recommendations`; and the list that is
made for a session of all that the user did."""

import http.client
import io
import json
import urllib.parse

import fastavro
import numpy as np
from contracts import Contract

COLUMNS = ("items", "scores", "reasons", "because", "shares", "evidence")
# Requests by topic are sent in parts: a part's responses are waited for before the next.
PART = 2000


def encode(name, value):
    contract, out = Contract(name), io.BytesIO()
    fastavro.schemaless_writer(out, contract.schema, value)
    return contract.frame + out.getvalue()


def by_http(told):
    """The columns of an answer by HTTP, as those of a response."""
    columns = {name: [] for name in COLUMNS}
    for one in told["items"]:
        columns["items"].append(one["item"])
        columns["because"].append(one["because"])
        columns["reasons"].append(one["reason"].upper())
        for plural, single in (("scores", "score"), ("shares", "share"),
                               ("evidence", "evidence")):
            columns[plural].append(float(np.float32(one[single])))
    return columns


def in_topic(made, placement=""):
    """The same columns of a list in the topic, or of a placement beside it."""
    if placement in ("", "main"):
        return {name: made[name] for name in COLUMNS}
    at = made["placements"].index(placement)
    begin = sum(made["placement_counts"][:at])
    end = begin + made["placement_counts"][at]
    return {name: made[f"placement_{name}"][begin:end] for name in COLUMNS}


def session(history):
    """A body that asks for a list for all that a user did."""
    return {"actions": [{"item": item, "weight": weight, "kind": kind.lower(), "time_ms": at}
                        for item, weight, kind, at in zip(
                            history["items"], history["weights"], history["actions"],
                            history["event_times_ms"], strict=True)]}


class Asking:
    """A connection that stays open."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path, body=None):
        self.connection.request("GET" if body is None else "POST", path,
                                None if body is None else json.dumps(body))
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (path, text)
        return json.loads(text)

    def user(self, user, placement=""):
        place = f"?placement={placement}" if placement else ""
        return self.ask(f"/v1/users/{urllib.parse.quote(user, safe='')}/recommendations{place}")


def responses(world, run, wanted):
    """Asks by topic for (user, placement); returns the responses by both."""
    form, found = Contract("recommendation_response"), {}
    for begin in range(0, len(wanted), PART):
        part = {f"{run}/{begin + at}": one for at, one in enumerate(wanted[begin:begin + PART])}
        ends = world.topics.ends("responses")
        world.produce("requests", [
            (key.encode(), encode("recommendation_request", {
                "request_id": key, "user_id": user, "placement": placement}), 0)
            for key, (user, placement) in part.items()])

        def answered(part=part, ends=ends):
            for record in world.topics.read("responses", ends):
                one = form.decode(record.value)
                if one["request_id"] in part:
                    found[part[one["request_id"]]] = one
            return all(one in found for one in part.values())
        world.wait(answered, "the responses")
    return found


def compare(world, port, run, placements=("",)):
    """Compares all; returns how many lists were equal three times over."""
    lists = {key.decode(): made for key, made in
             world.decoded("recommendations", "recommendation_list").items()}
    wanted = [(user, placement) for user in lists for placement in placements]
    told, asking = responses(world, run, wanted), Asking(port)
    for user, placement in wanted:
        made, one = in_topic(lists[user], placement), told[user, placement]
        assert one["status"] == 200, one
        answer = asking.user(user, placement)
        for name in COLUMNS:
            assert one[name] == made[name], (user, placement, name)
        assert by_http(answer) == made, (user, placement)
        assert one["as_of_ms"] == answer["as_of_ms"] == lists[user]["as_of_ms"]
        assert one["list_id"] == answer["list_id"] != ""
        if not placement:
            assert one["list_id"] == lists[user]["list_id"]
            assert answer["cause"].upper() == lists[user]["cause"]
    return len(wanted)


def compare_made(world, port, placements=("",)):
    """Compares lists that are made for a session of all that a user did with those of the topic,
    which must have been made from the newest tables; returns how many were equal. A history that
    names its older items by a tag alone cannot be sent as a session."""
    lists = world.decoded("recommendations", "recommendation_list")
    histories, asking = world.decoded("histories", "user_history"), Asking(port)
    whole = {key: made for key, made in lists.items()
             if not histories[key]["had_prefixes"] and not histories[key]["seen"]}
    for key, made in whole.items():
        for placement in placements:
            wanted = in_topic(made, placement)
            body = session(histories[key]) | {"limit": len(wanted["items"])}
            if placement:
                body["placement"] = placement
            answer = by_http(asking.ask("/v1/recommendations", body))
            for name in COLUMNS if placement in ("", "main") else ("items", "scores"):
                assert answer[name] == wanted[name], (key, placement, name)
    return len(whole) * len(placements)
