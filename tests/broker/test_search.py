"""Search through a real broker: what a query finds, by HTTP and by topic, is what Python finds in
`items` and `content-vectors`; what a user searched for stands in the history and on the published
list, and goes with the user. With the real encoder where deploy/encoder has fetched it."""

import json
import math
import re
import unicodedata
import urllib.parse

import numpy as np
import pytest
from conftest import BUILD, ROOT
from contracts import Contract
from served_lists import encode
from stream_data import FILE, SETTINGS, clicks, records
from test_embed import write_items
from test_forget import forget
from test_serve import ask, free_port

SMALL = ROOT / "tests/golden/sentences"
REAL = BUILD / "encoder"
EVENTS, EACH, WEIGHT = 20_000, 250, 0.5
QUERIES = ["star wars", "The Godfather", "comedy romance", "1994 thriller", "wolf's", "Léon",
           "unheard word", "the", "toy story of the children"]


def catalogue():
    clicks(1)  # fetches it
    with open(FILE.with_name("items.jsonl"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def words(text):
    plain = "".join(one for one in unicodedata.normalize("NFD", text.lower())
                    if unicodedata.category(one) != "Mn")
    return re.findall(r"\w+", plain)


class Oracle:
    """BM25 with each word once, and cosines of bytes."""

    def __init__(self, world):
        self.has = {}
        for one in world.decoded("items", "item").values():
            texts = [one["title"], *one["tags"], one["brand"], *one["category"]]
            self.has[one["item_id"]] = set(words(" ".join(texts)))
        self.vectors = {}
        for one in world.decoded("content-vectors", "content_vectors").values():
            if "text" in one["names"]:
                width = one["widths"][one["names"].index("text")]
                begin = sum(one["widths"][:one["names"].index("text")])
                numbers = np.frombuffer(one["bytes"], np.int8)[begin:begin + width].astype(float)
                self.vectors[one["item_id"]] = numbers / np.linalg.norm(numbers)
        self.df = {}
        for has in self.has.values():
            for word in has:
                self.df[word] = self.df.get(word, 0) + 1
        self.mean = sum(map(len, self.has.values())) / len(self.has)

    def idf(self, word):
        df = self.df.get(word, 0)
        return math.log(1 + (len(self.has) - df + 0.5) / (df + 0.5))

    def by_words(self, text):
        asked = list(dict.fromkeys(words(text)))
        full = sum(map(self.idf, asked))
        scores = {}
        for item, has in self.has.items():
            found = sum(self.idf(word) for word in asked if word in has)
            if found:
                scores[item] = found * 2.2 / (1.2 * (0.25 + 0.75 * len(has) / self.mean) + 1)
        return {item: score / full for item, score in scores.items()}

    def found(self, text, vector=None):
        """item -> relevance, and the items whose place among candidates is a near tie."""
        w, v = self.by_words(text), {}
        best_words = sorted(w, key=lambda item: (-w[item], item))[:EACH]
        if vector is not None:
            cosines = {item: float(vector @ own) for item, own in self.vectors.items()}
            nearest = sorted(cosines, key=lambda item: (-cosines[item], item))[:EACH]
            nearest = [item for item in nearest if cosines[item] > 0]
            floor = cosines[nearest[-1]] if len(nearest) == EACH else 0.0
            span = cosines[nearest[0]] - floor
            v = {item: max((cosines[item] - floor) / span, 0.0)
                 for item in {*nearest, *best_words} if item in cosines}
        part = WEIGHT if v else 0.0
        match = {item: (1 - part) * w.get(item, 0.0) + part * v.get(item, 0.0)
                 for item in {*best_words, *v}}
        best = max(match.values(), default=0.0)
        return {item: one / best for item, one in match.items() if one > 0}


def check(told, wanted, text):
    """The answer of nobody: items and shares in the order of relevance; near ties may differ."""
    found = {one["item"]: one for one in told["items"]}
    assert told["total"] == len(told["items"])
    for item, relevance in wanted.items():
        if relevance > min(wanted.values()) + 1e-4:
            assert math.isclose(found[item]["score"], relevance, abs_tol=1e-4), (text, item)
    assert all(wanted.get(item, 0) > 0 or one["score"] < 0.02 for item, one in found.items())
    scores = [one["score"] for one in told["items"]]
    assert scores == sorted(scores, reverse=True)
    for one in told["items"]:
        assert one["reason"] == "query" and one["because"] == text and one["share"] == 1


def respond(world, request):
    form = Contract("recommendation_response")
    world.produce("requests", [("asker", encode("recommendation_request", request), 0)])

    def answered():
        return [one for one in map(form.decode, (record.value for record in
                                                 world.topics.read("responses")))
                if one["request_id"] == request["request_id"]]
    world.wait(answered, "a response")
    return answered()[0]


def asked_by_topic(world, user, text, number):
    form = Contract("recommendation_request")
    defaults = {field["name"]: field.get("default", "") for field in form.schema["fields"]}
    return respond(world, {**defaults, "request_id": f"r{number}", "user_id": user, "limit": 500,
                           "query": text})


def start(world, tmp_path, encoder=None, scorer=(), **serve):
    port = free_port()
    write_items(world, tmp_path, [*catalogue(), {"item_id": "gone", "title": "Star Wars",
                                                 "available": False}])
    world.produce("clicks", records(clicks(EVENTS)))
    more = {"embed": {"model.path": encoder}} if encoder else {}
    if scorer:
        more["scorer"] = scorer
    if encoder:
        serve["query.model.path"] = encoder
    embed = ["embed"] if encoder else []
    world.start("ingest", "features", "trainer", "scorer", "serve", *embed, ingest={
        **SETTINGS, "map.query": "q", "action.find": "SEARCH"},
                serve={"http.port": port, **serve}, **more)
    world.drain("ingest", "features", "trainer", "scorer")
    if encoder:
        world.wait(lambda: world.topics.lag(world.prefix + "embed", "items") == 0, "vectors")
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the tables")
    return port


def test_by_words(make_world, tmp_path):
    world = make_world(partitions=2)
    port = start(world, tmp_path)
    oracle = Oracle(world)
    for number, text in enumerate(QUERIES):
        wanted = oracle.found(text)
        wanted.pop("gone", None)
        best = max(wanted.values(), default=1)
        wanted = {item: one / best for item, one in wanted.items()}
        status, told = ask(port, "/v1/recommendations", {"query": text, "limit": 500})
        assert status == 200 and told["found_by"] == "words" and told["query"] == text
        check(told, wanted, text)
        # for a user: the same items, by HTTP and by topic in one order
        path = f"/v1/users/259/recommendations?limit=500&query={urllib.parse.quote_plus(text)}"
        status, own = ask(port, path)
        assert status == 200
        assert {one["item"] for one in own["items"]} == {one["item"] for one in told["items"]}
        answer = asked_by_topic(world, "259", text, number)
        assert answer["status"] == 200 and answer["found_by"] == "words"
        assert answer["items"] == [one["item"] for one in own["items"]]
        assert set(answer["reasons"]) <= {"QUERY"}
    assert ask(port, "/v1/recommendations", {"query": "x" * 513})[0] == 400
    answer = asked_by_topic(world, "259", " ", 99)
    assert answer["status"] == 200 and answer["items"] == []


def vector_of(world, oracle, tmp_path, text):
    """That of an item of this title, which goes again."""
    write_items(world, tmp_path, [{"item_id": "probe", "title": text}], "probe.jsonl")
    world.wait(lambda: "probe" in Oracle(world).vectors, "the probe's vector")
    vector = Oracle(world).vectors["probe"]
    world.produce("items", [("probe", None, 0)])
    world.wait(lambda: "probe" not in Oracle(world).vectors, "the probe to go")
    return vector


def test_by_words_and_vectors(make_world, tmp_path):
    world = make_world(partitions=2)
    port = start(world, tmp_path, SMALL)
    oracle = Oracle(world)
    assert len(oracle.vectors) == len(oracle.has)
    for number, text in enumerate(QUERIES[:4]):
        vector = vector_of(world, oracle, tmp_path, text)
        query = {"query": text, "limit": 500}
        world.wait(lambda: "probe" not in [one["item"] for one in ask(
            port, "/v1/recommendations", query)[1]["items"]], "the probe to go from serve")
        cosines = {item: own for item, own in oracle.vectors.items() if item != "gone"}
        here = Oracle(world)
        here.vectors = cosines
        wanted = here.found(text, vector)
        wanted.pop("gone", None)
        best = max(wanted.values())
        wanted = {item: one / best for item, one in wanted.items()}
        status, told = ask(port, "/v1/recommendations", {"query": text, "limit": 500})
        assert status == 200 and told["found_by"] == "words+vectors"
        check(told, wanted, text)
        answer = asked_by_topic(world, "", text, number)
        assert answer["items"] == [one["item"] for one in told["items"]]
        assert answer["found_by"] == "words+vectors"


@pytest.mark.skipif(not REAL.exists(), reason="deploy/encoder has not fetched the model")
def test_by_meaning(make_world, tmp_path):
    """What no title has a word of is found by its meaning."""
    world = make_world(partitions=2)
    port = start(world, tmp_path, REAL)
    titles = {one["item_id"]: one["title"] for one in catalogue()}
    for text, title in (("cloned dinosaurs escape", "Jurassic Park (1993)"),
                        ("bloodsucker count of Transylvania",
                         "Dracula: Dead and Loving It (1995)")):
        status, told = ask(port, "/v1/recommendations", {"query": text, "limit": 100})
        assert status == 200 and told["found_by"] == "words+vectors"
        assert title in [titles.get(one["item"]) for one in told["items"]], text


def searched(world, user):
    one = world.decoded("histories", "user_history").get(user.encode())
    return one["search_texts"] if one else []


def published(world, user):
    return world.decoded("recommendations", "recommendation_list").get(user.encode())


def found(world, user, text):
    made = published(world, user)
    return made and [item for item, reason, why in
                     zip(made["items"], made["reasons"], made["because"])
                     if reason == "QUERY" and why == text]


def test_what_users_searched_for(make_world, tmp_path):
    world = make_world(partitions=2)
    port = start(world, tmp_path)
    newest = max(one["ts"] for one in clicks(EVENTS))
    # one who has done nothing else, and one who has
    wanted = {"newcomer": "godfather", "259": "star trek"}
    world.produce("clicks", [(user, json.dumps({
        "id": f"s-{user}", "user": user, "type": "find", "q": text, "ts": newest + 10}).encode(), 0)
                             for user, text in wanted.items()])
    for user, text in wanted.items():
        world.wait(lambda: searched(world, user) == [text], "the search in the history")
        world.wait(lambda: found(world, user, text), "the search on the list")
        titles = {one["item_id"]: one["title"].lower() for one in catalogue()}
        first = published(world, user)["items"][0]
        assert text.split()[0] in titles[first]
        path = f"/v1/users/{user}/recommendations"
        world.wait(lambda: [one["item"] for one in ask(port, path)[1].get("items", [])] ==
                   published(world, user)["items"], "serve")
    forget(world, "newcomer")
    world.wait(lambda: published(world, "newcomer") is None, "the list to go")
    assert searched(world, "newcomer") == []
    for topic in ("histories", "features-changelog", "recommendations"):
        kept = world.topics.newest(topic).values()
        assert not any(record.value and b"godfather" in record.value for record in kept)
    letters = list(world.topics.read("dead-letters"))
    assert not letters, letters[0]


def test_what_users_searched_for_by_vectors(make_world, tmp_path):
    """The list of somebody who has only searched is that of words and vectors together, whichever
    copy makes it, and whatever else it has made; the search leaves nothing but the text."""
    world = make_world(partitions=2)
    near = {"content.used": "true", "query.model.path": SMALL}
    start(world, tmp_path, SMALL, {**near, "search.weight": "2"}, **near, **{"search.weight": "2"})
    newest = max(one["ts"] for one in clicks(EVENTS))
    text = "toy trains"
    oracle = Oracle(world)
    vector = vector_of(world, oracle, tmp_path, text)
    oracle.vectors = {item: own for item, own in Oracle(world).vectors.items() if item != "gone"}
    oracle.has.pop("gone", None)
    wanted = oracle.found(text, vector)
    made = []
    for user in ("newcomer", "later"):
        world.produce("clicks", [(user, json.dumps({
            "id": f"s-{user}", "user": user, "type": "find", "q": text,
            "ts": newest + 10}).encode(), 0)])
        world.wait(lambda: found(world, user, text), "the search on the list")
        made.append(published(world, user))
        scorer = next(one for one in world.copies if one.worker == "scorer" and one.running())
        scorer.kill()
        world.start("scorer", scorer={**near, "search.weight": "2"})
    first, second = made
    assert first["items"] == second["items"] and first["scores"] == second["scores"]
    places = [item for item, why in zip(first["items"], first["reasons"]) if why == "QUERY"]
    assert len(places) == len(first["items"])
    least = sorted(wanted.values(), reverse=True)[len(places) - 1]
    for item, before in zip(places[1:], places):
        assert wanted[item] <= wanted[before] + 1e-4
    assert wanted[places[-1]] > least - 1e-4
    assert any(item not in oracle.by_words(text) for item in places)
    letters = list(world.topics.read("dead-letters"))
    assert not letters, letters[0]
