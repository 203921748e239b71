"""Queries to freshet-serve on MovieLens-100k: known items, and time.

search   The first four fifths of the ratings go through all workers. Each of 1,000 later ratings of
         a film that its user had not rated before is a known item: the query is one word of the
         title, or the film's genres. Mean reciprocal rank, and share among the first ten, for user
         and query together, beside those for the query alone. Then queries at a fixed rate, each
         new, and the same ones again. With the encoder where deploy/encoder has fetched it, else
         by words.
"""

import json
import random
import re
import time

import checkout
import openloop
import ratings
import serving
from bed import Failure, Workers
from wide import WHOLE

PREFIX = "sr."
KNOWN, FOUND, NEW_RATE, AGAIN_RATE = 1000, 500, 20, 200
ENCODER = checkout.BUILD / "encoder"
SMALL_WORDS = {"the", "and", "for", "of", "le", "la", "les", "der", "die", "das", "with"}


def catalogue():
    path = checkout.BUILD / "data/ml-100k/items.jsonl"
    with open(path, encoding="utf-8") as file:
        return path, [json.loads(line) for line in file]


def known_items(rows, films, cut):
    """(user, film, one word, genres) of later ratings of films that are new for their users."""
    rng, had, found = random.Random(7), {}, []
    for user, item, *_ in rows[:cut]:
        had.setdefault(user, set()).add(item)
    later = [(user, item) for user, item, *_ in rows[cut:]
             if item in films and len(had.get(user, ())) >= 10 and item not in had[user]]
    for user, item in rng.sample(later, min(KNOWN, len(later))):
        words = [word for word in re.findall(r"[a-z]{3,}", films[item]["title"].lower())
                 if word not in SMALL_WORDS]
        if words and films[item]["tags"]:
            found.append((user, item, rng.choice(words), " ".join(films[item]["tags"])))
    return found


def ask(query, user=None):
    body = {"query": query, "limit": FOUND, **({"user": user} if user else {})}
    told = serving.ask("/v1/recommendations", body)
    return told["found_by"], [one["item"] for one in told["items"]]


def measured(known, which, personal):
    ranks = []
    for user, item, *queries in known:
        _, items = ask(queries[which], user if personal else None)
        ranks.append(items.index(item) + 1 if item in items else 0)
    return (sum(1 / rank for rank in ranks if rank) / len(ranks),
            sum(0 < rank <= 10 for rank in ranks) / len(ranks))


def figures_of(known):
    figures = {}
    for which, kind in enumerate(("word", "genres")):
        for personal, who in ((False, "query"), (True, "user_and_query")):
            mrr, hits = measured(known, which, personal)
            figures[f"search_{kind}_{who}_mrr"] = mrr
            figures[f"search_{kind}_{who}_hits_at_10"] = hits
    return figures


def timed(bed, films):
    """Queries of two titles' words each, so that none has been asked before."""
    rng = random.Random(8)
    titles = [film["title"].split(" (")[0] for film in films.values()]
    requests = ["/v1/recommendations\t" + json.dumps({"query": " ".join(rng.sample(titles, 2)),
                                                       "limit": 10})
                for _ in range(NEW_RATE * 10)]
    new = serving.open_loop(bed.directory, NEW_RATE, requests)
    again = serving.open_loop(bed.directory, AGAIN_RATE, requests * (AGAIN_RATE // NEW_RATE))
    return {"search_new_p50_ms": new["http_load_p50_ms"],
            "search_new_p99_ms": new["http_load_p99_ms"],
            "search_again_p50_ms": again["http_load_p50_ms"],
            "search_again_p99_ms": again["http_load_p99_ms"]}


def search(bed, options):
    rows = ratings.ml_100k(options.ratings)
    cut = len(rows) * 4 // 5
    path, listed = catalogue()
    films = {film["item_id"]: film for film in listed}
    names = [name for name, _ in WHOLE] + ["serve"]
    settings = [f"serve.http.port={serving.PORT}"]
    if ENCODER.exists():
        names.append("embed")
        settings += [f"embed.model.path={ENCODER}", f"serve.query.model.path={ENCODER}"]
    with bed.topics(PREFIX):
        bed.write_items(PREFIX, path)
        with Workers(bed, PREFIX, names, settings) as workers:
            workers.healthy()
            openloop.offer(bed.producer(linger_ms=0), f"{PREFIX}clicks",
                           list(ratings.as_json(rows[:cut])), 4000)
            workers.wait_consumed(WHOLE)
            serving.wait_ready()
            wait_for_vectors(len(films))
            return {**figures_of(known_items(rows, films, cut)), **timed(bed, films)}


def wait_for_vectors(count):
    """Until a text without a word of any title finds as many as may be found by vectors."""
    deadline = time.monotonic() + 300
    while ENCODER.exists() and time.monotonic() < deadline:
        found_by, items = ask("zzyzx")
        if found_by == "words+vectors" and len(items) >= min(count, 249):
            time.sleep(10)  # the rest of the catalogue
            return
        time.sleep(1)
    if ENCODER.exists():
        raise Failure("the catalogue was not encoded")
