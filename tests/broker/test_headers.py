"""CloudEvents in binary mode: their context, in headers, becomes events, stays with dead letters
and is sent again with them."""

import json
from pathlib import Path

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from test_redrive import counts, freshet

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy/examples/cloudevents-binary.properties"
TIME_MS = 1_795_424_400_000
OWN = ("reason", "message", "worker", "origin.topic", "origin.partition", "origin.offset",
       "origin.timestamp")


def example(**changes):
    """The settings of the example, its topic left out."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#"]
    settings = dict(line.split("=", 1) for line in lines)
    del settings["topic.clicks"]
    return {**settings, **changes}


def cloud_event(number, kind="product.viewed", more=()):
    headers = [("ce_specversion", b"1.0"), ("ce_id", b"e%d" % number), ("ce_source", b"/shop/web"),
               ("ce_type", f"com.example.shop.{kind}".encode()),
               ("ce_time", b"2026-11-23T08:59:58.123Z"), ("content-type", b"application/json"),
               *more]
    value = json.dumps({"customerId": f"u{number}", "productId": "p"}).encode()
    return f"u{number}".encode(), value, TIME_MS, headers


# Called as headers of ours are, null, empty, no text.
ODD = [("reason", b"theirs"), ("truncated", b"theirs"), ("redriven", b"7"), ("withheld", b"theirs"),
       ("origin.topic", b"theirs"), ("trace", b"\xff\x00"), ("null", None), ("empty", b"")]


def test_a_binary_cloud_event_its_letter_and_its_way_back(make_world):
    world = make_world(partitions=2)
    good = [cloud_event(n) for n in range(10)]
    broken = [cloud_event(n, "product.sniffed", ODD if n % 2 else ()) for n in range(10, 20)]
    no_text = [cloud_event(20, more=[("ce_customerid", b"\xff")])]
    places = dict(zip(world.produce("clicks", good + broken + no_text), good + broken + no_text))
    first, = world.start("ingest", ingest=example())
    world.drain("ingest")
    assert {event["event_id"] for event in world.events()} == {f"e{n}" for n in range(10)}
    assert {event["event_time_ms"] for event in world.events()} == {1_795_424_398_123}
    letters = list(world.topics.read("dead-letters"))
    assert len(letters) == 11
    for letter in letters:
        own = dict(letter.headers)
        sent = places[int(own["origin.partition"]), int(own["origin.offset"])]
        assert letter.headers[:len(sent[3])] == sent[3]
        assert tuple(name for name, _ in letter.headers[len(sent[3]):]) == OWN
        assert own["reason"] == (b"header_not_utf8" if sent in no_text else b"unknown_action")
        assert (letter.key, letter.value) == sent[:2]
    first.stop()

    # Under a mapping that knows them they become events; what is refused again, a new dead letter.
    # The dead letters are whole, whatever a sender's header is called: the records may be gone.
    admin, gone = AdminClient({"bootstrap.servers": world.bootstrap}), world.topics.ends("clicks")
    for future in admin.delete_records([TopicPartition(world.prefix + "clicks", *at)
                                        for at in gone.items()]).values():
        future.result(timeout=60)
    second, = world.start("ingest", ingest=example(**{
        "action.com.example.shop.product.sniffed": "VIEW:1"}))
    assert counts(freshet(world, "redrive")) == {"unknown_action": (10, 0, 10),
                                                 "header_not_utf8": (1, 0, 1)}
    world.drain("ingest")
    assert {event["event_id"] for event in world.events()} == {f"e{n}" for n in range(20)}
    again = list(world.topics.read("clicks", gone))
    assert len(again) == 11
    for record in again:
        assert record.headers[-1] == ("redriven", b"1")
        own = dict(record.headers)
        place = int(own["origin.partition"]), int(own["origin.offset"])
        sent = places[place]
        assert record.headers[:len(sent[3])] == sent[3]
        assert tuple(name for name, _ in record.headers[len(sent[3]):]) == OWN[3:] + ("redriven",)
        assert (record.key, record.value) == sent[:2]
    letter, = list(world.topics.read("dead-letters"))[11:] or [None]
    assert letter.headers[:len(no_text[0][3])] == no_text[0][3]
    assert tuple(name for name, _ in letter.headers[len(no_text[0][3]):]) == OWN + ("redriven",)
    assert second.stop() == 0


def test_headers_that_no_letter_holds_come_from_their_records(make_world):
    """Of a dead letter without the sender's headers, for whatever reason, all is fetched."""
    world = make_world(partitions=1)
    many = [cloud_event(1, "product.sniffed", [("h", b"v")] * 130)]
    withheld = [cloud_event(2, "product.sniffed", ODD)]
    world.produce("clicks", many)
    first, = world.start("ingest", ingest=example())
    world.drain("ingest")
    first.stop()
    world.produce("clicks", withheld)
    second, = world.start("ingest", ingest=example(**{"dead.letters.bytes": "drop"}))
    world.drain("ingest")
    second.stop()
    letters = list(world.topics.read("dead-letters"))
    assert [tuple(name for name, _ in letter.headers) for letter in letters] == [
        OWN + ("truncated",), OWN + ("withheld",)]
    assert [letter.value for letter in letters] == [many[0][1], None]
    assert counts(freshet(world, "redrive")) == {"headers_too_large": (1, 0, 1),
                                                 "unknown_action": (1, 0, 1)}
    again = list(world.topics.read("clicks"))[2:]
    for record, sent in zip(again, many + withheld):
        assert (record.key, record.value) == sent[:2]
        assert record.headers[:len(sent[3])] == sent[3]
        assert tuple(name for name, _ in record.headers[len(sent[3]):]) == OWN[3:] + ("redriven",)
    assert len(again) == 2
