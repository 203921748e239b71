"""Bad input: every record is accounted for, byte for byte, and the worker goes on."""

from collections import Counter

import pytest
from bad_input import RECORD_BYTES_MAX, TIME_MS, kinds, records

PARTITIONS = 2


def header(message, name):
    return dict(message.headers() or {}).get(name, b"").decode()


def origin(message):
    return int(header(message, "origin.partition")), int(header(message, "origin.offset"))


@pytest.mark.parametrize("source", ["json", "avro"])
def test_every_record_is_accounted_for(kafka, worker, source):
    assert kinds(source) >= 15
    sent = records(seed=1, count=10_000, source=source)
    big = {"max.message.bytes": str(RECORD_BYTES_MAX)}
    clicks = kafka.topic("clicks", partitions=PARTITIONS, config=big)
    events = kafka.topic("events", partitions=PARTITIONS)
    letters = kafka.topic("dead-letters", config=big)

    # Where each record went: (partition, offset) -> record.
    placed = kafka.produce(clicks, [(None, record.value, TIME_MS) for record in sent])
    by_place = dict(zip(placed, sent))
    assert len(by_place) == len(sent)

    with worker("ingest", {"source.format": source}) as ingest:
        ingest.wait_for_lag(0)
        assert ingest.running()
        metrics = ingest.metrics()
    assert ingest.exit_code == 0
    for word in ("AddressSanitizer", "LeakSanitizer", "runtime error", "assert"):
        assert word not in ingest.log()

    accepted = kafka.read_all(events)
    dead = kafka.read_all(letters)
    expected = Counter(record.expected for record in sent)
    assert len(accepted) == expected["accepted"]
    assert len(accepted) + len(dead) == len(sent)

    # Each dead letter: the reason, the place and the bytes of its record.
    assert len({origin(letter) for letter in dead}) == len(dead)
    others = set()  # refused for another reason
    for letter in dead:
        record = by_place[origin(letter)]
        if header(letter, "reason") != record.expected:
            others.add((record.kind, record.expected, header(letter, "message")))
        assert header(letter, "worker") == "ingest"
        assert header(letter, "origin.topic") == clicks
        assert letter.value() == record.value
    assert not others
    assert Counter(header(letter, "reason") for letter in dead) == expected - Counter(
        {"accepted": expected["accepted"]}
    )
    assert metrics["freshet_ingest_accepted_total"] == expected["accepted"]
