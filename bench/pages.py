"""The console's pages of freshet-serve, with lists and histories of 100,000 users.

The catalogue has 12,000 items with titles and tags, each user 50 actions and a list of twenty, the
quality of two generations 24 hours, and 500 dead letters are kept. Each page is asked for 20 times
a second for 20 s, by http_load (open loop), each time for another user, item or word. Server,
broker and load share the machine; the server has a core to itself where there are two.
"""

import random
import time

import serving
from bed import Failure, Workers
from ratings import encoder

PREFIX = "pg."
PORT = 18081
USERS = 100_000
ITEMS = serving.ITEMS
RATE, SECONDS = 20, 20
HISTORY, LENGTH = 50, 20
GENERATION = "g2"
HOURS = 24
WORDS = ("Night", "River", "Glass", "Garden", "Winter", "Silver", "Letter", "Harbour")


def items():
    encode, rng = encoder("item.avsc"), random.Random(4)
    for number in range(ITEMS):
        title = " ".join(rng.choice(WORDS) for _ in range(3)) + f" {number}"
        yield f"item-{number}".encode(), encode({
            "item_id": f"item-{number}", "title": title, "tags": [f"tag-{number % 40}"],
            "created_ms": 1_700_000_000_000 + number, "price": float(number % 90)})


def some_items(rng, count):
    return [f"item-{int(ITEMS * rng.random() ** 2)}" for _ in range(count)]


def histories():
    encode, rng = encoder("user_history.avsc"), random.Random(5)
    times = [1_700_000_000_000 + 60_000 * k for k in range(HISTORY)]
    for number in range(USERS):
        yield f"u{number}".encode(), encode({
            "user_id": f"u{number}", "items": some_items(rng, HISTORY),
            "actions": ["VIEW"] * HISTORY, "weights": [1.0] * HISTORY, "event_times_ms": times,
            "offsets": list(range(HISTORY)), "seen": b"", "had_prefixes": b"",
            "events_total": HISTORY, "input_partition": 0, "input_offset": HISTORY,
            "event_time_ms": times[-1], "received_ms": times[-1]})


def lists():
    encode, rng = encoder("recommendation_list.avsc"), random.Random(6)
    now = int(time.time() * 1000)
    for number in range(USERS):
        yield f"u{number}".encode(), encode({
            "user_id": f"u{number}", "items": some_items(rng, LENGTH),
            "scores": [1 - k / 40 for k in range(LENGTH)], "reasons": ["BECAUSE"] * LENGTH,
            "because": some_items(rng, LENGTH), "evidence": [30.0 - k for k in range(LENGTH)],
            "model": "item-item", "made_by": "counting", "generation": "", "event_time_ms": 1,
            "input_partition": 0, "input_offset": 1, "as_of_ms": now})


def quality():
    encode = encoder("list_quality.avsc")
    for partition in range(4):
        for part in range(300):
            yield f"item-item/{partition}/{part}".encode(), encode({
                "model": "item-item", "partition": partition, "from_offset": part,
                "to_offset": part + 1, "event_time_from_ms": 1, "event_time_to_ms": 2,
                "judged": 40, "hits_at_10": part % 12, "ndcg_at_10": 5.0, "unlisted": 1,
                "lists": 9, "made_by": ["counting", "sequence"], "segments": [0, 2],
                "judged_by": [20, 20], "hits_by": [3, 4], "ndcg_by": [2.0, 3.0], "places": 90,
                "novelty_bits": 700.0, "items_listed": 900, "items_known": ITEMS, "repeats": 3,
                "kinds": ["VIEW", "PURCHASE"], "judged_by_kind": [30, 10],
                "hits_by_kind": [8, 2], "repeats_by_kind": [2, 1]})


def fill_hours(bed, topic):
    """A part in each of the last hours."""
    producer, now = bed.producer(linger_ms=20), int(time.time() * 1000)
    for at, (key, value) in enumerate(quality()):
        producer.produce(topic, key=key, value=value, timestamp=now - at % HOURS * 3_600_000)
        producer.poll(0)
    producer.flush(60)


def fill_letters(bed, topic):
    producer = bed.producer(linger_ms=20)
    for number in range(500):
        producer.produce(topic, key=f"k{number}", value=b"{\"sku\": null, \"what\": \"view\"}" * 6,
                         headers=[("reason", b"missing_item"), ("worker", b"ingest"),
                                  ("message", b"want a text or a number at sku; found null"),
                                  ("origin.topic", b"clicks"), ("origin.partition", b"0"),
                                  ("origin.offset", b"%d" % number)])
        producer.poll(0)
    producer.flush(60)


def requests():
    """By page, as many different ones as are asked for."""
    rng, count = random.Random(7), RATE * SECONDS

    def item():
        return f"item-{int(ITEMS * rng.random() ** 2)}"

    def user():
        return f"u{rng.randrange(USERS)}"

    pages = {
        "user": lambda: f"user?id={user()}",
        "user_why": lambda: f"user?id={user()}&why={item()}",
        "item": lambda: f"item?id={item()}",
        "item_users": lambda: f"item?id={item()}&users=yes",
        "try": lambda: f"try?item={item()}&item={item()}&item={item()}",
        "try_weights": lambda: f"try?item={item()}&item={item()}&w_popular={rng.randrange(9)}",
        "search": lambda: f"try?q={rng.choice(WORDS)}+{rng.choice(WORDS)}+{rng.randrange(ITEMS)}",
        "flow": lambda: "flow",
        "quality": lambda: "quality",
        "quality_beside": lambda: f"quality?with={GENERATION}",
        "letters": lambda: "letters",
    }
    return {name: [f"/console/{make()}" for _ in range(count)] for name, make in pages.items()}


def wait_beside():
    """Until the other generation's figures are read, which begins when somebody looks."""
    path = f"/console/quality?with={GENERATION}&format=json"
    for _ in range(300):
        if serving.ask(path, port=PORT, timeout=30)["with"]["state"] == "known":
            return
        time.sleep(0.2)
    raise Failure("the other generation's figures were not read")


def fill(bed):
    bed.say("writing lists and histories")
    bed.fill(f"{PREFIX}recommendations", lists())
    bed.fill(f"{PREFIX}histories", histories())
    bed.fill(f"{PREFIX}items", items())
    bed.fill(f"{PREFIX}serving-rows", serving.rows())
    bed.make_topic(f"{PREFIX}quality.{GENERATION}", 1)
    fill_hours(bed, f"{PREFIX}quality")
    fill_hours(bed, f"{PREFIX}quality.{GENERATION}")
    fill_letters(bed, f"{PREFIX}dead-letters")


def pages(bed, _options):
    """Median and 99th percentile of each page's answer, and the slowest page's."""
    slow, usual = {}, {}
    with bed.topics(PREFIX):
        fill(bed)
        with Workers(bed, PREFIX, ["serve"], [f"serve.http.port={PORT}"]) as workers:
            workers.healthy()
            serving.wait_ready(PORT)
            pid = workers.pid("serve")
            with serving.core_of_its_own(pid, [bed.kafka_pid()]):
                wait_beside()
                for name, asked in requests().items():
                    bed.say(f"asking for {name}")
                    told = serving.open_loop(bed.directory, RATE, asked, SECONDS, PORT)
                    slow[f"pages_{name}_p99_ms"] = told["http_load_p99_ms"]
                    usual[f"pages_{name}_p50_ms"] = told["http_load_p50_ms"]
    return {**slow, **usual, "pages_p99_ms": max(slow.values())}
