"""Slips of a first configuration that only a broker shows (those that need none:
tests/deploy/test_mistakes.py)."""

import json

ORDERS = {"map.action": "=PURCHASE", "time.format": "s"}
TIME_MS = 1_700_000_000_000
QUICK = {"kafka.consumer.session.timeout.ms": 2000, "kafka.consumer.heartbeat.interval.ms": 300}


def order(number):
    return json.dumps({"user_id": number, "item_id": 1, "event_time_ms": 1700000000}).encode()


def test_a_source_is_renamed_within_a_session(kafka, worker):
    """The group gives a static member its former partitions back: the worker aborted, or never read
    the new topic."""
    for name in ["events", "dead-letters", "orders", "shop"]:
        kafka.topic(name)
    first = worker("ingest", {**ORDERS, **QUICK, "sources": "orders"})
    kafka.wait(lambda: "msg=\"running\"" in first.log(), "the first one")
    first.kill()
    second = worker("ingest", {**ORDERS, **QUICK, "sources": "orders,shop"})
    kafka.produce(kafka.prefix + "shop", [(b"1", order(1), TIME_MS)])
    kafka.wait(lambda: len(kafka.read_all(kafka.prefix + "events")) == 1, "the added source")
    assert second.stop() == 0
    third = worker("ingest", {**ORDERS, **QUICK, "sources": "renamed",
                              "topic.renamed": kafka.prefix + "orders"})
    kafka.produce(kafka.prefix + "orders", [(b"2", order(2), TIME_MS)])
    kafka.wait(lambda: len(kafka.read_all(kafka.prefix + "events")) == 2, "the renamed source")
    assert third.running() and "level=error" not in third.log()


def ends(copy):
    """The exit code and the last line of a worker that ends by itself."""
    code = copy.process.wait(30)
    return code, copy.log().splitlines()[-1]


def test_a_topic_that_is_not_there_is_told_with_those_like_it(kafka, worker):
    for name in ["events", "dead-letters", "orders"]:
        kafka.topic(name)
    there = kafka.prefix + "orders"
    code, line = ends(worker("ingest", {**ORDERS, "sources": "orders", "topic.orders": there[:-1]}))
    assert code == 78 and f"topic {there[:-1]} (of topic.orders) does not exist" in line
    assert f"did you mean {there}?" in line
    code, line = ends(worker("ingest", {**ORDERS, "sources": "orders", "topic.prefix": "foo."}))
    assert code == 78 and "topic foo.orders (of topic.prefix) does not exist" in line
    assert f"orders exists with topic.prefix={kafka.prefix}" in line
